"""Figure X (methods): share of the gap that is left, and what each task gains or loses.

A page for each embedding set, a panel for each task, a point for each method with the interval that
includes refitting. Lines: shift and mean removal from nothing to the whole of it.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from modgap.job import start_log
from modgap.report.drawing import save_pages, use_style
from modgap.report.figures.methods import draw_left_out, draw_methods
from modgap.tables import read_metadata, read_table


def main(methods, changes, paths, pdf, pngs, *, sets, page_rows, dpi):
    """One file of each kind for each of ``sets`` (name, label); a page holds ``page_rows``: one."""
    use_style()
    save_pages(list_pages(methods, changes, paths, sets), pdf, pngs, dpi=dpi)


def list_pages(methods, changes, paths, sets):
    """The pages, each drawn when it is asked for."""
    for row, *files in zip(sets, methods, changes, paths, strict=True):
        why = read_metadata(files[0]).get("left_out")
        if why:
            yield draw_left_out(row["label"], why)
        else:
            yield draw_methods(row["label"], *map(read_table, files))


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.methods,
        snakemake.input.changes,
        snakemake.input.paths,
        snakemake.output.pdf,
        snakemake.output.pngs,
        **snakemake.params.settings,
    )
