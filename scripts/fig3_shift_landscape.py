"""Figure 3(a-d): the contrastive loss while the modalities move along the gap.

``modgap.report.figures.landscape`` says what is drawn.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from modgap.job import start_log
from modgap.report.drawing import modality_colours, plt, save_pages, split_pages, use_style
from modgap.report.figures.landscape import draw_landscape_page
from modgap.tables import read_table


def main(landscapes, extrema, gradients, clouds, pdf, pngs, *, rows, page_rows, first, second, dpi):
    """Draw ``rows`` (label, state, modalities) from one table of each kind, in their order."""
    use_style()
    plt.rcParams["figure.constrained_layout.use"] = False  # see UPPER
    modalities = modality_colours(rows, first, second)
    files = list(zip(landscapes, extrema, gradients, clouds, strict=True))
    pages = (
        draw_landscape_page(
            page, [[read_table(path) for path in paths] for paths in drawn], modalities
        )
        for page, drawn in zip(
            split_pages(rows, page_rows), split_pages(files, page_rows), strict=True
        )
    )
    save_pages(pages, pdf, pngs, dpi=dpi)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.landscapes,
        snakemake.input.extrema,
        snakemake.input.gradients,
        snakemake.input.clouds,
        snakemake.output.pdf,
        snakemake.output.pngs,
        **snakemake.params.settings,
    )
