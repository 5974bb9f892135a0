"""Torchvision's datasets that come as arrays: CIFAR10, CIFAR100, SVHN, STL10, MNIST.

Pictures and labels are those of torchvision's own classes, checked against them in the tests; but
no pickle is loaded that could run code. SVHN is labelled by digit.
"""

import io
import pickle
import struct

import numpy as np

from modgap.archives import read_gzip, read_gzipped_tar
from modgap.errors import InputError
from modgap.frames import (
    CLASS_TEMPLATE,
    chosen,
    class_captions,
    numbered_locations,
    samples_frame,
)

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
MNIST_LABELS = [f"{number} - {word}" for number, word in enumerate(DIGITS)]

CIFAR10_BATCHES = {
    "train": [f"data_batch_{i}" for i in range(1, 6)],
    "test": ["test_batch"],
}


def array_samples(entry, array):
    """Samples table and pictures of a ``torchvision`` dataset that comes as arrays.

    Returns
    -------
    samples : DataFrame, one row per picture.
    pixels : (n, height, width, 3) uint8.
    """
    readers = {
        "CIFAR10": read_cifar10,
        "CIFAR100": read_cifar100,
        "SVHN": read_svhn,
        "STL10": read_stl10,
        "MNIST": read_mnist,
    }
    split, paths = entry["split"], entry["files"]
    pixels, labels = readers[entry["name"]](split, paths)
    if len(pixels) != len(labels):
        raise InputError(f"{paths[0]}: {len(pixels)} pictures, but {len(labels)} labels")
    keep = chosen(labels, entry, paths[0])
    labels = [labels[i] for i in keep]
    # All pictures keep their number within the split, whatever n is.
    ids = [f"{split}-{i:06d}" for i in keep]
    samples = samples_frame(
        ids,
        numbered_locations(array, len(ids)),
        caption=class_captions(
            entry.get("template", CLASS_TEMPLATE), [label.split(" - ")[0] for label in labels]
        ),
        label=labels,
        mentioned="label",
        split=split,
    )
    return samples, np.ascontiguousarray(pixels[keep])


def read_cifar10(split, paths):
    """Pictures and class names from the batches of the Python version."""
    return read_cifar(paths[0], CIFAR10_BATCHES[split], "batches.meta", "labels", "label_names")


def read_cifar100(split, paths):
    """Pictures and names of the hundred fine classes."""
    members = [f"cifar-100-python/{name}" for name in (split, "meta")]
    return read_cifar(paths[0], members[:1], members[1], "fine_labels", "fine_label_names")


def read_cifar(path, batches, meta, labels_key, names_key):
    """(n, 32, 32, 3) pictures and their class names."""
    contents = read_gzipped_tar(path, [*batches, meta])
    try:
        names = load_plain(contents[meta])[names_key]
        loaded = [load_plain(contents[batch]) for batch in batches]
        pixels = np.concatenate([batch["data"] for batch in loaded]).reshape(-1, 3, 32, 32)
        labels = [names[label] for batch in loaded for label in batch[labels_key]]
    except (pickle.UnpicklingError, KeyError, IndexError, TypeError, ValueError, EOFError) as error:
        raise InputError(f"{path}: not the CIFAR batches we know ({error})") from error
    return pixels.astype(np.uint8).transpose(0, 2, 3, 1), labels


class PlainUnpickler(pickle.Unpickler):
    """Loads dicts, lists, numbers, texts and numpy arrays; any other class is refused."""

    def find_class(self, module, name):
        plain = {
            "_reconstruct": lambda kind, shape, code: np.ndarray.__new__(np.ndarray, shape, code),
            "dtype": lambda code, align, copy: np.dtype(code, align=bool(align), copy=bool(copy)),
            "ndarray": np.ndarray,
        }
        if module.split(".")[0] == "numpy" and name in plain:
            return plain[name]
        raise pickle.UnpicklingError(f"it names {module}.{name}, which is never loaded")


def load_plain(content):
    """A pickle of plain data, written by Python 2 or 3."""
    return PlainUnpickler(io.BytesIO(content), encoding="latin1").load()


def read_svhn(_, paths):
    """Pictures and digits from the MATLAB file of cropped digits; its class 10 is the digit 0."""
    from scipy.io import loadmat

    try:
        content = loadmat(paths[0])
        pixels, digits = content["X"], content["y"].ravel()
    except (ValueError, KeyError, OSError, TypeError) as error:
        raise InputError(f"{paths[0]}: not the SVHN file we know ({error})") from error
    return pixels.transpose(3, 0, 1, 2), [str(int(digit) % 10) for digit in digits]


def read_stl10(split, paths):
    """96 px pictures, stored by columns; classes counted from 1."""
    members = [f"{split}_X.bin", f"{split}_y.bin", "class_names.txt"]
    contents = read_gzipped_tar(paths[0], members)
    pixels, numbers, names = (contents[member] for member in members)
    if len(pixels) % (3 * 96 * 96):
        raise InputError(f"{paths[0]}: {members[0]} does not hold whole pictures")
    names = names.decode("utf-8").split()
    pixels = np.frombuffer(pixels, np.uint8).reshape(-1, 3, 96, 96).transpose(0, 3, 2, 1)
    return pixels, [names[number - 1] for number in numbers]


def read_mnist(_, paths):
    """28 px grey digits in the idx format, made RGB."""
    pixels = read_idx(paths[0])
    labels = read_idx(paths[1])
    if pixels.ndim != 3 or labels.ndim != 1:
        raise InputError(f"{paths[0]}: not the MNIST files we know")
    return np.repeat(pixels[..., None], 3, axis=3), [MNIST_LABELS[label] for label in labels]


def read_idx(path):
    """An array of bytes in the idx format, gzipped.

    Layout: two zero bytes, the type (8 for bytes), the number of axes, their lengths as big-endian
    32-bit integers, the values.
    """
    content = read_gzip(path)
    if len(content) < 4 or content[:3] != b"\0\0\x08":
        raise InputError(f"{path}: not an idx file of bytes")
    axes = content[3]
    start = 4 + 4 * axes
    if len(content) < start:
        raise InputError(f"{path}: cut short")
    shape = struct.unpack(f">{axes}I", content[4:start])
    if len(content) - start != np.prod(shape):
        raise InputError(f"{path}: {len(content) - start:,} values, but its header says {shape}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
