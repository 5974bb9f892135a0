"""Supplementary Figure 15: does the gap persist without normalisation?

Top, UMAP of pictures and texts by a model as it is, and with its normalisation layers and the
normalisation of its pixels disabled (the paper's figure). Bottom, the gap in three experiments, on
the last page. Colours are modalities; what was disabled stands beside each line.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from modgap.job import start_log
from modgap.report.drawing import (
    GREY,
    PAGE,
    draw_pairs,
    hide_ticks,
    modality_colours,
    modality_marks,
    plt,
    save_pages,
    split_pages,
    use_style,
)
from modgap.tables import read_table, read_tables

VARIANTS = ["as it is", "no normalisation layers", "no normalisation layers, raw pixels"]
# The experiment whose models stay untrained to its end, as the table has it.
RANDOM = "disabled in a random model"
PAIR = {"modalities": ["images", "texts"]}

# Heights in inches: the legend, the clouds of one model, and one line of the gaps.
HEADER, BAND, LINE = 0.25, 2.1, 0.24


def main(table, points, pdf, pngs, *, drawn, labels, page_rows, first, second, dpi):
    """Draw the clouds of ``drawn`` (MODEL/DATASET, ...) and the gaps of everything.

    labels : dict from the names in the tables to what figures call them.
    """
    use_style()
    gaps = read_table(table).query("statistic == 'gap'")
    clouds = read_tables(points).query("method == 'umap'")
    colours = modality_colours([PAIR], first, second)
    parts = split_pages(drawn, page_rows)
    pages = (
        draw_page(names, clouds, gaps, labels, colours, last=position == len(parts))
        for position, names in enumerate(parts, start=1)
    )
    save_pages(pages, pdf, pngs, dpi=dpi)


def draw_page(names, clouds, gaps, labels, colours, *, last):
    """One page: the clouds of these models, and on the last one the gaps of everything."""
    lines = list(gaps.groupby(["experiment", "name", "normalisation"], sort=False))
    heights = [HEADER, *[BAND] * len(names), *[0.5 + LINE * len(lines)] * last]
    figure = plt.figure(figsize=(PAGE, sum(heights)))
    header, *bands = figure.subfigures(len(heights), 1, height_ratios=heights)
    draw_legend(header, colours, last)
    for band, name in zip(bands, names, strict=False):
        for axes, variant in zip(band.subplots(1, len(VARIANTS)), VARIANTS, strict=True):
            chosen = clouds[(clouds["embeddings"] == name) & (clouds["normalisation"] == variant)]
            gap = gaps[(gaps["name"] == name) & (gaps["normalisation"] == variant)].iloc[0]
            draw_cloud(axes, chosen, colours)
            numbers = f"gap {gap.value:.3f} [{gap.low:.3f}, {gap.high:.3f}], n = {gap.n:,}"
            axes.set_title(f"{labels[name]}, {variant}\n{numbers}", fontsize=6)
    if last:
        draw_gaps(bands[-1].subplots(), lines, labels)
    return figure


def draw_legend(header, colours, last):
    """Modalities, and where the gaps are drawn what filled and hollow marks are."""
    marks = [
        *modality_marks([PAIR], colours),
        plt.Line2D([], [], color=GREY, linewidth=0.8, label="pair"),
    ]
    if last:
        dot = {"color": "black", "marker": "o", "ms": 4, "lw": 1.2}
        marks += [
            plt.Line2D([], [], mfc="white", label="gap, untrained", **dot),
            plt.Line2D([], [], label="gap, trained", **dot),
        ]
    header.legend(handles=marks, loc="center right", ncols=len(marks))


def draw_cloud(axes, chosen, colours):
    """UMAP of one variant."""
    sides = [
        chosen.loc[chosen["modality"] == modality, ["x", "y"]].to_numpy() for modality in colours
    ]
    draw_pairs(axes, *sides, colours=colours.values())
    hide_ticks(axes)


def draw_gaps(axes, lines, labels):
    """One line per experiment and variant: hollow without training, filled after it."""
    for place, ((experiment, _, _), rows) in enumerate(lines):
        for row in rows.itertuples():
            untrained = row.stage == "start" or experiment == RANDOM
            face = "white" if untrained else "black"
            axes.hlines(place, row.low, row.high, color="black", lw=1.2, alpha=0.6)
            axes.plot(row.value, place, "o", ms=4, color="black", mfc=face)
        ends = rows.set_index("stage")["value"]
        text = " → ".join(f"{ends[stage]:.3f}" for stage in ("start", "end") if stage in ends)
        axes.annotate(
            text, (1.01, place), xycoords=("axes fraction", "data"), va="center", fontsize=6
        )
    axes.set_yticks(range(len(lines)), [describe(key, rows, labels) for key, rows in lines])
    axes.set_ylim(len(lines) - 0.5, -0.5)
    axes.set_xlim(left=0)
    axes.set_xlabel("modality gap ‖Δ‖")


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
        snakemake.output.pngs,
        **snakemake.params.settings,
    )
