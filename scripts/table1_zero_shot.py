"""Table 1: zero-shot classification with the best shift, as published and corrected.

One row per task and side. Holm's family: all tasks of the configuration whose model is trained, for
each side by itself. It is fixed before anything is measured. Near duplicates do not count as tasks:
the sides of one task, or tasks on the same data that differ in precision, split or template; such a
task is adjusted as if it stood in the place of the first of them. A row at chance level, or of a
model with random weights, is marked and gets no verdict.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import pandas as pd

from modgap.job import start_log
from modgap.report.formats import reasons_not_judged, write_formats
from modgap.statistics.inference import holm
from modgap.tables import read_metadata, read_table
from modgap.tasks.sweep import control_verdict

SIGNIFICANT = 0.05

COLUMNS = [
    "task",
    "model",
    "weights",
    "side",
    "metric",
    "n",
    "chance",
    "original",
    "published_delta",
    "published",
    "best_gap",
    "published_p",
    "corrected_gain",
    "corrected_low",
    "corrected_high",
    "corrected_p_holm",
    "optimism",
    "percentile_of_random",
    "beats_controls",
    "verdict",
]


def main(selections, controls, curves, csv, md, tex, *, tasks):
    """One file of each kind per task, in the order of ``tasks`` (name, label, model, state,
    counts_as: the first task that asks the same, ...).
    """
    rows = []
    for selection, control, curve, task in zip(selections, controls, curves, tasks, strict=True):
        about = read_metadata(selection)
        choices, gains, points = read_table(selection), read_table(control), read_table(curve)
        for side in choices["side"].unique():
            parts = (frame[frame["side"] == side] for frame in (choices, gains, points))
            rows.append(table_row(task, about, side, *parts))
    frame = pd.DataFrame(rows)
    frame["corrected_p_holm"] = adjust_by_side(frame)
    frame["verdict"] = [spell_verdict(row) for row in frame.to_dict("records")]
    write_formats(frame, csv, md, tex, columns=COLUMNS)


def adjust_by_side(frame):
    """Holm's p of each row over the trained tasks of its side; nan where the weights are random.

    A task at chance level stays in: whether it is there is seen in the data, and the family must
    not depend on them.
    """
    p = frame["corrected_p"].where(frame["weights"] != "random")
    sides = (p[part.index] for _, part in frame.groupby("side", sort=False))
    return pd.concat([adjust_once(side, frame.loc[side.index, "counts_as"]) for side in sides])


def adjust_once(p, counts_as):
    """Holm's p of every row in the family that has one row for each of ``counts_as``.

    p, counts_as : Series of one index. Of rows that count as one the first stands for them, but in
    the adjustment of another that one does.
    """
    first = p[~counts_as.duplicated()]
    adjusted = {}
    for row in p.index:
        others = first[counts_as[first.index] != counts_as[row]]
        adjusted[row] = holm([p[row], *others])[0]
    return pd.Series(adjusted)


def table_row(task, about, side, choices, gains, points):
    """What the table says of one task and side, before the tests are adjusted together."""
    choices = choices.set_index("procedure")
    published, corrected = choices.loc["published"], choices.loc["corrected"]
    cross_fitted = choices[choices.index.str.startswith("cross-fitted")].iloc[0]
    statistic = "top1" if about["metric"] == "accuracy" else "auc"
    points = points[points["statistic"] == statistic].set_index("delta")
    before, best = points.loc[0.0], points.loc[published["delta"]]
    chance = about["largest_class"] if about["metric"] == "accuracy" else 0.5
    against = control_verdict(gains)
    return {
        "task": task["label"],
        "counts_as": task["counts_as"],
        "dataset": task["dataset"],
        "model": task["model"],
        "weights": task["state"],
        "prompts": f"{task['prompts']}/{task['templates']}",
        "gap_of": task["gap"],
        "side": side,
        "metric": about["metric"],
        "n": about["n"],
        "n_classes": about["n_classes"],
        "chance": chance,
        "original": before["value"],
        "original_low": before["low"],
        "original_high": before["high"],
        "original_distance": before["distance"],
        "published_delta": published["delta"],
        "published": published["after"],
        "published_gain": published["gain"],
        "published_distance": best["distance"],
        "best_gap": compare_gaps(before["distance"], best["distance"]),
        "published_p": published["p"],
        "corrected_gain": corrected["gain"],
        "corrected_low": corrected["low"],
        "corrected_high": corrected["high"],
        "corrected_p": corrected["p"],
        "test": corrected["test"],
        "cross_fitted_gain": cross_fitted["gain"],
        "optimism": published["gain"] - cross_fitted["gain"],
        "percentile_of_random": against.pop("percentile"),
        **against,
        "mark": reasons_not_judged(task["state"], before["low"], chance),
    }


def compare_gaps(before, after):
    """The paper's arrow, ↑ where a larger gap is best; by distances with their sign."""
    if after == before:
        return "–"
    return "↑" if after > before else "↓" if after >= 0 else "↓ sides swapped"


def spell_verdict(row):
    """The corrected test in words."""
    if row["mark"]:
        return f"not judged: {row['mark']}"
    if row["corrected_p_holm"] >= SIGNIFICANT:
        return "no change shown"
    return "gain" if row["beats_controls"] else "gain, no more than controls"


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.selections,
        snakemake.input.controls,
        snakemake.input.curves,
        *snakemake.output,
        **snakemake.params.settings,
    )
