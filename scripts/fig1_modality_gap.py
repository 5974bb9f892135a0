"""Figure 1: the modality gap of every embedding set, in four projections.

One row per embedding set; a set that belongs beside another (a random model beside its trained
twin) stands right below it. Grey lines join the pairs. A modality has its colour in every row, and
the first modality of a set lies on the right.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from modgap.job import start_log
from modgap.report.drawing import modality_colours, save_pages, split_pages, use_style
from modgap.report.figures.projections import draw_gap_page
from modgap.tables import read_metadata, read_table, read_tables


def main(projections, gaps, pdf, pngs, *, rows, page_rows, first, second, dpi):
    """Draw ``rows`` (``describe_sets`` of the plan), given a projection and a gap table each."""
    use_style()
    points = {row["name"]: read_table(path) for row, path in zip(rows, projections, strict=True)}
    meanings = {
        row["name"]: read_metadata(path) for row, path in zip(rows, projections, strict=True)
    }
    measured = dict(iter(read_tables(gaps).groupby("embeddings")))
    colours = modality_colours(rows, first, second)
    pages = (
        draw_gap_page(page, points, meanings, measured, colours)
        for page in split_pages(rows, page_rows)
    )
    save_pages(pages, pdf, pngs, dpi=dpi)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.projections,
        snakemake.input.gaps,
        snakemake.output.pdf,
        snakemake.output.pngs,
        **snakemake.params.settings,
    )
