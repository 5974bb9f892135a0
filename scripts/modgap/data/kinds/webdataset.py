"""Webdataset: tar shards in which files of one key belong together.

``KEY.jpg`` (or another picture) with ``KEY.txt`` (its captions, one a line) or ``KEY.cls`` (the
number of its class), as in the public ``wds_*`` evaluation sets. The key ends at the first dot of
the file's own name. Anything else with the key is left alone. What is left out although it is text
is counted in the log: blank lines, and captions without a picture.
"""

import posixpath
from collections import Counter, defaultdict
from pathlib import Path

from modgap.data.archives import list_tar
from modgap.data.folders import IMAGE_SUFFIXES
from modgap.data.table import CLASS_TEMPLATE, class_captions, location, samples_frame
from modgap.errors import InputError
from modgap.inputs import LARGEST_TABLE, open_input
from modgap.job import LOG


def webdataset_samples(entry):
    """Pictures and captions of all shards, in the order of the shards and of their members.

    ``classnames`` names a text file with one class a line; without it the label is the number.
    """
    names = read_classnames(entry["classnames"]) if "classnames" in entry else None
    rows, sizes = [], {}
    for shard in entry["files"]:
        for key, place, size, texts, number in read_shard(shard):
            identity = f"{Path(shard).stem}/{key}"
            if identity in sizes:
                raise InputError(
                    f"{shard}: sample {key!r} is in another shard of this name as well"
                )
            sizes[identity] = size
            label = None if number is None else class_name(number, names, f"{shard}#{key}.cls")
            if not texts:
                texts = class_captions(entry.get("template", CLASS_TEMPLATE), [label])
            rows += [(identity, place, text, i, label) for i, text in enumerate(texts)]
    ids, places, captions, indices, labels = zip(*rows, strict=True)
    classes = any(label is not None for label in labels)
    samples = samples_frame(
        ids,
        places,
        caption=captions,
        caption_index=indices,
        label=labels if classes else None,
        mentioned="label" if classes and not any(indices) else None,
    )
    return samples, sizes


def read_shard(path):
    """Samples of one shard: (key, location, size, captions, class number or None).

    Raises
    ------
    InputError : not a tar, no picture in it, two pictures, texts or classes of one key, a picture
        with neither caption nor class, a caption that is not UTF-8, a class that is no number.
    """
    members, _ = list_tar(path)
    by_key = defaultdict(dict)
    for name in members:
        key, extension = split_key(name)
        kind = "image" if extension in IMAGE_SUFFIXES else extension
        if kind in ("image", ".txt", ".cls") and kind in by_key[key]:
            what = "pictures" if kind == "image" else f"two {kind}"
            raise InputError(f"{path}: {by_key[key][kind]!r} and {name!r} are {what} of one key")
        by_key[key][kind] = name
    samples, left_out = [], Counter()
    with open(path, "rb") as stream:
        for key, kinds in by_key.items():
            if "image" not in kinds:
                left_out["texts without a picture"] += ".txt" in kinds
                continue
            texts, blank = [], 0
            if ".txt" in kinds:
                texts, blank = caption_lines(stream, members, kinds[".txt"], path)
            left_out["blank captions"] += blank
            number = class_number(stream, members, kinds[".cls"], path) if ".cls" in kinds else None
            if not texts and number is None:
                raise InputError(f"{path}: {kinds['image']!r} has neither caption nor class")
            name = kinds["image"]
            samples.append((key, location(path, name), members[name][1], texts, number))
    if not samples:
        raise InputError(f"{path}: no picture in it")
    for what, count in left_out.items():
        if count:
            LOG.info("%s: left out %d %s", path, count, what)
    return samples


def split_key(name):
    """(key, extension): the key ends at the first dot of the file's own name."""
    folder, base = posixpath.split(name)
    stem, dot, extension = base.partition(".")
    return posixpath.join(folder, stem), (dot + extension).lower()


def read_text(stream, members, name, path):
    """Text of a member."""
    offset, size = members[name]
    if size > LARGEST_TABLE:
        raise InputError(f"{path}#{name}: {size:,} bytes, more than {LARGEST_TABLE:,} allowed")
    stream.seek(offset)
    content = stream.read(size)
    if b"\0" in content:
        raise InputError(f"{path}#{name}: has a null byte in it, so it is no text; remove it")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}#{name}: not text in UTF-8 ({error})") from error


def caption_lines(stream, members, name, path):
    """The captions of a picture, one a line, and how many lines between or instead are blank."""
    lines = read_text(stream, members, name, path).rstrip().splitlines() or [""]
    texts = [line.strip() for line in lines if line.strip()]
    return texts, len(lines) - len(texts)


def class_number(stream, members, name, path):
    """The class of a picture, counted from 0."""
    text = read_text(stream, members, name, path).strip()
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InputError(f"{path}#{name}: {text!r} is no class number")
    return int(text)


def read_classnames(path):
    """Class names, one a line, in the order of their numbers."""
    try:
        with open_input(path, "r") as stream:
            names = [line.strip() for line in stream.read().rstrip().splitlines()]
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not a readable text file ({error})") from error
    for number, name in enumerate(names, start=1):
        if not name:
            raise InputError(f"{path}, line {number}: blank, but line i is class i - 1; remove it")
        if name in names[: number - 1]:
            raise InputError(f"{path}, line {number}: a class is named twice, {name!r}")
    return names


def class_name(number, names, where):
    """The label of a class number."""
    if names is None:
        return str(number)
    if number >= len(names):
        raise InputError(f"{where}: class {number}, but only {len(names)} class names are given")
    return names[number]
