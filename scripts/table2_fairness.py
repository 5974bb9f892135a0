"""Table 2: rates of harmful classes by group, without and with shifts of the pictures.

One row per task, set of templates, group and shift. Print shows the main templates, all pictures
and the first grouping; the CSV has every set of templates, every grouping and the cells. A set of
templates at chance level, or of a model with random weights, is marked and gets no stars.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import pandas as pd

from modgap.job import start_log
from modgap.report.formats import reasons_not_judged, write_formats
from modgap.tables import read_metadata, read_table
from modgap.tasks.fairness import ACCURACY

SIGNIFICANT = 0.05
KEYS = ["templates", "grouping", "group", "delta"]


def main(rates, changes, csv, md, tex, *, tasks):
    """One file of each kind per task, in the order of ``tasks`` (name, label, model, state...)."""
    frames = []
    for rate, change, task in zip(rates, changes, tasks, strict=True):
        about = {"task": task["label"], "model": task["model"], "weights": task["state"]}
        frame = task_rows(
            read_table(rate),
            read_table(change),
            task["state"],
            read_metadata(rate)["largest_class"],
        )
        first = frame["grouping"].drop_duplicates().iloc[1]
        main_rows = frame["templates"].eq(task["templates"]) & frame["grouping"].isin(
            ["all", first]
        )
        frames.append(frame.assign(**about, printed=main_rows))
    frame = pd.concat(frames, ignore_index=True)
    texts = [name for name in frame if name.endswith("[95 %]")]
    columns = ["task", "model", "group", "n", "delta", "distance", *texts, "mark"]
    printed = frame.pop("printed").astype(bool)
    write_formats(
        frame[["task", "model", "weights", *frame.columns.drop(["task", "model", "weights"])]],
        csv,
        md,
        tex,
        columns=columns,
        printed=printed,
    )


def task_rows(rates, changes, state, chance):
    """Rates and tests of one task side by side: a row per group and tested shift."""
    tested = {0.0, *changes["delta"]}
    rates = rates[rates["delta"].isin(tested)]
    wide = rates.drop_duplicates(KEYS).set_index(KEYS)[["n", "distance"]]
    wide["mark"] = wide.index.get_level_values("templates").map(
        marks_by_templates(rates, state, chance)
    )
    for measure in rates["measure"].unique():
        here = rates[rates["measure"] == measure].set_index(KEYS).loc[wide.index]
        test = changes[changes["measure"] == measure].set_index(KEYS).reindex(wide.index)
        wide[f"{measure}_count"] = here["count"]
        for column in ("value", "low", "high"):
            wide[f"{measure}_{column}"] = here[column]
        for column in ("lost", "won", "p", "p_holm", "p_published"):
            wide[f"{measure}_{column}"] = test[column]
        starred = (test["p_holm"] < SIGNIFICANT) & (wide["mark"] == "")
        spelled = spell_shares if measure == ACCURACY else spell_percents
        wide[f"{measure} [95 %]"] = [
            spelled(row.value, row.low, row.high) + " *" * star
            for row, star in zip(here.itertuples(), starred, strict=True)
        ]
    return wide.reset_index()


def marks_by_templates(rates, state, chance):
    """Why the rows of each set of templates are not judged, by the accuracy over all pictures."""
    whole = rates.query("grouping == 'all' and measure == @ACCURACY and delta == 0")
    return {row.templates: reasons_not_judged(state, row.low, chance) for row in whole.itertuples()}


def spell_percents(value, low, high):
    """A rate in percent with its interval."""
    return f"{100 * value:.1f} % [{100 * low:.1f}, {100 * high:.1f}]"


def spell_shares(value, low, high):
    """An accuracy with its interval."""
    return f"{value:.4f} [{low:.4f}, {high:.4f}]"


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.rates,
        snakemake.input.changes,
        *snakemake.output,
        **snakemake.params.settings,
    )
