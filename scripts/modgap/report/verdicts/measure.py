"""What of a run measures a claim: rows, and of several the one that speaks least for it.

A claim names a table, the rows that measure it and what it expects of them; ``also`` names more
tables and rows that it is about. Rows belong to models and data by what these are (weights, data
set, digest of a file), never by how a configuration calls them, so a claim about other models or
data than those of the run finds no rows. It is measured on every row that it is about.

A measurement is a dict: ``value``, ``low``, ``high`` (NaN where it is exact, infinite where nobody
knows), ``row`` (of the table), ``n_seeds`` (None where it is not about training) and ``partner``
(None, or the row that was subtracted).

Rows that differ only in ``training_seed``, the seed of the model that they are measured on, are one
measurement: the mean over the seeds (``average_seeds``), with the value of each as ``by_seed``.
"""

import math

import numpy as np
import pandas as pd

from modgap.errors import InputError
from modgap.report.verdicts.decide import rank_support
from modgap.statistics.inference import log_log_slope, mean_interval

# Beginnings of ``interval_method`` where there is an interval that nobody knows.
UNKNOWN = ("none: n too small", "none: biased", "none: one seed", "none: no jackknife")

# The seed of the model that a row is measured on, where there are several.
SEED = "training_seed"

# What tells the rows of a table apart, besides the name that they are measured on.
FACTORS = (
    "recipe",
    "start",
    "captions",
    "temperature",
    "tau",
    "mismatched",
    "model",
    "protocol",
    "procedure",
    "moved",
    "batch_size",
    "templates",
    "grouping",
    "group",
    "measure",
    "statistic",
    "side",
    "modality",
    "stage",
    "delta",
    "task",
    "method",
    "activation",
    "bias",
    "depth",
    "width",
    "spacing",
    "share",
    "cosine",
    "norm_ratio",
    "norm",
    "dim",
    "decay",
    "loss",
    "rate_times_steps",
    "logit_scale",
)


def measure_claim(claim, tables):
    """Every measurement of a claim; none where the run has no such rows.

    tables : table name -> DataFrame of all its rows in this run, see ``judge_claims``.
    """
    found = []
    for part in [claim, *claim.get("also", [])]:
        frame = tables.get(part["table"])
        if frame is not None and not frame.empty:
            found += measure_part(claim, part, frame)
    return found


def measure_part(claim, part, frame):
    """Measurements of a claim in one of its tables."""
    rows = select_rows(claim, frame, part["rows"])
    value = part["columns"]["value"]
    rows = rows[rows[value].notna()] if value in rows else rows
    if rows.empty:
        return []
    if "count" in claim or "share" in claim:
        return combine_seeds(claim, measure_share(claim, rows), ["measured_on"])
    for form, across in ACROSS.items():
        if form in claim:
            found = [one for one in group_rows(rows, form, across, claim, part) if one]
            return combine_seeds(claim, found, seed_keys(rows, without=(claim[form],)))
    if "minus" in claim or "ratio" in claim:
        found = measure_pairs_of_rows(claim, part, frame, rows)
    else:
        found = [describe_row(part, row) for _, row in rows.iterrows()]
    return combine_seeds(claim, found, seed_keys(rows))


def seed_keys(rows, without=()):
    """Columns that tell apart what is measured of one seed, but for some.

    Of a selected shift (a row with a ``procedure``) the shift is what was found: each seed has its
    own.
    """
    chosen = ("delta",) if "procedure" in rows else ()
    return list_factors(rows, without=(*without, *chosen, SEED))


def combine_seeds(claim, found, keys):
    """Measurements, those of several seeds of one training as one.

    keys : columns that tell the measurements of one seed apart. Of those that nothing tells apart,
        such as several local minima, the weakest of a seed counts.
    """
    combined = [one for one in found if pd.isna(one["row"].get(SEED, math.nan))]
    groups = {}
    for one in found:
        if not pd.isna(one["row"].get(SEED, math.nan)):
            group = groups.setdefault(key_of(one["row"], keys), {})
            group.setdefault(int(one["row"][SEED]), []).append(one)
    for group in groups.values():
        combined.append(average_seeds({s: weakest(claim, group[s]) for s in sorted(group)}))
    return combined


def average_seeds(by_seed):
    """The mean of one measurement over seeds, with an interval for other seeds and other items.

    by_seed : seed -> measurement. All seeds are measured on the same items, so their spread says
    nothing of the items. Each limit is as far from the mean as the t interval over the seeds and
    the mean limit of the single intervals together, by the root of their squares: never narrower
    than either.
    """
    first = next(iter(by_seed.values()))
    if len(by_seed) == 1:
        return first
    values = np.array([one["value"] for one in by_seed.values()])
    lows, highs = np.transpose([own_limits(one) for one in by_seed.values()])
    mean, (low, high) = values.mean(), mean_interval(values)
    row = first["row"].copy()
    row["seed"], row["seeds_of_study"] = math.nan, ", ".join(map(str, by_seed))
    return {
        **first,
        "value": float(mean),
        "low": float(mean - np.hypot(mean - low, mean - lows.mean())),
        "high": float(mean + np.hypot(high - mean, highs.mean() - mean)),
        "row": row,
        "n_seeds": len(by_seed),
        "by_seed": values,
    }


def weakest(claim, found):
    """Of several measurements the one that speaks least for the claim."""
    return min(found, key=lambda one: rank_support(claim, one["value"], one["low"], one["high"]))


def select_rows(claim, frame, conditions):
    """Rows that meet every condition: equal to a value, or to one of a list."""
    keep = np.ones(len(frame), dtype=bool)
    for column, wanted in conditions.items():
        if column not in frame:
            raise InputError(f"claims.yaml: {claim['id']}: its table has no column {column!r}")
        values = wanted if isinstance(wanted, list) else [wanted]
        keep &= np.any([equals(frame[column], value) for value in values], axis=0)
    return frame[keep]


def equals(column, value):
    """Equality by element; of numbers, up to rounding (1/30 is written 0.0333333)."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        numbers = pd.to_numeric(column, errors="coerce").to_numpy(float, na_value=math.nan)
        return np.isclose(numbers, value, rtol=1e-4, atol=1e-9)
    return (column == value).to_numpy(bool, na_value=False)


def describe_row(part, row):
    """The measurement in one row."""
    columns = part["columns"]
    value, low, high = (
        float(row[columns[key]]) if key in columns else math.nan for key in ("value", "low", "high")
    )
    if lacks_limits(row):
        low, high = -math.inf, math.inf
    return {
        "value": value,
        "low": low,
        "high": high,
        "row": row,
        "n_seeds": count_seeds(row),
        "partner": None,
    }


def lacks_limits(row):
    """Whether the row has an interval that nobody knows."""
    return str(row.get("interval_method", "")).startswith(UNKNOWN)


def count_seeds(row):
    """Seeds of training behind a row; None where it is not about training."""
    n_seeds = row.get("n_seeds", math.nan)
    return None if pd.isna(n_seeds) else int(n_seeds)


def list_factors(frame, without=()):
    """Columns that tell a table's rows apart, but for some."""
    names = ("measured_on", SEED, *FACTORS)
    return [name for name in names if name in frame and name not in without]


def measure_pairs_of_rows(claim, part, frame, rows):
    """Each row minus that of ``minus``, or over that of ``ratio``, that is alike in all else."""
    form = "minus" if "minus" in claim else "ratio"
    others = select_rows(claim, frame, {**part["rows"], **claim[form]})
    keys = list_factors(frame, without=claim[form])
    combine = subtract_rows if form == "minus" else divide_rows
    partners = {key_of(row, keys): row for _, row in others.iterrows()}
    return [
        combine(part, row, partners[key_of(row, keys)])
        for _, row in rows.iterrows()
        if key_of(row, keys) in partners
    ]


def key_of(row, keys):
    """What a row is about, as a tuple that compares; absent values are alike."""
    return tuple("" if pd.isna(row[key]) else row[key] for key in keys)


def subtract_rows(part, row, partner):
    """The difference of two rows with its interval; see ``modgap.report.verdicts.decide``."""
    first, second = describe_row(part, row), describe_row(part, partner)
    paired = paired_by_seed(row, partner, np.subtract)
    (low, high), (other_low, other_high) = own_limits(first), own_limits(second)
    ends = low - other_high, high - other_low
    return combine_rows(first, second, first["value"] - second["value"], ends, paired)


def divide_rows(part, row, partner):
    """The quotient of two rows, both above 0, with its interval, like that of a difference."""
    first, second = describe_row(part, row), describe_row(part, partner)
    paired = paired_by_seed(row, partner, np.divide)
    (low, high), (other_low, other_high) = own_limits(first), own_limits(second)
    ends = low / other_high, high / other_low if other_low > 0 else math.inf
    return combine_rows(first, second, first["value"] / second["value"], ends, paired)


def combine_rows(first, second, value, ends, paired):
    """The measurement of two: over the seeds that both have, else by the ends of both."""
    counts = [one["n_seeds"] for one in (first, second) if one["n_seeds"] is not None]
    n_seeds = min(counts, default=None)
    if len(paired) > 1:
        value, ends, n_seeds = paired.mean(), mean_interval(paired), len(paired)
    low, high = map(float, ends)
    both = {"value": float(value), "low": low, "high": high}
    return {**first, **both, "n_seeds": n_seeds, "partner": second["row"]}


def own_limits(one):
    """Limits of a measurement; those of an exact value are the value."""
    exact = math.isnan(one["low"]) or math.isnan(one["high"])
    return (one["value"], one["value"]) if exact else (one["low"], one["high"])


def paired_by_seed(row, partner, combine):
    """Differences or quotients of the two rows' values of each seed that both have: (k,)."""
    values = [seed_values_of(one) for one in (row, partner)]
    shared = [seed for seed in values[0] if seed in values[1]]
    return np.array([combine(values[0][seed], values[1][seed]) for seed in shared])


def seed_values_of(row):
    """Seed -> value of a row of a training study; empty for other rows."""
    seeds, values = row.get("seed_numbers"), row.get("by_seed")
    if not isinstance(seeds, (list, tuple, np.ndarray)):
        return {}
    return dict(zip((int(seed) for seed in seeds), map(float, values), strict=True))


def group_rows(rows, form, measure, claim, part):
    """A measurement across the rows that differ only in what it runs over."""
    keys = list_factors(rows, without=(claim[form],))
    return [
        measure(claim, part, group) for _, group in rows.groupby(keys, sort=False, dropna=False)
    ]


def measure_trend(claim, part, group):
    """Kendall's tau of the value over a column; its limits say how many pairs are certain."""
    group = group.sort_values(claim["trend"])
    places = group[claim["trend"]].to_numpy(float)
    if len(np.unique(places)) < 3:
        return None
    found = [describe_row(part, row) for _, row in group.iterrows()]
    values = np.array([one["value"] for one in found])
    low, high = np.transpose([own_limits(one) for one in found])
    first, second = np.triu_indices(len(found), 1)
    apart = places[first] < places[second]
    first, second = first[apart], second[apart]
    up, down = (low[second] > high[first]).sum(), (high[second] < low[first]).sum()
    middle = np.sign(values[second] - values[first]).mean()
    open_pairs = len(first) - up - down
    ends = (up - down - open_pairs) / len(first), (up - down + open_pairs) / len(first)
    return {**found[0], "value": float(middle), "low": float(ends[0]), "high": float(ends[1])}


def measure_spread(claim, part, group):
    """Largest minus smallest value over a column; the limits are the ends of both."""
    if group[claim["spread"]].nunique() < 2:
        return None
    found = [describe_row(part, row) for _, row in group.iterrows()]
    lowest, highest = (pick(found, key=lambda one: one["value"]) for pick in (min, max))
    (low, high), (bottom, top) = own_limits(highest), own_limits(lowest)
    value = highest["value"] - lowest["value"]
    return {**highest, "value": value, "low": max(low - top, 0.0), "high": high - bottom}


def measure_slope(claim, part, group):
    """Slope of a share over a column, both logarithmic; None where it is 0 but for one place."""
    shares = group[part["columns"]["value"]].to_numpy(float)
    trials = group["n"].to_numpy(float)
    if np.count_nonzero(shares) < 2:
        return None
    slope, low, high = log_log_slope(group[claim["slope"]].to_numpy(float), shares * trials, trials)
    return {**describe_row(part, group.iloc[0]), "value": slope, "low": low, "high": high}


# Forms of a claim that run over a column.
ACROSS = {"trend": measure_trend, "spread": measure_spread, "slope": measure_slope}


def measure_share(claim, rows):
    """How many rows (``count``) or what part of them (``share``) meet further conditions."""
    kind = "count" if "count" in claim else "share"
    found = []
    keys = [key for key in ("measured_on", SEED) if key in rows]
    for _, group in rows.groupby(keys, sort=False, dropna=False):
        met = len(select_rows(claim, group, claim[kind]))
        value = met / (1 if kind == "count" else len(group))
        row = group.iloc[0]
        exact = {"value": float(value), "low": math.nan, "high": math.nan}
        found.append({**exact, "row": row, "n_seeds": count_seeds(row), "partner": None})
    return found
