"""Figure X (mixed search): relevance over the share of pictures in the gallery, by method.

One row for each embedding set, with a baseline that ranks each modality by itself and merges.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from modgap.job import start_log
from modgap.report.drawing import save_pages, split_pages, use_style
from modgap.report.figures.methods import draw_compared
from modgap.report.figures.mixed_search import draw_mixed


def main(changes, pdf, pngs, *, sets, page_rows, dpi):
    """changes : a table for each of ``sets`` (name, label)."""
    use_style()
    rows = list(zip(changes, sets, strict=True))
    pages = (draw_compared(page, draw_mixed) for page in split_pages(rows, page_rows))
    save_pages(pages, pdf, pngs, dpi=dpi)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.changes,
        snakemake.output.pdf,
        snakemake.output.pngs,
        **snakemake.params.settings,
    )
