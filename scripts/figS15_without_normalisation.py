"""Supplementary Figure 15: does the gap persist without normalisation?

Top, UMAP of pictures and texts by a model as it is, and with its normalisation layers and the
normalisation of its pixels disabled (the paper's figure). Bottom, the gap in three experiments.
"""

import numpy as np

from modgap.job import start_log
from modgap.report.drawing import PAGE, PALETTE, draw_pairs, hide_ticks, plt, save, use_style
from modgap.tables import read_table, read_tables

COLOURS = {
    "as it is": PALETTE[0],
    "no normalisation layers": PALETTE[1],
    "no normalisation layers, raw pixels": PALETTE[2],
}


def main(table, points, pdf, png, *, drawn, labels, first, second, dpi):
    """Draw the clouds of ``drawn`` (MODEL/DATASET, ...) and the gaps of everything.

    labels : dict from the names in the tables to what figures call them.
    """
    use_style()
    gaps = read_table(table).query("statistic == 'gap'")
    clouds = read_tables(points).query("method == 'umap'")
    variants = list(COLOURS)
    lines = list(gaps.groupby(["experiment", "name", "normalisation"], sort=False))
    heights = [2.1] * len(drawn) + [0.5 + 0.24 * len(lines)]
    figure = plt.figure(figsize=(PAGE, 0.2 + sum(heights)))
    bands = np.atleast_1d(figure.subfigures(len(heights), 1, height_ratios=heights))
    for band, name in zip(bands, drawn, strict=False):
        for axes, variant in zip(band.subplots(1, len(variants)), variants, strict=True):
            chosen = clouds[(clouds["embeddings"] == name) & (clouds["normalisation"] == variant)]
            gap = gaps[(gaps["name"] == name) & (gaps["normalisation"] == variant)].iloc[0]
            draw_cloud(axes, chosen, (first, second))
            numbers = f"gap {gap.value:.3f} [{gap.low:.3f}, {gap.high:.3f}], n = {gap.n:,}"
            axes.set_title(f"{labels[name]}, {variant}\n{numbers}", fontsize=6)
    draw_gaps(bands[-1].subplots(), lines, labels)
    save(figure, pdf, png, dpi=dpi)


def draw_cloud(axes, chosen, colours):
    """UMAP of one variant."""
    sides = [
        chosen.loc[chosen["modality"] == modality, ["x", "y"]].to_numpy()
        for modality in ("images", "texts")
    ]
    draw_pairs(axes, *sides, colours=colours)
    hide_ticks(axes)


def draw_gaps(axes, lines, labels):
    """One line per experiment and variant: hollow before training, filled after."""
    for place, ((_, _, variant), rows) in enumerate(lines):
        colour = COLOURS[variant]
        for row in rows.itertuples():
            filled = row.stage == "end"
            axes.hlines(place, row.low, row.high, color=colour, lw=1.2, alpha=0.6)
            axes.plot(row.value, place, "o", ms=4, color=colour, mfc=colour if filled else "white")
        ends = rows.set_index("stage")["value"]
        text = " → ".join(f"{ends[stage]:.3f}" for stage in ("start", "end") if stage in ends)
        axes.annotate(
            text, (1.01, place), xycoords=("axes fraction", "data"), va="center", fontsize=6
        )
    axes.set_yticks(range(len(lines)), [describe(key, rows, labels) for key, rows in lines])
    axes.set_ylim(len(lines) - 0.5, -0.5)
    axes.set_xlim(left=0)
    axes.set_xlabel("modality gap ‖Δ‖; hollow: untrained")


def describe(key, rows, labels):
    """What one line shows."""
    experiment, name, variant = key
    seeds = rows["n_seeds"].iloc[0]
    over = f", {seeds} seeds" if seeds > 1 else ""
    return f"{experiment} ({labels[name]}{over}):\n{variant}"


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.table,
        snakemake.input.points,
        snakemake.output.pdf,
        snakemake.output.png,
        **snakemake.params.settings,
    )
