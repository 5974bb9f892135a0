"""Figures 2(a) and S14: cosines of all pairs within each cloud, a grid of histograms.

Columns are encoders, rows are weights and data. A run without a trained model says so in a row
of its own instead of leaving the reader to wonder.
"""

import numpy as np

from modgap.job import start_log
from modgap.report.drawing import PAGE, lighter, note, plt, save, use_style
from modgap.tables import read_table

UNTRAINED = "trained weights,\nnone in this run"


def cloud_grid(clouds):
    """Labels of rows and columns in order of appearance; a row for trained weights comes first."""
    rows = list(dict.fromkeys(cloud["row"] for cloud in clouds))
    columns = list(dict.fromkeys(cloud["column"] for cloud in clouds))
    states = {cloud["state"] for cloud in clouds}
    if "random" in states and "trained" not in states:
        rows.insert(0, UNTRAINED)
    return rows, columns


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


def draw_empty(axes, text):
    """A panel without data that says why."""
    note(axes, text, x=0.5, y=0.5, ha="center", va="center")
    axes.set_yticks([])
    axes.set_xticks([])
    for side in axes.spines.values():
        side.set_visible(False)


def main(cones, histograms, pdf, png, *, clouds, first, second, dpi):
    """Draw one panel per cloud (name, row, column, state), in the order of the tables."""
    use_style()
    tables = {
        (cloud["row"], cloud["column"]): (read_table(cone), read_table(histogram), cloud)
        for cloud, cone, histogram in zip(clouds, cones, histograms, strict=True)
    }
    rows, columns = cloud_grid(clouds)
    width = min(PAGE, 2.35 * len(columns))
    figure, panels = plt.subplots(
        len(rows),
        len(columns),
        figsize=(width, 0.4 + 1.25 * len(rows)),
        squeeze=False,
        sharex=True,
    )
    for row, line in zip(rows, panels, strict=True):
        for column, axes in zip(columns, line, strict=True):
            if (row, column) in tables:
                cone, histogram, cloud = tables[row, column]
                mean = cone[cone["statistic"] == "mean_cosine"].iloc[0]
                texts = cloud["name"].endswith(("/texts", "/second"))
                draw_histogram(axes, histogram, mean, second if texts else first)
                axes.set_yticks([])
            elif row == UNTRAINED:
                draw_empty(axes, "no trained model in this run")
            else:
                draw_empty(axes, "not in this run")
            axes.set_xlim(-1, 1)
    for column, axes in zip(columns, panels[0], strict=True):
        axes.set_title(column)
    for row, axes in zip(rows, panels[:, 0], strict=True):
        axes.set_ylabel(row)
    for axes in panels[-1]:
        axes.set_xticks([-1, -0.5, 0, 0.5, 1])
        axes.set_xlabel("cosine similarity of pairs")
    save(figure, pdf, png, dpi=dpi)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.cones,
        snakemake.input.histograms,
        snakemake.output.pdf,
        snakemake.output.png,
        **snakemake.params.settings,
    )
