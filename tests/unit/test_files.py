"""A file has its final name only when it is complete."""

import errno
import fcntl
import hashlib
import os
import subprocess
import sys
import time

import pytest

from modgap import files
from modgap.errors import InputError
from modgap.files import (
    atomic_path,
    current_umask,
    digest_file,
    host_word,
    is_no_space,
    read_digests,
    remove_digested,
    sha256_of,
    sweep_leftovers,
    take_lock,
    write_digests,
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


def write_whole(final, text, **options):
    with atomic_path(final, **options) as temporary:
        temporary.write_text(text)


def test_cached_files_have_their_digest_beside_them(tmp_path):
    write_whole(tmp_path / "part-0.npy", "first")
    write_whole(tmp_path / "page.html", "page")
    write_whole(tmp_path / "config.json", "{}", digest=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".config.json.sha256",
        ".part-0.npy.sha256",
        "config.json",
        "page.html",
        "part-0.npy",
    ]
    done = subprocess.run(["sha256sum", "-c", ".part-0.npy.sha256"], cwd=tmp_path)
    assert done.returncode == 0
    write_whole(tmp_path / "part-0.npy", "second")
    assert read_digests(tmp_path / "part-0.npy") == [hashlib.sha256(b"second").hexdigest()]
    remove_digested(tmp_path / "part-0.npy")
    assert not digest_file(tmp_path / "part-0.npy").exists()


class Killed(BaseException):
    """Stands for a kill: nothing after it runs."""


@pytest.mark.parametrize("with_digest", [True, False])
@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("steps", range(4))
def test_a_kill_between_file_and_digest_leaves_no_false_word(
    tmp_path, monkeypatch, with_digest, there, steps
):
    """Whatever lies there afterwards is known by its digest, or has none."""
    final = tmp_path / "part-0.npy"
    if there:
        write_whole(final, "old")
        if not with_digest:
            digest_file(final).unlink()
    replaced, real = [], os.replace

    def replace(*paths):
        if len(replaced) == steps:
            raise Killed
        replaced.append(paths)
        real(*paths)

    monkeypatch.setattr(os, "replace", replace)
    try:
        write_whole(final, "new")
    except Killed:
        assert steps < 3
    known = read_digests(final)
    if final.exists() and known:
        assert sha256_of(final) in known
    monkeypatch.setattr(os, "replace", real)
    write_whole(final, "new")
    assert read_digests(final) == [hashlib.sha256(b"new").hexdigest()]


@pytest.mark.parametrize(
    ("error", "full"),
    [
        (OSError(errno.ENOSPC, "full"), True),
        (
            RuntimeError(
                "[enforce fail at inline_container.cc:858] . PytorchStreamWriter failed "
                "writing file data/3: file write failed"
            ),
            True,
        ),
        (
            ValueError("Error while serializing: I/O error: No space left on device (os error 28)"),
            True,
        ),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (PermissionError(errno.EACCES, "not yours"), False),
    ],
)
def test_a_full_disk_is_known_by_number_or_words(error, full):
    assert is_no_space(error) is full
    late = AttributeError("closed while half written")
    late.__context__ = error
    assert is_no_space(late) is full


def test_leftovers_of_dead_writers_are_swept(tmp_path, monkeypatch):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    names = {
        f".a.{host_word()}-{dead.pid}-abcd_123.part.npy": True,
        f".a.{host_word()}-{os.getpid()}-abcd_123.part.npy": False,
        f".a.elsewhere-{dead.pid}-abcd_123.part.npy": False,
        f".b.elsewhere-{dead.pid}-abcd_123.part": "old",
        f".c.{host_word()}-{os.getpid()}-abcd_123.part.npy": "old",
        ".train.captions.part": "kept",  # a download, which goes on later
        ".gone.npy.sha256": "old",
        ".young.npy.sha256": False,
        ".mine.txt.sha256": "kept",
        ".there.npy.sha256": "kept",
        "there.npy": "kept",
    }
    folder = tmp_path / "deep" / "er"
    folder.mkdir(parents=True)
    for name, swept in names.items():
        (folder / name).touch()
        if swept in ("old", "kept"):
            os.utime(folder / name, (time.time() - 2 * files.DAY,) * 2)
    gone = {path.name for path in sweep_leftovers([tmp_path, tmp_path / "none"])}
    assert gone == {name for name, swept in names.items() if swept in (True, "old")}
    assert {path.name for path in folder.iterdir()} == set(names) - gone


def test_locks_are_taken_waited_for_and_done_without(tmp_path, monkeypatch):
    said = []
    with (
        open(tmp_path / "x", "w", encoding="utf-8") as first,
        open(tmp_path / "x", "w", encoding="utf-8") as second,
    ):
        assert take_lock(first, wait=False, warn=said.append)
        assert not take_lock(second, wait=False, warn=said.append)
    assert not said
    for number in (errno.ENOLCK, errno.EOPNOTSUPP):

        def none_here(*_, number=number):
            raise OSError(number, "no locks available")

        monkeypatch.setattr(fcntl, "flock", none_here)
        with open(tmp_path / "x", "wb") as stream:
            assert take_lock(stream, wait=True, warn=said.append)
    assert len(said) == 2
    assert "no file locks" in said[0]


def test_a_digest_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    write_digests(tmp_path / "a.npy", ["1" * 64])

    def full(*_):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="full"):
        write_digests(tmp_path / "a.npy", ["2" * 64])
    assert read_digests(tmp_path / "a.npy") == ["1" * 64]
    assert [path.name for path in tmp_path.iterdir()] == [".a.npy.sha256"]
