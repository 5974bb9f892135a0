"""Is a file the right one: hashes of the table, hashes seen first, and what is never recorded."""

import hashlib
import json
import logging
import os

import pytest

from modgap.errors import InputError
from modgap.fetch.download import download
from modgap.fetch.integrity import check_fetched, difference, read_lock
from modgap.fetch.table import LOCK, plain_row

CONTENT = bytes(range(250)) * 40
DIGEST = hashlib.sha256(CONTENT).hexdigest()
UNKNOWN = plain_row("set/data.bin", "")


@pytest.fixture
def mirror(tmp_path):
    """A folder from which one file can be fetched."""
    (tmp_path / "mirror" / "set").mkdir(parents=True)
    (tmp_path / "mirror" / "set" / "data.bin").write_bytes(CONTENT)
    return tmp_path / "mirror"


@pytest.fixture
def folder(tmp_path):
    """Where downloads go."""
    return tmp_path / "resources"


def test_an_unknown_hash_is_recorded_once_and_then_enforced(mirror, folder, caplog):
    with caplog.at_level(logging.WARNING):
        path = download(UNKNOWN, folder, mirror=str(mirror))
    (warning,) = caplog.records
    assert DIGEST in warning.getMessage()
    assert "enforced from now on" in warning.getMessage()
    lock = json.loads((folder / LOCK).read_text())
    origin = f"{mirror}/set/data.bin"
    assert lock == {"set/data.bin": {"sha256": DIGEST, "bytes": len(CONTENT), "origin": origin}}
    caplog.clear()
    path.unlink()
    with caplog.at_level(logging.WARNING):
        download(UNKNOWN, folder, mirror=str(mirror))
    assert caplog.records == []
    path.unlink()
    other = CONTENT[::-1]
    (mirror / "set" / "data.bin").write_bytes(other)
    with pytest.raises(InputError) as caught:
        download(UNKNOWN, folder, mirror=str(mirror))
    for text in (DIGEST, hashlib.sha256(other).hexdigest(), LOCK):
        assert text in str(caught.value)
    assert not path.exists()


def test_first_digits_of_a_hash_are_enforced_and_the_whole_recorded(mirror, folder, caplog):
    row = {**UNKNOWN, "table": "config/weights.yaml"}
    with pytest.raises(InputError) as caught:
        download({**row, "sha256_start": "01234567"}, folder, mirror=str(mirror))
    problem = f"sha256 is {DIGEST}, expected one that starts with 01234567 (config/weights.yaml)"
    assert problem in str(caught.value)
    assert not (folder / LOCK).exists()
    with caplog.at_level(logging.WARNING):
        download({**row, "sha256_start": DIGEST[:8]}, folder, mirror=str(mirror))
    (warning,) = caplog.records
    assert "no whole checksum is known for set/data.bin" in warning.getMessage()
    assert json.loads((folder / LOCK).read_text())["set/data.bin"]["sha256"] == DIGEST


def test_the_lock_keeps_what_other_files_have(mirror, folder):
    (mirror / "set" / "more.bin").write_bytes(b"more")
    for name in ("data.bin", "more.bin"):
        download(plain_row(f"set/{name}", ""), folder, mirror=str(mirror))
    assert set(read_lock(folder)) == {"set/data.bin", "set/more.bin"}


@pytest.mark.parametrize(
    "name", ["a.zip", "a.tar.gz", "a.tgz", "a.tar", "a.npy", "a.csv", "a.jsonl", "a.safetensors"]
)
def test_a_page_in_place_of_an_archive_is_never_recorded(mirror, folder, name):
    (mirror / "set" / name).write_bytes(b"<html>please log in</html>" * 30)
    with pytest.raises(InputError, match="not a"):
        download(plain_row(f"set/{name}", ""), folder, mirror=str(mirror))
    assert not [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("body", [b"", b"x" * 99])
def test_weights_that_are_empty_or_nothing_are_never_recorded(mirror, folder, body):
    (mirror / "set" / "a.safetensors").write_bytes(body)
    with pytest.raises(InputError, match=r"not a \.safetensors file"):
        download(plain_row("set/a.safetensors", ""), folder, mirror=str(mirror))
    assert not [path for path in folder.rglob("*") if path.is_file()]


def test_readers_check_what_was_put_there_by_hand(folder, caplog):
    (folder / "set").mkdir(parents=True)
    (folder / "set" / "data.bin").write_bytes(CONTENT)
    check_fetched([{**UNKNOWN, "sha256": DIGEST}], folder)
    assert caplog.records == []
    with pytest.raises(InputError, match=f"sha256 is {DIGEST}, expected {'1' * 64}"):
        check_fetched([{**UNKNOWN, "sha256": "1" * 64}], folder)
    check_fetched([UNKNOWN], folder)
    assert len(caplog.records) == 1
    assert read_lock(folder)["set/data.bin"]["sha256"] == DIGEST
    os.truncate(folder / "set" / "data.bin", 5)
    with pytest.raises(InputError, match=r"has 5 bytes, expected 10,000 .*lock\.json"):
        check_fetched([UNKNOWN], folder)


def test_sha256_counts_more_than_md5(tmp_path):
    path = tmp_path / "data.bin"
    path.write_bytes(CONTENT)
    md5 = hashlib.md5(CONTENT).hexdigest()
    assert difference(path, {"md5": md5, "source": "t"}) is None
    assert difference(path, {"md5": "0" * 32, "source": "t"}) == (
        f"md5 is {md5}, expected {'0' * 32} (t)"
    )
    assert difference(path, {"sha256": DIGEST, "md5": md5, "source": "t"}) is None


def test_a_damaged_lock_file_is_named(mirror, folder):
    folder.mkdir()
    (folder / LOCK).write_text("{")
    with pytest.raises(InputError, match=r"downloads\.lock\.json: not readable as JSON"):
        download(UNKNOWN, folder, mirror=str(mirror))
