"""Only plain files are opened, and only so large."""

import os

import pytest

from modgap.errors import InputError
from modgap.inputs import check_file, open_input, parse_json


@pytest.mark.parametrize("what", ["missing", "pipe", "folder", "device", "null byte", "too large"])
def test_only_plain_files_within_the_limit_are_opened(tmp_path, what):
    path = {"device": "/dev/zero", "null byte": "a\0b", "folder": tmp_path}.get(
        what, tmp_path / "x"
    )
    if what == "pipe":
        os.mkfifo(path)
    if what == "too large":
        path.write_bytes(b"123")
    with pytest.raises(InputError, match=r"no such file|is a |cannot be read|3 bytes, more than"):
        open_input(path, limit=2)


def test_a_plain_file_is_given_back_and_text_is_utf8(tmp_path):
    path = tmp_path / "x"
    path.write_bytes("é".encode())
    assert check_file(path) == path
    with open_input(path, "r") as stream:
        assert stream.read() == "é"


def test_json_that_is_too_deep_is_no_json():
    assert parse_json(b'{"a": [1]}') == {"a": [1]}
    with pytest.raises(ValueError, match="too deeply"):
        parse_json("[" * 100_000)
