"""How many pictures a dataset has, and a fingerprint of the user's files.

The workflow calls this while it is read, to know the shards before anything runs: standard
library only, and no file is opened where the config gives the number.
"""

import hashlib
import json
import os

from modgap.annotations import read_coco, read_faces, read_memes
from modgap.captions import captioned_images
from modgap.errors import InputError
from modgap.listing import class_images, list_files
from modgap.sources import CLASS_FILES, named_paths

N_DIGITS = 1797


def count_items(kind, entry):
    """Number of pictures of a dataset.

    Where the entry has ``n``, that is the number (a dataset with fewer is an error when it is
    read), else a downloaded dataset has as many as were published. ``embeddings`` come in one
    file per modality, ``webdataset`` in shards of their own, and are not counted.
    """
    if "n" in entry:
        return positive(entry["n"])
    if "published" in entry:
        return entry["published"]
    counters = {
        "digits": lambda: positive(N_DIGITS - entry.get("skip", 0)),
        "captions_table": lambda: len(captioned_images(entry["captions"])),
        "image_folder": lambda: sum(
            map(len, class_images(*list_files(entry["path"]), entry["path"]).values())
        ),
        "coco_captions": lambda: len(read_coco(entry["annotations"], entry["split"])),
        "fairface": lambda: len(read_faces(entry["annotations"])),
        "hateful_memes": lambda: len(read_memes(entry["annotations"])),
    }
    return counters[kind]()


def positive(n):
    """``n``, or an InputError when it is no dataset at all."""
    if n < 1:
        raise InputError(f"n: {n} pictures are an empty dataset; give at least 1")
    return n


def check_available(n, available, where):
    """Raise an InputError when a dataset has fewer than the ``n`` pictures asked for."""
    if n > available:
        raise InputError(
            f"{where}: n is {n}, but there are only {available} pictures; lower n or remove it"
        )


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
        else:
            raise InputError(f"{path}: no such file or folder")
    if not listings:
        return ""
    return hashlib.sha256(json.dumps(listings).encode()).hexdigest()
