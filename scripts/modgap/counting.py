"""How many pictures a dataset has, and a fingerprint of the user's files.

The workflow calls this while it is read, to know the shards before anything runs: standard
library only, and no file is opened where the config gives the number.
"""

import hashlib
import json
import os

from modgap.captions import captioned_images
from modgap.errors import InputError
from modgap.listing import class_images, list_files

N_DIGITS = 1797

# The keys of a dataset entry that hold paths.
PATH_KEYS = {
    "captions_table": ("images", "captions"),
    "image_folder": ("path",),
    "embeddings": ("file", "first", "second"),
}


def count_items(kind, entry):
    """Number of pictures of a dataset.

    Where the entry has ``n``, that is the number (a dataset with fewer is an error when it is
    read). ``embeddings`` come in one file per modality and are not counted.
    """
    if "n" in entry:
        return positive(entry["n"])
    counters = {
        "digits": lambda: positive(N_DIGITS - entry.get("skip", 0)),
        "captions_table": lambda: len(captioned_images(entry["captions"])),
        "image_folder": lambda: sum(
            map(len, class_images(*list_files(entry["path"]), entry["path"]).values())
        ),
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
    """The user's files and folders that a dataset entry names."""
    return [entry[key] for key in PATH_KEYS.get(entry["kind"], ()) if key in entry]


def listing_digest(entry):
    """Fingerprint of what a dataset entry points at: names and sizes, no content and no dates.

    It changes when a file is added, removed, renamed or resized, and not when the folder is
    touched, copied or moved. A tar is one file here. Empty string for datasets without files.
    """
    listings = []
    for path in source_paths(entry):
        if os.path.isdir(path):
            listings.append(list_files(path)[0])
        elif os.path.isfile(path):
            listings.append({os.path.basename(path): os.path.getsize(path)})
        else:
            raise InputError(f"{path}: no such file or folder")
    if not listings:
        return ""
    return hashlib.sha256(json.dumps(listings).encode()).hexdigest()
