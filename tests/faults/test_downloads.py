"""Servers, redirects and lock files that do what they should not."""

import hashlib
import pickle
import time
import urllib.request

import numpy as np
import pytest
from scipy.io import savemat

from faults.outcomes import classify_call
from faulty_server import faulty_server
from modgap.data.kinds.torchvision import load_plain, read_svhn
from modgap.embeddings.formats.arrays import read_array
from modgap.fetch.download import Patience, download
from modgap.fetch.integrity import read_lock
from modgap.fetch.network import CarefulRedirects, OriginError
from modgap.fetch.table import LOCK, plain_row

CONTENT = bytes(i * i % 251 for i in range(50_000))
QUICK = Patience(timeout=5, attempts=2, pause=0.01, slowest=1000, stalled=0.3)


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A server of a folder with one file."""
    monkeypatch.setenv("no_proxy", "*")
    (tmp_path / "origin").mkdir()
    (tmp_path / "origin" / "data.bin").write_bytes(CONTENT)
    with faulty_server(tmp_path / "origin") as running:
        yield running


def row_of(server):
    row = plain_row("a/data.bin", f"{server.address}/data.bin")
    return {**row, "sha256": hashlib.sha256(CONTENT).hexdigest()}


def test_a_server_that_drips_is_left_and_the_next_call_goes_on(server, tmp_path, fault):
    server.faults["data.bin"] = [("drip", 20)]
    begun = time.monotonic()
    message = fault(
        "downloads", classify_call(lambda: download(row_of(server), tmp_path, patience=QUICK))
    )
    assert "stalled: " in message
    assert time.monotonic() - begun < 10
    path = download(row_of(server), tmp_path, patience=QUICK)
    assert path.read_bytes() == CONTENT
    assert int(server.requests[-1][1].removeprefix("bytes=").rstrip("-")) >= 20


def test_a_server_that_stops_after_a_byte_each_time_is_left(server, tmp_path, fault):
    server.faults["data.bin"] = [("stall", i) for i in range(1, 40)]
    patience = Patience(timeout=0.2, attempts=3, pause=0.01)
    message = fault(
        "downloads", classify_call(lambda: download(row_of(server), tmp_path, patience=patience))
    )
    assert "3 times in a row" in message


@pytest.mark.parametrize("target", ["ftp://127.0.0.1/x", "file:///etc/passwd", "data:,x"])
def test_redirects_to_other_protocols_are_refused(server, tmp_path, fault, target):
    server.faults["data.bin"] = [("redirect", target)]
    message = fault(
        "downloads", classify_call(lambda: download(row_of(server), tmp_path, patience=QUICK))
    )
    assert "cannot be fetched" in message


@pytest.mark.parametrize(
    ("before", "after", "followed"),
    [
        ("https", "http", False),
        ("https", "https", True),
        ("http", "https", True),
        ("http", "http", True),
        ("http", "ftp", False),
    ],
)
def test_https_never_falls_to_http(before, after, followed):
    request = urllib.request.Request(f"{before}://host/a")
    arguments = (request, None, 302, "Found", {}, f"{after}://host/b")
    if followed:
        assert CarefulRedirects().redirect_request(*arguments).full_url == f"{after}://host/b"
    else:
        with pytest.raises(OriginError, match=f"redirects from {before} to {after}"):
            CarefulRedirects().redirect_request(*arguments)


GOOD = '{"sha256": "' + "a" * 64 + '", "bytes": 1}'


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x80\xff\x00",
        b"[]",
        b"3",
        b"null",
        b'{"a": []}',
        b'{"a": {"sha256": 1, "bytes": 1}}',
        b'{"a": {"sha256": "' + b"a" * 64 + b'", "bytes": "1"}}',
        b'{"a": {"sha256": "' + b"a" * 64 + b'", "bytes": true}}',
        b'{"a": {"sha256": "abc", "bytes": 1}}',
        f'{{"a": {GOOD}, "a": {GOOD}}}'.encode(),
        b"[" * 100_000,
        b'{"a": NaN}',
    ],
)
def test_odd_lock_files_are_one_line(tmp_path, fault, content):
    (tmp_path / LOCK).write_bytes(content)
    ended = classify_call(lambda: read_lock(tmp_path))
    assert ended[0] == "refused"
    assert LOCK in fault("downloads", ended)


class Evil:
    def __reduce__(self):
        return (print, ("run",))


def test_only_numbers_are_read(tmp_path, fault, capsys):
    """Arrays of objects, in every format that is downloaded or given."""
    objects = np.array([Evil(), Evil()], dtype=object)
    np.save(tmp_path / "a.npy", objects, allow_pickle=True)
    np.save(tmp_path / "b.npy", np.array([(1, 2.0)], dtype=[("x", "i4"), ("y", "f8")]))
    np.save(tmp_path / "c.npy", np.array(["a"]))
    savemat(tmp_path / "d.mat", {"X": np.array([{"a": 1}, 2], dtype=object), "y": np.zeros(3)})
    for name in ("a.npy", "b.npy", "c.npy"):
        ended = classify_call(lambda name=name: read_array(tmp_path / name))
        assert ended[0] == "refused"
        fault("downloads", ended)
    ended = classify_call(lambda: read_svhn("train", [tmp_path / "d.mat"]))
    assert "'X' is cell, not numbers" in fault("downloads", ended)
    for value in (objects, np.zeros(2, [("x", "i4")]), np.array(["a"]), Evil()):
        with pytest.raises((pickle.UnpicklingError, AttributeError, TypeError)):
            load_plain(pickle.dumps({"data": value}, protocol=2))
    assert "run" not in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["O8", "V8", "U4", "M8[ns]", "|O"])
def test_types_of_pickles_are_numeric(kind):
    """A type that a pickle describes as bytes of objects would be read as pointers."""
    crafted = pickle.dumps(np.zeros(2), protocol=2).replace(
        b"X\x02\x00\x00\x00f8", b"X" + len(kind).to_bytes(4, "little") + kind.encode()
    )
    with pytest.raises(pickle.UnpicklingError, match="never loaded"):
        load_plain(crafted)
