"""What a dataset is read from: its files, their fingerprint, and how many pictures they hold.

Standard library only: the workflow reads this while it is parsed.
"""

import hashlib
import itertools
import json
import math
import os
import re

from modgap.data.folders import class_images, list_files
from modgap.data.kinds.annotations import read_coco, read_faces, read_memes, read_searched
from modgap.data.kinds.captions import choose_captioned, read_captions, refuse_empty_captions
from modgap.data.modalities import CLASS_FILES, embedding_paths, embedding_sources
from modgap.errors import InputError
from modgap.fetch.addresses import name_fetched
from modgap.fetch.table import (
    address_problem,
    fetched_file,
    is_local,
    local_name,
    plain_row,
    plain_tar,
    read_downloads,
    where_from,
)
from modgap.inputs import check_file

# Pictures and files of each split, the files as in config/downloads.csv. The order of the files is
# what the readers in ``modgap.data.kinds.torchvision`` expect.
TORCHVISION = {
    "CIFAR10": {
        "train": (50_000, ["cifar10/cifar-10-python.tar.gz"]),
        "test": (10_000, ["cifar10/cifar-10-python.tar.gz"]),
        "all": (60_000, ["cifar10/cifar-10-python.tar.gz"]),
    },
    "CIFAR100": {
        "train": (50_000, ["cifar100/cifar-100-python.tar.gz"]),
        "test": (10_000, ["cifar100/cifar-100-python.tar.gz"]),
        "all": (60_000, ["cifar100/cifar-100-python.tar.gz"]),
    },
    "SVHN": {
        "train": (73_257, ["svhn/train_32x32.mat"]),
        "test": (26_032, ["svhn/test_32x32.mat"]),
        "extra": (531_131, ["svhn/extra_32x32.mat"]),
    },
    "EuroSAT": {"all": (27_000, ["eurosat/EuroSAT.zip"])},
    "GTSRB": {
        "train": (26_640, ["gtsrb/GTSRB-Training_fixed.zip"]),
        "test": (12_630, ["gtsrb/GTSRB_Final_Test_Images.zip", "gtsrb/GTSRB_Final_Test_GT.zip"]),
    },
    "Flowers102": {
        split: (
            n,
            [f"flowers102/{file}" for file in ("102flowers.tgz", "imagelabels.mat", "setid.mat")],
        )
        for split, n in (("train", 1_020), ("val", 1_020), ("test", 6_149))
    },
    "Food101": {
        "train": (75_750, ["food101/food-101.tar.gz"]),
        "test": (25_250, ["food101/food-101.tar.gz"]),
    },
    "DTD": {split: (1_880, ["dtd/dtd-r1.0.1.tar.gz"]) for split in ("train", "val", "test")},
    "OxfordIIITPet": {
        split: (n, ["oxfordiiitpet/images.tar.gz", "oxfordiiitpet/annotations.tar.gz"])
        for split, n in (("trainval", 3_680), ("test", 3_669))
    },
    "STL10": {
        "train": (5_000, ["stl10/stl10_binary.tar.gz"]),
        "test": (8_000, ["stl10/stl10_binary.tar.gz"]),
    },
    "MNIST": {
        split: (n, [f"mnist/{name}-{what}-ubyte.gz" for what in ("images-idx3", "labels-idx1")])
        for split, name, n in (("train", "train", 60_000), ("test", "t10k", 10_000))
    },
}

# Their files hold arrays; the pictures of the others are files in an archive.
ARRAYS = ("CIFAR10", "CIFAR100", "SVHN", "STL10", "MNIST")

COCO = {
    "val2017": (5_000, ["val2017"], "annotations_trainval2017.zip"),
    "train2017": (118_287, ["train2017"], "annotations_trainval2017.zip"),
    "val2014": (40_504, ["val2014"], "annotations_trainval2014.zip"),
    "karpathy-train": (113_287, ["train2014", "val2014"], "caption_datasets.zip"),
    "karpathy-val": (5_000, ["val2014"], "caption_datasets.zip"),
    "karpathy-test": (5_000, ["val2014"], "caption_datasets.zip"),
}

FAIRFACE = {"train": 86_744, "val": 10_954}

HATEFUL_MEMES = {
    "train": 8_500,
    "dev_seen": 500,
    "dev_unseen": 540,
    "test_seen": 1_000,
    "test_unseen": 2_000,
}

# Queries of each set that are texts; OVEN's have pictures.
MIXBENCH = {"MSCOCO": 984, "Google_WIT": 1_000, "VisualNews": 981}
MIXBENCH_FILES = ("queries.jsonl", "corpus.jsonl", "qrels/qrels.tsv")

N_DIGITS = 1797  # scikit-learn's

NUMERIC_RANGE = re.compile(r"\{([0-9]{1,18})\.\.([0-9]{1,18})\}")

# Shards of one dataset; LAION-5B has half as many.
MOST_SHARDS = 500_000


def torchvision_split(entry):
    """The split of a torchvision dataset: as given, else ``test`` or the only one there is."""
    splits = TORCHVISION[entry["name"]]
    return entry.get("split") or ("test" if "test" in splits else next(iter(splits)))


def split_problems(datasets):
    """One line per torchvision dataset that has no such split (the schema knows the names)."""
    lines = []
    for name, entry in datasets.items():
        if entry["kind"] == "torchvision":
            split, splits = torchvision_split(entry), TORCHVISION[entry["name"]]
            if split not in splits:
                has = ", ".join(splits)
                lines.append(f"datasets.{name}.split: {entry['name']} has {has}, not {split!r}")
    return lines


def range_problems(datasets):
    """One line per dataset whose black is not below its white (after the schema)."""
    return [
        f"datasets.{name}.intensity_range: {black} is not below {white}; black comes first"
        for name, entry in datasets.items()
        for black, white in [entry.get("intensity_range", (0, 1))]
        if not black < white
    ]


def complete_entry(name, entry, folder):
    """The entry with the paths of the files it is read from, as the readers expect them.

    A kind whose files are downloaded gets their places below ``folder`` and, as ``published``,
    the number of pictures in them; what the user gave stays.
    """
    completers = {
        "torchvision": torchvision_sources,
        "coco_captions": coco_sources,
        "fairface": fairface_sources,
        "hateful_memes": memes_sources,
        "mixbench": mixbench_sources,
        "webdataset": webdataset_sources,
        "embeddings": embedding_sources,
    }
    complete = completers.get(entry["kind"])
    return complete(name, entry, folder) if complete else entry


def torchvision_sources(_, entry, folder):
    split = torchvision_split(entry)
    published, files = TORCHVISION[entry["name"]][split]
    if entry["name"] not in ARRAYS:  # pictures inside a tar are read by position: no gzip
        files = [plain_tar(file) for file in files]
    paths = [f"{folder}/{file}" for file in files]
    return {**entry, "split": split, "files": paths, "published": published}


def coco_sources(_, entry, folder):
    entry = {"split": "val2017", **entry}
    if "annotations" in entry:
        return entry
    published, images, annotations = COCO[entry["split"]]
    return {
        **entry,
        "images": [f"{folder}/coco/{name}.zip" for name in images],
        "annotations": f"{folder}/coco/{annotations}",
        "published": published,
    }


def fairface_sources(_, entry, folder):
    entry = {"split": "val", "padding": 0.25, **entry}
    if "annotations" not in entry:
        entry["annotations"] = f"{folder}/fairface/fairface_label_{entry['split']}.csv"
        entry["published"] = FAIRFACE[entry["split"]]
    archive = {0.25: "images-padding025.zip", 1.25: "images-padding125.zip"}[entry["padding"]]
    return {"images": f"{folder}/fairface/{archive}", **entry}


def memes_sources(_, entry, folder):
    entry = {"split": "dev_seen", **entry}
    if "path" not in entry:
        entry["path"] = f"{folder}/hateful-memes"
        entry["published"] = HATEFUL_MEMES[entry["split"]]
    return {**entry, "annotations": f"{entry['path'].rstrip('/')}/{entry['split']}.jsonl"}


def mixbench_sources(_, entry, folder):
    """Of a clone of the whole at ``path`` the pictures are a folder; in ``resources`` a tar."""
    place = f"{entry.get('path', f'{folder}/mixbench').rstrip('/')}/{entry['name']}"
    images = f"{place}/images" if "path" in entry else f"{place}/images.tar"
    published = {} if "path" in entry else {"published": MIXBENCH[entry["name"]]}
    kept = {key: value for key, value in entry.items() if key != "path"}
    files = [f"{place}/{file}" for file in MIXBENCH_FILES]
    return {"images": images, **published, **kept, "files": files}


def webdataset_sources(name, entry, folder):
    try:
        addresses = expand_shards(entry["shards"])
    except InputError as error:
        raise InputError(f"datasets.{name}.{error}") from error
    for address in filter(is_remote, addresses):
        problem = address_problem(address) or shard_problem(address)
        if problem:
            raise InputError(f"datasets.{name}.shards: {problem}")
    files = [
        f"{folder}/webdataset/{name}/{name_fetched(address)}" if is_remote(address) else address
        for address in addresses
    ]
    twice = next((file for i, file in enumerate(files) if file in files[:i]), None)
    if twice:
        raise InputError(f"datasets.{name}.shards: {os.path.basename(twice)} is named twice")
    return {**entry, "files": files}


def is_remote(address):
    """Whether a shard is fetched over the network."""
    return not is_local(address)


def shard_problem(address):
    """What is wrong with the file name of a remote shard, or None."""
    name = os.path.basename(address)
    if re.fullmatch(r"[^{}<>]{1,200}", name):
        return None
    return f"{address!r} must end in the name of a file, at most 200 letters without {{}}<>"


def expand_shards(shards):
    """Every shard of a pattern or a list of patterns, in order."""
    patterns = [shards] if isinstance(shards, str) else shards
    counts = [math.prod(map(count_range, NUMERIC_RANGE.findall(pattern))) for pattern in patterns]
    if sum(counts) > MOST_SHARDS:
        raise InputError(f"shards: {sum(counts):,} are more than {MOST_SHARDS:,}; name fewer")
    return list(itertools.chain.from_iterable(map(expand_pattern, patterns)))


def count_range(ends):
    """How many numbers ``{first..last}`` stands for; one where it counts down, which is refused."""
    return max(int(ends[1]) - int(ends[0]) + 1, 1)


def expand_pattern(pattern):
    """``train-{000..011}.tar`` as the list of its shards; other text stands for itself."""
    found = NUMERIC_RANGE.search(pattern)
    if not found:
        return [pattern]
    first, last = found.groups()
    numbers = [f"{i:0{len(first)}d}" for i in range(int(first), int(last) + 1)]
    if not numbers:
        raise InputError(f"shards: {pattern!r} counts down and names no shard")
    before, after = pattern[: found.start()], pattern[found.end() :]
    return [one for number in numbers for one in expand_pattern(before + number + after)]


def remote_rows(datasets, folder):
    """Rows like those of config/downloads.csv for the remote shards of all datasets."""
    rows = {}
    for entry in datasets.values():
        if entry["kind"] == "webdataset":
            for address, path in zip(expand_shards(entry["shards"]), entry["files"], strict=True):
                if is_remote(address):
                    file = os.path.relpath(path, folder)
                    rows[file] = plain_row(file, address)
    return rows


def download_rows(config, root):
    """Every file that can be fetched for a configuration: the table's and the remote shards."""
    table = read_downloads(os.path.join(root, config["downloads"]))
    return {**table, **remote_rows(config["datasets"], config["resources"])}


def named_paths(entry):
    """Every path of an entry by the key that names it (a list counts as several)."""
    if entry["kind"] == "embeddings":
        yield from embedding_paths(entry)
        return
    keys = ["images", "captions", "annotations", "classnames", "files"]
    if entry["kind"] != "hateful_memes":  # there the annotations stand for their folder
        keys.append("path")
    for key in keys:
        value = entry.get(key, [])
        for path in [value] if isinstance(value, str) else value:
            yield key, path


def fetched_files(datasets, folder, rows):
    """Names of the table's files that datasets need, in order, each once."""
    paths = (path for entry in datasets.values() for _, path in named_paths(entry))
    files = (fetched_file(path, folder, rows) for path in paths)
    return list(dict.fromkeys(file for file in files if file))


def where_to_get(entry, path, folder, rows):
    """How a missing path of an entry may be had, or nothing where nobody knows."""
    known = {"hateful_memes": "hateful-memes", "fairface": "fairface"}.get(entry["kind"])
    place = (local_name(path, folder) or "").split("/")[0]
    for row in rows.values():
        if row["file"].split("/")[0] in (known, place) and not row["url"]:
            return f"; get it from {where_from(row)} and put it there"
    return ""


def count_items(kind, entry, *, on_bad_sample="skip"):
    """Number of pictures of a dataset.

    Where the entry has ``n``, that is the number (a dataset with fewer is an error when it is
    read), else a downloaded dataset has as many as were published. ``embeddings`` come in one
    file per modality, ``webdataset`` in shards of their own, and are not counted. A picture whose
    captions are all empty does not count, or with ``on_bad_sample="stop"`` is an error.
    """
    if "n" in entry:
        return check_positive(entry["n"])
    if "published" in entry:
        return entry["published"]
    counters = {
        "digits": lambda: check_positive(N_DIGITS - entry.get("skip", 0)),
        "captions_table": lambda: count_captioned(entry, on_bad_sample),
        "image_folder": lambda: sum(
            map(len, class_images(*list_files(entry["path"]), entry["path"]).values())
        ),
        "coco_captions": lambda: len(read_coco(entry["annotations"], entry["split"])),
        "fairface": lambda: len(read_faces(entry["annotations"])),
        "hateful_memes": lambda: len(read_memes(entry["annotations"])),
        "mixbench": lambda: len(read_searched(entry["files"][0], "query_id")),
    }
    return counters[kind]()


def count_captioned(entry, on_bad_sample):
    """Number of pictures that a caption file has a caption for."""
    rows = read_captions(entry["captions"], entry.get("columns"))
    if on_bad_sample == "stop":
        refuse_empty_captions(rows, entry["captions"])
    return len(choose_captioned(rows, entry["captions"]))


def check_positive(n):
    """``n``, or an InputError when it is no dataset at all."""
    if n < 1:
        raise InputError(f"n: {n} pictures are an empty dataset; give at least 1")
    return n


def source_paths(entry):
    """The files and folders behind the pictures, captions or embeddings of a dataset entry."""
    paths = [path for key, path in named_paths(entry) if key not in CLASS_FILES]
    if entry["kind"] == "hateful_memes" and os.path.isdir(entry["path"]):
        paths.append(entry["path"])
    return paths


def listing_digest(entry, fetched=()):
    """Fingerprint of what a dataset entry points at: names and sizes, no content and no dates.

    It changes when a file is added, removed, renamed or resized, and not when the folder is
    touched, copied or moved. An archive is one file here. Paths in ``fetched`` do not count
    (they have checksums). Empty string for datasets without files.
    """
    listings = []
    for path in source_paths(entry):
        if path in fetched:
            continue
        if os.path.isdir(path):
            listings.append(list_files(path)[0])
        elif os.path.isfile(path):
            listings.append({os.path.basename(path): os.path.getsize(path)})
        elif os.path.lexists(path):
            check_file(path)
        else:
            raise InputError(f"{path}: no such file or folder")
    if not listings:
        return ""
    return hashlib.sha256(json.dumps(listings).encode()).hexdigest()
