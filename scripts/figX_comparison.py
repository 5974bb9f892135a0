"""Figure X (comparison): what differs between two embedding sets on the same pictures.

Left the gap of both sets of each comparison; then a panel for each unit, one row a statistic, with
after minus before and its 95 % interval. Filled marks: p < 0.05 after Holm's correction.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import numpy as np

from modgap.job import start_log
from modgap.report.drawing import GREY, PAGE, PALETTE, plt, save, use_style
from modgap.tables import read_metadata, read_table

TOPS = (1, 5, 10)
# Statistics of each panel, by (statistic, side); zero-shot tasks follow in the last.
PANELS = {
    "distance": {("gap_unbiased", "both"): "gap", ("rmg", "both"): "RMG"},
    "cosine": {
        ("mean_cosine", "first"): "within {first}",
        ("mean_cosine", "second"): "within {second}",
        ("mean_matched_cosine", "both"): "of pairs",
    },
    "share": {
        **{("recall" + str(k), "first_to_second"): f"R@{k}, {{first}} to {{second}}" for k in TOPS},
        **{("recall" + str(k), "second_to_first"): f"R@{k}, {{second}} to {{first}}" for k in TOPS},
        ("separability_accuracy", "both"): "separability",
    },
}
UNITS = {
    "distance": "difference of gaps",
    "cosine": "difference of mean cosines",
    "share": "difference in percentage points",
}
SCALE = {"share": 100}


def main(comparisons, pdf, png, *, dpi):
    use_style()
    tables = [read_table(path) for path in comparisons]
    tasks = dict.fromkeys(
        side for table in tables for side in table.loc[table["statistic"] == "zero_shot", "side"]
    )
    rows = name_rows([read_metadata(path)["modalities"] for path in comparisons])
    rows["share"] |= {("zero_shot", t): f"zero-shot: {t}" for t in tasks}
    colours = [PALETTE[i % 7] for i in range(len(tables))]
    height = 0.8 + (0.22 + 0.07 * len(tables)) * len(rows["share"])
    figure = plt.figure(figsize=(PAGE, max(height, 2.4)))
    grid = figure.add_gridspec(1, 3, width_ratios=[0.6, 1, 1.1])
    inner = grid[1].subgridspec(2, 1, height_ratios=[2, 3])
    draw_slopes(figure.add_subplot(grid[0]), tables, colours)
    axes = [figure.add_subplot(place) for place in (inner[0], inner[1], grid[2])]
    for panel, unit in zip(axes, rows, strict=True):
        draw_differences(panel, rows[unit], tables, colours, SCALE.get(unit, 1))
        panel.set_xlabel(UNITS[unit])
    figure.legend(
        handles=legend_marks(tables, colours),
        loc="outside lower center",
        ncols=min(len(tables) + 2, 5),
    )
    save(figure, pdf, png, dpi=dpi)


def name_rows(modalities):
    """The rows of the panels by the names of the two sides, where all comparisons share them."""
    same = len({tuple(pair) for pair in modalities}) == 1
    sides = dict(zip(("first", "second"), modalities[0] if same else ("1st", "2nd"), strict=True))
    return {
        unit: {place: text.format(**sides) for place, text in places.items()}
        for unit, places in PANELS.items()
    }


def draw_slopes(axes, tables, colours):
    """The gap before and after, a line for each comparison."""
    for table, colour in zip(tables, colours, strict=True):
        gap = table[table["statistic"] == "gap_unbiased"].iloc[0]
        axes.plot([0, 1], [gap["before"], gap["after"]], "o-", color=colour, ms=3, lw=1)
    axes.set_xlim(-0.25, 1.25)
    axes.set_xticks([0, 1], ["before", "after"])
    axes.set_ylim(bottom=0)
    axes.set_ylabel("gap")


def draw_differences(axes, rows, tables, colours, scale):
    """After minus before with its interval: one row a statistic, comparisons beside each other."""
    offsets = (np.arange(len(tables)) - (len(tables) - 1) / 2) * 0.7 / max(len(tables), 2)
    for table, colour, offset in zip(tables, colours, offsets, strict=True):
        measured = table.set_index(["statistic", "side"])
        for height, place in enumerate(rows):
            if place not in measured.index or np.isnan(measured.loc[place, "low"]):
                continue
            row = measured.loc[place]
            y = height + offset
            axes.hlines(y, scale * row["low"], scale * row["high"], color=colour, linewidth=0.9)
            face = colour if row["p_holm"] < 0.05 else "white"
            axes.scatter(
                scale * row["difference"],
                y,
                s=12,
                c=face,
                edgecolors=colour,
                linewidths=0.8,
                zorder=3,
            )
    axes.axvline(0, color=GREY, linewidth=0.6)
    axes.set_yticks(range(len(rows)), list(rows.values()))
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", color="#EEEEEE", linewidth=0.5)
    axes.set_axisbelow(True)
    left, right = axes.get_xlim()
    axes.set_xlim(min(left, 0), max(right, 0))


def legend_marks(tables, colours):
    """What colours and marks mean."""
    dot = {"marker": "o", "lw": 0, "ms": 3.5}
    marks = [
        plt.Line2D([], [], color=colour, label=table["comparison"].iloc[0], **dot)
        for table, colour in zip(tables, colours, strict=True)
    ]
    return [
        *marks,
        plt.Line2D([], [], color=GREY, label="p < 0.05 (Holm)", **dot),
        plt.Line2D([], [], color=GREY, mfc="white", label="not told apart from 0", **dot),
    ]


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.comparisons,
        snakemake.output.pdf,
        snakemake.output.png,
        **snakemake.params.settings,
    )
