"""A file has its final name only when it is complete."""

import errno
import hashlib
import os

import pytest

from modgap.errors import InputError
from modgap.files import (
    atomic_path,
    check_file,
    current_umask,
    open_input,
    parse_json,
    sha256_of,
)


def test_the_final_name_comes_last_and_alone(tmp_path):
    final = tmp_path / "new" / "table.csv"
    with atomic_path(final) as temporary:
        temporary.write_text("whole")
        assert temporary.parent == final.parent
        assert temporary.suffix == ".csv"
        assert not final.exists()
    assert final.read_text() == "whole"
    assert list(final.parent.iterdir()) == [final]
    assert final.stat().st_mode & 0o777 == 0o666 & ~current_umask()


def write_half(final, error):
    """Fail in the middle of writing a file."""
    with atomic_path(final) as temporary:
        temporary.write_text("half")
        raise error


def test_a_failure_keeps_the_old_file_and_nothing_else(tmp_path):
    final = tmp_path / "table.csv"
    final.write_text("old")
    with pytest.raises(ZeroDivisionError):
        write_half(final, ZeroDivisionError())
    assert final.read_text() == "old"
    assert list(tmp_path.iterdir()) == [final]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_named(tmp_path, number):
    with pytest.raises(InputError, match=r"table\.csv: no space left"):
        write_half(tmp_path / "table.csv", OSError(number, "full"))
    with pytest.raises(PermissionError):
        write_half(tmp_path / "table.csv", PermissionError(errno.EACCES, "not yours"))


def test_the_umask_is_read_and_left_as_it_was():
    before = os.umask(0o027)
    try:
        assert current_umask() == current_umask() == 0o027
    finally:
        os.umask(before)


def test_the_hash_of_a_file(tmp_path):
    (tmp_path / "x").write_bytes(b"abc" * 100_000)
    assert sha256_of(tmp_path / "x") == hashlib.sha256(b"abc" * 100_000).hexdigest()


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
