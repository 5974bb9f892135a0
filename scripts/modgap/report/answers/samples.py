"""Ids, captions and thumbnails of the points of Figure 1, where the page may show them."""

import base64
from io import BytesIO
from pathlib import Path

from PIL import Image

from modgap.data.folders import split_location
from modgap.data.pixels import Geometry, decode_pictures
from modgap.tables import read_metadata, read_table

THUMBNAIL = Geometry(48, "bicubic", "shortest")
# JPEG quality: about a kilobyte for a thumbnail.
QUALITY = 70
# Thumbnails of a page, shared among its data sets.
MOST_THUMBNAILS = 1000
# Characters of a caption that the page keeps.
LONGEST = 300


def describe_samples(sets, keys):
    """What the points of all sets show, once for each data set.

    sets : sets of the plan: name, dataset, shown, samples (path, or nothing).
    keys : set -> frame of sample_id and caption_index of its points, or None.

    Returns
    -------
    items : dataset -> dict of lists ids, captions and picture (a position in ``pictures``, -1 where
    there is none), and pictures (addresses that hold a JPEG each).
    positions : set -> position of each of its points among the items of its dataset.
    """
    shown = [row for row in sets if row["shown"] and keys.get(row["name"]) is not None]
    wanted = {}
    for row in shown:
        points = keys[row["name"]]
        if "caption_index" not in points:
            points = points.assign(caption_index=0)
        pairs = list(zip(points["sample_id"], points["caption_index"], strict=True))
        entry = wanted.setdefault(row["dataset"], {"samples": row["samples"], "sets": {}})
        entry["sets"][row["name"]] = pairs
    items, positions = {}, {}
    for dataset, entry in wanted.items():
        pairs = list(dict.fromkeys(pair for each in entry["sets"].values() for pair in each))
        items[dataset] = look_up_samples(entry["samples"], pairs, MOST_THUMBNAILS // len(wanted))
        at = {pair: position for position, pair in enumerate(pairs)}
        positions |= {name: [at[pair] for pair in each] for name, each in entry["sets"].items()}
    return items, positions


def look_up_samples(path, pairs, n_thumbnails):
    """Ids, captions and thumbnails of (sample_id, caption_index) pairs, as JSON-able lists.

    path : samples table; where there is none, ids are all that is known.
    """
    ids = [sample for sample, _ in pairs]
    if not path:
        nothing = len(ids)
        return {"ids": ids, "captions": [""] * nothing, "picture": [-1] * nothing, "pictures": []}
    keys = ["sample_id", "caption_index"]
    table = read_table(path, [*keys, "caption", "image"]).drop_duplicates(keys)
    table = table.set_index(keys).reindex(pairs)
    captions = [text[:LONGEST] if isinstance(text, str) else "" for text in table["caption"]]
    images = {
        sample: place
        for sample, place in zip(ids, table["image"], strict=True)
        if isinstance(place, str)
    }
    chosen = dict(list(images.items())[:n_thumbnails])
    intensity_range = read_metadata(path).get("intensity_range")
    thumbnails = make_thumbnails(list(chosen.values()), intensity_range)
    at, pictures = {}, []
    for sample, thumbnail in zip(chosen, thumbnails, strict=True):
        if thumbnail:
            at[sample] = len(pictures)
            pictures.append(thumbnail)
    return {
        "ids": ids,
        "captions": captions,
        "picture": [at.get(sample, -1) for sample in ids],
        "pictures": pictures,
    }


def make_thumbnails(locations, intensity_range=None):
    """Addresses that hold a JPEG of 48 x 48 pixels each, empty for pictures that cannot be read.

    locations : as in the column ``image`` of a samples table. intensity_range : see
    ``decode_pictures``.
    """
    there = [place for place in locations if Path(split_location(place)[0]).is_file()]
    batches = decode_pictures(there, THUMBNAIL, threads=2, intensity_range=intensity_range)
    crops = (crop for batch in batches for crop, _ in batch)
    made = {
        place: "" if crop is None else embed_jpeg(crop)
        for place, crop in zip(there, crops, strict=True)
    }
    return [made.get(place, "") for place in locations]


def embed_jpeg(crop):
    """A (48, 48, 3) uint8 array as an address that holds it as JPEG."""
    stream = BytesIO()
    Image.fromarray(crop).save(stream, "JPEG", quality=QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode()
