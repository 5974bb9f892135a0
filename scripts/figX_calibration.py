"""Figure X (calibration): what methods gain by the number of pictures they are fitted on.

One row for each embedding set; dashed where they are fitted on another set of the same model.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from modgap.job import start_log
from modgap.report.drawing import save_pages, split_pages, use_style
from modgap.report.figures.calibration import draw_calibration
from modgap.report.figures.methods import draw_compared


def main(calibration, pdf, pngs, *, sets, page_rows, dpi):
    """calibration : a table for each of ``sets`` (name, label)."""
    use_style()
    rows = list(zip(calibration, sets, strict=True))
    pages = (draw_compared(page, draw_calibration) for page in split_pages(rows, page_rows))
    save_pages(pages, pdf, pngs, dpi=dpi)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.calibration,
        snakemake.output.pdf,
        snakemake.output.pngs,
        **snakemake.params.settings,
    )
