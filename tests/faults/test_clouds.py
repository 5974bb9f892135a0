"""Degenerate clouds: refused in a line, or right numbers, and what is undefined says why.

Right is what the slow formula says of the rows in double precision.
"""

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
    "four points": noise(4, 4),
    "five points": noise(5, 4),
    "two dimensions": noise(12, 2),
    "collinear in two dimensions": LINE[:, :2],
    "rank 1 and a constant": np.hstack([LINE[:, :1], np.ones((12, 3))]),
    "a plane in many dimensions": noise(12, 2) @ noise(2, 40),
    "unused dimensions": np.hstack([noise(12, 2), np.zeros((12, 6))]),
    "one-hot": np.eye(4)[np.arange(12) % 4],
    "integers": np.arange(1.0, 49).reshape(12, 4),
    "two classes": np.sign(noise(12, 1)) * np.ones((1, 4)),
    "one copy": np.concatenate([noise(11, 4), np.ones((1, 4))])[[0, 0, *range(2, 12)]],
    "centred": np.concatenate([noise(6, 4), np.zeros((0, 4))])[[*range(6), *range(6)]]
    * np.repeat([1, -1], 6)[:, None],
    "one huge row": np.concatenate([noise(11, 4), 1e38 * np.ones((1, 4))]),
    "one tiny row": np.concatenate([noise(11, 4), 1e-38 * np.ones((1, 4))]),
    "huge and tiny coordinates": noise(12, 4) * np.array([1e30, 1e10, 1e-10, 1e-30]),
    "more than float32 holds": noise(12, 4) * 1e39,
    "less than float32 holds": noise(12, 4) * 1e-60,
    "nearly equal": 1 + noise(12, 4) * 1e-7,
    "nearly equal, rounded away": 1 + noise(12, 4) * 1e-12,
    "all nan": np.full((12, 4), np.nan),
    "minus infinity": with_value(-np.inf),
    "one column of zeros": np.hstack([noise(12, 3), np.zeros((12, 1))]),
}

# Where the other side is not the rows of the first in another order.
UNIT = np.eye(4)
SIDES = {
    "the same twice": (noise(12, 4),) * 2,
    "opposite": (LINE, -LINE),
    "orthogonal points": (np.repeat(UNIT[:1], 12, 0), np.repeat(UNIT[1:2], 12, 0)),
    "all captions equal": (noise(12, 4), np.repeat(noise(1, 4), 12, 0)),
    "all pictures equal": (np.repeat(noise(1, 4), 12, 0), noise(12, 4)),
    "duplicated pictures": (np.repeat(noise(6, 4), 2, axis=0), noise(12, 4)),
    "flipped": (CLOUDS["integers"] - 20.5, 20.5 - CLOUDS["integers"]),
    "another scale": (noise(12, 4), noise(12, 4) * 1e20),
    "permuted pairs": (noise(12, 4) + 1, (noise(12, 4) + 1)[::-1]),
    "other width": (noise(12, 4), noise(12, 5)),
    "other length": (noise(12, 4), noise(11, 4)),
    "zeros beside noise": (noise(12, 4), np.zeros((12, 4))),
    "one row each": (noise(1, 1), -noise(1, 1)),
    "float16 that overflows": (with_value(np.inf).astype("f2"), noise(12, 4)),
}
FAULTS = {
    **{
        name: (
            cloud,
            noise(*cloud.shape) if name == "one zero row" else np.roll(cloud[:, ::-1], 1, axis=0),
        )
        for name, cloud in CLOUDS.items()
    },
    **SIDES,
}


def write_clouds(folder, first, second):
    """Both clouds as embedding files whose rows are pairs."""
    paths = []
    for side, rows in (("first", first), ("second", second)):
        ids = pd.DataFrame({"sample_id": [f"item-{i:06d}" for i in range(len(rows))]})
        about = {"model": "imported", "dataset": "d", "kind": "embeddings", "joined": "by row"}
        paths.append(str(folder / f"{side}.parquet"))
        with np.errstate(over="ignore", under="ignore"):
            rows = rows if rows.dtype == np.float16 else rows.astype(np.float32)
            write_embeddings(paths[-1], ids, rows, {**about, "source": side})
    return [paths[0]], [paths[1]]


def explained(frame):
    """Whether every number is finite, or undefined with a reason in place of its interval."""
    values = frame["value"].to_numpy()
    undefined = frame["interval_method"].str.startswith("none").to_numpy()
    finite = np.isfinite(values)
    limits = np.isfinite(frame[["low", "high"]]).all(axis=1).to_numpy()
    return bool(np.all(finite | undefined) and np.all(limits | undefined))


def unit(path):
    """Unit rows of a stored cloud, in double precision."""
    rows = np.stack(pd.read_parquet(path)["embedding"]).astype(np.longdouble)
    return (rows / np.sqrt((rows**2).sum(axis=1, keepdims=True))).astype(float)


def value_of(frame, statistic, side="both"):
    return frame.set_index(["statistic", "side"])["value"].loc[(statistic, side)]


def close(found, expected):
    return bool(np.allclose(found, expected, rtol=1e-6, atol=1e-6, equal_nan=True))


def measure_both(first, second, table):
    settings = {"name": "d", "caption": "first", "n_resamples": 50, "seed": 0}
    measure_gap.main(first, second, None, table, **settings)
    X, Y, frame = unit(first[0]), unit(second[0]), read_table(table)
    gap = np.linalg.norm(X.mean(axis=0) - Y.mean(axis=0))
    matched = (X * Y).sum(axis=1).mean()
    return (
        explained(frame)
        and close(value_of(frame, "gap"), gap)
        and close(value_of(frame, "mean_matched_cosine"), matched)
    )


def measure_one(first, second, table):
    settings = {"name": "d", "caption": "first", "exact_rows": 100, "seed": 0, "block": 8}
    histogram = f"{table}.histogram.parquet"
    measure_cone.main(first, table, histogram, bins=10, n_resamples=50, **settings)
    X, frame = unit(first[0]), read_table(table)
    cosines = (X @ X.T)[np.triu_indices(len(X), 1)]
    found = [value_of(frame, f"{name}_cosine") for name in ("mean", "min", "max")]
    return explained(frame) and close(found, [cosines.mean(), cosines.min(), cosines.max()])


def measure_every_pair(first, second, table):
    settings = {"name": "d", "caption": "first", "exact_rows": 100, "seed": 0, "block": 8}
    measure_pairs.main(first, second, None, table, **settings)
    X, Y, frame = unit(first[0]), unit(second[0]), read_table(table)
    lowest = [(rows @ rows.T)[np.triu_indices(len(X), 1)].min() for rows in (X, Y)]
    found = [value_of(frame, "min_cosine", side) for side in ("first", "second")]
    unmatched = (X @ Y.T)[~np.eye(len(X), dtype=bool)].max()
    return explained(frame) and close(
        [*found, value_of(frame, "max_unmatched_cosine")], [*lowest, unmatched]
    )


def project(first, second, table):
    settings = {"max_pairs": 100, "seed": 0, "n_neighbors": 5, "min_dist": 0.1}
    project_pairs.main(first, second, None, table, name="d", caption="first", **settings)
    frame = read_table(table)
    along = frame[frame["method"] == "gap_axis"].groupby("modality")["x"].mean()
    gap = np.linalg.norm(unit(first[0]).mean(axis=0) - unit(second[0]).mean(axis=0))
    finite = bool(np.isfinite(frame[["x", "y"]]).all(axis=None))
    return finite and close(along["first"] - along["second"], gap)


def sweep(first, second, table):
    paths = [f"{table}.{name}.parquet" for name in ("losses", "extrema", "slopes", "clouds")]
    sweep_loss.main(
        first, second, None, *paths, name="d", caption="first",
        grid={"first": -1, "last": 1, "step": 0.5}, moved=["both"], temperatures=[0.5],
        batch_sizes=["all"], n_resamples=20, seed=0, device="cpu", cloud_shifts=[0],
        cloud_pairs=5, threads=1, largest_batch=100, sample_seed=0,
    )  # fmt: skip
    frame = read_table(paths[0])
    scores = unit(first[0]) @ unit(second[0]).T / 0.5
    own = np.diag(scores)
    sides = [np.log(np.exp(scores).sum(axis=axis)) - own for axis in (0, 1)]
    still = frame[(frame["side"] == "both") & (frame["delta"] == 0)]
    return bool(np.isfinite(frame["value"]).all()) and close(still["value"], np.mean(sides))


STEPS = {
    "gap": measure_both,
    "cone": measure_one,
    "pairs": measure_every_pair,
    "plane": project,
    "landscape": sweep,
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("name", FAULTS)
def test_a_degenerate_cloud_is_refused_or_right(tmp_path, fault, name, step):
    first, second = write_clouds(tmp_path, *FAULTS[name])
    table = str(tmp_path / "table.parquet")
    fault("clouds", classify_call(lambda: STEPS[step](first, second, table), right=bool))


CLOSED = {
    "the same twice": 0,
    "opposite": 2,
    "orthogonal points": np.sqrt(2),
    "constant": 0,
    "an axis each": 0,
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CLOSED)
def test_the_gap_of_clouds_that_one_can_work_out(tmp_path, name):
    first, second = write_clouds(tmp_path, *FAULTS[name])
    assert measure_both(first, second, str(tmp_path / "table.parquet"))
    gap = value_of(read_table(str(tmp_path / "table.parquet")), "gap")
    assert gap == pytest.approx(CLOSED[name], abs=1e-6)


def test_there_are_at_least_46():
    assert len(FAULTS) >= 46
