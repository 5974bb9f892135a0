"""The samples table (columns in ``modgap.tables``): what every kind of dataset shares.

Made from columns, with classes taken in turns; checked, written with its digest, cut into shards.
"""

import hashlib
import json

import numpy as np
import pandas as pd

from modgap.data.folders import is_archive, split_location
from modgap.errors import InputError
from modgap.tables import write_table

CLASS_TEMPLATE = "a photo of a {label}."


def samples_frame(
    sample_id, image, *, caption=None, caption_index=0, label=None, mentioned=None, **attributes
):
    """A samples table from columns or constants: strings, missing values as null."""
    columns = {
        "sample_id": sample_id,
        "image": image,
        "caption": caption,
        "caption_index": caption_index,
        "label": label,
        "mentioned": mentioned,
        "split": "all",
        **attributes,
    }
    frame = pd.DataFrame(columns, index=range(len(sample_id)))
    text = [name for name in columns if name != "caption_index"]
    return frame.astype({**dict.fromkeys(text, "str"), "caption_index": "int64"})


def class_samples(named, files, container, entry):
    """Pictures with a class, taken from the classes in turns; every caption names the class.

    Parameters
    ----------
    named : list of (name, label) of the files in ``container``, a folder or an archive
    files : dict from name to size in bytes

    Returns
    -------
    samples : DataFrame, one row per picture.
    content : dict from name to size, for ``dataset_digest``.
    """
    keep = choose_pictures([label for _, label in named], entry, container)
    names, labels = zip(*(named[i] for i in keep), strict=True)
    samples = samples_frame(
        names,
        [location(container, name) for name in names],
        caption=class_captions(entry.get("template", CLASS_TEMPLATE), labels),
        label=labels,
        mentioned="label",
        split=entry.get("split", "all"),
    )
    return samples, {name: files[name] for name in names}


def take_in_turns(labels, n=None):
    """Positions of all items, or ``n``: the first of every class, then the second, and so on.

    Whatever looks at the first items of a dataset in this order sees all classes alike.
    """
    labels = pd.Series(labels)
    rank = labels.groupby(labels).cumcount().to_numpy()
    return np.lexsort((labels.to_numpy(), rank))[:n]


def choose_pictures(labels, entry, where):
    """Positions of the pictures that an entry asks for, all or ``n``, with their classes in turns.

    Raises
    ------
    InputError : fewer than ``n``, or without ``n`` another number than was published.
    """
    check_published(len(labels), entry, where)
    return take_in_turns(labels, entry.get("n"))


def check_published(available, entry, where):
    """Raise an InputError when a dataset does not have the pictures that the config counts on."""
    if "n" in entry:
        check_available(entry["n"], available, where)
    elif available != entry.get("published", available):
        raise InputError(
            f"{where}: {available} pictures, but {entry['published']} were published; "
            "get it again, or give n to use it as it is"
        )


def class_captions(template, labels):
    """The template with each label in the place of ``{label}``."""
    if "{label}" not in template:
        raise InputError(f"template: {template!r} has no {{label}} in it")
    return [template.replace("{label}", label) for label in labels]


def location(container, name):
    """Where a picture of a folder or an archive is, as ``split_location`` reads it.

    Raises
    ------
    InputError : a name that would be read as an item of an array or an archive.
    """
    packed = is_archive(container)
    place = f"{container}#{name}" if packed else f"{container.rstrip('/')}/{name}"
    if split_location(place) != ((container, name) if packed else (place, None)):
        raise InputError(
            f"{place}: .npy#, .tar# or .zip# in a path stands for what is in such a file; rename it"
        )
    return place


def numbered_ids(prefix, n, start=0):
    """sample_id of n pictures without names: ``scene-000000`` and so on."""
    return [f"{prefix}-{i:06d}" for i in range(start, start + n)]


def numbered_locations(container, n):
    """Where the n pictures of an array are, or of noise."""
    return [f"{container}#{i}" for i in range(n)]


def check_available(n, available, where):
    """Raise an InputError when a dataset has fewer than the ``n`` pictures asked for."""
    if n > available:
        raise InputError(
            f"{where}: n is {n}, but there are only {available} pictures; lower n or remove it"
        )


def write_samples(samples, content, path, *, name, kind, skipped=(), intensity_range=None):
    """Write a samples table with what it is.

    content : as in ``dataset_digest``. skipped : (sample_id, reason) of the captions left out.
    intensity_range : what is black and white in its pictures, where the configuration says so.
    """
    digest = dataset_digest(samples, content)
    metadata = {"dataset": name, "dataset_sha256": digest, "kind": kind}
    if intensity_range is not None:
        metadata["intensity_range"] = list(intensity_range)
    write_table(samples, path, {**metadata, "skipped": list(skipped)} if skipped else metadata)


def dataset_digest(samples, content):
    """Sha256 of a dataset: its table (without the place of the pictures) and ``content``.

    Moving the results or the user's folder does not change it.

    Parameters
    ----------
    content : the pixel array of a drawn dataset, or the dict from ``list_samples``.
    """
    table = samples.drop(columns="image").astype(object)
    rows = table.where(table.notna(), None).values.tolist()
    digest = hashlib.sha256(json.dumps([list(table.columns), rows]).encode())
    if isinstance(content, np.ndarray):
        digest.update(np.ascontiguousarray(content).data)
    else:
        digest.update(json.dumps(content, sort_keys=True).encode())
    return digest.hexdigest()


def shard_pictures(samples, shard, shard_size):
    """sample_id and image of the pictures of one shard, in order.

    Those of the pictures [shard * shard_size, (shard + 1) * shard_size), or, where ``shard_size``
    is None, those of the shard-th archive (a webdataset's tars).
    """
    pictures = samples[["sample_id", "image"]].drop_duplicates("sample_id", ignore_index=True)
    if shard_size is None:
        archives = pictures["image"].map(lambda image: split_location(image)[0])
        inside = archives == archives.drop_duplicates().iloc[shard]
        return pictures[inside].reset_index(drop=True)
    start = shard * shard_size
    return pictures.iloc[start : start + shard_size].reset_index(drop=True)
