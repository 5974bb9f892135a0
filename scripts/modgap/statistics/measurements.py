"""Statistics of an embedding set as tidy rows, one measurement a row: those linear in its rows.

``modgap.statistics.compared`` has those that compare every picture with every other.

Columns: ``embeddings`` (name of the set), ``statistic``, ``side`` (both, first, second,
first_to_second or second_to_first), ``value``, ``low`` and ``high`` (95 %), ``interval_method``
("none: why" where there is no interval), ``n`` (items the value is over), ``dim``, ``seed``,
``n_resamples`` (0 where the interval needs none).
"""

import numpy as np
import pandas as pd

from modgap.statistics import geometry, inference
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


def measurement_row(statistic, side, value, interval, method, n, n_resamples=0):
    """One measurement as a dict, without the columns that a whole set shares."""
    if np.isnan(value):
        interval, method = None, UNDEFINED
    low, high = interval if interval is not None else (np.nan, np.nan)
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


def jackknife_row(statistic, side, value_and_left_out, n):
    """A row whose interval comes from leaving each picture out."""
    value, left_out = value_and_left_out
    return measurement_row(
        statistic, side, value, inference.jackknife_interval(value, left_out), JACKKNIFE, n
    )


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
        *separability_rows(X, Y, owner, seed),
    ]
    return tidy_frame(rows, name, X.shape[1], seed)


def gap_rows(X, Y, owner, n_resamples, seed):
    """The gap three ways and the centres."""
    n = len(X)
    vector, influence = geometry.gap_vector(X, Y), geometry.gap_influence(X, Y, owner)
    square = geometry.unbiased_square(vector, influence)
    low, high = inference.norm_interval(vector, influence, n_resamples=n_resamples, seed=seed)
    values = {
        "gap": (np.linalg.norm(vector), low, high),
        "gap_unbiased": (np.sqrt(max(square, 0)), low, high),
        "gap_unbiased_squared": (square, low**2, high**2),
    }
    norms = [
        centre_norm_row("first", X, np.arange(n), n, n_resamples, seed),
        centre_norm_row("second", Y, owner, n, n_resamples, seed),
    ]
    cosine = geometry.centre_cosine(X, Y, owner)
    if min(norm["low"] for norm in norms) > 0:
        cosine_row = jackknife_row("centre_cosine", "both", cosine, n)
    else:
        undefined = "none: a centre cannot be told from zero"
        cosine_row = measurement_row("centre_cosine", "both", cosine[0], None, undefined, n)
    return [
        *(
            measurement_row(statistic, "both", value, interval, NORM, n, n_resamples)
            for statistic, (value, *interval) in values.items()
        ),
        *norms,
        cosine_row,
    ]


def centre_norm_row(side, rows, owner, n_pictures, n_resamples, seed):
    """Length of the centre of one cloud."""
    influence = geometry.centre_influence(rows, owner, n_pictures)
    interval = inference.norm_interval(
        rows.mean(axis=0), influence, n_resamples=n_resamples, seed=seed
    )
    value = geometry.centre_norm(rows)
    return measurement_row("centre_norm", side, value, interval, NORM, len(rows), n_resamples)


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
    return measurement_row("effective_rank", side, rank, interval, method, len(rows))


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
        measurement_row(
            "alignment_centre",
            "both",
            difference @ difference,
            (low**2, high**2),
            NORM,
            m,
            n_resamples,
        ),
        jackknife_row("alignment_residual", "both", geometry.alignment_residual(X, Y, owner), m),
        measurement_row("margin", "both", geometry.gap_margin(X, Y), None, EXTREME, n),
    ]


def separability_rows(X, Y, owner, seed):
    """Held-out accuracy and AUC of a linear classifier of the modality."""
    measured = separability(X, Y, owner, seed=seed)
    n = measured["held_out"]
    method = "Wilson, clustered by picture, on the held-out half"
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
