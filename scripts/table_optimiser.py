"""Effects of decay and loss on the change of the gap, from the runs of the optimiser's study.

Reads their trajectories; writes the changes in all cells, the main effects and the interactions.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from modgap.job import start_log
from modgap.report.formats import write_formats
from modgap.tables import read_metadata, read_table, write_table
from modgap.training.effects import study_effects


def main(trajectories, effects, formats, *, cells):
    """Write the table of effects.

    trajectories : one per run. cells : factors, seed and run of each cell; cells may share a run.
    formats : (csv, markdown, latex) paths.
    """
    by_run = {read_metadata(path)["run"]: read_table(path) for path in trajectories}
    frame = study_effects(cells, by_run)
    write_table(frame, effects)
    write_formats(frame, *formats)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.trajectories,
        snakemake.output.effects,
        (snakemake.output.csv, snakemake.output.md, snakemake.output.tex),
        **snakemake.params.settings,
    )
