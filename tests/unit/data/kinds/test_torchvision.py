"""Torchvision's datasets, read from small archives in the genuine formats.

Torchvision's own classes read the same archives; pictures and labels must be the same, and within
each class their order.
"""

import gzip
import pickle
import shutil
import warnings
from collections import defaultdict

import numpy as np
import pytest
from torch.utils.data import ConcatDataset
from torchvision import datasets

from modgap.data.archives import read_tar_member
from modgap.data.folders import split_location
from modgap.data.kinds.torchvision import FLOWERS, array_samples, load_plain, torchvision_samples
from modgap.data.pixels import decode_pictures, parse_geometry
from modgap.data.sources import ARRAYS, TORCHVISION, complete_entry
from modgap.errors import InputError
from modgap.fetch.table import read_downloads
from modgap.plan.prompts import read_prompts
from published_formats import (
    WRITERS,
    extract_all,
    gunzip_tars,
    python2_pickle,
    write_cifar10,
    write_gzipped_tar,
)

SPLITS = [(name, split) for name, splits in TORCHVISION.items() for split in splits]
SPLITS.remove(("SVHN", "extra"))  # the same reader as for the other splits


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    """A folder of downloads with a small version of every dataset."""
    folder = tmp_path_factory.mktemp("resources")
    for write in WRITERS.values():
        write(folder)
    gunzip_tars(folder)
    return folder


def resolved(archives, name, split, **more):
    """The config entry with its files; ``n`` because these are fewer than were published."""
    entry = {"kind": "torchvision", "name": name, "split": split, **more}
    return complete_entry("d", entry, str(archives))


def samples_of(entry):
    """Samples and, for arrays, pixels."""
    if entry["name"] in ARRAYS:
        return array_samples(entry, "a.npy")
    return torchvision_samples(entry)[0], None


def available(archives, name, split):
    """How many pictures the small version has, from the message of the reader."""
    with pytest.raises(InputError, match="were published") as caught:
        samples_of(resolved(archives, name, split))
    message = str(caught.value)
    assert f"{TORCHVISION[name][split][0]} were published" in message
    return int(message.split(": ")[1].split()[0])


def torchvision_dataset(archives, folder, name, split, monkeypatch):
    """Torchvision's own dataset on the same archives, its checksums of the real ones left out."""
    for module in ("cifar", "stl10", "svhn", "flowers102", "mnist"):
        monkeypatch.setattr(f"torchvision.datasets.{module}.check_integrity", lambda *_: True)
    lower = name.lower()
    base = {
        "EuroSAT": folder / "eurosat",
        "GTSRB": folder / "gtsrb",
        "DTD": folder / "dtd",
        "Flowers102": folder / "flowers-102",
        "OxfordIIITPet": folder / "oxford-iiit-pet",
    }.get(name, folder)
    base.mkdir(parents=True, exist_ok=True)
    for path in (archives / lower).iterdir():
        if path.suffix == ".mat":
            shutil.copy(path, base)
        elif path.suffix in (".zip", ".tgz") or path.name.endswith(".tar.gz"):
            extract_all(path, base)
        elif path.suffix == ".gz":
            raw = folder / "MNIST" / "raw"
            raw.mkdir(parents=True, exist_ok=True)
            (raw / path.stem).write_bytes(gzip.decompress(path.read_bytes()))
    make = getattr(datasets, name)
    if name == "EuroSAT":
        return make(folder)
    with warnings.catch_warnings():
        # torchvision 0.29 unpickles numpy dtypes of old batches in a way numpy 2.4 warns of
        warnings.simplefilter("ignore")
        if split == "all":
            parts = [make(folder, train=True), make(folder, train=False)]
            joined = ConcatDataset(parts)
            joined.classes = parts[0].classes
            return joined
        if name in ("CIFAR10", "CIFAR100", "MNIST"):
            return make(folder, train=split == "train")
        return make(folder, split=split)


def expected_label(name, dataset, target):
    """Our label of torchvision's class number."""
    if name in ("SVHN", "GTSRB"):  # no names
        return str(target)
    return dataset.classes[target]


@pytest.mark.parametrize(("name", "split"), SPLITS)
def test_pictures_and_labels_are_torchvisions(archives, tmp_path, monkeypatch, name, split):
    theirs = torchvision_dataset(archives, tmp_path, name, split, monkeypatch)
    of_class = defaultdict(list)
    for picture, target in theirs:
        of_class[expected_label(name, theirs, target)].append(picture)
    most = max(map(len, of_class.values()))
    in_turns = [
        (of_class[label][k], label)
        for k in range(most)
        for label in sorted(of_class)
        if k < len(of_class[label])
    ]
    entry = resolved(archives, name, split, n=available(archives, name, split))
    samples, pixels = samples_of(entry)
    assert len(samples) == len(theirs) > 0
    assert samples["sample_id"].is_unique
    for i, (picture, label) in enumerate(in_turns):
        assert samples["label"][i] == label
        if pixels is not None:
            np.testing.assert_array_equal(pixels[i], np.asarray(picture.convert("RGB")))
            continue
        square = parse_geometry(f"{min(picture.size)}-bicubic-shortest")
        ((crop, reason),) = next(decode_pictures([samples["image"][i]], square, threads=1))
        assert reason is None
        left = (picture.width - square.size) / 2
        top = (picture.height - square.size) / 2
        box = (round(left), round(top), round(left) + square.size, round(top) + square.size)
        np.testing.assert_array_equal(crop, np.asarray(picture.convert("RGB").crop(box)))


@pytest.mark.parametrize("name", TORCHVISION)
def test_the_published_number_is_expected_unless_n_is_given(archives, name):
    split = next(iter(TORCHVISION[name]))
    assert available(archives, name, split) > 1
    two = samples_of(resolved(archives, name, split, n=2))[0]
    assert len(two) == 2
    assert two["label"].nunique() == 2, "n is spread over the classes"
    with pytest.raises(InputError, match="n is 5000, but there are only"):
        samples_of(resolved(archives, name, split, n=5000))


@pytest.mark.parametrize("name", TORCHVISION)
def test_every_label_has_its_prompt(root, archives, name):
    file = {"OxfordIIITPet": "oxford_pets"}.get(name, name.lower())
    prompts = read_prompts(root / "config" / "prompts" / f"{file}.yaml")
    samples, _ = samples_of(resolved(archives, name, next(iter(TORCHVISION[name])), n=3))
    assert set(samples["label"]) <= set(prompts.classes)


def test_flowers_are_numbered_as_torchvision_numbers_them():
    assert datasets.Flowers102.classes == FLOWERS


def test_captions_are_the_template(archives):
    entry = resolved(archives, "EuroSAT", "all", n=4, template="a satellite photo of {label}.")
    samples, _ = samples_of(entry)
    assert samples["caption"][1] == "a satellite photo of Forest."
    assert set(samples["mentioned"]) == {"label"}
    assert set(samples["split"]) == {"all"}


@pytest.mark.parametrize(
    ("global_name", "content"),
    [
        ("os.system", b"cos\nsystem\n(S'true'\ntR."),
        ("builtins.eval", b"cbuiltins\neval\n(S'1'\ntR."),
        ("numpy.load", b"cnumpy\nload\n(S'x'\ntR."),
        ("numpy.ndarray.tofile", b"\x80\x04\x8c\x05numpy\x8c\x0endarray.tofile\x93."),
    ],
)
def test_a_pickle_that_names_anything_else_is_refused(global_name, content):
    with pytest.raises(pickle.UnpicklingError, match=f"names {global_name}, which is never loaded"):
        load_plain(content)


def test_pickles_of_python_2_and_3_are_read():
    value = {"data": np.arange(6, dtype=np.uint8).reshape(2, 3), "labels": [1, 2], "name": "x"}
    for content in (python2_pickle(value), pickle.dumps(value, protocol=4)):
        loaded = load_plain(content)
        np.testing.assert_array_equal(loaded["data"], value["data"])
        assert loaded["labels"] == [1, 2]
        assert loaded["name"] == "x"


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"cifar-10-batches-py/test_batch": b"\x80\x02N."}, "has no batches.meta"),
        (
            {
                "cifar-10-batches-py/test_batch": b"cos\nsystem\n(S'true'\ntR.",
                "cifar-10-batches-py/batches.meta": python2_pickle({"label_names": ["a"]}),
            },
            "names os.system, which is never loaded",
        ),
        (
            {
                "cifar-10-batches-py/test_batch": python2_pickle({"labels": []}),
                "cifar-10-batches-py/batches.meta": python2_pickle({"label_names": ["a"]}),
            },
            "not the CIFAR batches we know",
        ),
    ],
)
def test_wrong_cifar_archives(tmp_path, files, words):
    write_gzipped_tar(tmp_path / "cifar10" / "cifar-10-python.tar.gz", files)
    with pytest.raises(InputError, match=words):
        samples_of(resolved(tmp_path, "CIFAR10", "test", n=1))


def test_a_truncated_archive(tmp_path):
    path = write_cifar10(tmp_path)
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(InputError, match="not a readable gzipped tar"):
        samples_of(resolved(tmp_path, "CIFAR10", "test", n=1))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"hello", "not an idx file"),
        (b"\0\0\x08\x03\0\0", "cut short"),
        (b"\0\0\x08\x01\0\0\0\x05ab", "2 values, but its header says"),
    ],
)
def test_wrong_idx_files(tmp_path, archives, content, words):
    shutil.copytree(archives / "mnist", tmp_path / "mnist")
    (tmp_path / "mnist" / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(content))
    with pytest.raises(InputError, match=words):
        samples_of(resolved(tmp_path, "MNIST", "test", n=1))


def test_wrong_matlab_files(tmp_path, archives):
    shutil.copytree(archives / "flowers102", tmp_path / "flowers102")
    shutil.copytree(archives / "svhn", tmp_path / "svhn")
    (tmp_path / "flowers102" / "setid.mat").write_bytes(b"<html>" * 100)
    (tmp_path / "svhn" / "test_32x32.mat").write_bytes(b"<html>" * 100)
    with pytest.raises(InputError, match="no arrays trnid in it"):
        samples_of(resolved(tmp_path, "Flowers102", "train", n=1))
    with pytest.raises(InputError, match="no arrays X, y in it"):
        samples_of(resolved(tmp_path, "SVHN", "test", n=1))


def test_a_list_that_names_a_picture_that_is_not_there(tmp_path, archives):
    shutil.copytree(archives / "dtd", tmp_path / "dtd")
    archive = tmp_path / "dtd" / "dtd-r1.0.1.tar"
    content = read_tar_member(archive, "dtd/labels/test1.txt")
    archive.write_bytes(archive.read_bytes().replace(content, content.replace(b"0021", b"9921")))
    with pytest.raises(InputError, match=r"has no 'dtd/images/banded/banded_9921\.jpg'"):
        samples_of(resolved(tmp_path, "DTD", "test", n=1))


def test_addresses_and_checksums_are_those_of_the_installed_torchvision(root):
    rows = read_downloads(root / "config" / "downloads.csv")
    for name in ("CIFAR10", "CIFAR100", "STL10"):
        dataset = getattr(datasets, name)
        row = rows[TORCHVISION[name]["test"][1][0]]
        assert (row["url"], row["md5"]) == (dataset.url, dataset.tgz_md5)
    for split, (url, file, checksum) in datasets.SVHN.split_list.items():
        row = rows[f"svhn/{file}"]
        assert (row["url"], row["md5"]) == (url, checksum), split
    prefix = datasets.Flowers102._download_url_prefix
    for file, checksum in datasets.Flowers102._file_dict.values():
        row = rows[f"flowers102/{file}"]
        assert (row["url"], row["md5"]) == (prefix + file, checksum)
    for name in ("Food101", "DTD"):
        dataset = getattr(datasets, name)
        row = rows[TORCHVISION[name]["test"][1][0]]
        assert (row["url"], row["md5"]) == (dataset._URL, dataset._MD5)
    for url, checksum in datasets.OxfordIIITPet._RESOURCES:
        row = rows[f"oxfordiiitpet/{url.rsplit('/', 1)[1]}"]
        assert (row["url"], row["md5"]) == (url, checksum)
    for file, checksum in datasets.MNIST.resources:
        row = rows[f"mnist/{file}"]
        assert [row["url"], *row["mirrors"].split()] == [m + file for m in datasets.MNIST.mirrors]
        assert row["md5"] == checksum


@pytest.mark.parametrize("name", ["EuroSAT", "GTSRB"])
def test_what_torchvision_would_fetch(root, tmp_path, monkeypatch, name):
    """These two have their addresses inside the function that downloads."""
    rows = read_downloads(root / "config" / "downloads.csv")
    asked = []
    monkeypatch.setattr(
        f"torchvision.datasets.{name.lower()}.download_and_extract_archive",
        lambda url, download_root, md5: asked.append((url, md5)),
    )
    for split, (_, files) in TORCHVISION[name].items():
        asked.clear()
        more = {} if name == "EuroSAT" else {"split": split}
        with pytest.raises(RuntimeError, match="not found"):
            getattr(datasets, name)(tmp_path, download=True, **more)
        assert [(rows[file]["url"], rows[file]["md5"]) for file in files] == asked


def test_locations_are_members(archives):
    samples, _ = samples_of(resolved(archives, "Food101", "test", n=4))
    container, member = split_location(samples["image"][0])
    assert container.endswith("food101/food-101.tar")
    assert member.startswith("food-101/images/")
