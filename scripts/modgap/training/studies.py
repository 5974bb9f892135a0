"""Studies made of several training runs: their cells over seeds, before and after training."""

import pandas as pd

from modgap.statistics.inference import mean_interval
from modgap.tables import column_name

STAGES = ("start", "end")
OVER_SEEDS = "t over seeds"
# Ends the interval_method of a measurement of one seed.
OF_ONE_SEED = "; items of one seed"


def stage_rows(trajectory):
    """The first and last measured step of a trajectory, marked ``start`` and ``end``."""
    first, last = trajectory["step"].min(), trajectory["step"].max()
    return pd.concat(
        [
            trajectory[trajectory["step"] == step].assign(stage=stage)
            for stage, step in zip(STAGES, (first, last), strict=True)
        ]
    )


def summarise(cells, trajectories):
    """One row per cell, stage and measurement: the mean over seeds.

    Parameters
    ----------
    cells : list of dicts: factors of a cell, its ``seed`` and the name of its ``run``.
    trajectories : dict from run to its trajectory (see ``modgap.training.loop``).

    Returns
    -------
    DataFrame: the factors, ``stage`` (start, end), ``step``, ``statistic``, ``side``, ``value``,
    ``low``, ``high``, ``interval_method``, ``n`` (held-out items), ``dim``, ``n_seeds``,
    ``seed_numbers`` and ``by_seed`` (lists: the seeds and the value of each, for paired
    differences). With one seed the interval is over the items of that one model and says so, with
    several a t interval over them.
    """
    factors = [key for key in cells[0] if key not in ("seed", "run")]
    rows = pd.concat(
        [stage_rows(trajectories[cell["run"]]).assign(**cell) for cell in cells],
        ignore_index=True,
    )
    # Without sorting, groups come in the order of the cells and of the measurements.
    keys = [*factors, "stage", "statistic", "side"]
    groups = rows.groupby(keys, sort=False, dropna=False)
    return pd.DataFrame(
        [
            {
                **dict(zip(keys, key, strict=True)),
                **mark_one_seed(mean_over_seeds(group)),
                **values_by_seed(group),
            }
            for key, group in groups
        ]
    )


def mean_over_seeds(group):
    """Mean of one measurement over the runs of a cell, with its interval."""
    first = group.iloc[0]
    shared = {"step": int(first["step"]), "n": int(first["n"]), "dim": int(first["dim"])}
    shared["n_seeds"] = len(group)
    if len(group) == 1:
        kept = {key: first[key] for key in ("value", "low", "high", "interval_method")}
        return {**shared, **kept}
    # Without a gap of every seed there is no mean of the gap.
    if group["value"].isna().any():
        lost = {"value": float("nan"), "low": float("nan"), "high": float("nan")}
        method = group.loc[group["value"].isna(), "interval_method"].iloc[0]
        return {**shared, **lost, "interval_method": method}
    low, high = mean_interval(group["value"])
    value = group["value"].mean()
    return {**shared, "value": value, "low": low, "high": high, "interval_method": OVER_SEEDS}


def mark_one_seed(row):
    """The row, whose interval says so where it is over the items of one seed."""
    if row["n_seeds"] > 1 or row["interval_method"].startswith("none"):
        return row
    return {**row, "interval_method": row["interval_method"] + OF_ONE_SEED}


def values_by_seed(group):
    """The seeds of a measurement and the value of each, as lists in the same order."""
    return {
        "seed_numbers": [int(seed) for seed in group["seed"]],
        "by_seed": [float(value) for value in group["value"]],
    }


def wide_table(summary):
    """One row per cell: factors, ``n_seeds``, ``n``, then every measurement.

    Those at the end of training carry their plain name, those at its start end in ``_start``; where
    there is an interval, columns with ``_low`` and ``_high`` follow. Where a run collapsed
    (``modgap.training.norms``) a column ``collapsed`` says which cells have such runs, and no gap.
    """
    fixed = ["stage", "statistic", "side", "step", "n", "dim", "n_seeds"]
    numbers = ["value", "low", "high", "interval_method", "seed_numbers", "by_seed"]
    factors = [key for key in summary.columns if key not in fixed + numbers]
    rows = []
    for key, cell in summary.groupby(factors, sort=False, dropna=False):
        row = dict(zip(factors, key, strict=True))
        row |= {key: cell[key].iloc[0] for key in ("n_seeds", "n", "dim")}
        row["steps"] = cell["step"].max()
        for measured in cell.itertuples():
            stage = "_start" if measured.stage == "start" else ""
            # The factor ``tau`` is where a run starts, this is where it is.
            name = "trained_tau" if measured.statistic == "tau" else measured.statistic
            column = column_name(name, measured.side) + stage
            row[column] = measured.value
            if not measured.interval_method.startswith("none"):
                row[f"{column}_low"], row[f"{column}_high"] = measured.low, measured.high
        # The rows of the end come after those of the start.
        gap = cell.query("statistic == 'gap'").iloc[-1]
        row["gap_interval"] = gap["interval_method"]
        row["collapsed"] = "yes" if pd.isna(gap["value"]) else "no"
        rows.append(row)
    table = pd.DataFrame(rows)
    return table if "yes" in set(table["collapsed"]) else table.drop(columns="collapsed")
