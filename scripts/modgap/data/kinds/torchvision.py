"""Torchvision's datasets, read from the files that torchvision downloads.

Pictures are files in an archive, read in place (``torchvision_samples``), or arrays
(``array_samples``). Order and labels are those of torchvision's own classes; GTSRB, which has no
names, is labelled by number, counted from 0.
"""

import csv
import io
import json
import pickle
import posixpath
import re
import struct

import numpy as np

from modgap.data.archives import read_gzip, read_gzipped_tar, read_tar_member, read_zip
from modgap.data.folders import class_images, list_files
from modgap.data.table import (
    CLASS_TEMPLATE,
    choose_pictures,
    class_captions,
    class_samples,
    numbered_locations,
    samples_frame,
)
from modgap.errors import InputError

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
MNIST_LABELS = [f"{number} - {word}" for number, word in enumerate(DIGITS)]

CIFAR10_BATCHES = {
    "train": [f"data_batch_{i}" for i in range(1, 6)],
    "test": ["test_batch"],
}
CIFAR10_BATCHES["all"] = [*CIFAR10_BATCHES["train"], *CIFAR10_BATCHES["test"]]

# Types that are read of MATLAB files and of pickles.
MATLAB_NUMBERS = re.compile(r"u?int(8|16|32|64)|single|double")
PICKLED_NUMBERS = re.compile(r"[<>|=]?([biu][1248]|f[248])")

# In the order of the numbers in the MATLAB file.
FLOWERS = (
    """\
pink primrose; hard-leaved pocket orchid; canterbury bells; sweet pea; english marigold; tiger
lily; moon orchid; bird of paradise; monkshood; globe thistle; snapdragon; colt's foot; king
protea; spear thistle; yellow iris; globe-flower; purple coneflower; peruvian lily; balloon
flower; giant white arum lily; fire lily; pincushion flower; fritillary; red ginger; grape
hyacinth; corn poppy; prince of wales feathers; stemless gentian; artichoke; sweet william;
carnation; garden phlox; love in the mist; mexican aster; alpine sea holly; ruby-lipped
cattleya; cape flower; great masterwort; siam tulip; lenten rose; barbeton daisy; daffodil;
sword lily; poinsettia; bolero deep blue; wallflower; marigold; buttercup; oxeye daisy; common
dandelion; petunia; wild pansy; primula; sunflower; pelargonium; bishop of llandaff; gaura;
geranium; orange dahlia; pink-yellow dahlia?; cautleya spicata; japanese anemone; black-eyed
susan; silverbush; californian poppy; osteospermum; spring crocus; bearded iris; windflower;
tree poppy; gazania; azalea; water lily; rose; thorn apple; morning glory; passion flower;
lotus; toad lily; anthurium; frangipani; clematis; hibiscus; columbine; desert-rose; tree
mallow; magnolia; cyclamen; watercress; canna lily; hippeastrum; bee balm; ball moss; foxglove;
bougainvillea; camellia; mallow; mexican petunia; bromelia; blanket flower; trumpet creeper;
blackberry lily
""".replace("\n", " ")
    .strip()
    .split("; ")
)


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
    return read_matlab(loadmat, path, [key])[key].ravel().tolist()


def read_matlab(loadmat, path, keys):
    """Numeric arrays of a MATLAB file by name; its other variables are not looked into.

    Raises
    ------
    InputError : no MATLAB file, no such variable, one of another class than numbers.
    """
    from scipy.io import whosmat

    try:
        kinds = {name: kind for name, _, kind in whosmat(path)}
        for key in keys:
            if not MATLAB_NUMBERS.fullmatch(kinds.get(key, "missing")):
                raise ValueError(f"{key!r} is {kinds.get(key, 'missing')}, not numbers")
        found = loadmat(path, variable_names=keys)
        arrays = {key: found[key] for key in keys}
    except Exception as error:  # scipy's reader raises anything on damaged bytes
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: no arrays {', '.join(keys)} in it ({reason})") from error
    return arrays


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
    keep = choose_pictures(labels, entry, paths[0])
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
    parts = ["train", "test"] if split == "all" else [split]
    *batches, meta = [f"cifar-100-python/{name}" for name in (*parts, "meta")]
    return read_cifar(paths[0], batches, meta, "fine_labels", "fine_label_names")


def read_cifar(path, batches, meta, labels_key, names_key):
    """(n, 32, 32, 3) pictures and their class names."""
    contents = read_gzipped_tar(path, [*batches, meta])
    try:
        names = load_plain(contents[meta])[names_key]
        loaded = [load_plain(contents[batch]) for batch in batches]
        pixels = np.concatenate([np.asarray(batch["data"]) for batch in loaded]).reshape(
            -1, 3, 32, 32
        )
        labels = [names[label] for batch in loaded for label in batch[labels_key]]
    except Exception as error:  # a pickle raises anything
        raise InputError(f"{path}: not the CIFAR batches we know ({error})") from error
    return pixels.astype(np.uint8).transpose(0, 2, 3, 1), labels


class PlainType:
    """A numeric type as a pickle describes it; of its state only the byte order counts."""

    def __init__(self, code, *_):
        if not isinstance(code, str) or not PICKLED_NUMBERS.fullmatch(code):
            raise pickle.UnpicklingError(f"an array of type {code!r}, which is never loaded")
        self.code = code
        self.order = "|"

    def __setstate__(self, state):
        _, order, *structure = state
        if order not in ("|", "<", ">", "=") or any(structure[:3]):
            raise pickle.UnpicklingError("an array with fields, which is never loaded")
        self.order = order


class PlainArray:
    """An array of a pickle: made of its bytes here, never by numpy's own way of unpickling."""

    def __init__(self, *_):
        self.values = np.empty(0, np.uint8)

    def __setstate__(self, state):
        _, shape, kind, by_columns, content = state
        if not isinstance(kind, PlainType):
            raise pickle.UnpicklingError("an array without a numeric type")
        content = content.encode("latin1") if isinstance(content, str) else content
        if not isinstance(content, bytes):
            raise pickle.UnpicklingError("an array of objects, which is never loaded")
        flat = np.frombuffer(content, np.dtype(kind.code).newbyteorder(kind.order))
        self.values = flat.reshape(shape, order="F" if by_columns else "C")

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype)


class PlainUnpickler(pickle.Unpickler):
    """Loads dicts, lists, numbers, texts and numeric arrays; anything else is refused.

    It calls none of numpy's own classes: a crafted type could pass off bytes as pointers.
    """

    def find_class(self, module, name):
        plain = {"_reconstruct": PlainArray, "dtype": PlainType, "ndarray": PlainArray}
        if module.split(".")[0] == "numpy" and name in plain:
            return plain[name]
        raise pickle.UnpicklingError(f"it names {module}.{name}, which is never loaded")


def load_plain(content):
    """A pickle of plain data, written by Python 2 or 3."""
    return PlainUnpickler(io.BytesIO(content), encoding="latin1").load()


def read_svhn(_, paths):
    """Pictures and digits from the MATLAB file of cropped digits; its class 10 is the digit 0."""
    from scipy.io import loadmat

    content = read_matlab(loadmat, paths[0], ["X", "y"])
    pixels, digits = content["X"], content["y"].ravel()
    if pixels.ndim != 4:
        raise InputError(f"{paths[0]}: not the SVHN file we know (X has {pixels.ndim} axes)")
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
