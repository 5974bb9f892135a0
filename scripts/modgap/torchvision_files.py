"""Torchvision's datasets whose pictures are files in an archive, read in place.

Order and labels are those of torchvision's own classes; GTSRB, which has no names, is labelled by
number, counted from 0.
"""

import csv
import io
import json
import posixpath

from modgap.archives import read_zip
from modgap.errors import InputError
from modgap.flowers import FLOWERS
from modgap.frames import class_samples
from modgap.listing import class_images, list_files, read_tar_member


def torchvision_samples(entry):
    """Samples of a ``torchvision`` dataset whose pictures are files."""
    readers = {
        "EuroSAT": read_eurosat,
        "GTSRB": read_gtsrb,
        "Flowers102": read_flowers,
        "Food101": read_food,
        "DTD": read_textures,
        "OxfordIIITPet": read_pets,
    }
    archive = entry["files"][0]
    files, folders = list_files(archive)
    named = readers[entry["name"]](entry["split"], entry["files"], files, folders)
    for name, _ in named:
        if name not in files:
            raise InputError(f"{archive}: has no {name!r}, which its list of pictures names")
    return class_samples(named, files, archive, entry)


def read_eurosat(_, paths, files, folders):
    """Class-named folders; there is no official split."""
    by_class = class_images(files, folders, paths[0])
    return [(name, label) for label, names in by_class.items() for name in names]


def read_gtsrb(split, paths, files, folders):
    """Numbered folders (train), or a folder and a table in another zip (test)."""
    if split == "train":
        pictures = {name: size for name, size in files.items() if name.endswith(".ppm")}
        by_class = class_images(pictures, folders_of(pictures), paths[0])
        return [(name, str(int(label))) for label, names in by_class.items() for name in names]
    table = io.StringIO(read_zip(paths[1], "GT-final_test.csv").decode("utf-8"))
    rows = csv.DictReader(table, delimiter=";", skipinitialspace=True)
    prefix = prefix_of(files, "Final_Test/Images/", paths[0])
    return [(f"{prefix}{row['Filename']}", str(int(row["ClassId"]))) for row in rows]


def read_flowers(split, paths, files, _):
    """Numbered pictures; two MATLAB files hold the class of each and the splits."""
    from scipy.io import loadmat

    key = {"train": "trnid", "val": "valid", "test": "tstid"}[split]
    classes = matlab_vector(loadmat, paths[1], "labels")
    ids = matlab_vector(loadmat, paths[2], key)
    prefix = prefix_of(files, "jpg/", paths[0])
    return [(f"{prefix}image_{i:05d}.jpg", FLOWERS[classes[i - 1] - 1]) for i in ids]


def matlab_vector(loadmat, path, key):
    """A vector of integers in a MATLAB file, as a list."""
    try:
        return loadmat(path)[key].ravel().tolist()
    except (ValueError, KeyError, OSError, TypeError) as error:
        raise InputError(f"{path}: no vector {key!r} can be read from it ({error})") from error


def read_food(split, paths, files, _):
    """``meta/{split}.json`` names the pictures of each class."""
    prefix = prefix_of(files, "meta/", paths[0]).removesuffix("meta/")
    table = json.loads(read_tar_member(paths[0], f"{prefix}meta/{split}.json"))
    return [
        (f"{prefix}images/{picture}.jpg", label)
        for label, pictures in table.items()
        for picture in pictures
    ]


def read_textures(split, paths, files, _):
    """``labels/{split}1.txt`` (the first of ten partitions) names the pictures with their class."""
    prefix = prefix_of(files, "labels/", paths[0]).removesuffix("labels/")
    lines = text_lines(paths[0], f"{prefix}labels/{split}1.txt")
    return [(f"{prefix}images/{line}", line.split("/")[0]) for line in lines]


def read_pets(split, paths, files, _):
    """``{split}.txt`` in the second archive names the pictures; the class is in their names."""
    annotations, _ = list_files(paths[1])
    prefix = prefix_of(annotations, f"{split}.txt", paths[1])
    names = [line.split()[0] for line in text_lines(paths[1], prefix)]
    folder = prefix_of(files, "images/", paths[0])
    return [(f"{folder}{name}.jpg", breed(name)) for name in names]


def breed(name):
    """``american_bulldog_10`` as "American Bulldog", as torchvision writes its classes."""
    return " ".join(part.title() for part in name.rsplit("_", 1)[0].split("_"))


def text_lines(path, member):
    """Lines of a text in a tar that are neither empty nor comments."""
    lines = [line.strip() for line in read_tar_member(path, member).decode("utf-8").splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def prefix_of(files, wanted, path):
    """The shortest beginning of a name in an archive that ends with ``wanted``."""
    found = [
        name[: name.index(f"/{wanted}") + 1 + len(wanted)] if f"/{wanted}" in name else wanted
        for name in files
        if f"/{wanted}" in f"/{name}"
    ]
    if not found:
        raise InputError(f"{path}: has no {wanted}; it is not the archive we know")
    return min(found, key=len)


def folders_of(files):
    """The folders that directly hold files."""
    return sorted({posixpath.dirname(name) for name in files})
