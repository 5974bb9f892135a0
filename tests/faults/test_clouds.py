"""Degenerate clouds: refused in a line, or a result in which what is undefined says why."""

import numpy as np
import pandas as pd
import pytest

import measure_cone
import measure_gap
import measure_pairs
import project_pairs
import sweep_loss
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


BASE = noise(12, 4)
ROTATION, _ = np.linalg.qr(noise(4, 4))
ONE = np.eye(4)[[0] * 12]
# Both sides by name: what is odd lies between them, or in one of them alone.
PAIRS = {
    "equal sides": (BASE, BASE),
    "sides but for lengths": (BASE, BASE * RNG.uniform(0.1, 9, (12, 1))),
    "opposite sides": (BASE, -BASE),
    "opposite points": (ONE, -ONE),
    "orthogonal points": (ONE, np.eye(4)[[1] * 12]),
    "one side constant": (BASE, ONE),
    "the other side constant": (ONE, BASE),
    "one side two points": (BASE, np.repeat(np.eye(4)[:2], 6, axis=0)),
    "one side antipodal": (BASE, np.concatenate([ONE[:6], -ONE[:6]])),
    "shifted by a hair": (BASE, BASE + 1e-7),
    "shifted by the last digit": (BASE, np.nextafter(BASE.astype(np.float32), 9)),
    "turned": (BASE, BASE @ ROTATION),
    "rows in reverse": (BASE, BASE[::-1]),
    "rows moved by one": (BASE, np.roll(BASE, 1, axis=0)),
    "one pair apart": (BASE, np.concatenate([-BASE[:1], BASE[1:]])),
    "half of it copies": (np.concatenate([BASE[:6]] * 2), BASE),
    "the other half of it copies": (BASE, np.concatenate([BASE[:6]] * 2)),
    "orthogonal subspaces": (np.pad(BASE, ((0, 0), (0, 4))), np.pad(BASE, ((0, 0), (4, 0)))),
    "rank one and full rank": (LINE, BASE),
    "lengths from 1e-20 to 1e20": (BASE * np.logspace(-20, 20, 12)[:, None], BASE),
    "integers": (np.round(BASE * 9) + 0.0, np.round(BASE * 9)[::-1] + 1.0),
    "an axis each, and their mean": (np.eye(12), np.ones((12, 12))),
    "four points": (BASE[:4], BASE[4:8]),
    "five points": (BASE[:5], BASE[5:10]),
    "two dimensions": (BASE[:, :2], BASE[:, 2:]),
    "a dominant dimension": (BASE + 1e6 * np.eye(4)[0], BASE - 1e6 * np.eye(4)[1]),
    "other widths": (BASE, BASE[:, :3]),
    "other numbers": (BASE, BASE[:9]),
    "nan on one side": (BASE, with_value(np.nan)),
    "negative zero": (np.where(BASE > 0, BASE, -0.0) + np.eye(4)[0], BASE),
}
# What the gap must be, where it is known without computing.
KNOWN_GAPS = {
    "equal sides": 0,
    "sides but for lengths": 0,
    "opposite points": 2,
    "orthogonal points": np.sqrt(2),
    "rows in reverse": 0,
    "rows moved by one": 0,
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
    elif step == "cone":
        settings = {"name": "d", "caption": "first", "n_resamples": 50, "seed": 0, "block": 8}
        measure_cone.main(
            second, table, str(folder / "histogram.parquet"), bins=9, exact_rows=100, **settings
        )
    elif step == "loss":
        names = ("landscape", "extrema", "gradient", "clouds")
        outputs = [str(folder / f"{name}.parquet") for name in names]
        sweep_loss.main(first, second, None, *outputs, **SWEEP)
        drawn = [read_table(path) for path in outputs]
        numbers = [
            frame[[c for c in ("value", "delta", "distance") if c in frame]] for frame in drawn
        ]
        return all(bool(np.isfinite(found).all(axis=None)) for found in numbers)
    else:
        settings = {"max_pairs": 100, "seed": 0, "n_neighbors": 5, "min_dist": 0.1}
        project_pairs.main(first, second, None, table, name="d", caption="first", **settings)
        return bool(np.isfinite(read_table(table)[["x", "y"]]).all(axis=None))
    return explained(read_table(table))


SWEEP = {
    "name": "d",
    "device": "cpu",
    "threads": 1,
    "caption": "first",
    "grid": {"first": -2, "last": 2, "step": 0.5},
    "moved": ["both", "first"],
    "temperatures": ["1/100", 1],
    "batch_sizes": ["all"],
    "n_resamples": 50,
    "seed": 0,
    "cloud_shifts": [0, 1],
    "cloud_pairs": 9,
    "exact_rows": 100,
    "sample_seed": 0,
}
STEPS = ["gap", "pairs", "plane", "cone", "loss"]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("name", PAIRS)
def test_a_degenerate_pair_is_refused_or_explained(tmp_path, fault, name, step):
    first, second = write_clouds(tmp_path, *PAIRS[name])

    def is_right(explained):
        if step != "gap" or name not in KNOWN_GAPS:
            return explained
        frame = read_table(tmp_path / "table.parquet").set_index("statistic")
        return explained and abs(frame.loc["gap", "value"] - KNOWN_GAPS[name]) < 1e-6

    fault("clouds", classify_call(lambda: measure(step, first, second, tmp_path), right=is_right))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("name", CLOUDS)
def test_a_degenerate_cloud_is_refused_or_explained(tmp_path, fault, name, step):
    cloud = CLOUDS[name]
    other = np.roll(cloud[:, ::-1], 1, axis=0) if name != "one zero row" else noise(*cloud.shape)
    first, second = write_clouds(tmp_path, cloud, other)
    fault("clouds", classify_call(lambda: measure(step, first, second, tmp_path), right=bool))
