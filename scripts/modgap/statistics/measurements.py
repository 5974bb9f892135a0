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
from modgap.statistics.moments import estimates
from modgap.statistics.moments.sums import collect_pairs
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

# The unit that intervals leave out or draw again is the picture, or one of many groups of them.
JACKKNIFE = "jackknife over pictures"
NORM = "test inversion for the norm of a mean, studentised bootstrap over pictures"
PICTURES = "over pictures"
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


def jackknife_row(statistic, side, value_and_left_out, n, n_pictures=None):
    """A row whose interval comes from leaving each picture out, or each group of ``n_pictures``."""
    value, left_out = value_and_left_out
    n_pictures = len(left_out) if n_pictures is None else n_pictures
    interval = inference.jackknife_interval(value, left_out)
    method = name_unit(JACKKNIFE, len(left_out), n_pictures)
    return spread_row(statistic, side, value, interval, method, n, n_pictures)


def name_unit(method, n_groups, n_pictures):
    """The method of an interval over pictures, saying so where it is over groups of them."""
    if n_groups == n_pictures:
        return method
    return method.replace(PICTURES, f"over {n_groups:,} groups of pictures")


def mark_sampled(rows, n, sampled_from):
    """Measurements on n of ``sampled_from`` pictures (None: all there are), saying so."""
    if sampled_from is None:
        return rows
    note = f"; on {n:,} of {sampled_from:,} pictures, drawn at random"
    return [{**row, "interval_method": row["interval_method"] + note} for row in rows]


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
    pairs = collect_pairs(X, Y, owner, seed)
    rows = geometry.normalise(X), geometry.normalise(Y), np.asarray(owner)
    return measure_moments(name, pairs, rows, n_resamples=n_resamples, seed=seed)


def measure_moments(name, pairs, rows, *, n_resamples, seed):
    """``measure_linear`` of any number of pairs, from their moments.

    Parameters
    ----------
    pairs : ``PairMoments`` of all. rows : (X, Y, owner) unit rows of all pictures, or of a random
        sample of them, for what no moments tell: the margin and separability.
    """
    first, second = ("first", pairs.first), ("second", pairs.second)
    X, Y, owner = rows
    measured = [
        *gap_rows(pairs, n_resamples, seed),
        *(row for side in (first, second) for row in (*moment_rows(*side), rank_row(*side))),
        *cross_rows(pairs, n_resamples, seed),
    ]
    fitted = [margin_row(X, Y), *separability_rows(X, Y, owner, seed)]
    n = pairs.first.pictures
    margin, *separable = mark_sampled(fitted, len(X), n if len(X) < n else None)
    measured += [margin, *frechet_rows(pairs, seed), *separable]
    return tidy_frame(measured, name, X.shape[1], seed)


def gap_rows(pairs, n_resamples, seed):
    """The gap three ways and the centres, of ``PairMoments``."""
    n = pairs.first.pictures
    vector, influence, square = estimates.gap_moments(pairs)
    method = name_unit(NORM, len(influence), n)
    value, left_out = estimates.grouped_centre_cosine(pairs)
    cosine = value, inference.jackknife_interval(value, left_out)
    jackknife = name_unit(JACKKNIFE, len(left_out), n)
    return [
        *gap_rows_of(vector, influence, square, n, n, method, n_resamples, seed),
        *centre_rows(
            (("first", pairs.first), ("second", pairs.second)), cosine, jackknife, n_resamples, seed
        ),
    ]


def gap_rows_of(vector, influence, square, n, fewest, method, n_resamples, seed):
    """The gap three ways, from its vector (dim,), influences (G, dim) and unbiased square.

    n : number of items. fewest : items of the smaller sample, which decides whether there is an
    interval. method : of the interval.
    """
    low, high = inference.norm_interval(vector, influence, n_resamples=n_resamples, seed=seed)
    values = {
        "gap": (np.linalg.norm(vector), low, high),
        "gap_unbiased": (np.sqrt(max(square, 0)), low, high),
        # An unbiased square may be negative, and its interval then begins there.
        "gap_unbiased_squared": (square, min(low**2, square), high**2),
    }
    return [
        *(
            spread_row(statistic, "both", value, interval, method, n, fewest, n_resamples)
            for statistic, (value, *interval) in values.items()
        ),
        *(
            row
            for k in LARGEST
            for row in concentration_rows(vector, influence, k, n, fewest, seed, closed=low <= 0)
        ),
    ]


def concentration_rows(vector, influence, k, n, fewest, seed, *, closed):
    """What the k largest coordinates carry of the squared gap, and after random rotations.

    closed : the gap may be zero, and its coordinates are then noise.
    """
    draws = distributions.ROTATIONS
    share, on_share = distributions.gap_share(vector, influence, k)
    low, high = inference.influence_interval(share, on_share)
    interval, method = (max(low, 0), min(high, 1)), name_unit(SHARE, len(influence), n)
    if closed:
        interval, method = None, NO_GAP
    rotated = distributions.rotated_shares(len(vector), k, draws=draws, seed=seed)
    limits = np.quantile(rotated, [(1 - inference.LEVEL) / 2, (1 + inference.LEVEL) / 2])
    return [
        spread_row(f"gap_share{k}", "both", share, interval, method, n, fewest),
        measurement_row(f"gap_share{k}_rotated", "both", rotated.mean(), limits, ROTATED, n, draws),
    ]


def centre_rows(clouds, cosine, method, n_resamples, seed):
    """Lengths of the centres and the cosine between them.

    clouds : (side, its ``SideMoments``) of both. cosine : its value and interval, which is not
        given where a centre may be zero. method : of that interval.
    """
    limits = [centre_norm_interval(cloud, n_resamples, seed) for _, cloud in clouds]
    value, interval = cosine
    if min(low for low, _ in limits) <= 0:
        interval, method = None, "none: a centre cannot be told from zero"
    counts = [cloud.pictures for _, cloud in clouds]
    return [
        *(
            centre_norm_row(side, cloud, limit, n_resamples)
            for (side, cloud), limit in zip(clouds, limits, strict=True)
        ),
        spread_row("centre_cosine", "both", value, interval, method, counts[0], min(counts)),
    ]


def centre_norm_interval(cloud, n_resamples, seed):
    """Interval of the length of the true centre of a cloud, from its ``SideMoments``."""
    influence = estimates.group_influence(cloud)
    return inference.norm_interval(cloud.centre, influence, n_resamples=n_resamples, seed=seed)


def centre_norm_row(side, cloud, interval, n_resamples):
    """Length of the centre of one cloud, given its ``centre_norm_interval``."""
    value, method = np.linalg.norm(cloud.centre), name_unit(NORM, len(cloud.counts), cloud.pictures)
    return spread_row(
        "centre_norm", side, value, interval, method, cloud.n, cloud.pictures, n_resamples
    )


def moment_rows(side, cloud):
    """Mean and spread of the cosines within one cloud, which need no pairs."""
    n, pictures = cloud.n, cloud.pictures
    return [
        jackknife_row("mean_cosine", side, estimates.grouped_mean_cosine(cloud), n, pictures),
        jackknife_row("sd_cosine", side, estimates.grouped_sd_cosine(cloud), n, pictures),
    ]


def rank_row(side, cloud):
    """In how many directions a cloud spreads."""
    rank, influence = estimates.grouped_effective_rank(cloud)
    interval = np.exp(inference.influence_interval(np.log(rank), influence))
    method = "infinitesimal jackknife over pictures; of the value expected at this n"
    method = name_unit(method, len(influence), cloud.pictures)
    return spread_row("effective_rank", side, rank, interval, method, cloud.n, cloud.pictures)


def cross_rows(pairs, n_resamples, seed):
    """Statistics of pictures against texts that need no pairs: matched, RMG, alignment."""
    n, m = pairs.first.pictures, pairs.second.n
    matched = estimates.grouped_matched_cosine(pairs)
    within = [estimates.grouped_mean_cosine(side) for side in (pairs.first, pairs.second)]
    relative = [
        geometry.relative_modality_gap(*values) for values in zip(matched, *within, strict=True)
    ]
    unmatched = estimates.grouped_unmatched_cosine(pairs)
    difference, influence = estimates.matched_difference(pairs)
    low, high = inference.norm_interval(difference, influence, n_resamples=n_resamples, seed=seed)
    lowest, highest = pairs.cosines
    return [
        jackknife_row("mean_matched_cosine", "both", matched, m, n),
        measurement_row("min_matched_cosine", "both", lowest, None, EXTREME, m),
        measurement_row("max_matched_cosine", "both", highest, None, EXTREME, m),
        jackknife_row("mean_unmatched_cosine", "both", unmatched, m, n),
        jackknife_row(
            "sd_unmatched_cosine", "both", estimates.grouped_sd_unmatched_cosine(pairs), m, n
        ),
        jackknife_row("rmg", "both", relative, n, n),
        jackknife_row("alignment", "both", [geometry.alignment(value) for value in matched], m, n),
        spread_row(
            "alignment_centre",
            "both",
            difference @ difference,
            (low**2, high**2),
            name_unit(NORM, len(influence), n),
            m,
            n,
            n_resamples,
        ),
        jackknife_row(
            "alignment_residual", "both", estimates.grouped_alignment_residual(pairs), m, n
        ),
    ]


def margin_row(X, Y):
    """The room between the modalities along the gap, of unit rows."""
    return measurement_row("margin", "both", geometry.gap_margin(X, Y), None, EXTREME, len(X))


def frechet_rows(pairs, seed):
    """Squared Fréchet distance between the clouds, as it is and without its bias."""
    value, influence = estimates.grouped_frechet(pairs)
    n, dim = pairs.first.pictures, len(pairs.first.centre)
    extrapolated = np.nan
    if n >= FRECHET_ROWS * dim:
        halves = estimates.frechet_of_halves(pairs, seed)
        extrapolated = distributions.extrapolate(value, halves)
    method = name_unit(FRECHET, len(influence), n)
    return frechet_rows_of(value, extrapolated, influence, n, n, dim, method)


def frechet_rows_of(value, extrapolated, influence, n, fewest, dim, method):
    """Rows of a squared Fréchet distance.

    extrapolated : without its bias; nan where the rows are too few. influence : on both.
    n, fewest : items, and those of the smaller sample.
    """
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
