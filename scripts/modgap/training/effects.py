"""What moves the gap in training: the change in every cell of a factorial study, and its effects.

The unit is the seed. An effect is paired: a contrast of two levels is taken within each seed, over
all cells that differ in nothing else, before it is averaged over seeds. Runs that collapsed have
no gap and drop out of the cells that are compared, with their partner.
"""

import pandas as pd

from modgap.statistics.inference import mean_interval
from modgap.training.studies import OVER_SEEDS, stage_rows

ONE_SEED = "none: one seed, the direction only"
NO_GAP = "none: collapsed, no gap"
COLUMNS = ["effect", "value", "low", "high", "interval_method", "n", "n_seeds", "n_cells"]

# Of every factor the level that the others are set against.
REFERENCES = {
    "decay": "none",
    "loss": "reshuffled",
    "start": "as_is",
    "logit_scale": "frozen",
}

EXPLAINED, BOTH, UNDECIDED = "L2 explains it", "both", "undecided"


def gap_changes(cells, trajectories):
    """Change of the gap in every run.

    Parameters
    ----------
    cells : list of dicts: factors of a cell, its ``seed`` and the name of its ``run``.
    trajectories : dict from run to its trajectory (see ``modgap.training.loop``).

    Returns
    -------
    DataFrame, one row a cell and seed: the factors, ``seed``, ``change`` (end minus start, NaN of
    a collapsed run), ``n`` (items).
    """
    rows = []
    for cell in cells:
        ends = stage_rows(trajectories[cell["run"]]).query("statistic == 'gap'").set_index("stage")
        change = ends.loc["end", "value"] - ends.loc["start", "value"]
        factors = {key: value for key, value in cell.items() if key != "run"}
        rows.append({**factors, "change": change, "n": int(ends.loc["end", "n"])})
    return pd.DataFrame(rows)


def mean_of_seeds(values):
    """Mean with its t interval over seeds: value, low, high, interval_method, n_seeds."""
    values = pd.Series(values, dtype=float)
    low = high = float("nan")
    method = NO_GAP if values.isna().all() else ONE_SEED
    values = values.dropna()
    if len(values) > 1:
        (low, high), method = mean_interval(values), OVER_SEEDS
    return {
        "value": values.mean(),
        "low": low,
        "high": high,
        "interval_method": method,
        "n_seeds": len(values),
    }


def cell_rows(changes, factors):
    """The change of the gap in every cell, over its seeds; ``collapsed`` counts those without."""
    rows = []
    for key, cell in changes.groupby(factors, sort=False):
        found = mean_of_seeds(cell["change"])
        about = {"effect": "change", "n": cell["n"].iloc[0], "n_cells": 1}
        lost = int(cell["change"].isna().sum())
        rows.append({**dict(zip(factors, key, strict=True)), **about, **found, "collapsed": lost})
    return rows


def contrast(changes, factors, *pairs):
    """A contrast of levels within seeds, averaged over all else.

    pairs : (factor, level, reference). One gives a main effect, two an interaction: the first
    contrast at the level of the second, less that at its reference.

    Returns
    -------
    (values, n_cells): a Series over seeds, and how many cells it compares in each.
    """
    chosen = [pair[0] for pair in pairs]
    others = ["seed", *(factor for factor in factors if factor not in chosen)]
    wide = changes.pivot(index=others, columns=chosen, values="change")
    values = 0
    for corner in range(2 ** len(pairs)):
        bits = [(corner >> i) & 1 for i in range(len(pairs))]
        levels = [pair[1 + bit] for pair, bit in zip(pairs, bits, strict=True)]
        sign = -1 if sum(bits) % 2 else 1
        values = values + sign * wide[levels[0] if len(levels) == 1 else tuple(levels)]
    values = values.dropna()
    by_seed = values.groupby(level="seed")
    return by_seed.mean(), int(by_seed.size().min()) if len(values) else 0


def effect_rows(changes, factors):
    """Main effects of every factor and the interactions of decay and loss, at each
    ``rate_times_steps``.
    """
    rows = []
    for rate, part in changes.groupby("rate_times_steps", sort=False):
        offered = {
            factor: [
                (factor, level, reference)
                for level in part[factor].unique()
                if level != reference and reference in set(part[factor])
            ]
            for factor, reference in REFERENCES.items()
        }
        asked = [(pair,) for pairs in offered.values() for pair in pairs]
        asked += [(decay, loss) for decay in offered["decay"] for loss in offered["loss"]]
        inner = [factor for factor in factors if factor != "rate_times_steps"]
        for pairs in asked:
            values, n_cells = contrast(part, inner, *pairs)
            rows.append(
                {
                    "effect": "main" if len(pairs) == 1 else "interaction",
                    "rate_times_steps": rate,
                    **{pair[0]: f"{pair[1]} − {pair[2]}" for pair in pairs},
                    **mean_of_seeds(values),
                    "n": part["n"].iloc[0],
                    "n_cells": n_cells,
                }
            )
    return rows


def study_effects(cells, trajectories):
    """Changes in cells, main effects and interactions as one table.

    Returns
    -------
    DataFrame: ``effect`` (change, main, interaction), the factors (a level, or what is set against
    what; empty where an effect is averaged over it), ``value`` ... of ``COLUMNS``, ``collapsed``.
    """
    factors = [key for key in cells[0] if key not in ("seed", "run")]
    changes = gap_changes(cells, trajectories)
    frame = pd.DataFrame([*cell_rows(changes, factors), *effect_rows(changes, factors)])
    return frame.reindex(columns=[*factors, *COLUMNS, "collapsed"])


def widens(row):
    """Whether a cell's gap widened: True, False, or None where its interval covers both answers.

    A single seed has no interval; its sign is all there is.
    """
    value, low, high = row["value"], row["low"], row["high"]
    if value != value:
        return None
    if low != low:
        return value > 0
    return True if low > 0 else False if high < 0 else None


def explain_widening(rows, effect):
    """Is it L2 that widens the gap? From the cells of one rate, start and logit scale.

    L2 explains it only if the gap does not widen without decay, and widens with L2 also where the
    pairs mean nothing. Both: it widens without decay, and more with L2: the main effect of L2 is
    above zero.

    Parameters
    ----------
    effect : dict of value, low, high: the main effect of L2 against no decay.
    rows : DataFrame with ``decay``, ``loss``, ``value``, ``low``, ``high`` of effect ``change``.

    Returns
    -------
    str, or None where the study lacks one of these cells.
    """
    cells = {(row["decay"], row["loss"]): row for row in rows.to_dict("records")}
    wanted = [("none", "contrastive"), ("l2", "contrastive"), ("l2", "reshuffled")]
    if not set(wanted) <= set(cells):
        return None
    bare, joint, empty = (widens(cells[key]) for key in wanted)
    if bare is False and joint and empty:
        return EXPLAINED
    if bare and joint and empty and widens(effect):
        return BOTH
    return UNDECIDED
