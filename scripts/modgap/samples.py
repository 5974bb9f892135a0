"""Datasets: one function per kind turns a config entry into a samples table (see tables.py).

``draw_samples`` is for the kinds whose pictures the pipeline makes (scenes, digits),
``list_samples`` for those that only need to be listed; the downloaded kinds have modules of
their own.
"""

import hashlib
import json

import numpy as np
import pandas as pd
from PIL import Image

from modgap.annotated import coco_samples, fairface_samples, memes_samples
from modgap.captions import read_captions
from modgap.counting import check_available, count_items
from modgap.errors import InputError
from modgap.frames import (
    class_captions,
    class_samples,
    location,
    numbered,
    numbered_locations,
    samples_frame,
)
from modgap.listing import class_images, list_files, match_names
from modgap.scenes import draw_scenes
from modgap.tables import write_table
from modgap.torchvision_files import torchvision_samples
from modgap.webdataset import webdataset_samples

DIGIT_WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
DIGIT_TEMPLATE = "a photo of the number {label}."


def draw_samples(entry, array):
    """Samples table and pictures of a drawn dataset.

    Parameters
    ----------
    entry : the dataset's config: kind "scenes" or "digits" and its keys.
    array : path of the ``.npy`` that the pictures will be written to.

    Returns
    -------
    samples : DataFrame, one row per picture.
    pixels : (n, size, size, 3) uint8.
    """
    drawers = {"scenes": scenes_samples, "digits": digits_samples}
    return drawers[entry["kind"]](entry, array)


def list_samples(entry, *, on_bad_sample):
    """Samples table of a dataset whose pictures exist already (or are noise).

    Returns
    -------
    samples : DataFrame, one row per picture and caption.
    content : dict for the fingerprint: the size in bytes of every picture by sample_id, or the
        seed of the noise.
    """
    careful = {
        "captions_table": captions_samples,
        "coco_captions": coco_samples,
        "fairface": fairface_samples,
        "hateful_memes": memes_samples,
    }
    if entry["kind"] in careful:
        return careful[entry["kind"]](entry, on_bad_sample=on_bad_sample)
    listers = {
        "image_folder": folder_samples,
        "noise": noise_samples,
        "torchvision": torchvision_samples,
        "webdataset": webdataset_samples,
    }
    return listers[entry["kind"]](entry)


def write_samples(samples, content, path, *, name, kind):
    """Write a samples table with what it is; content : as in ``dataset_digest``."""
    digest = dataset_digest(samples, content)
    write_table(samples, path, {"dataset": name, "dataset_sha256": digest, "kind": kind})


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


def scenes_samples(entry, array):
    """Drawn scenes (see scenes.py); the label is the shape."""
    n = count_items("scenes", entry)
    scenes, pixels = draw_scenes(
        n,
        size=entry.get("size", 32),
        seed=entry["seed"],
        completeness=entry.get("completeness", "partial"),
        rarely_named=entry.get("rarely_named"),
    )
    columns = {name: scenes[name] for name in scenes.columns}
    samples = samples_frame(
        numbered("scene", n), numbered_locations(array, n), label=scenes["shape"], **columns
    )
    return samples, pixels


def digits_samples(entry, array):
    """Scikit-learn's handwritten digits, 8x8 enlarged to ``size``, in their order.

    With ``skip`` the first of them are left out, so that a training set and a held-out set can be
    cut from them.
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    start, n = entry.get("skip", 0), count_items("digits", entry)
    check_available(n, len(digits.images) - start, "digits")
    size, chosen = entry.get("size", 32), slice(start, start + n)
    pixels = np.stack([enlarge(image, size) for image in digits.images[chosen]])
    labels = [DIGIT_WORDS[digit] for digit in digits.target[chosen]]
    samples = samples_frame(
        numbered("digit", n, start),
        numbered_locations(array, n),
        caption=class_captions(entry.get("template", DIGIT_TEMPLATE), labels),
        label=labels,
        mentioned="label",
    )
    return samples, pixels


def enlarge(image, size):
    """An (8, 8) digit with ink 0 to 16 as (size, size, 3) uint8, white on black."""
    grey = Image.fromarray(np.rint(image * (255 / 16)).astype(np.uint8))
    return np.asarray(grey.resize((size, size), Image.Resampling.BICUBIC).convert("RGB"))


def noise_samples(entry):
    """Pictures of standard-normal noise, drawn when they are decoded (pixels.py)."""
    n = count_items("noise", entry)
    return samples_frame(numbered("noise", n), numbered_locations("noise", n)), {
        "seed": entry["seed"]
    }


def folder_samples(entry):
    """Class-named folders, or an archive of them."""
    path = entry["path"]
    files, folders = list_files(path)
    by_class = class_images(files, folders, path)
    named = [(name, label) for label, names in by_class.items() for name in names]
    return class_samples(named, files, path, entry)


def captions_samples(entry, *, on_bad_sample):
    """A caption file and the folder or archive of its pictures.

    Pictures come in the order in which the caption file first names them; with ``n`` the first n.
    A name in the caption file stands for the one file whose path is it or ends with it. A picture
    that is not there is an error that names the row, or with ``on_bad_sample="skip"`` stays in
    the table, to be listed as bad when it is decoded.
    """
    images, table = entry["images"], entry["captions"]
    rows = read_captions(table)
    first_row = {}
    for row, image, _ in rows:
        first_row.setdefault(image, row)
    if "n" in entry:
        n = count_items("captions_table", entry)
        check_available(n, len(first_row), table)
        first_row = dict(list(first_row.items())[:n])
    files, _ = list_files(images)
    found = {}
    for image, matches in zip(first_row, match_names(first_row, files), strict=True):
        where = f"{table}, row {first_row[image]}"
        if image.startswith("/") or ".." in image.split("/"):
            raise InputError(f"{where}: image {image!r} leads outside {images}")
        if len(matches) > 1:
            raise InputError(
                f"{where}: image {image!r} may be {matches[0]!r} or {matches[1]!r} of {images}; "
                "write more of the path"
            )
        if not matches and on_bad_sample == "stop":
            raise InputError(f"{where}: image {image!r} is not in {images}")
        found[image] = matches[0] if matches else image
    check_one_name_each(found, first_row, table)
    frame = pd.DataFrame(rows, columns=["row", "image", "caption"])
    frame = frame[frame["image"].isin(found)]
    order = frame["image"].map({image: i for i, image in enumerate(found)})
    frame = frame.iloc[np.argsort(order.to_numpy(), kind="stable")]
    names = [found[image] for image in frame["image"]]
    samples = samples_frame(
        names,
        [location(images, name) for name in names],
        caption=frame["caption"].to_numpy(),
        caption_index=frame.groupby("image").cumcount().to_numpy(),
    )
    return samples, {name: files.get(name, -1) for name in found.values()}


def check_one_name_each(found, first_row, table):
    """Raise an InputError when two names in the caption file stand for one picture."""
    image_of = {}
    for image, name in found.items():
        if name in image_of:
            raise InputError(
                f"{table}, row {first_row[image]}: image {image!r} is the picture that row "
                f"{first_row[image_of[name]]} calls {image_of[name]!r}; use one name for it"
            )
        image_of[name] = image
