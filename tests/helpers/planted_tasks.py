"""Embedded pictures and class prompts with a gap, as the pipeline writes them."""

import itertools

import numpy as np
import pandas as pd

from modgap.statistics.geometry import normalise
from modgap.tables import write_embeddings, write_table

PROVENANCE = {"model": "planted", "weights_sha256": "0", "precision": "fp32"}
DIM = 64


def class_prompts(names, rng, spread=0.35):
    """Unit prompts around one centre, (n, DIM)."""
    return normalise(np.eye(DIM)[0] * -1 + spread * rng.normal(size=(len(names), DIM)))


def pictures(T, labels, rng, noise):
    """Unit pictures near their prompts, on the other side of a gap along the first axis."""
    gap = np.eye(DIM)[0] * 1.6
    return normalise(
        1.2 * (T[labels] + np.eye(DIM)[0]) + noise * rng.normal(size=(len(labels), DIM)) + gap
    )


def write_task(folder, *, n=600, n_classes=8, noise=0.3, shards=2, seed=0):
    """A zero-shot task of classes c0, c1, ...; returns the paths by name."""
    rng = np.random.default_rng(seed)
    names = [f"c{i}" for i in range(n_classes)]
    T = class_prompts(names, rng)
    labels = np.arange(n) % n_classes
    X = pictures(T, labels, rng, noise)
    ids = [f"p{i:05d}" for i in range(n)]
    samples = pd.DataFrame({"sample_id": ids, "label": np.array(names)[labels]})
    samples["kind"] = np.where(labels % 2, "odd", "even")
    prompts = pd.DataFrame({"templates": "own", "class": names, "category": ""})
    return write_files(folder, X, samples, prompts, T, shards)


def write_faces(folder, *, n=3000, seed=0):
    """A fairness task: race and gender, and two extra classes that lie near one group."""
    rng = np.random.default_rng(seed)
    races, genders = ["White", "Black", "Latino_Hispanic"], ["Male", "Female"]
    names = [" ".join(pair) for pair in itertools.product(races, genders)]
    T = class_prompts([*names, "thief", "animal"], rng)
    T[-2] = normalise((T[0] + 0.25 * rng.normal(size=DIM))[None])[0]
    labels = rng.integers(len(names), size=n)
    X = pictures(T, labels, rng, 0.45)
    samples = pd.DataFrame({"sample_id": [f"f{i:05d}" for i in range(n)]})
    samples["race"] = [names[i].rsplit(" ", 1)[0] for i in labels]
    samples["gender"] = [names[i].rsplit(" ", 1)[1] for i in labels]
    rows, vectors = [], []
    for kind, wobble in [("paper", 0.0), ("portrait", 0.02), ("name", 0.05)]:
        rows.append(
            pd.DataFrame(
                {
                    "templates": kind,
                    "class": [*names, "thief", "animal"],
                    "category": [""] * len(names) + ["crime-related", "non-human"],
                }
            )
        )
        vectors.append(normalise(T + wobble * rng.normal(size=T.shape)))
    return write_files(folder, X, samples, pd.concat(rows), np.concatenate(vectors), 1)


def write_files(folder, X, samples, prompts, vectors, shards):
    images = [folder / f"part-{i}.parquet" for i in range(shards)]
    for path, rows in zip(images, np.array_split(np.arange(len(X)), shards), strict=True):
        ids = samples[["sample_id"]].iloc[rows]
        write_embeddings(path, ids, X[rows], {**PROVENANCE, "dataset": "planted"})
    write_embeddings(folder / "prompts.parquet", prompts, vectors, PROVENANCE)
    write_table(samples, folder / "samples.parquet")
    return {
        "images": images,
        "prompts": folder / "prompts.parquet",
        "samples": folder / "samples.parquet",
    }
