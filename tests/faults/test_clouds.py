"""Degenerate clouds: refused in a line, or a result in which what is undefined says why."""

import numpy as np
import pandas as pd
import pytest

import measure_gap
import measure_pairs
import project_pairs
from faults.outcomes import classify_call
from modgap.tables import read_table, write_embeddings

RNG = np.random.default_rng(0)


def noise(n, dim):
    return RNG.normal(size=(n, dim))


def with_value(value):
    rows = noise(12, 4)
    rows[3, 1] = value
    return rows


LINE = np.outer(RNG.uniform(0.5, 2, 12), np.ones(4))
CLOUDS = {
    "constant": np.ones((12, 4)),
    "one point": noise(1, 4),
    "two points": noise(2, 4),
    "three points": noise(3, 4),
    "one dimension": np.ones((12, 1)),
    "signs": np.sign(noise(12, 1)),
    "two copies": np.repeat(noise(6, 4), 2, axis=0),
    "two different rows": np.repeat(noise(2, 4), 6, axis=0),
    "zeros": np.zeros((12, 4)),
    "one zero row": np.concatenate([noise(11, 4), np.zeros((1, 4))]),
    "nan": with_value(np.nan),
    "infinite": with_value(np.inf),
    "huge": noise(12, 4) * 1e30,
    "tiny": noise(12, 4) * 1e-30,
    "denormal": noise(12, 4) * 1e-42,
    "collinear": LINE,
    "antipodal": np.concatenate([LINE[:6], -LINE[:6]]),
    "fewer than dimensions": noise(5, 40),
    "an axis each": np.eye(12),
    "one outlier": np.concatenate([np.ones((11, 4)), -np.ones((1, 4))]),
}


def write_clouds(folder, first, second):
    """Both clouds as embedding files whose rows are pairs."""
    paths = []
    for side, rows in (("first", first), ("second", second)):
        ids = pd.DataFrame({"sample_id": [f"item-{i:06d}" for i in range(len(rows))]})
        about = {"model": "imported", "dataset": "d", "kind": "embeddings", "joined": "by row"}
        paths.append(str(folder / f"{side}.parquet"))
        with np.errstate(over="ignore", under="ignore"):
            write_embeddings(paths[-1], ids, rows.astype(np.float32), {**about, "source": side})
    return [paths[0]], [paths[1]]


def explained(frame):
    """Whether every number is finite, or undefined with a reason in place of its interval."""
    values = frame["value"].to_numpy()
    undefined = frame["interval_method"].str.startswith("none").to_numpy()
    finite = np.isfinite(values)
    limits = np.isfinite(frame[["low", "high"]]).all(axis=1).to_numpy()
    return bool(np.all(finite | undefined) and np.all(limits | undefined))


def measure(step, first, second, folder):
    """Run the script of a step; True where all that it wrote is explained."""
    table = str(folder / "table.parquet")
    if step == "gap":
        settings = {"name": "d", "caption": "first", "n_resamples": 50, "seed": 0}
        measure_gap.main(first, second, None, table, **settings)
    elif step == "pairs":
        settings = {"name": "d", "caption": "first", "exact_rows": 100, "seed": 0, "block": 8}
        measure_pairs.main(first, second, None, table, **settings)
    else:
        settings = {"max_pairs": 100, "seed": 0, "n_neighbors": 5, "min_dist": 0.1}
        project_pairs.main(first, second, None, table, name="d", caption="first", **settings)
        return bool(np.isfinite(read_table(table)[["x", "y"]]).all(axis=None))
    return explained(read_table(table))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("step", ["gap", "pairs", "plane"])
@pytest.mark.parametrize("name", CLOUDS)
def test_a_degenerate_cloud_is_refused_or_explained(tmp_path, fault, name, step):
    cloud = CLOUDS[name]
    other = np.roll(cloud[:, ::-1], 1, axis=0) if name != "one zero row" else noise(*cloud.shape)
    first, second = write_clouds(tmp_path, cloud, other)
    fault("clouds", classify_call(lambda: measure(step, first, second, tmp_path), right=bool))
