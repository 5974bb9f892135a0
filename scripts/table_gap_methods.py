"""Methods that move or close the gap: what each needs, what is left, every task, and its cost.

One row for each embedding set and method. Changes are over the raw embeddings, with the interval
that includes fitting the method again; a set that was left out has one row that says why.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import pandas as pd

from modgap.job import start_log
from modgap.report.formats import write_formats
from modgap.tables import read_metadata, read_table

KEPT = [
    "label",
    "family",
    "needs",
    "parameters",
    "optimism",
    "n_calibration",
    "n_test",
    "gap",
    "gap_floor",
    "gap_share",
    "rmg",
    "mean_difference",
    "spread_ratio",
    "separability",
    "temperature",
    "microseconds",
    "seed",
    "source",
]
NUMBERS = ["value", "change", "low", "high", "low_refitted", "high_refitted", "p", "verdict"]
NUMBERS += ["detectable"]
# Measures without a test that stand beside those with one.
BESIDE = {"skewness10": "value", "gini": "value", "gini_of_labels": "value", "loss": "value"}
PRINTED = ["embeddings", "method", "needs", "gap_over_floor", "gap_share"]
# Of the mixed search the printed table has the even gallery.
HIDDEN = ("mixed, 0 %", "mixed, 25 %", "mixed, 75 %", "mixed, 100 %")


def main(methods, changes, calibration, csv, md, tex, *, sets):
    """A table of each kind for each of ``sets`` (name, label)."""
    frames = [
        list_methods_of(row["name"], *files)
        for row, *files in zip(sets, methods, changes, calibration, strict=True)
    ]
    frame = pd.concat(frames, ignore_index=True)
    texts = [name for name in frame if name.startswith("shown: ")]
    printed = frame.rename(columns={name: name.removeprefix("shown: ") for name in texts})
    columns = [*PRINTED, *(name.removeprefix("shown: ") for name in texts), "microseconds"]
    if "left_out" in frame:
        columns.append("left_out")
    write_formats(printed, csv, md, tex, columns=columns)


def list_methods_of(name, methods, changes, calibration):
    """Rows of one set."""
    why = read_metadata(methods).get("left_out")
    if why:
        return pd.DataFrame([{"embeddings": name, "method": "none", "left_out": why}])
    about, cells = read_table(methods), read_table(changes)
    frame = about.set_index("method")[KEPT]
    tested = cells[cells["verdict"] != ""]
    columns = {}
    for task in dict.fromkeys(tested["task"]):
        rows = tested[tested["task"] == task].set_index("method")
        if not task.startswith(HIDDEN):
            columns[f"shown: {task}"] = rows.apply(spell_change, axis=1)
        columns |= {f"{task}: {number}": rows[number] for number in NUMBERS}
    for measure, number in BESIDE.items():
        for task in dict.fromkeys(cells.loc[cells["measure"] == measure, "task"]):
            chosen = (cells["measure"] == measure) & (cells["task"] == task)
            columns[f"{task}: {measure}"] = cells[chosen].set_index("method")[number]
    columns |= list_outside(read_table(calibration))
    beside = {name: values.reindex(frame.index) for name, values in columns.items()}
    frame = pd.concat([frame, pd.DataFrame(beside, index=frame.index)], axis=1)
    frame.insert(0, "gap_over_floor", frame["gap"] / frame["gap_floor"])
    frame = frame.reset_index().rename(columns={"method": "name", "label": "method"})
    frame.insert(0, "embeddings", name)
    return frame


def list_outside(curves):
    """Changes of what is fitted on another set: columns, each by method."""
    outside = curves[curves["source"] == "out of domain"]
    columns = {}
    for task in dict.fromkeys(outside["task"]):
        rows = outside[outside["task"] == task]
        last = rows.sort_values("n_calibration").groupby("method").last()
        for number in ("change", "low", "high"):
            columns[f"{task}, out of domain: {number}"] = last[number]
    return columns


def spell_change(row):
    """A change in points with its interval, in brackets where it is not told apart from 0."""
    text = f"{100 * row['change']:+.1f} [{100 * row['low_refitted']:+.1f}, "
    text += f"{100 * row['high_refitted']:+.1f}]"
    return f"({text})" if row["verdict"] not in ("better", "worse") else text


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.methods,
        snakemake.input.changes,
        snakemake.input.calibration,
        *snakemake.output,
        **snakemake.params.settings,
    )
