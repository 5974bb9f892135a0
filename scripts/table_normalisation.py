"""Table of the gap with and without what normalises in a model (Supplementary Figure 15).

Gathers three experiments: normalisation disabled in a trained model (the paper's), random
initialisations without normalisation layers, and models trained from scratch without them.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import pandas as pd

from modgap.job import start_log
from modgap.report.formats import write_for_people
from modgap.tables import read_table, read_tables, write_table

AS_IT_IS, REMOVED = "as it is", "no normalisation layers"
LAYERS = {"kept": AS_IT_IS, "removed": REMOVED}
KEPT = [
    "gap",
    "predicted_gap",
    "rmg",
    "mean_cosine",
    "recall1",
    "recall1_chance",
    "recall1_ceiling",
    "zero_shot",
    "zero_shot_chance",
]
COLUMNS = [
    "experiment",
    "name",
    "normalisation",
    "stage",
    "statistic",
    "side",
    "value",
    "low",
    "high",
    "interval_method",
    "n",
    "dim",
    "n_seeds",
]


def main(disabled, seeds, summary, table, csv, *, states, normalisation):
    """Write the rows of all three experiments, those that the configuration has.

    disabled : tables of ``measure_without_normalisation``. seeds : tables of ``measure_seeds``.
    summary : of the study, or None. states : dict from MODEL/DATASET to trained or random.
    normalisation : dict from the study's models to kept or removed.
    """
    frames = [disabled_rows(read_tables(disabled), states)]
    if seeds:
        frames.append(random_rows(read_tables(seeds)))
    if summary is not None:
        frames.append(scratch_rows(read_table(summary), normalisation))
    rows = pd.concat(frames, ignore_index=True)
    rows = rows[rows["statistic"].isin(KEPT)][COLUMNS].reset_index(drop=True)
    write_table(rows, table)
    write_for_people(rows, csv)


def disabled_rows(rows, states):
    """One network, measured as it is and disabled."""
    experiment = "disabled in a " + rows["embeddings"].map(states) + " model"
    return rows.rename(columns={"embeddings": "name"}).assign(
        experiment=experiment, stage="end", n_seeds=1
    )


def random_rows(rows):
    """Means over random initialisations; both towers together."""
    chosen = rows[rows["side"] == "both"]
    return chosen.rename(columns={"embeddings": "name", "n_initialisations": "n_seeds"}).assign(
        experiment="random initialisations",
        normalisation=chosen["normalisation_layers"].map(LAYERS),
        stage="start",
    )


def scratch_rows(rows, normalisation):
    """Before and after training from scratch."""
    return rows.rename(columns={"model": "name"}).assign(
        experiment="trained from scratch",
        normalisation=rows["model"].map(normalisation).map(LAYERS),
    )


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.disabled,
        snakemake.input.seeds,
        next(iter(snakemake.input.summary), None),
        snakemake.output.table,
        snakemake.output.csv,
        **snakemake.params.settings,
    )
