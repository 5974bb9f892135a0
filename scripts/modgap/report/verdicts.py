"""Claims of the paper: what measures each in a run's tables, and the verdict.

A claim (``config/claims.yaml``, read by ``modgap.plan.outputs.claims``) names a table, the rows
that measure it and what it expects of them. Rows belong to models and data by what these are
(weights, data set, digest of a file), never by how a configuration calls them, so a claim about
other models or data than those of the run finds no rows and is not judged.

Verdicts
--------
reproduced      A value with a tolerance: the measured value lies within ``published`` ± tolerance,
                or its interval reaches into that band without being wider than it. A bound
                (``above`` or ``below``): the whole interval lies beyond it.
direction only  Not reproduced, but the claim's direction holds: of a value, the whole interval lies
                beyond the claim's ``direction``; of a bound, the value lies beyond it and the
                interval does not, or the whole interval lies beyond ``direction``.
not reproduced  Neither.
not run         The run has no rows to judge by; ``why`` names what is missing.

An interval wider than the band can speak neither for nor against the value, so there the value
alone decides. A value without an interval (``interval_method`` none) is an interval of no width,
unless it has none because n is too small or the value is biased at this n: then the interval may
reach anywhere, and a bound is reproduced by no such value.
"""

import math

import numpy as np
import pandas as pd
from scipy.stats import kendalltau

from modgap.errors import InputError

REPRODUCED, DIRECTION, NOT_REPRODUCED, NOT_RUN = VERDICTS = (
    "reproduced",
    "direction only",
    "not reproduced",
    "not run",
)

# Beginnings of ``interval_method`` where there is an interval that nobody knows.
UNKNOWN = ("none: n too small", "none: biased")

COLUMNS = [
    "id",
    "claim",
    "where",
    "published",
    "measured",
    "low",
    "high",
    "n",
    "seed",
    "protocol",
    "scale",
    "verdict",
    "why",
]


def judge_claims(claims, tables):
    """Judge every claim; one row each, in their order.

    claims : what ``modgap.plan.outputs.claims.load_claims`` returns.
    tables : table name -> DataFrame of all its rows in this run with their attributes; a table
        that the run does not make is absent.
    """
    return pd.DataFrame([judge_claim(claim, tables.get(claim["table"])) for claim in claims])[
        COLUMNS
    ]


def judge_claim(claim, frame):
    """The row of one claim; ``frame`` is None where the run does not make its table."""
    found = None if frame is None or frame.empty else measure_claim(claim, frame)
    row = {
        "id": claim["id"],
        "claim": claim["text"],
        "where": claim["where"],
        "published": spell_claim(claim),
        "protocol": claim["protocol"],
        "scale": claim["scale"],
    }
    if found is None:
        nothing = dict.fromkeys(("measured", "low", "high"), math.nan)
        empty = {"n": "–", "seed": "–", "verdict": NOT_RUN}
        return {**row, **nothing, **empty, "why": explain_missing(claim, frame)}
    limits = (-math.inf, math.inf) if found["unknown"] else (found["low"], found["high"])
    decided = decide_verdict(claim, found["value"], *limits)
    return {
        **row,
        "measured": found["value"],
        "low": found["low"],
        "high": found["high"],
        "n": found["n"],
        "seed": found["seed"],
        "verdict": decided,
        "why": explain_verdict(claim, found, decided),
    }


# --- verdict ---------------------------------------------------------------------------------


def decide_verdict(claim, value, low, high):
    """Verdict on a measured value with its limits (NaN where it has none); see the module."""
    low, high = (value, value) if math.isnan(low) or math.isnan(high) else (low, high)
    if "tolerance" in claim:
        bottom, top = tolerance_band(claim)
        # Differences of decimal numbers are not exact.
        slack = 1e-9 * max(1.0, abs(claim["published"]))
        inside = bottom - slack <= value <= top + slack
        reaches = low <= top + slack and high >= bottom - slack
        if inside or (reaches and high - low <= top - bottom + slack):
            return REPRODUCED
        follows = lies_beyond(claim.get("direction", {}), low, high)
    else:
        if lies_beyond(claim, low, high):
            return REPRODUCED
        follows = lies_beyond(claim, value, value) or lies_beyond(
            claim.get("direction", {}), low, high
        )
    return DIRECTION if follows else NOT_REPRODUCED


def tolerance_band(claim):
    """Lowest and highest value that agree with a published one."""
    return claim["published"] - claim["tolerance"], claim["published"] + claim["tolerance"]


def lies_beyond(bound, low, high):
    """Whether everything from low to high lies beyond ``above`` or ``below``; False without one."""
    if "above" in bound:
        return low > bound["above"]
    return "below" in bound and high < bound["below"]


# --- measurement -----------------------------------------------------------------------------


def measure_claim(claim, frame):
    """Value, limits, n, seed and names of what measures a claim; None without such rows."""
    rows = select_rows(claim, frame, claim["rows"])
    if rows.empty:
        return None
    if "count" in claim or "share" in claim:
        return measure_share(claim, rows)
    if "trend" in claim:
        return measure_trend(claim, rows)
    if "minus" in claim:
        return measure_difference(claim, frame, rows)
    chosen = weakest_row(claim, rows)
    return build_measurement(chosen, *read_limits(claim, chosen), rows, lacks_limits(chosen))


def select_rows(claim, frame, conditions):
    """Rows that meet every condition: equal to a value, or to one of a list."""
    keep = np.ones(len(frame), dtype=bool)
    for column, wanted in conditions.items():
        if column not in frame:
            raise InputError(
                f"claims.yaml: {claim['id']}: table {claim['table']} has no column {column!r}"
            )
        values = wanted if isinstance(wanted, list) else [wanted]
        keep &= np.any([equals(frame[column], value) for value in values], axis=0)
    return frame[keep]


def equals(column, value):
    """Equality by element; of numbers, up to rounding (1/30 is written 0.0333333)."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        numbers = pd.to_numeric(column, errors="coerce").to_numpy(float, na_value=math.nan)
        return np.isclose(numbers, value, rtol=1e-4, atol=1e-9)
    return (column == value).to_numpy(bool, na_value=False)


def read_limits(claim, row):
    """Value and limits of a row by the claim's columns; NaN where there is no limit."""
    columns = claim["columns"]
    value, low, high = (
        float(row[columns[key]]) if key in columns else math.nan for key in ("value", "low", "high")
    )
    return value, low, high


def weakest_row(claim, rows, sense=1):
    """The row least in favour of the claim, so that a claim holds for every row or for none.

    sense : 1, or -1 for rows that are subtracted.
    """
    values = rows[claim["columns"]["value"]].astype(float)
    if "tolerance" in claim:
        return rows.loc[(values - claim["published"]).abs().idxmax()]
    return rows.loc[(values if "above" in claim else -values).mul(sense).idxmin()]


def measure_difference(claim, frame, rows):
    """Weakest row minus the row of ``minus``; the limits are the ends of both: conservative."""
    others = select_rows(claim, frame, {**claim["rows"], **claim["minus"]})
    if others.empty:
        return None
    first, second = weakest_row(claim, rows), weakest_row(claim, others, sense=-1)
    (value, low, high), (other, other_low, other_high) = (
        read_limits(claim, first),
        read_limits(claim, second),
    )
    both = pd.concat([rows, others])
    limits = low - other_high, high - other_low
    unknown = lacks_limits(first) or lacks_limits(second)
    return build_measurement(first, value - other, *limits, both, unknown)


def measure_trend(claim, rows):
    """Kendall's tau of the value over a column, within one name; the weakest of several."""
    trends = []
    for _, group in rows.groupby("measured_on", sort=False):
        values = group[claim["columns"]["value"]].astype(float)
        if len(group) > 2:
            strength = kendalltau(group[claim["trend"]].astype(float), values).statistic
            trends.append((strength, group))
    if not trends:
        return None
    if "tolerance" in claim:
        strength, group = max(trends, key=lambda one: abs(one[0] - claim["published"]))
    else:
        sense = 1 if "above" in claim else -1
        strength, group = min(trends, key=lambda one: sense * one[0])
    return build_measurement(group.iloc[0], float(strength), math.nan, math.nan, rows)


def measure_share(claim, rows):
    """How many rows (``count``) or what part of them (``share``) meet further conditions."""
    kind = "count" if "count" in claim else "share"
    per_name = [
        select_rows(claim, group, claim[kind]).shape[0] / (1 if kind == "count" else len(group))
        for _, group in rows.groupby("measured_on", sort=False)
    ]
    frame = pd.DataFrame({"measured_on": rows["measured_on"].unique(), "value": per_name})
    chosen = weakest_row({**claim, "columns": {"value": "value"}}, frame)
    first = rows[rows["measured_on"] == chosen["measured_on"]].iloc[0]
    return build_measurement(first, float(chosen["value"]), math.nan, math.nan, rows)


def lacks_limits(row):
    """Whether the row has an interval that nobody knows."""
    return str(row.get("interval_method", "")).startswith(UNKNOWN)


def build_measurement(row, value, low, high, rows, unknown=False):
    """A measurement with what is known of the row it comes from; ``unknown`` are its limits."""
    names = list(dict.fromkeys(name for name in rows["measured_on"] if name))
    return {
        "value": value,
        "low": low,
        "high": high,
        "n": spell_size(row),
        "seed": spell_seed(row),
        "names": names,
        "unknown": unknown,
    }


def spell_size(row):
    """Number of items as text."""
    n = row.get("n", row.get("n_inputs", math.nan))
    return "–" if pd.isna(n) else str(int(n))


def spell_seed(row):
    """Seed as text: the row's own, else those of its study."""
    seed, study = row.get("seed", math.nan), row.get("seeds_of_study", math.nan)
    return str(int(seed)) if not pd.isna(seed) else "–" if pd.isna(study) else str(study)


# --- words -----------------------------------------------------------------------------------


def spell_claim(claim):
    """What the claim expects, as text."""
    if "tolerance" in claim:
        exactly = f"{claim['published']:g}"
        return f"{exactly} ± {claim['tolerance']:g}" if claim["tolerance"] else exactly
    side = "above" if "above" in claim else "below"
    expected = f"{side} {claim[side]:g}"
    return f"{expected} (paper: {claim['published']:g})" if "published" in claim else expected


def explain_verdict(claim, measured, decided):
    """Why the verdict is what it is."""
    expected = spell_claim(claim)
    value = f"{measured['value']:.4g}"
    if not math.isnan(measured["low"]):
        value += f" [{measured['low']:.4g}, {measured['high']:.4g}]"
    parts = [f"{value}; expected {expected} ({claim['reason']})"]
    if claim["scale"] == "embedded":
        parts.append(f"judged on this run's own models and data ({', '.join(measured['names'])})")
    elif len(measured["names"]) > 1:
        parts.append(f"the weakest of {', '.join(measured['names'])}")
    if decided != REPRODUCED and "otherwise" in claim:
        parts.append(claim["otherwise"])
    return "; ".join(parts)


def explain_missing(claim, frame):
    """What a claim that was not judged needs."""
    if frame is None or frame.empty:
        return f"needs {claim['needs']}; this run makes no table {claim['table']}"
    return f"needs {claim['needs']}; table {claim['table']} of this run has no such rows"
