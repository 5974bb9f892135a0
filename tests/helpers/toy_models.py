"""A table across models, made up, for several test files."""

import numpy as np
import pandas as pd


def models(n_families=3, each=4, *, noise=0.0, seed=0):
    """A table across models: sets on one dataset, a task on another; the gap goes with accuracy."""
    rng = np.random.default_rng(seed)
    n = n_families * each
    about = pd.DataFrame(
        {
            "model": [f"m{i}" for i in range(n)],
            "architecture": "a",
            "weights": "w",
            "family": np.repeat([f"f{k}" for k in range(n_families)], each),
        }
    )
    quality = rng.normal(size=n)
    sets = about.assign(dataset="COCO", gap=1 + 0.1 * (quality + noise * rng.normal(size=n)))
    for column in ("rmg", "cone_images", "cone_texts", "logit_scale"):
        sets[column] = rng.normal(size=n)
    sets["recall1_images"], sets["recall1_texts"] = -quality, rng.normal(size=n)
    tasks = about.assign(dataset="CIFAR", task="cifar", zero_shot=quality)
    return pd.concat([sets, tasks], ignore_index=True)
