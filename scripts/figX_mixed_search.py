"""Figure X (mixed search): relevance over the share of pictures in the gallery, by method.

One row for each embedding set, with a baseline that ranks each modality by itself and merges.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from modgap.job import start_log
from modgap.report.drawing import save_pages, split_pages, use_style
from modgap.report.figures.methods import draw_left_out
from modgap.report.figures.mixed_search import draw_mixed
from modgap.tables import read_metadata, read_table


def main(changes, pdf, pngs, *, sets, page_rows, dpi):
    """changes : a table for each of ``sets`` (name, label)."""
    use_style()
    rows = list(zip(changes, sets, strict=True))
    save_pages(map(draw_page, split_pages(rows, page_rows)), pdf, pngs, dpi=dpi)


def draw_page(rows):
    """One page of these sets (a table and what it is called); those left out have no row."""
    left_out = [read_metadata(path).get("left_out") for path, _ in rows]
    drawn = [
        (row["label"], read_table(path))
        for (path, row), why in zip(rows, left_out, strict=True)
        if not why
    ]
    return draw_mixed(drawn) if drawn else draw_left_out(rows[0][1]["label"], left_out[0])


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.changes,
        snakemake.output.pdf,
        snakemake.output.pngs,
        **snakemake.params.settings,
    )
