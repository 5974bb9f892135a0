"""Summarise the runs of one study over seeds, before and after training.

Reads the trajectories of its runs; writes a long tidy table for figures and a wide one for people.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from modgap.job import start_log
from modgap.report.formats import write_formats
from modgap.tables import read_metadata, read_table, write_table
from modgap.training.studies import summarise, wide_table

MEASURED = [
    "trained_tau",
    "gap_start",
    "gap",
    "gap_low",
    "gap_high",
    "rmg",
    "recall1_first_to_second",
    "recall1_second_to_first",
    "recall1_second_to_first_chance",
    "recall1_second_to_first_ceiling",
    "zero_shot_first_to_second",
    "held_out_loss",
    "training_items_loss",
    "weight_norm_start",
    "weight_norm",
    "embedding_norm_first",
    "embedding_norm_second",
    "collapsed",
]


def main(trajectories, summary, formats, *, cells):
    """Write the study's tables.

    trajectories : one per run. cells : factors, seed and run of each cell; cells may share a run.
    formats : (csv, markdown, latex) paths of the wide table.
    """
    by_run = {read_metadata(path)["run"]: read_table(path) for path in trajectories}
    frame = summarise(cells, by_run)
    write_table(frame, summary)
    factors = [key for key in cells[0] if key not in ("seed", "run")]
    write_formats(wide_table(frame), *formats, columns=[*factors, "dim", "n_seeds", *MEASURED])


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.trajectories,
        snakemake.output.summary,
        (snakemake.output.csv, snakemake.output.md, snakemake.output.tex),
        **snakemake.params.settings,
    )
