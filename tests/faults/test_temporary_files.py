"""Links that others put where files of ours go: never followed, never emptied."""

import hashlib
import os
import stat

import pytest

from faults.outcomes import classify_call
from modgap.embeddings.devices import lock_file, try_lock
from modgap.fetch.download import download
from modgap.fetch.integrity import record_hash
from modgap.fetch.table import LOCK, plain_row
from modgap.files import atomic_path, open_unlinked

CONTENT = b"content" * 100


@pytest.fixture
def victim(tmp_path):
    """A file that must stay as it is."""
    path = tmp_path / "victim"
    path.write_bytes(b"mine")
    return path


@pytest.fixture
def mirror(tmp_path):
    (tmp_path / "mirror" / "a").mkdir(parents=True)
    (tmp_path / "mirror" / "a" / "data.bin").write_bytes(CONTENT)
    return str(tmp_path / "mirror")


def row():
    return {**plain_row("a/data.bin", ""), "sha256": hashlib.sha256(CONTENT).hexdigest()}


@pytest.mark.parametrize("name", [".data.bin.part", ".data.bin.part.json", "data.bin"])
def test_downloads_do_not_write_through_links(tmp_path, fault, victim, mirror, name):
    folder = tmp_path / "resources"
    (folder / "a").mkdir(parents=True)
    (folder / "a" / name).symlink_to(victim)
    fault("temporary files", classify_call(lambda: download(row(), folder, mirror=mirror)))
    assert victim.read_bytes() == b"mine"


@pytest.mark.parametrize("name", [f".{LOCK}.guard", LOCK])
def test_the_lock_file_does_not_write_through_links(tmp_path, fault, victim, mirror, name):
    (tmp_path / name).symlink_to(victim)
    file = os.path.join(mirror, "a", "data.bin")
    ended = classify_call(lambda: record_hash(file, plain_row("a/data.bin", ""), tmp_path))
    fault("temporary files", ended)
    assert victim.read_bytes() == b"mine"


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: os.symlink("/dev/null", path)])
def test_what_is_no_file_is_refused_at_once(tmp_path, fault, make):
    make(tmp_path / "lock")
    ended = classify_call(lambda: open_unlinked(tmp_path / "lock"), seconds=5)
    assert ended[0] == "refused"
    fault("temporary files", ended)


def test_locks_of_gpus_are_in_a_folder_of_the_users(tmp_path, fault, victim, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = lock_file("GPU-a")
    assert str(path).startswith(str(tmp_path / "cache"))
    with try_lock(path):
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    path.unlink()
    path.symlink_to(victim)
    ended = classify_call(lambda: try_lock(path))
    assert ended[0] == "refused"
    fault("temporary files", ended)
    assert victim.read_bytes() == b"mine"


def test_temporary_names_beside_a_file_are_not_to_be_guessed(tmp_path):
    with atomic_path(tmp_path / "a.csv") as first, atomic_path(tmp_path / "a.csv") as second:
        assert first != second
        assert stat.S_IMODE(first.stat().st_mode) == 0o600
        for path in (first, second):
            path.write_text("x")
