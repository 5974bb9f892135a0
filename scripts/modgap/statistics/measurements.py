"""Statistics of an embedding set as tidy rows, one measurement a row: those linear in its rows.

``modgap.statistics.all_pairs`` has those that compare every picture with every other.

Columns: ``embeddings`` (name of the set), ``statistic``, ``side`` (both, first, second,
first_to_second or second_to_first), ``value``, ``low`` and ``high`` (95 %), ``interval_method``
("none: why" where there is no interval), ``n`` (items the value is over), ``dim``, ``seed``,
``n_resamples`` (0 where the interval needs none).

Intervals are about the population, and a biased estimate of a small sample may lie outside of its
own. No row has such an interval: ``interval_method`` then names the bias and the statistic without
it. Below ``FEWEST_FOR_INTERVAL`` pictures only proportions and medians have intervals.
"""

import numpy as np
import pandas as pd

from modgap.statistics import distributions, geometry, inference
from modgap.statistics.separability import separability
from modgap.tables import column_name

COLUMNS = [
    "embeddings",
    "statistic",
    "side",
    "value",
    "low",
    "high",
    "interval_method",
    "n",
    "dim",
    "seed",
    "n_resamples",
]

JACKKNIFE = "jackknife over pictures"
NORM = "test inversion for the norm of a mean, studentised bootstrap over pictures"
EXTREME = "none: an extreme of the sample"
UNDEFINED = "none: undefined, nothing varies"

# With fewer pictures, intervals from the spread between pictures hold the true value too seldom:
# that of a centre's length in 78 % of samples of 5 (benchmarks/README.md).
FEWEST_FOR_INTERVAL = 10
TOO_FEW = f"none: n too small for an interval (fewer than {FEWEST_FOR_INTERVAL} pictures)"

# Why an estimate outside of its interval has none.
BIASED = {
    "gap": "none: biased upwards at this n; see gap_unbiased",
    "centre_norm": "none: biased upwards at this n; mean_cosine is its unbiased square",
    "alignment_centre": "none: biased upwards at this n; gap_unbiased_squared is not",
    "frechet": "none: biased upwards at this n; see frechet_extrapolated",
}
# Largest coordinates whose share of the squared gap is measured.
LARGEST = (1, 8)
ROTATED = f"central 95 % of {distributions.ROTATIONS:,} random rotations"
SHARE = "infinitesimal jackknife over pictures, the coordinates as chosen"
NO_GAP = "none: the gap cannot be told from zero"

# Rows for each dimension that an extrapolated Fréchet distance and its interval need: with fewer
# than two the bias is not of order 1/n, with fewer than eight the interval holds too seldom
# (benchmarks/README.md).
FRECHET_ROWS, FRECHET_ROWS_FOR_INTERVAL = 2, 8
# Of rows without pairs MMD compares at most so many of each modality, in tiles of this side.
MOST_COMPARED, TILE = 5000, 1000
FRECHET = "infinitesimal jackknife over pictures, around the extrapolated value"

BIASED_OTHERWISE = "none: biased at this n, outside of its own interval"


def measurement_row(statistic, side, value, interval, method, n, n_resamples=0):
    """One measurement as a dict, without the columns that a whole set shares.

    An interval that leaves the value out is not given (see the module).
    """
    if np.isnan(value):
        interval, method = None, UNDEFINED
    elif interval is not None:
        interval = inference.hold_estimate(value, interval)
        if interval is None:
            method = BIASED.get(statistic, BIASED_OTHERWISE)
    if interval is None:
        interval, n_resamples = (np.nan, np.nan), 0
    low, high = interval
    return {
        "statistic": statistic,
        "side": side,
        "value": float(value),
        "low": float(low),
        "high": float(high),
        "interval_method": method,
        "n": n,
        "n_resamples": n_resamples,
    }


def spread_row(statistic, side, value, interval, method, n, n_pictures, n_resamples=0):
    """A row whose interval rests on the spread between pictures: none where they are few."""
    if n_pictures < FEWEST_FOR_INTERVAL:
        interval, method = None, TOO_FEW
    return measurement_row(statistic, side, value, interval, method, n, n_resamples)


def jackknife_row(statistic, side, value_and_left_out, n):
    """A row whose interval comes from leaving each picture out."""
    value, left_out = value_and_left_out
    interval = inference.jackknife_interval(value, left_out)
    return spread_row(statistic, side, value, interval, JACKKNIFE, n, len(left_out))


def tidy_frame(rows, name, dim, seed):
    """Rows of one embedding set as a data frame with ``COLUMNS``."""
    return pd.DataFrame(rows).assign(embeddings=name, dim=dim, seed=seed)[COLUMNS]


def measure_linear(name, X, Y, owner, *, n_resamples, seed):
    """What takes time in proportion to the number of rows: gap, centres, moments, separability.

    Parameters
    ----------
    X, Y : (n, dim) pictures and (m, dim) texts, raw or normalised.
    owner : (m,) row of X of each text; every picture owns at least one text.
    n_resamples, seed : resamples of pictures, and their seed.

    Returns
    -------
    DataFrame with ``COLUMNS``.
    """
    X, Y, owner = geometry.normalise(X), geometry.normalise(Y), np.asarray(owner)
    n = len(X)
    rows = [
        *gap_rows(X, Y, owner, n_resamples, seed),
        *(
            row
            for side, cloud, of in (("first", X, np.arange(n)), ("second", Y, owner))
            for row in (*moment_rows(side, cloud, of, n), rank_row(side, cloud, of, n))
        ),
        *cross_rows(X, Y, owner, n_resamples, seed),
        *frechet_rows(X, Y, owner, seed),
        *separability_rows(X, Y, owner, seed),
    ]
    return tidy_frame(rows, name, X.shape[1], seed)


def measure_unpaired(name, X, Y, *, n_resamples, seed):
    """What needs no pairs, of two modalities whose rows were drawn independently.

    Parameters
    ----------
    X, Y : (n, dim) and (m, dim), raw or normalised. n_resamples, seed : as for pairs; resamples
        draw rows of both together.

    Returns
    -------
    DataFrame with ``COLUMNS``; n counts the rows of both where a statistic is about both.
    """
    X, Y = geometry.normalise(X), geometry.normalise(Y)
    clouds = (("first", X, np.arange(len(X))), ("second", Y, np.arange(len(Y))))
    cosine, *left_out = geometry.centre_cosine_unpaired(X, Y)
    centre_cosine = cosine, inference.two_sample_interval(cosine, *left_out)
    rows = [
        *gap_rows_of(
            geometry.gap_vector(X, Y),
            geometry.unpaired_influence(X, Y),
            min(len(X), len(Y)),
            n_resamples,
            seed,
        ),
        *centre_rows(clouds, [len(X), len(Y)], centre_cosine, n_resamples, seed),
        *(
            row
            for side, cloud, of in clouds
            for row in (
                *moment_rows(side, cloud, of, len(cloud)),
                rank_row(side, cloud, of, len(cloud)),
            )
        ),
        *frechet_rows(X, Y, None, seed),
        *unpaired_mmd_rows(X, Y, seed),
        *separability_rows(X, Y, None, seed),
    ]
    return tidy_frame(rows, name, X.shape[1], seed)


def gap_rows(X, Y, owner, n_resamples, seed):
    """The gap three ways and the centres."""
    n = len(X)
    vector, influence = geometry.gap_vector(X, Y), geometry.gap_influence(X, Y, owner)
    centres = [("first", X, np.arange(n)), ("second", Y, owner)]
    cosine = geometry.centre_cosine(X, Y, owner)
    interval = inference.jackknife_interval(*cosine)
    return [
        *gap_rows_of(vector, influence, n, n_resamples, seed),
        *centre_rows(centres, [n, n], (cosine[0], interval), n_resamples, seed),
    ]


def gap_rows_of(vector, influence, fewest, n_resamples, seed):
    """The gap three ways, from its vector (dim,) and its influences (n, dim).

    fewest : items of the smaller sample, which decides whether there is an interval.
    """
    n = len(influence)
    square = geometry.unbiased_square(vector, influence)
    low, high = inference.norm_interval(vector, influence, n_resamples=n_resamples, seed=seed)
    values = {
        "gap": (np.linalg.norm(vector), low, high),
        "gap_unbiased": (np.sqrt(max(square, 0)), low, high),
        # An unbiased square may be negative, and its interval then begins there.
        "gap_unbiased_squared": (square, min(low**2, square), high**2),
    }
    return [
        *(
            spread_row(statistic, "both", value, interval, NORM, n, fewest, n_resamples)
            for statistic, (value, *interval) in values.items()
        ),
        *(
            row
            for k in LARGEST
            for row in concentration_rows(vector, influence, k, fewest, seed, closed=low <= 0)
        ),
    ]


def concentration_rows(vector, influence, k, fewest, seed, *, closed):
    """What the k largest coordinates carry of the squared gap, and after random rotations.

    closed : the gap may be zero, and its coordinates are then noise.
    """
    n, draws = len(influence), distributions.ROTATIONS
    share, on_share = distributions.gap_share(vector, influence, k)
    low, high = inference.influence_interval(share, on_share)
    interval, method = ((max(low, 0), min(high, 1)), SHARE) if not closed else (None, NO_GAP)
    rotated = distributions.rotated_shares(len(vector), k, draws=draws, seed=seed)
    limits = np.quantile(rotated, [(1 - inference.LEVEL) / 2, (1 + inference.LEVEL) / 2])
    return [
        spread_row(f"gap_share{k}", "both", share, interval, method, n, fewest),
        measurement_row(f"gap_share{k}_rotated", "both", rotated.mean(), limits, ROTATED, n, draws),
    ]


def centre_rows(clouds, counts, cosine, n_resamples, seed):
    """Lengths of the centres and the cosine between them.

    clouds : (side, rows, owner) of both. counts : pictures behind each. cosine : its value and
        interval, which is not given where a centre may be zero.
    """
    limits = [
        centre_norm_interval(rows, owner, n, n_resamples, seed)
        for (_, rows, owner), n in zip(clouds, counts, strict=True)
    ]
    value, interval = cosine
    method = JACKKNIFE
    if min(low for low, _ in limits) <= 0:
        interval, method = None, "none: a centre cannot be told from zero"
    fewest, n = min(counts), counts[0]
    return [
        *(
            centre_norm_row(side, rows, limit, count, n_resamples)
            for (side, rows, _), limit, count in zip(clouds, limits, counts, strict=True)
        ),
        spread_row("centre_cosine", "both", value, interval, method, n, fewest),
    ]


def centre_norm_interval(rows, owner, n_pictures, n_resamples, seed):
    """Interval of the length of the true centre of a cloud."""
    influence = geometry.centre_influence(rows, owner, n_pictures)
    return inference.norm_interval(rows.mean(axis=0), influence, n_resamples=n_resamples, seed=seed)


def centre_norm_row(side, rows, interval, n_pictures, n_resamples):
    """Length of the centre of one cloud, given its ``centre_norm_interval``."""
    value = geometry.centre_norm(rows)
    return spread_row(
        "centre_norm", side, value, interval, NORM, len(rows), n_pictures, n_resamples
    )


def moment_rows(side, rows, owner, n_pictures):
    """Mean and spread of the cosines within one cloud, which need no pairs."""
    n = len(rows)
    return [
        jackknife_row(
            "mean_cosine", side, geometry.mean_pairwise_cosine(rows, owner, n_pictures), n
        ),
        jackknife_row("sd_cosine", side, geometry.sd_pairwise_cosine(rows, owner, n_pictures), n),
    ]


def rank_row(side, rows, owner, n_pictures):
    """In how many directions a cloud spreads."""
    rank, influence = geometry.effective_rank(rows, owner, n_pictures)
    interval = np.exp(inference.influence_interval(np.log(rank), influence))
    method = "infinitesimal jackknife over pictures; of the value expected at this n"
    return spread_row("effective_rank", side, rank, interval, method, len(rows), n_pictures)


def cross_rows(X, Y, owner, n_resamples, seed):
    """Statistics of pictures against texts that need no pairs: matched, RMG, alignment, margin."""
    n, m = len(X), len(Y)
    matched = geometry.mean_matched_cosine(X, Y, owner)
    within_first = geometry.mean_pairwise_cosine(X, np.arange(n), n)
    within_second = geometry.mean_pairwise_cosine(Y, owner, n)
    relative = [
        geometry.relative_modality_gap(*values)
        for values in zip(matched, within_first, within_second, strict=True)
    ]
    own_cosines = np.einsum("ij,ij->i", X[owner], Y)
    difference, influence = geometry.pair_difference(X, Y, owner)
    low, high = inference.norm_interval(difference, influence, n_resamples=n_resamples, seed=seed)
    return [
        jackknife_row("mean_matched_cosine", "both", matched, m),
        measurement_row("min_matched_cosine", "both", own_cosines.min(), None, EXTREME, m),
        measurement_row("max_matched_cosine", "both", own_cosines.max(), None, EXTREME, m),
        jackknife_row(
            "mean_unmatched_cosine", "both", geometry.mean_unmatched_cosine(X, Y, owner), m
        ),
        jackknife_row("rmg", "both", relative, n),
        jackknife_row("alignment", "both", [geometry.alignment(value) for value in matched], m),
        spread_row(
            "alignment_centre",
            "both",
            difference @ difference,
            (low**2, high**2),
            NORM,
            m,
            n,
            n_resamples,
        ),
        jackknife_row("alignment_residual", "both", geometry.alignment_residual(X, Y, owner), m),
        measurement_row("margin", "both", geometry.gap_margin(X, Y), None, EXTREME, n),
    ]


def frechet_rows(X, Y, owner, seed):
    """Squared Fréchet distance between the clouds, as it is and without its bias.

    owner : None where rows are no pairs.
    """
    fewest, dim = min(len(X), len(Y)), X.shape[1]
    value, first, second = distributions.frechet(X, Y, influence=True)
    if owner is None:
        influence = geometry.unpaired_influence(first[:, None], second[:, None])[:, 0]
    else:
        influence, fewest = geometry.gap_influence(first[:, None], second[:, None], owner), len(X)
        influence = influence[:, 0]
    n, method = len(influence), FRECHET
    extrapolated, interval = np.nan, None
    if fewest >= FRECHET_ROWS * dim:
        extrapolated = distributions.extrapolated_frechet(value, X, Y, owner, seed)
        interval = inference.influence_interval(extrapolated, influence)
    if fewest < FRECHET_ROWS_FOR_INTERVAL * dim:
        times = FRECHET_ROWS if np.isnan(extrapolated) else FRECHET_ROWS_FOR_INTERVAL
        interval, method = None, f"none: fewer than {times} times as many rows as dimensions"
    return [
        measurement_row("frechet", "both", value, None, BIASED["frechet"], n),
        {
            **spread_row("frechet_extrapolated", "both", extrapolated, interval, method, n, fewest),
            **({"interval_method": method} if interval is None else {}),
        },
    ]


def unpaired_mmd_rows(X, Y, seed):
    """Squared MMD of rows drawn independently, of at most ``MOST_COMPARED`` of each modality."""
    total, rng = len(X) + len(Y), np.random.default_rng(seed)
    X, Y = (
        rows[np.sort(rng.choice(len(rows), min(len(rows), MOST_COMPARED), replace=False))]
        for rows in (X, Y)
    )
    measured, p = distributions.unpaired_mmd(X, Y, seed=seed, block=TILE)
    interval, n = inference.two_sample_interval(*measured), len(X) + len(Y)
    note = f"; on {n:,} of {total:,} rows, drawn at random" if n < total else ""
    fewest = min(len(X), len(Y))
    row = spread_row("mmd_squared", "both", measured[0], interval, JACKKNIFE + note, n, fewest)
    return [row, swap_row(p, "exchanges of all rows", n, note)]


def swap_row(p, relabelled, n, note=""):
    """The p-value of MMD, saying of how many relabellings and how small it can be."""
    swaps = distributions.SWAPS
    method = f"none: a p-value of {swaps} random {relabelled}, at least {1 / (swaps + 1):g}{note}"
    return measurement_row("mmd_p", "both", p, None, method, n)


def separability_rows(X, Y, owner, seed):
    """Held-out accuracy and AUC of a linear classifier of the modality."""
    measured = separability(X, Y, owner, seed=seed)
    n = measured["held_out"]
    clusters = "" if owner is None else ", clustered by picture"
    method = f"Wilson{clusters}, on the held-out half"
    return [
        measurement_row(
            f"separability_{statistic}",
            "both",
            value,
            inference.proportion_interval(value, influence, n),
            method,
            n,
        )
        for statistic in ("accuracy", "auc")
        for value, influence in [measured[statistic]]
    ]


def summary_row(frame):
    """One row per embedding set: the tidy rows of one set as a dict of named columns.

    ``embeddings``, ``n``, ``dim``, then for every measurement ``STATISTIC[_SIDE][_VARIANT]`` and,
    where there is an interval, the same with ``_low`` and ``_high``.
    """
    first = frame.iloc[0]
    result = {"embeddings": first["embeddings"], "n": int(first["n"]), "dim": int(first["dim"])}
    for measured in frame.itertuples():
        column = column_name(measured.statistic, measured.side)
        result[column] = measured.value
        if not measured.interval_method.startswith("none"):
            result[f"{column}_low"] = measured.low
            result[f"{column}_high"] = measured.high
    return result
