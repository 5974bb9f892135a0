"""Figure X: every pair of modalities of a dataset: one projection; gap, RMG, recall as matrices.

``modgap.report.figures.matrices`` says what is drawn.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from modgap.job import start_log
from modgap.report.drawing import modality_colours, save, use_style
from modgap.report.figures.matrices import draw_matrix_page
from modgap.tables import read_metadata, read_table, read_tables


def main(projections, statistics, pdf, png, *, groups, first, second, dpi):
    """Draw ``groups``: dicts of a dataset's label, modalities and sets, a projection each."""
    use_style()
    drawn = [(read_table(path), read_metadata(path)) for path in projections]
    colours = modality_colours(groups, first, second)
    figure = draw_matrix_page(groups, drawn, read_tables(statistics), colours)
    save(figure, pdf, png, dpi=dpi)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.projections,
        snakemake.input.statistics,
        snakemake.output.pdf,
        snakemake.output.png,
        **snakemake.params.settings,
    )
