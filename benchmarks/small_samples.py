"""Intervals of few pictures: do they hold the true value, and the estimate printed beside them?

    .venv/bin/python benchmarks/small_samples.py                        planted populations
    .venv/bin/python benchmarks/small_samples.py --published FOLDER     and the authors' features
    .venv/bin/python benchmarks/small_samples.py --draws 100 --sizes 5 10 --fewest 4

Populations: unit vectors of 16, 64 and 512 dimensions with a planted true gap of 0, 0.3 and 0.8,
pairs that share most of their content, both modalities in a cone. The true values are those of a
large sample. A published file is a population of its 99 to 500 pairs, drawn with replacement.

For every statistic with an interval and every number of pictures: the share of draws in which it
is given, in which it holds the true value (of those where it is given), in which the value lies
outside of it, and its median width. First for the gap in every population (`headline` is what
people see, `without_bias` how often that is `gap_unbiased`), then for everything, the mean and the
worst of the populations.
"""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from measuring import compare

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from modgap.statistics import measurements, pairwise
from modgap.statistics.all_pairs import spread_rows
from modgap.statistics.geometry import gap_influence, gap_vector, normalise, unbiased_square
from modgap.statistics.headline import headline_gap
from modgap.statistics.moments.sums import collect_pairs

DIMENSIONS = (16, 64, 512)
GAPS = (0.0, 0.3, 0.8)
SIZES = (5, 10, 20, 50)
OF_THE_GAP = ("gap", "gap_unbiased", "gap_unbiased_squared", "alignment_centre", "headline")
# Pairs that stand for the population, and how much of a row is its own and not its pair's.
POPULATION, OWN = 8_000, 0.5
# Statistics of all pairs cannot have so many.
PAIRED_POPULATION = 1_500


def spread(dim, decay=0.5):
    """Standard deviations of the coordinates, of total variance one."""
    scale = np.arange(1.0, dim + 1) ** -decay
    return scale / np.linalg.norm(scale)


def draw_pairs(n, dim, offset, rng):
    """Pairs in a cone along one random direction, moved apart by ``offset`` along another."""
    scale = spread(dim)
    directions = np.linalg.qr(np.random.default_rng(dim).standard_normal((dim, 2)))[0].T
    content = rng.standard_normal((n, dim)) * scale
    first, second = (
        content + OWN * rng.standard_normal((n, dim)) * scale + directions[0] + side * directions[1]
        for side in (offset / 2, -offset / 2)
    )
    return normalise(first), normalise(second)


def offset_for(gap, dim):
    """The offset that makes the true gap ``gap``, by bisection on one large sample."""
    if gap == 0:
        return 0.0
    low, high = 0.0, 10.0
    for _ in range(20):
        middle = (low + high) / 2
        X, Y = draw_pairs(POPULATION // 4, dim, middle, np.random.default_rng(0))
        low, high = (low, middle) if true_gap(X, Y) > gap else (middle, high)
    return (low + high) / 2


def true_gap(X, Y):
    """Length of the difference of the centres without the bias of the sample."""
    square = unbiased_square(gap_vector(X, Y), gap_influence(X, Y, np.arange(len(X))))
    return np.sqrt(max(square, 0))


def measure_rows(X, Y, seed, n_resamples):
    """Every row that may have an interval, retrieval aside, as a data frame."""
    owner, n = np.arange(len(X)), len(X)
    moments = collect_pairs(X, Y, owner, seed)
    rows = [
        *measurements.gap_rows(moments, n_resamples, seed),
        *measurements.cross_rows(moments, n_resamples, seed),
    ]
    for side, cloud, sums in (("first", X, moments.first), ("second", Y, moments.second)):
        pairs = pairwise.within_pairs(cloud, owner, bins=1, block=2000)
        rows += measurements.moment_rows(side, sums)
        rows += [*spread_rows(side, cloud, owner, n, pairs), measurements.rank_row(side, sums)]
    frame = pd.DataFrame(rows)
    head = headline_gap(frame)
    without = head["statistic"] == "gap_unbiased"
    head = {**head, "statistic": "headline", "interval_method": f"unbiased: {without}"}
    return pd.concat([frame, pd.DataFrame([head])], ignore_index=True)


def true_values(X, Y, known):
    """(statistic, side) -> value of the population. ``known``: it is all of it, not a sample."""
    if known:
        # Drawn with replacement: a pair of rows may be the same row twice.
        few = measure_rows(X, Y, 0, 2).set_index(["statistic", "side"])["value"]
        truth = dict(few)
        n = len(X)
        for side, cloud in (("first", X), ("second", Y)):
            truth["mean_cosine", side] = (truth["mean_cosine", side] * (n - 1) + 1) / n
            cosines = cloud @ cloud.T
            truth["sd_cosine", side] = cosines.std()
            truth["uniformity", side] = np.log(np.exp(4 * cosines - 4).mean())
        cosines = X @ Y.T
        truth["mean_unmatched_cosine", "both"] = cosines.mean()
        truth["uniformity_cross", "both"] = np.log(np.exp(4 * cosines - 4).mean())
        within = [truth["mean_cosine", side] for side in ("first", "second")]
        matched = truth["mean_matched_cosine", "both"]
        truth["rmg", "both"] = (1 - matched) / (1 - matched + 1 - np.mean(within))
        gap = truth["gap", "both"]
    else:
        part = slice(PAIRED_POPULATION)
        truth = dict(measure_rows(X[part], Y[part], 0, 2).set_index(["statistic", "side"])["value"])
        gap = true_gap(X, Y)
        for side, cloud in (("first", X), ("second", Y)):
            square = unbiased_square(cloud.mean(axis=0), cloud - cloud.mean(axis=0))
            truth["centre_norm", side] = np.sqrt(max(square, 0))
    truth |= {("gap", "both"): gap, ("gap_unbiased", "both"): gap}
    truth["headline", "both"] = gap
    truth |= {("gap_unbiased_squared", "both"): gap**2, ("alignment_centre", "both"): gap**2}
    return truth


def simulate(task):
    """One population at every number of pictures, as rows."""
    name, sizes, draws, n_resamples, source = task
    if isinstance(source, tuple):
        dim, gap = source
        offset = offset_for(gap, dim)
        population = draw_pairs(POPULATION, dim, offset, np.random.default_rng(1))
        truth = true_values(*population, known=False)
        if gap == 0:
            for key in (
                "gap",
                "headline",
                "gap_unbiased",
                "gap_unbiased_squared",
                "alignment_centre",
            ):
                truth[key, "both"] = 0.0
    else:
        population = [normalise(rows) for rows in np.load(source)]
        truth = true_values(*population, known=True)
    frames = []
    for n in sizes:
        rng = np.random.default_rng(n)
        samples = []
        for seed in range(draws):
            if isinstance(source, tuple):
                X, Y = draw_pairs(n, dim, offset, rng)
            else:
                drawn = rng.integers(len(population[0]), size=n)
                X, Y = (rows[drawn] for rows in population)
            samples.append(measure_rows(X, Y, seed, n_resamples))
        frame = pd.concat(samples)
        # The effective rank's interval is about the value expected at this n.
        ranks = frame[frame["statistic"] == "effective_rank"].groupby("side")["value"]
        expected = {("effective_rank", side): np.exp(np.log(of).mean()) for side, of in ranks}
        frames.append(summarise(frame, {**truth, **expected}).assign(population=name, n=n))
    return pd.concat(frames)


def summarise(frame, truth):
    """One row per statistic and side with shares over the draws."""
    rows = []
    for (statistic, side), group in frame.groupby(["statistic", "side"], sort=False):
        given = group[group["low"].notna()]
        reasons = group.loc[group["low"].isna(), "interval_method"]
        if given.empty and statistic.startswith(("min_", "max_", "q", "median", "margin")):
            continue
        value = truth[statistic, side]
        tolerance = 1e-12
        rows.append(
            {
                "statistic": statistic,
                "side": side,
                "truth": value,
                "mean": group["value"].mean(),
                "given": len(given) / len(group),
                "covered": (
                    (given["low"] <= value + tolerance) & (value <= given["high"] + tolerance)
                ).mean(),
                "outside": (
                    (given["value"] < given["low"]) | (given["value"] > given["high"])
                ).mean(),
                "width": (given["high"] - given["low"]).median(),
                "without_bias": (group["interval_method"] == "unbiased: True").mean(),
                "why": next(iter(reasons.unique()), ""),
            }
        )
    return pd.DataFrame(rows)


def give_intervals_from(fewest):
    """Give intervals from so many pictures on, in this process."""
    measurements.FEWEST_FOR_INTERVAL = fewest


def rows(quick):
    """The time of one sample's intervals; coverage takes an hour and is in README."""
    n = 50
    X, Y = draw_pairs(n, 64, 0.5, np.random.default_rng(0))
    yield compare(
        "every statistic of few pictures, with its interval",
        f"{n} pairs of 64, 400 resamples",
        lambda: measure_rows(X, Y, 0, 400),
        rounds=3 if quick else 9,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=400)
    parser.add_argument("--resamples", type=int, default=400)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--dimensions", type=int, nargs="*", default=DIMENSIONS)
    parser.add_argument("--published", type=Path, help="folder of features_*.npy")
    parser.add_argument(
        "--fewest",
        type=int,
        default=measurements.FEWEST_FOR_INTERVAL,
        help="pictures from which on there are intervals: what fewer would do",
    )
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--csv", type=Path, help="every row goes there")
    wanted = parser.parse_args()
    sources = {f"dim {dim}, gap {gap:g}": (dim, gap) for dim in wanted.dimensions for gap in GAPS}
    if wanted.published:
        paths = sorted(wanted.published.glob("features_*.npy"))
        sources |= {path.stem.removeprefix("features_"): path for path in paths}
    tasks = [
        (name, wanted.sizes, wanted.draws, wanted.resamples, source)
        for name, source in sources.items()
    ]
    with ProcessPoolExecutor(
        wanted.processes, initializer=give_intervals_from, initargs=(wanted.fewest,)
    ) as pool:
        frame = pd.concat(pool.map(simulate, tasks))
    if wanted.csv:
        frame.to_csv(wanted.csv, index=False)
    pd.set_option("display.width", 200)
    gap = frame[frame["statistic"].isin(["gap", "gap_unbiased", "headline"])]
    print(gap.drop(columns=["side", "why"]).round(3).to_string(index=False))
    groups = frame.groupby(["statistic", "side", "n"], sort=False)
    table = groups.agg(
        given=("given", "mean"),
        covered_mean=("covered", "mean"),
        covered_least=("covered", "min"),
        outside_most=("outside", "max"),
        width=("width", "median"),
    )
    print(table.round(3).to_string())


if __name__ == "__main__":
    main()
