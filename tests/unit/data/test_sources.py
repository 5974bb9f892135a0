"""Files, counts and fingerprints: fast, standard library only, and equal to what is read later."""

import os
import shutil
import subprocess
import sys

import pytest

from modgap.data.sources import (
    HATEFUL_MEMES,
    complete_entry,
    count_items,
    count_range,
    expand_shards,
    listing_digest,
    range_problems,
    remote_rows,
    shard_problem,
    source_paths,
)
from modgap.errors import InputError
from picture_files import class_files, write_files, write_tar


def test_only_the_standard_library_is_imported(root):
    code = (
        "import sys; before = set(sys.modules); import modgap.data.sources;"
        "new = {name.split('.')[0] for name in set(sys.modules) - before};"
        "print(sorted(new - sys.stdlib_module_names - {'modgap'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root / "scripts",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("kind", "entry", "n"),
    [
        ("scenes", {"n": 7}, 7),
        ("noise", {"n": 3}, 3),
        ("digits", {}, 1797),
        ("digits", {"n": 20}, 20),
        ("digits", {"skip": 1437}, 360),
        ("image_folder", {"path": "never/opened", "n": 5}, 5),
        ("captions_table", {"captions": "never/opened.csv", "n": 5}, 5),
    ],
)
def test_counts_that_need_no_file(kind, entry, n):
    assert count_items(kind, entry) == n


def test_an_empty_dataset_is_refused():
    with pytest.raises(InputError, match="n: 0 pictures are an empty dataset"):
        count_items("scenes", {"n": 0})


def test_class_folders_and_caption_files_are_counted(tmp_path):
    files = class_files({"ant": 3, "bee": 2})
    folder = write_files(tmp_path / "folder", files)
    archive = write_tar(tmp_path / "archive.tar", files)
    assert count_items("image_folder", {"path": str(folder)}) == 5
    assert count_items("image_folder", {"path": str(archive)}) == 5
    (tmp_path / "captions.csv").write_text("image,caption\na.png,A\nb.png,B\na.png,C\n")
    assert count_items("captions_table", {"captions": str(tmp_path / "captions.csv")}) == 2


def test_counts_of_real_data(shared):
    cifar = str(shared("data/cifar10_jpeg/test.tar"))
    flickr = str(shared("data/flickr8k/captions.txt"))
    assert count_items("image_folder", {"path": cifar}) == 10_000
    assert count_items("captions_table", {"captions": flickr}) == 1_000


def test_the_fingerprint_sees_files_and_not_dates_or_places(tmp_path):
    folder = write_files(tmp_path / "folder", class_files({"ant": 2}))

    def digest(path=folder):
        return listing_digest({"kind": "image_folder", "path": str(path)})

    before = digest()
    os.utime(folder / "ant/00.png", (1, 1))
    assert digest() == before
    assert digest(shutil.copytree(folder, tmp_path / "copy")) == before
    (folder / "ant/02.png").write_bytes(b"x")
    added = digest()
    assert added != before
    (folder / "ant/02.png").write_bytes(b"xy")
    resized = digest()
    assert resized not in (added, before)
    (folder / "ant/02.png").rename(folder / "ant/03.png")
    assert digest() not in (resized, added, before)


def test_the_fingerprint_of_files_is_their_size(tmp_path):
    entry = {
        "kind": "embeddings",
        "first": str(tmp_path / "a.npy"),
        "second": str(tmp_path / "b.npy"),
    }
    (tmp_path / "a.npy").write_bytes(b"1")
    (tmp_path / "b.npy").write_bytes(b"2")
    before = listing_digest(entry)
    (tmp_path / "b.npy").write_bytes(b"22")
    assert listing_digest(entry) != before
    assert source_paths(entry) == [entry["first"], entry["second"]]


def test_no_files_no_fingerprint():
    assert listing_digest({"kind": "scenes", "n": 3, "seed": 0}) == ""


def test_a_missing_source_is_named(tmp_path):
    entry = {"kind": "image_folder", "path": str(tmp_path / "gone.tar")}
    with pytest.raises(InputError, match=r"gone\.tar: no such file or folder"):
        listing_digest(entry)


def test_counts_of_memes_without_any_file(tmp_path):
    for split, n in HATEFUL_MEMES.items():
        entry = complete_entry("d", {"kind": "hateful_memes", "split": split}, str(tmp_path))
        assert count_items("hateful_memes", entry) == n


def webdataset(shards, folder="resources"):
    return complete_entry("wds", {"kind": "webdataset", "shards": shards}, folder)


def test_ranges_in_names():
    assert expand_shards("a-{08..11}.tar") == [f"a-{i:02d}.tar" for i in range(8, 12)]
    assert expand_shards(["x.tar", "{0..1}/{2..3}"]) == ["x.tar", "0/2", "0/3", "1/2", "1/3"]
    with pytest.raises(InputError, match="counts down"):
        expand_shards("{3..1}.tar")


def test_remote_shards_are_fetched_files():
    address = "https://example.org/data/{0..1}.tar"
    entry = webdataset([address, "local/2.tar"], folder="res")
    assert entry["files"] == ["res/webdataset/wds/0.tar", "res/webdataset/wds/1.tar", "local/2.tar"]
    rows = remote_rows({"wds": entry}, "res")
    assert list(rows) == ["webdataset/wds/0.tar", "webdataset/wds/1.tar"]
    assert rows["webdataset/wds/1.tar"]["url"] == "https://example.org/data/1.tar"
    with pytest.raises(InputError, match=r"datasets\.wds\.shards: 0\.tar is named twice"):
        webdataset(["https://a.org/0.tar", "https://b.org/0.tar"])


def test_shards_without_end_are_refused_before_they_are_counted_out():
    with pytest.raises(InputError, match="1,000,000,000,000 are more than 500,000"):
        expand_shards("{0..999999}-{0..999999}.tar")
    with pytest.raises(InputError, match="600,000 are more than"):
        expand_shards(["a{1..300000}", "b{1..300000}"])
    assert count_range(("008", "011")) == 4
    assert count_range(("3", "1")) == 1


@pytest.mark.parametrize("address", ["https://h/a-0.tar", "https://h/a.tar?file=b&token=c"])
def test_remote_shards_end_in_a_file(address):
    assert shard_problem(address) is None


@pytest.mark.parametrize("address", ["https://h/", "https://h/{a}.tar", "https://h/" + "a" * 201])
def test_remote_shards_that_end_in_none(address):
    assert "must end in the name of a file" in shard_problem(address)


def test_black_comes_before_white():
    good = {"intensity_range": [0, 4095]}
    assert range_problems({"a": good, "b": {}}) == []
    (line,) = range_problems({"a": {"intensity_range": [1, 1]}})
    assert line.startswith("datasets.a.intensity_range: 1 is not below 1")
