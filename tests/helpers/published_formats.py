"""Small archives in the genuine formats of the published datasets."""

import gzip
import io
import json
import pickle
import struct
import tarfile
import zipfile
from pathlib import Path
from typing import ClassVar

import numpy as np
import yaml
from PIL import Image
from scipy.io import savemat

from picture_files import picture_bytes, write_tar

PROMPTS = Path(__file__).parents[2] / "config" / "prompts"
FINE = list(yaml.safe_load((PROMPTS / "cifar100.yaml").read_text())["classes"])
COARSE = [f"coarse_{i}" for i in range(20)]
CIFAR10_NAMES = [
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
]


class Python2Pickler(pickle._Pickler):
    """Writes what Python 2 wrote with protocol 2: byte strings, and numpy's old module names."""

    dispatch: ClassVar = dict(pickle._Pickler.dispatch)

    def save_text(self, text):
        content = text if isinstance(text, bytes) else text.encode("latin1")
        self.write(pickle.BINSTRING + struct.pack("<i", len(content)) + content)
        self.memoize(text)

    dispatch[bytes] = save_text
    dispatch[str] = save_text

    def save_global(self, item, name=None):
        name = name or item.__qualname__
        module = item.__module__.replace("numpy._core", "numpy.core")
        self.write(pickle.GLOBAL + f"{module}\n{name}\n".encode())
        self.memoize(item)

    dispatch[type(len)] = save_global
    dispatch[type] = save_global
    dispatch[type(write_tar)] = save_global


def python2_pickle(value):
    """A value as Python 2 would have pickled it."""
    stream = io.BytesIO()
    Python2Pickler(stream, protocol=2).dump(value)
    return stream.getvalue()


def jpeg(seed, width=24, height=20):
    """A JPEG of noise."""
    return picture_bytes(seed, width=width, height=height, file_format="JPEG")


def write_zip(path, files):
    """A dict from member name to bytes as a zip."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def write_gzipped_tar(path, files):
    """A dict from member name to bytes as a gzipped tar."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_tar(path, files, "w:gz")


def write_gzip(path, content):
    """Bytes as a gzip file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content))
    return path


def cifar_batch(n, labels_key, n_classes, seed):
    """One batch as the authors of CIFAR wrote it."""
    generator = np.random.default_rng(seed)
    return {
        "data": generator.integers(0, 256, (n, 3072), dtype=np.uint8),
        labels_key: [int(i) % n_classes for i in generator.permutation(n)],
        "filenames": [f"{i}.png" for i in range(n)],
        "batch_label": "a batch",
    }


def write_cifar10(folder, n=10):
    """``cifar-10-python.tar.gz`` with n pictures a batch."""
    names = [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]
    files = {
        f"cifar-10-batches-py/{name}": python2_pickle(cifar_batch(n, "labels", 10, seed))
        for seed, name in enumerate(names)
    }
    meta = {"num_cases_per_batch": n, "label_names": CIFAR10_NAMES, "num_vis": 3072}
    files["cifar-10-batches-py/batches.meta"] = python2_pickle(meta)
    files["cifar-10-batches-py/readme.html"] = b"<html></html>"
    return write_gzipped_tar(folder / "cifar10" / "cifar-10-python.tar.gz", files)


def write_cifar100(folder, n=20):
    """``cifar-100-python.tar.gz`` with n pictures a split."""
    files = {
        f"cifar-100-python/{name}": python2_pickle(cifar_batch(n, "fine_labels", 100, seed))
        for seed, name in enumerate(("train", "test"))
    }
    meta = {"fine_label_names": FINE, "coarse_label_names": COARSE}
    files["cifar-100-python/meta"] = python2_pickle(meta)
    return write_gzipped_tar(folder / "cifar100" / "cifar-100-python.tar.gz", files)


def write_svhn(folder, n=12, splits=("train", "test")):
    """``{split}_32x32.mat``; the digit 0 is class 10."""
    (folder / "svhn").mkdir(parents=True, exist_ok=True)
    for seed, split in enumerate(splits):
        generator = np.random.default_rng(seed)
        savemat(
            folder / "svhn" / f"{split}_32x32.mat",
            {
                "X": generator.integers(0, 256, (32, 32, 3, n), dtype=np.uint8),
                "y": np.arange(1, n + 1, dtype=np.uint8).reshape(-1, 1) % 10 + 1,
            },
        )


def write_stl10(folder, n=6):
    """``stl10_binary.tar.gz``: pictures by columns, classes from 1."""
    files = {}
    for seed, split in enumerate(("train", "test")):
        generator = np.random.default_rng(seed)
        files[f"{split}_X.bin"] = generator.integers(0, 256, n * 27648, dtype=np.uint8).tobytes()
        files[f"{split}_y.bin"] = bytes(i % 10 + 1 for i in range(n))
    files["unlabeled_X.bin"] = bytes(27648)
    files["class_names.txt"] = "\n".join(
        ["airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck"]
    ).encode()
    files["fold_indices.txt"] = b"0 1 2\n"
    files = {f"stl10_binary/{name}": content for name, content in files.items()}
    return write_gzipped_tar(folder / "stl10" / "stl10_binary.tar.gz", files)


def write_mnist(folder, n=9):
    """The four idx files, gzipped."""
    for seed, name in enumerate(("train", "t10k")):
        pixels = np.random.default_rng(seed).integers(0, 256, (n, 28, 28), dtype=np.uint8)
        labels = bytes(i % 10 for i in range(n))
        write_gzip(
            folder / "mnist" / f"{name}-images-idx3-ubyte.gz",
            struct.pack(">IIII", 0x803, n, 28, 28) + pixels.tobytes(),
        )
        write_gzip(
            folder / "mnist" / f"{name}-labels-idx1-ubyte.gz",
            struct.pack(">II", 0x801, n) + labels,
        )


def write_eurosat(folder, n=3, classes=("AnnualCrop", "Forest", "River", "SeaLake")):
    """``EuroSAT.zip`` with n pictures a class."""
    files = {
        f"2750/{label}/{label}_{i}.jpg": jpeg(i, 64, 64)
        for label in classes
        for i in range(1, n + 1)
    }
    return write_zip(folder / "eurosat" / "EuroSAT.zip", files)


def ppm(seed):
    """A PPM of noise."""
    pixels = np.random.default_rng(seed).integers(0, 256, (17, 15, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PPM")
    return stream.getvalue()


def write_gtsrb(folder, n=3):
    """The two picture zips and the zip of the test labels."""
    train = {
        f"GTSRB/Training/{label:05d}/{i:05d}_00000.ppm": ppm(i)
        for label in range(3)
        for i in range(n)
    }
    train |= {f"GTSRB/Training/{label:05d}/GT-{label:05d}.csv": b"Filename" for label in range(3)}
    train["GTSRB/Readme-Images.txt"] = b"readme"
    write_zip(folder / "gtsrb" / "GTSRB-Training_fixed.zip", train)
    test = {f"GTSRB/Final_Test/Images/{i:05d}.ppm": ppm(i + 100) for i in range(n)}
    test["GTSRB/Final_Test/Images/GT-final_test.test.csv"] = b"Filename"
    write_zip(folder / "gtsrb" / "GTSRB_Final_Test_Images.zip", test)
    lines = ["Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId"]
    lines += [f"{i:05d}.ppm;15;17;5;5;10;10;{(i * 16) % 43}" for i in range(n)]
    table = {"GT-final_test.csv": "\r\n".join(lines).encode()}
    write_zip(folder / "gtsrb" / "GTSRB_Final_Test_GT.zip", table)


def write_flowers(folder, n=12):
    """``102flowers.tgz`` and the two MATLAB files."""
    files = {f"jpg/image_{i:05d}.jpg": jpeg(i) for i in range(1, n + 1)}
    write_gzipped_tar(folder / "flowers102" / "102flowers.tgz", files)
    labels = np.array([(7 * i) % 102 + 1 for i in range(n)], dtype=np.uint8)
    savemat(folder / "flowers102" / "imagelabels.mat", {"labels": labels[None]})
    ids = np.random.default_rng(0).permutation(n) + 1
    savemat(
        folder / "flowers102" / "setid.mat",
        {"trnid": ids[None, :3], "valid": ids[None, 3:6], "tstid": ids[None, 6:]},
    )


def write_food(folder, n=2):
    """``food-101.tar.gz`` with n pictures a class and split."""
    files, meta = {}, {"train": {}, "test": {}}
    for label in ("apple_pie", "waffles"):
        for s, split in enumerate(("train", "test")):
            pictures = [f"{label}/{1000 * s + 7 * i + 3}" for i in range(n)]
            meta[split][label] = pictures
            files |= {f"food-101/images/{p}.jpg": jpeg(i) for i, p in enumerate(pictures)}
    files |= {f"food-101/meta/{s}.json": json.dumps(meta[s]).encode() for s in meta}
    files["food-101/meta/classes.txt"] = b"apple_pie\nwaffles\n"
    return write_gzipped_tar(folder / "food101" / "food-101.tar.gz", files)


def write_textures(folder, n=2):
    """``dtd-r1.0.1.tar.gz`` with n pictures a class and split."""
    files = {}
    for s, split in enumerate(("train", "val", "test")):
        names = [f"{c}/{c}_{10 * s + i:04d}.jpg" for c in ("banded", "zigzagged") for i in range(n)]
        files |= {f"dtd/images/{name}": jpeg(i + s) for i, name in enumerate(names)}
        files[f"dtd/labels/{split}1.txt"] = ("\n".join(names) + "\n").encode()
        files[f"dtd/labels/{split}2.txt"] = b"banded/none.jpg\n"
    return write_gzipped_tar(folder / "dtd" / "dtd-r1.0.1.tar.gz", files)


def write_pets(folder, n=2):
    """``images.tar.gz`` and ``annotations.tar.gz``."""
    breeds = ["Abyssinian", "american_bulldog", "yorkshire_terrier"]
    images, lists = {}, {"trainval": [], "test": []}
    for number, name in enumerate(breeds, start=1):
        for i in range(2 * n):
            split = "trainval" if i < n else "test"
            images[f"images/{name}_{i + 1}.jpg"] = jpeg(i)
            lists[split].append(f"{name}_{i + 1} {number} 1 1")
    write_gzipped_tar(folder / "oxfordiiitpet" / "images.tar.gz", images)
    files = {f"annotations/{s}.txt": ("\n".join(lists[s]) + "\n").encode() for s in lists}
    files["annotations/list.txt"] = b"# a comment\n"
    write_gzipped_tar(folder / "oxfordiiitpet" / "annotations.tar.gz", files)


WRITERS = {
    "CIFAR10": write_cifar10,
    "CIFAR100": write_cifar100,
    "SVHN": write_svhn,
    "EuroSAT": write_eurosat,
    "GTSRB": write_gtsrb,
    "Flowers102": write_flowers,
    "Food101": write_food,
    "DTD": write_textures,
    "OxfordIIITPet": write_pets,
    "STL10": write_stl10,
    "MNIST": write_mnist,
}


def write_coco(folder, n=6, splits=("val2017",)):
    """``{split}.zip`` and ``annotations_trainval2017.zip``: captions in another order."""
    captions = {f"annotations/captions_{s}.json": b"{}" for s in ("val2017", "train2017")}
    for k, split in enumerate(splits):
        names = {i: f"{i:012d}.jpg" for i in range(100 + 1000 * k, 100 + 1000 * k + n)}
        write_zip(
            folder / "coco" / f"{split}.zip",
            {f"{split}/{name}": jpeg(i) for i, name in names.items()},
        )
        content = {
            "info": {},
            "licenses": [],
            "images": [{"id": i, "file_name": name, "license": 1} for i, name in names.items()],
            "annotations": [
                {"image_id": i, "id": k, "caption": f"Caption {k} of picture {i}. "}
                for k, i in enumerate([*reversed(names), *names])
            ],
        }
        captions[f"annotations/captions_{split}.json"] = json.dumps(content).encode()
    write_zip(folder / "coco" / "annotations_trainval2017.zip", captions)


def write_karpathy(folder, n=3):
    """``caption_datasets.zip`` with pictures of train2014 and val2014."""
    images, pictures = [], {"train2014": {}, "val2014": {}}
    for k, split in enumerate(("train", "restval", "val", "test")):
        place = "train2014" if split == "train" else "val2014"
        for i in range(n):
            number = 100 * k + i
            name = f"COCO_{place}_{number:012d}.jpg"
            pictures[place][f"{place}/{name}"] = jpeg(number)
            sentences = [{"raw": f"Sentence {j} on {number}.", "tokens": []} for j in range(5)]
            images.append(
                {
                    "filepath": place,
                    "filename": name,
                    "cocoid": number,
                    "split": split,
                    "sentences": sentences,
                }
            )
    for place, files in pictures.items():
        write_zip(folder / "coco" / f"{place}.zip", files)
    write_zip(
        folder / "coco" / "caption_datasets.zip",
        {"dataset_coco.json": json.dumps({"images": images, "dataset": "coco"}).encode()},
    )


RACES = [
    "White",
    "Black",
    "Latino_Hispanic",
    "East Asian",
    "Southeast Asian",
    "Indian",
    "Middle Eastern",
]


def write_fairface(folder, n=14, split="val"):
    """The zip of faces and the label file of one split."""
    files = {f"{split}/{i}.jpg": jpeg(i) for i in range(1, n + 1)}
    write_zip(folder / "fairface" / "images-padding025.zip", files)
    lines = ["file,age,gender,race,service_test"]
    lines += [
        f"{split}/{i}.jpg,20-29,{('Male', 'Female')[i % 2]},{RACES[i % 7]},False"
        for i in range(1, n + 1)
    ]
    table = folder / "fairface" / f"fairface_label_{split}.csv"
    table.write_text("\n".join(lines) + "\n")


def write_memes(folder, n=8, split="dev_seen"):
    """``{split}.jsonl`` and ``img/``."""
    (folder / "img").mkdir(parents=True, exist_ok=True)
    lines = []
    for i in range(n):
        (folder / "img" / f"{i:05d}.png").write_bytes(picture_bytes(i))
        lines.append({"id": i, "img": f"img/{i:05d}.png", "label": i % 2, "text": f"text {i}"})
    (folder / f"{split}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def write_mixbench(folder, n=6, name="MSCOCO", more=2, packed=True):
    """Queries, documents in another order with some that nobody asks for, answers and pictures.

    packed : pictures are in images.tar, as in ``resources``; else in images/, as in a clone.
    """
    place = folder / name
    (place / "qrels").mkdir(parents=True, exist_ok=True)
    asked = [{"query_id": f"q{i}", "text": f"Query {i}.", "image": None} for i in range(n)]
    held = [
        {"corpus_id": str(100 + i), "text": f"Document {i}.", "image": f"{i:04d}.jpg"}
        for i in reversed(range(n + more))
    ]
    for file, rows in (("queries", asked), ("corpus", held)):
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (place / f"{file}.jsonl").write_text(lines, encoding="utf-8")
    answers = [f"q{i}\t{100 + i}\t1\n" for i in range(n)]
    (place / "qrels" / "qrels.tsv").write_text("query_id\tcorpus_id\tscore\n" + "".join(answers))
    pictures = {f"images/{i:04d}.jpg": jpeg(i) for i in range(n + more)}
    if packed:
        write_tar(place / "images.tar", pictures)
        return
    (place / "images").mkdir(exist_ok=True)
    for file, content in pictures.items():
        (place / file).write_bytes(content)


def gunzip_tars(folder):
    """Plain tars beside the gzipped ones, as the workflow makes them."""
    for path in folder.rglob("*.t*gz"):
        if path.name.endswith((".tar.gz", ".tgz")):
            plain = path.name.removesuffix(".tgz").removesuffix(".tar.gz")
            (path.parent / f"{plain}.tar").write_bytes(gzip.decompress(path.read_bytes()))


def extract_all(archive, folder):
    """Unpack an archive of ours for torchvision, which reads unpacked files."""
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as source:
            source.extractall(folder)
    else:
        with tarfile.open(archive) as source:
            source.extractall(folder, filter="data")
