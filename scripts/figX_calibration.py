"""Figure X (calibration): what methods gain by the number of pictures they are fitted on.

One row for each embedding set; dashed where they are fitted on another set of the same model.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from modgap.job import start_log
from modgap.report.drawing import save_pages, split_pages, use_style
from modgap.report.figures.calibration import draw_calibration
from modgap.report.figures.methods import draw_left_out
from modgap.tables import read_metadata, read_table


def main(calibration, pdf, pngs, *, sets, page_rows, dpi):
    """calibration : a table for each of ``sets`` (name, label)."""
    use_style()
    rows = list(zip(calibration, sets, strict=True))
    save_pages(map(draw_page, split_pages(rows, page_rows)), pdf, pngs, dpi=dpi)


def draw_page(rows):
    """One page of these sets (a table and what it is called); those left out have no row."""
    left_out = [read_metadata(path).get("left_out") for path, _ in rows]
    drawn = [
        (row["label"], read_table(path))
        for (path, row), why in zip(rows, left_out, strict=True)
        if not why
    ]
    return draw_calibration(drawn) if drawn else draw_left_out(rows[0][1]["label"], left_out[0])


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.calibration,
        snakemake.output.pdf,
        snakemake.output.pngs,
        **snakemake.params.settings,
    )
