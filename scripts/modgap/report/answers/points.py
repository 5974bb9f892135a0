"""Figure 1 as data for the page's own script: points of each projection, and what each point is."""

import json
from pathlib import Path

import numpy as np
from markupsafe import Markup

from modgap.tables import read_metadata, read_table

# Steps across a picture: coordinates are whole numbers, as the page has no use for more.
STEPS = 2000
# Sets that a page has points of, at most, and how much of the page they may take, in bytes.
MOST_SETS = 12
LARGEST = 5_000_000

METHODS = {
    "gap_axis": "gap axis",
    "pca": "PCA",
    "svd": "SVD, not centred",
    "umap": "UMAP",
}
# Names of the axes where they mean something.
AXES = {
    "gap_axis": ("along the gap", "first orthogonal PC"),
    "pca": ("PC 1", "PC 2"),
    "svd": ("axis 1", "axis 2"),
    "umap": ("", ""),
}


def read_points(row):
    """The points of one set and their keys; None and None without pairs or a projection.

    row : a set as ``join_answers`` returns it, with title, modalities, projection.

    Returns
    -------
    points : dict that is JSON: title, modalities, names (as a legend has them), n, pairs (numbers
    of those drawn), methods (key, label, axes, ratio, x and y of the first and then the second).
    keys : frame of sample_id and caption_index of each pair where the data has them, else None.
    """
    if not (row["paired"] and Path(row["projection"]).is_file()):
        return None, None
    frame, about = read_table(row["projection"]), read_metadata(row["projection"])
    first = frame[frame["modality"] == "first"]
    methods = []
    for method, label in METHODS.items():
        chosen = frame[frame["method"] == method]
        if len(chosen):
            x, y, ratio = quantise(chosen[["x", "y"]].to_numpy(), equal=method == "gap_axis")
            methods.append(
                {
                    "key": method,
                    "label": label,
                    "axes": AXES[method],
                    "ratio": ratio,
                    "x": x,
                    "y": y,
                }
            )
    one = first[first["method"] == first["method"].iloc[0]]
    known = [name for name in ("sample_id", "caption_index") if name in one]
    points = {
        "title": row["title"],
        "modalities": list(row["modalities"]),
        "names": name_modalities(row["modalities"]),
        "n": about["n"],
        "pairs": one["pair"].tolist(),
        "methods": methods,
    }
    return points, one[known].reset_index(drop=True) if "sample_id" in known else None


def name_modalities(names):
    """What the legend calls the two modalities."""
    return ["first modality", "second modality"] if names == ["first", "second"] else list(names)


def quantise(points, *, equal):
    """Whole coordinates x, y in 0 to STEPS, and the height of the picture over its width.

    points : (n, 2). equal : whether a step is as long up as across, so that lengths mean something.
    """
    low = points.min(axis=0)
    spans = np.maximum(points.max(axis=0) - low, 1e-12)
    steps = np.round((points - low) / (spans.max() if equal else spans) * STEPS).astype(int)
    return steps[:, 0].tolist(), steps[:, 1].tolist(), float(spans[1] / spans[0]) if equal else 0.0


def data_block(content):
    """JSON as text of a script element that is data: nothing in it can end the element."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return Markup(text)


def gather_points(sets):
    """Points of the first sets that fit, by set, and the frame of their keys.

    Returns
    -------
    points, keys : set -> what ``read_points`` returns.
    """
    points, keys, size = {}, {}, 0
    for row in sets[:MOST_SETS]:
        found, ids = read_points(row)
        if found is None:
            continue
        size += len(data_block(found))
        if points and size > LARGEST:
            break
        points[row["name"]], keys[row["name"]] = found, ids
    return points, keys
