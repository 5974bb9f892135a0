"""Claims of the paper judged by a run's tables: one row each, with its reason in words.

A claim (``config/claims.yaml``, read by ``modgap.plan.outputs.claims``) is measured by
``modgap.report.verdicts.measure`` and decided by ``modgap.report.verdicts.decide``.
"""

import math

import pandas as pd

from modgap.report.verdicts.decide import (
    DIRECTION,
    ILLUSTRATION,
    NOT_RUN,
    REPRODUCED,
    UNDECIDED,
    decide_verdict,
    expected_value,
)
from modgap.report.verdicts.measure import FACTORS, measure_claim, weakest

COLUMNS = [
    "id",
    "claim",
    "where",
    "source",
    "decidable",
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

ONE_SEED = "the interval is over the items of one seed, so no more than the direction is shown"
SEVERAL_SEEDS = "mean over seeds {} ({}); the interval is over seeds and items"


def judge_claims(claims, tables):
    """Judge every claim; one row each, in their order.

    claims : what ``modgap.plan.outputs.claims.load_claims`` returns.
    tables : table name -> DataFrame of all its rows in this run with their attributes; a table
        that the run does not make is absent.
    """
    return pd.DataFrame([judge_claim(claim, tables) for claim in claims])[COLUMNS]


def judge_claim(claim, tables):
    """The row of one claim."""
    row = {
        "id": claim["id"],
        "claim": claim["text"],
        "where": claim["where"],
        "source": claim["source"],
        "decidable": claim["decidable"],
        "published": spell_claim(claim),
        "protocol": claim["protocol"],
        "scale": claim["scale"],
    }
    found = measure_claim(claim, tables)
    if not found:
        nothing = dict.fromkeys(("measured", "low", "high"), math.nan)
        verdict = ILLUSTRATION if claim.get("illustrates") else NOT_RUN
        why = explain_missing(claim, tables)
        return {**row, **nothing, "n": "–", "seed": "–", "verdict": verdict, "why": why}
    chosen = weakest(claim, found)
    limits = {key: chosen[key] for key in ("low", "high")}
    one_seed = claim.get("unit") == "seeds" and any(one["n_seeds"] == 1 for one in found)
    verdict = decide_verdict(claim, chosen["value"], **limits, one_seed=one_seed)
    known = all(map(math.isfinite, limits.values()))
    return {
        **row,
        "measured": chosen["value"],
        **(limits if known else dict.fromkeys(limits, math.nan)),
        "n": spell_size(chosen["row"]),
        "seed": spell_seed(chosen["row"]),
        "verdict": verdict,
        "why": explain_verdict(claim, found, chosen, verdict, one_seed),
    }


# --- words -----------------------------------------------------------------------------------


def spell_size(row):
    """Number of items as text."""
    n = row.get("n", row.get("n_inputs", math.nan))
    return "–" if pd.isna(n) else str(int(n))


def spell_seed(row):
    """Seed as text: the row's own, else those of its study."""
    seed, study = row.get("seed", math.nan), row.get("seeds_of_study", math.nan)
    return str(int(seed)) if not pd.isna(seed) else "–" if pd.isna(study) else str(study)


def spell_claim(claim):
    """What the claim expects, as text."""
    if "tolerance" in claim:
        exactly = f"{expected_value(claim):g}"
        return f"{exactly} ± {claim['tolerance']:g}" if claim["tolerance"] else exactly
    side = "above" if "above" in claim else "below"
    expected = f"{side} {claim[side]:g}"
    return f"{expected} (paper: {claim['published']:g})" if "published" in claim else expected


def spell_measured(one):
    """Value and interval as text."""
    value = f"{one['value']:.4g}"
    if math.isnan(one["low"]) or math.isnan(one["high"]):
        return value
    if math.isinf(one["low"]):
        return f"{value}, interval unknown"
    return f"{value} [{one['low']:.4g}, {one['high']:.4g}]"


def name_row(one, found):
    """What tells the deciding row from the others, in words."""
    rows = pd.DataFrame([other["row"] for other in found])
    told = [
        f"{key.replace('_', ' ')} {one['row'][key]:g}"
        if isinstance(one["row"][key], float)
        else f"{key.replace('_', ' ')} {one['row'][key]}"
        for key in FACTORS
        if key in one["row"]
        and rows[key].nunique(dropna=False) > 1
        and not pd.isna(one["row"][key])
    ]
    name = one["row"].get("measured_on", "")
    return ", ".join([name, *told] if name else told)


def explain_verdict(claim, found, chosen, verdict, one_seed):
    """Why the verdict is what it is."""
    parts = [f"{spell_measured(chosen)}; expected {spell_claim(claim)} ({claim['reason']})"]
    named = name_row(chosen, found)
    if len(found) > 1:
        parts.append(f"the weakest of {len(found)} rows: {named}")
    elif named and claim["scale"] == "embedded":
        parts.append(f"measured on {named}")
    if claim["scale"] == "embedded":
        parts.append("this run's own models and data")
    if verdict == UNDECIDED:
        parts.append("the interval covers both answers")
    if "by_seed" in chosen:
        each = ", ".join(f"{value:.4g}" for value in chosen["by_seed"])
        parts.append(SEVERAL_SEEDS.format(chosen["row"]["seeds_of_study"], each))
    if one_seed:
        parts.append(explain_one_seed(found))
    if claim.get("illustrates"):
        parts.append(f"not counted: {claim['illustrates']}")
    # With one seed the direction may be all that was to be had.
    as_hoped = verdict in (REPRODUCED, UNDECIDED) or (verdict == DIRECTION and one_seed)
    if not as_hoped and "otherwise" in claim and not claim.get("illustrates"):
        parts.append(claim["otherwise"])
    return "; ".join(parts)


def explain_one_seed(found):
    """Why no more than the direction is shown, and which rows are to blame if not all are."""
    single = [one["row"].get("measured_on", "") for one in found if one["n_seeds"] == 1]
    if len(single) == len(found):
        return ONE_SEED
    named = ", ".join(dict.fromkeys(single))
    return f"{named}: items of one seed, so no more than the direction is shown"


def explain_missing(claim, tables):
    """What a claim that was not judged needs."""
    if tables.get(claim["table"]) is None:
        return f"needs {claim['needs']}; this run makes no table {claim['table']}"
    return f"needs {claim['needs']}; table {claim['table']} of this run has no such rows"
