"""A file of ours is what was written, or it is set aside with a line."""

import os

import numpy as np
import pytest

from modgap import digests
from modgap.data.arrays import open_array, write_array
from modgap.digests import check_digest, matches_digest, set_aside, verify_digests
from modgap.errors import InputError
from modgap.files import atomic_path, damaged_name, digest_file, write_digests


@pytest.fixture
def array(tmp_path):
    """A small array with its digest."""
    path = tmp_path / "part-0.npy"
    write_array(path, np.arange(12, dtype=np.uint8).reshape(3, 4), (4,), np.uint8)
    return path


def flip(path, place=-1):
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def test_a_whole_file_is_read_once(array, monkeypatch):
    read = []
    monkeypatch.setattr(digests, "sha256_of", lambda path: read.append(path) or "0" * 64)
    write_digests(array, ["0" * 64])
    assert check_digest(array) == check_digest(array) == array
    assert len(read) == 1
    os.utime(array, ns=(1, 1))
    check_digest(array)
    assert len(read) == 2


@pytest.mark.parametrize("place", [0, 20, -1])
def test_a_damaged_file_is_set_aside_and_comes_back_when_it_is_made_anew(array, place):
    whole = array.read_bytes()
    flip(array, place)
    with pytest.raises(InputError, match=r"part-0\.npy: damaged.*part-0\.npy\.damaged.*again"):
        open_array(array)
    assert not array.exists()
    assert not digest_file(array).exists()
    assert damaged_name(array).read_bytes() != whole
    with pytest.raises(InputError, match="was damaged and is set aside"):
        open_array(array)
    write_array(array, np.arange(12, dtype=np.uint8).reshape(3, 4), (4,), np.uint8)
    assert open_array(array).sum() == 66
    assert array.read_bytes() == whole
    assert not damaged_name(array).exists()


def test_a_file_without_a_digest_is_said_once(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(digests, "UNKNOWN", [])
    caplog.set_level("INFO", "modgap")
    for name in ("a.npy", "b.npy"):
        (tmp_path / name).write_bytes(b"copied")
        assert matches_digest(tmp_path / name) is None
    assert [record.getMessage().split()[0] for record in caplog.records] == [
        str(tmp_path / "a.npy")
    ]


def test_a_file_that_is_not_there_is_left_to_its_reader(tmp_path):
    assert check_digest(tmp_path / "none.npy") == tmp_path / "none.npy"


def test_what_cannot_be_moved_is_to_be_removed(array, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    assert "remove it (Permission denied)" in str(set_aside(array))


def test_a_writer_that_is_just_replacing_a_file_is_no_damage(array, monkeypatch):
    """Digest and content are read one after the other, and a whole new file came in between."""
    real = digests.sha256_of

    def replaced_meanwhile(path):
        with atomic_path(array) as temporary:
            temporary.write_bytes(b"new")
        return real(path)

    monkeypatch.setattr(digests, "sha256_of", replaced_meanwhile)
    assert matches_digest(array) is True


def test_a_folder_is_checked_and_what_had_no_digest_gets_one(array):
    for name in ("flipped.parquet", "kept.safetensors"):
        with atomic_path(array.with_name(name)) as temporary:
            temporary.write_bytes(b"content of " + name.encode())
    flip(array.with_name("flipped.parquet"))
    array.with_name("copied.npy").write_bytes(b"old")
    array.with_name("notes.txt").write_text("mine")
    assert verify_digests(array.parent)[1] == 0
    damaged_name(array.with_name("flipped.parquet")).rename(array.with_name("flipped.parquet"))
    write_digests(array.with_name("flipped.parquet"), ["0" * 64])
    checked, new, problems = verify_digests(array.parent, adopt=True)
    assert (checked, new) == (2, 1)
    assert len(problems) == 1
    assert "flipped.parquet: damaged" in problems[0]
    assert not digest_file(array.with_name("notes.txt")).exists()
    assert verify_digests(array.parent, adopt=True) == (3, 0, [])
