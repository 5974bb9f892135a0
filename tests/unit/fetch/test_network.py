"""Requests to servers, and how slow these may be. Real servers: test_download."""

import io

import pytest

from modgap.fetch.network import (
    OriginError,
    Patience,
    check_speed,
    make_request,
    one_line,
    read_chunks,
)


def test_a_request_goes_on_where_it_was_if_the_file_is_the_same():
    request = make_request("https://me:word@h/x?y=1", 10, '"v1"')
    assert request.full_url == "https://h/x?y=1"
    assert request.get_header("Range") == "bytes=10-"
    assert request.get_header("If-range") == '"v1"'
    assert request.unredirected_hdrs == {"Authorization": "Basic bWU6d29yZA=="}
    assert make_request("https://h/x", 0, '"v1"').get_header("If-range") is None
    with pytest.raises(OriginError, match="is no address"):
        make_request("http://[::1/x")


def test_a_kilobyte_a_second_is_enough():
    patience = Patience()
    check_speed(60_000, 60, patience)
    with pytest.raises(OriginError, match=r"stalled: 60\.0 kB in 61 s"):
        check_speed(60_000, 61, patience)


def test_chunks_are_the_stream():
    assert b"".join(read_chunks(io.BytesIO(b"a" * 3_000_000), Patience())) == b"a" * 3_000_000
    assert one_line(OSError("two\nlines")) == "two lines"
