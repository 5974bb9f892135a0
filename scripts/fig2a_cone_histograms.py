"""Figures 2(a) and S14: cosines of all pairs within each cloud, a grid of histograms.

Columns are encoders, rows are weights and data. Only what was measured has a panel; that a run has
no trained model is said above the panels instead of leaving the reader to wonder.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import numpy as np

from modgap.job import start_log
from modgap.report.drawing import (
    PAGE,
    lighter,
    modality_colours,
    note,
    plt,
    save_pages,
    split_pages,
    use_style,
)
from modgap.tables import read_table

UNTRAINED = "No trained model in this run: all weights are random."


def draw_histogram(axes, histogram, mean, colour):
    """Density of the cosines, with a line at their mean."""
    edges = np.append(histogram["low"], histogram["high"].iloc[-1])
    width = np.diff(edges)
    density = histogram["pairs"] / histogram["pairs"].sum() / width
    axes.stairs(density, edges, fill=True, color=lighter(colour, 0.35), linewidth=0)
    axes.axvline(mean.value, color="black", linewidth=0.8)
    left = mean.value > 0
    note(
        axes,
        f"mean {mean.value:.4f}\nn = {mean.n:,}",
        x=0.04 if left else 0.96,
        ha="left" if left else "right",
    )


def modality_of(cloud):
    """The last part of its name."""
    return cloud["name"].rsplit("/", 1)[1]


def draw_page(lines, clouds, tables, colours, said):
    """One page: the clouds of these lines of the grid, with a sentence above."""
    columns = 1 + max(cloud["place"] for cloud in clouds)
    figure = plt.figure(figsize=(min(PAGE, 2.35 * columns), 0.45 + 1.35 * len(lines)))
    grid = figure.add_gridspec(len(lines), columns)
    here = [cloud for cloud in clouds if cloud["line"] in lines]
    for line in lines:
        for cloud in (cloud for cloud in here if cloud["line"] == line):
            cone, histogram = tables[cloud["name"]]
            axes = figure.add_subplot(grid[lines.index(line), cloud["place"]])
            mean = cone[cone["statistic"] == "mean_cosine"].iloc[0]
            draw_histogram(axes, histogram, mean, colours[modality_of(cloud)])
            axes.set_title(cloud["column"])
            axes.set_yticks([])
            axes.set_xlim(-1, 1)
            axes.set_xticks([-1, -0.5, 0, 0.5, 1])
            below = [c for c in here if c["line"] > line and c["place"] == cloud["place"]]
            if below:
                axes.set_xticklabels([])
            else:
                axes.set_xlabel("cosine similarity of pairs")
            if cloud["place"] == min(c["place"] for c in here if c["line"] == line):
                axes.set_ylabel(cloud["row"])
    if said:
        figure.suptitle(said, x=0.01, ha="left", fontsize=6.5)
    return figure


def main(cones, histograms, pdf, pngs, *, clouds, page_rows, first, second, dpi):
    """Draw one panel per cloud (name, row, column, state, line, place), in their order."""
    use_style()
    tables = {
        cloud["name"]: (read_table(cone), read_table(histogram))
        for cloud, cone, histogram in zip(clouds, cones, histograms, strict=True)
    }
    states = {cloud["state"] for cloud in clouds}
    said = UNTRAINED if "random" in states and "trained" not in states else ""
    colours = modality_colours(
        [{"modalities": [modality_of(cloud)]} for cloud in clouds], first, second
    )
    lines = sorted({cloud["line"] for cloud in clouds})
    pages = (
        draw_page(page, clouds, tables, colours, said) for page in split_pages(lines, page_rows)
    )
    save_pages(pages, pdf, pngs, dpi=dpi)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.cones,
        snakemake.input.histograms,
        snakemake.output.pdf,
        snakemake.output.pngs,
        **snakemake.params.settings,
    )
