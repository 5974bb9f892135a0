"""Small embedding sets as imports write them, and methods compared on them."""

import numpy as np
import pandas as pd

import compare_methods
from modgap.statistics.geometry import normalise
from modgap.tables import write_embeddings, write_table
from planted_pairs import draw_gap_pairs

N, DIM = 240, 8
SETTINGS = {
    "name": "toy",
    "columns": ["label"],
    "max_test": 2000,
    "max_calibration": 10_000,
    "n_calibration": [32],
    "n_calibration_draws": 2,
    "n_draws": 499,
    "seed": 0,
}
FOLDERS = {
    "methods": "methods",
    "changes": "method_changes",
    "queries": "method_queries",
    "calibration": "method_calibration",
    "paths": "method_paths",
}


def write_set(folder, n=N, dim=DIM, seed=0):
    """Two captions a picture, labels by the first coordinate, class prompts; as imports write."""
    X, Y, owner = draw_gap_pairs(n, dim, captions=2, seed=seed)
    ids = np.array([f"item-{i:06d}" for i in range(n)])
    about = {"model": "imported"}
    folder.mkdir(parents=True, exist_ok=True)
    paths = {side: [str(folder / f"{side}.parquet")] for side in ("first", "second")}
    write_embeddings(
        paths["first"][0], pd.DataFrame({"sample_id": ids}), X.astype(np.float32), about
    )
    texts = pd.DataFrame({"sample_id": ids[owner], "caption_index": np.arange(2 * n) % 2})
    write_embeddings(paths["second"][0], texts, Y.astype(np.float32), about)
    labels = np.where(X[:, 0] > 0, "up", "down")
    paths["labels"] = str(folder / "labels.parquet")
    write_table(pd.DataFrame({"sample_id": ids, "label": labels}), paths["labels"], about)
    paths["prompts"] = str(folder / "prompts.parquet")
    vectors = normalise(np.stack([Y[labels[owner] == c].mean(axis=0) for c in ("up", "down")]))
    rows = pd.DataFrame({"templates": "given", "class": ["up", "down"], "category": ""})
    write_embeddings(paths["prompts"], rows, vectors.astype(np.float32), about)
    return paths


def name_outputs(folder, name):
    """Where the tables of a set lie in a results folder."""
    places = {what: folder / sub / f"{name}.parquet" for what, sub in FOLDERS.items()}
    for path in places.values():
        path.parent.mkdir(parents=True, exist_ok=True)
    return {what: str(path) for what, path in places.items()}


def compare(paths, outputs, other=None, **settings):
    """Run the script on a set, with its zero-shot task."""
    task = {
        "name": "toys",
        "columns": ["label"],
        "prompts_file": "classes.npy",
        "templates": "given",
        "images": paths["first"],
        "prompts": paths["prompts"],
        "samples": paths["labels"],
    }
    given = {key: paths[key] for key in ("first", "second", "labels")} | {"samples": None}
    compare_methods.main(given, [task], other, outputs, **{**SETTINGS, **settings})
