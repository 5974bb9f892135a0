"""The table of downloads: its form, what is empty in it, and what it says to people."""

import csv
import re
from pathlib import Path

import pytest

from modgap.data.sources import (
    COCO,
    FAIRFACE,
    HATEFUL_MEMES,
    MIXBENCH,
    MIXBENCH_FILES,
    TORCHVISION,
    complete_entry,
    fetched_files,
)
from modgap.errors import InputError
from modgap.fetch.table import (
    COLUMNS,
    address_problem,
    by_hand,
    expected,
    fetch_list,
    fetched_file,
    made_from,
    mirror_problem,
    origins,
    plain_row,
    plain_tar,
    read_downloads,
)

# What nobody could tell for certain. A value that appears here later needs a source.
WITHOUT_ADDRESS = {
    "fairface/images-padding025.zip",
    "fairface/images-padding125.zip",
    "fairface/fairface_label_train.csv",
    "fairface/fairface_label_val.csv",
    *(f"hateful-memes/{split}.jsonl" for split in HATEFUL_MEMES),
    "mimic-cxr/captions.csv",
    *(f"mixbench/{name}/images.tar" for name in MIXBENCH),
}
WITHOUT_HASH = WITHOUT_ADDRESS | {
    f"mixbench/{name}/{file}" for name in MIXBENCH for file in MIXBENCH_FILES
}
WITHOUT_BYTES = WITHOUT_HASH | {
    "cifar10/cifar-10-python.tar.gz",
    "cifar100/cifar-100-python.tar.gz",
    "gtsrb/GTSRB-Training_fixed.zip",
    "gtsrb/GTSRB_Final_Test_Images.zip",
    "gtsrb/GTSRB_Final_Test_GT.zip",
    "flowers102/102flowers.tgz",
    "flowers102/imagelabels.mat",
    "flowers102/setid.mat",
    "food101/food-101.tar.gz",
    "dtd/dtd-r1.0.1.tar.gz",
    "oxfordiiitpet/images.tar.gz",
    "oxfordiiitpet/annotations.tar.gz",
    "stl10/stl10_binary.tar.gz",
    "mnist/train-images-idx3-ubyte.gz",
    "mnist/train-labels-idx1-ubyte.gz",
    "mnist/t10k-images-idx3-ubyte.gz",
    "mnist/t10k-labels-idx1-ubyte.gz",
}
WITHOUT_LICENCE = {
    "coco/caption_datasets.zip",
    *(file for file in WITHOUT_BYTES if file.split("/")[0] in ("gtsrb", "flowers102", "food101")),
    *(file for file in WITHOUT_BYTES if file.split("/")[0] in ("dtd", "oxfordiiitpet", "stl10")),
    *(file for file in WITHOUT_BYTES if file.startswith("mnist/")),
}


@pytest.fixture(scope="module")
def rows(root):
    return read_downloads(root / "config" / "downloads.csv")


def test_the_empty_cells_are_those_we_know_of(rows):
    assert {file for file, row in rows.items() if not row["url"]} == WITHOUT_ADDRESS
    assert {f for f, row in rows.items() if not (row["sha256"] or row["md5"])} == WITHOUT_HASH
    assert {file for file, row in rows.items() if not row["bytes"]} == WITHOUT_BYTES
    assert {file for file, row in rows.items() if not row["licence"]} == WITHOUT_LICENCE


def test_what_may_be_passed_on_follows_from_the_licence(rows):
    for row in rows.values():
        if row["redistributable"] == "yes":
            assert row["licence"] in ("MIT", "CC BY 4.0")
        if row["file"].split("/")[0] in ("hateful-memes", "mimic-cxr"):
            assert row["redistributable"] == "no"


def test_every_hash_length_and_address_has_its_source(rows, shared):
    """Each value stands in the reference notes or, for torchvision's files, in torchvision."""
    notes = shared("reference/field.md").read_text() + shared("reference/paper.md").read_text()
    digits = re.sub(r"(?<=\d)\s(?=\d{3})", "", notes)
    for file, row in rows.items():
        for key in ("sha256", "md5"):
            if row[key] and not (key == "md5" and torchvision_says(row[key])):
                assert row[key] in notes, (file, key)
        if row["bytes"]:
            assert str(row["bytes"]) in digits, file
        for url in [row["url"], *row["mirrors"].split()]:
            host = url.split("/")[2] if url else ""
            known = host in notes or torchvision_says(host)
            assert known or host == "github.com", (file, host)
            if file.startswith("modality-gap/"):
                repository, commit, folder = re.fullmatch(
                    r"https://github\.com/(\S+)/raw/([0-9a-f]{40})/(\w+)/features_\w+\.npy", url
                ).groups()
                assert f"`{repository}`" in notes
                assert commit in notes
                assert f"`{folder}/" in notes


def torchvision_says(text):
    """Whether a text stands in the source of torchvision's datasets."""
    from torchvision import datasets

    folder = Path(datasets.__file__).parent
    return any(text in path.read_text() for path in folder.glob("*.py"))


def test_the_published_files_are_those_of_the_table(rows, shared):
    from modgap.fetch.integrity import difference

    for file in (file for file in rows if file.startswith("modality-gap/")):
        path = shared(f"data/published/{Path(file).name}")
        assert difference(path, expected(rows[file], "resources", {})) is None


def test_every_file_of_a_downloaded_kind_is_in_the_table(rows):
    entries = [
        {"kind": "torchvision", "name": name, "split": split}
        for name, splits in TORCHVISION.items()
        for split in splits
    ]
    entries += [{"kind": "coco_captions", "split": split} for split in COCO]
    entries += [
        {"kind": "fairface", "split": s, "padding": p} for s in FAIRFACE for p in (0.25, 1.25)
    ]
    entries += [{"kind": "hateful_memes", "split": split} for split in HATEFUL_MEMES]
    entries += [{"kind": "mixbench", "name": name} for name in MIXBENCH]
    datasets = {str(i): complete_entry("d", entry, "res") for i, entry in enumerate(entries)}
    files = set(fetched_files(datasets, "res", rows))
    unused = {file for file in rows if file not in files}
    assert {file.split("/")[0] for file in unused} == {"modality-gap", "mimic-cxr"}
    for entry in datasets.values():
        assert fetched_files({"d": entry}, "res", rows)


def write_rows(path, *lines, header=COLUMNS):
    with open(path, "w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, *lines])
    return path


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"file": "../up"}, "row 2: file cannot be '../up'"),
        ({"file": "/etc/passwd"}, "row 2: file cannot be"),
        ({"file": "a/.hidden"}, "row 2: file cannot be"),
        ({"url": "ftp://x"}, "row 2: url cannot be 'ftp://x'"),
        ({"mirrors": "file:///etc"}, "row 2: mirrors cannot be"),
        ({"sha256": "abc"}, "row 2: sha256 cannot be 'abc'"),
        ({"md5": "Z" * 32}, "row 2: md5 cannot be"),
        ({"bytes": "1e9"}, "row 2: bytes cannot be '1e9'"),
        ({"redistributable": "maybe"}, "row 2: redistributable cannot be 'maybe'"),
    ],
)
def test_wrong_cells(tmp_path, cells, words):
    row = {**plain_row("a/b.zip", ""), "bytes": "", **cells}
    path = write_rows(tmp_path / "t.csv", [row[column] for column in COLUMNS])
    with pytest.raises(InputError, match=re.escape(words)):
        read_downloads(path)


def test_wrong_tables(tmp_path):
    row = ["a", *[""] * 8]
    with pytest.raises(InputError, match="row 3: a stands in the table twice"):
        read_downloads(write_rows(tmp_path / "t.csv", row, row))
    with pytest.raises(InputError, match="row 2: more cells than columns"):
        read_downloads(write_rows(tmp_path / "t.csv", [*row, "x"]))
    with pytest.raises(InputError, match="the first row must be file,url,"):
        read_downloads(write_rows(tmp_path / "t.csv", row, header=COLUMNS[::-1]))
    with pytest.raises(InputError, match=r"gone\.csv: no such file"):
        read_downloads(tmp_path / "gone.csv")


def test_a_mirror_replaces_the_addresses(rows):
    row = rows["mnist/t10k-images-idx3-ubyte.gz"]
    assert len(origins(row, None)) == 2
    assert origins(row, "https://m.org/d/") == ["https://m.org/d/mnist/t10k-images-idx3-ubyte.gz"]
    assert origins(rows["fairface/images-padding025.zip"], None) == []


def test_the_table_comes_before_the_lock_file(rows):
    row = rows["coco/val2017.zip"]
    lock = {row["file"]: {"sha256": "0" * 64, "bytes": 1, "origin": "x"}}
    assert expected(row, "res", lock)["sha256"] == row["sha256"]
    faces = rows["fairface/images-padding025.zip"]
    assert "sha256" not in expected(faces, "res", {})
    lock = {faces["file"]: {"sha256": "0" * 64, "bytes": 1, "origin": "x"}}
    known = expected(faces, "res", lock)
    assert (known["sha256"], known["bytes"]) == ("0" * 64, 1)
    assert known["source"] == "res/downloads.lock.json"


def test_files_that_are_fetched_or_made(rows):
    assert fetched_file("res/food101/food-101.tar", "res", rows) == "food101/food-101.tar.gz"
    assert fetched_file("res/coco/../coco/val2017.zip", "res", rows) == "coco/val2017.zip"
    assert fetched_file("coco/val2017.zip", "res", rows) is None
    assert fetched_file("res/other.zip", "res", rows) is None
    assert made_from("flowers102/102flowers.tar", rows) == "flowers102/102flowers.tgz"
    assert plain_tar("a.gz") == "a.gz"


def test_the_list_says_how_much_from_where_and_under_which_licence(rows, tmp_path):
    files = ["coco/val2017.zip", "coco/train2017.zip", "fairface/images-padding025.zip"]
    (tmp_path / "coco").mkdir()
    (tmp_path / "coco" / "val2017.zip").write_bytes(b"")
    head, *lines = fetch_list(files, rows, str(tmp_path), None).splitlines()
    said = "2 files, 19.34 GB and 1 of unknown size; of 1 no whole checksum is known: recorded"
    assert said in head
    assert "is there" in lines[0]
    assert (
        "19.34 GB  Flickr terms, sha256 known  <- http://images.cocodataset.org/zips/train2017.zip"
        in lines[1]
    )
    assert lines[2].endswith("<- by hand, from https://github.com/joojs/fairface")
    mirrored = fetch_list(files, rows, str(tmp_path), "/mnt/mirror").splitlines()
    assert mirrored[3].endswith("<- /mnt/mirror/fairface/images-padding025.zip")


def test_what_is_said_about_files_that_nobody_may_fetch(rows):
    line = by_hand(rows["hateful-memes/dev_seen.jsonl"], "res")
    assert line.startswith("res/hateful-memes/dev_seen.jsonl: not there")
    assert "Meta's page of the Hateful Memes challenge (Meta research licence)" in line


@pytest.mark.parametrize(
    "address", ["", "https://h/x.tar", "http://user:pass@[::1]:8080/a%20b?token=x&y=1#z"]
)
def test_addresses_that_can_be_asked(address):
    assert address_problem(address) is None


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://[::1/x", "is no address"),
        ("https:///x", "is no address"),
        ("https://h:port/x", "is no address"),
        ("https://h:99999/x", "is no address"),
        ("https://h/ü", "as an address has them"),
        ("https://h/a b", "as an address has them"),
    ],
)
def test_addresses_that_cannot(address, words):
    assert words in address_problem(address)


def test_mirrors(tmp_path):
    for mirror in (str(tmp_path), f"file://{tmp_path}", "https://h/x"):
        assert mirror_problem(mirror) is None
    assert mirror_problem("file:///nowhere") == "no such folder: file:///nowhere"
    assert mirror_problem("nowhere") == "no such folder: nowhere"
    for mirror in ("http://[::1/x", "file://[::1/x", "https:///x"):
        assert "is no address" in mirror_problem(mirror)
