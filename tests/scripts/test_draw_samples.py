"""draw_samples: table, pixel array and fingerprint; a full disk leaves nothing."""

import errno
import io
import os
import subprocess

import numpy as np
import pytest

import draw_samples
from modgap.errors import InputError
from modgap.files import digest_file
from modgap.tables import SAMPLE_COLUMNS, read_metadata, read_table


def draw(folder, **entry):
    table, array = folder / "s.parquet", folder / "s.npy"
    draw_samples.main(str(table), str(array), name="s", entry=entry)
    return table, array


@pytest.mark.parametrize(
    "entry", [{"kind": "scenes", "n": 12, "seed": 0}, {"kind": "digits", "n": 12}]
)
def test_table_and_array(tmp_path, entry):
    table, array = draw(tmp_path, **entry)
    samples, pixels = read_table(table), np.load(array, allow_pickle=False)
    assert list(samples.columns[: len(SAMPLE_COLUMNS)]) == SAMPLE_COLUMNS
    assert pixels.shape == (12, 32, 32, 3)
    assert list(samples["image"]) == [f"{array}#{i}" for i in range(12)]
    metadata = read_metadata(table)
    assert metadata["dataset"] == "s"
    assert metadata["kind"] == entry["kind"]
    assert len(metadata["dataset_sha256"]) == 64
    assert sorted(tmp_path.glob("[!.]*")) == [array, table]
    assert all(digest_file(path).is_file() for path in (array, table))


def test_the_same_entry_draws_the_same_bytes(tmp_path):
    (tmp_path / "again").mkdir()
    table, array = draw(tmp_path, kind="scenes", n=5, seed=0)
    again, array_again = draw(tmp_path / "again", kind="scenes", n=5, seed=0)
    assert array.read_bytes() == array_again.read_bytes()
    assert read_metadata(table) == read_metadata(again)


def test_an_empty_dataset_is_refused(tmp_path):
    with pytest.raises(InputError, match="n: 0 pictures are an empty dataset"):
        draw(tmp_path, kind="scenes", n=0, seed=0)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def tiny_disk(tmp_path):
    """A file system of 64 KiB, where we may mount one."""
    place = tmp_path / "tiny"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("no mount command")
    if done.returncode:
        pytest.skip(f"may not mount a small file system: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_named_and_nothing_is_left(tiny_disk):
    with pytest.raises(InputError, match=r"s\.npy: no space left on the disk"):
        draw(tiny_disk, kind="scenes", n=100, seed=0)
    assert list(tiny_disk.iterdir()) == []


def test_a_disk_that_fills_up_at_the_table_leaves_no_table(tiny_disk):
    (tiny_disk / "filler").write_bytes(bytes(48 * 1024))
    with pytest.raises(InputError, match=r"s\.parquet: no space left on the disk"):
        draw(tiny_disk, kind="scenes", n=3, seed=0)
    assert sorted(path.name for path in tiny_disk.glob("[!.]*")) == ["filler", "s.npy"]


def test_an_error_of_the_disk_while_the_array_is_written(tmp_path, monkeypatch):
    """As above, without a small file system."""

    class FullFile(io.FileIO):
        def write(self, content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("modgap.data.arrays.open", FullFile, raising=False)
    with pytest.raises(InputError, match=r"s\.npy: no space left on the disk"):
        draw(tmp_path, kind="scenes", n=3, seed=0)
    assert list(tmp_path.iterdir()) == []
