"""Figure X (initial gap): untrained two-tower models against what independent cones predict.

Left: gap of every initialisation against √(‖μx‖² + ‖μy‖²). Right: cosine between the two mean
directions, which for independent directions is about N(0, 1/dim).
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import numpy as np

from modgap.job import start_log
from modgap.report.drawing import GREY, PAGE, PALETTE, plt, save, use_style
from modgap.tables import read_tables

LAYERS = {"kept": "", "removed": ", normalisation layers removed"}


def main(tables, values, pdf, png, *, runs, dpi):
    """Draw ``runs`` (model, label, dataset, dataset_label)."""
    use_style()
    measured, per_seed = read_tables(tables), read_tables(values)
    labels = {
        f"{run['model']}/{run['dataset']}": f"{run['label']}, {run['dataset_label']}"
        for run in runs
    }
    groups = [
        (name, layers, labels[name] + text)
        for name in labels
        for layers, text in LAYERS.items()
        if len(select(measured, name, layers))
    ]
    height = 2.0 + 0.12 * len(groups)
    figure, (left, right) = plt.subplots(1, 2, figsize=(PAGE, height), width_ratios=[1, 1.5])
    ends = []
    for place, (name, layers, label) in enumerate(groups):
        colour = PALETTE[place % len(PALETTE)]
        numbers = select(measured, name, layers).set_index("statistic")
        seeds = select(per_seed, name, layers).pivot(
            index="index", columns="quantity", values="value"
        )
        left.scatter(seeds["predicted"], seeds["gap"], s=6, color=colour, linewidths=0, alpha=0.8)
        ends += [*seeds["predicted"], *seeds["gap"]]
        draw_cosines(right, place, seeds["cosine"], numbers, colour, label)
    reach = [min(ends) - 0.03, max(ends) + 0.03]
    left.plot(reach, reach, color=GREY, linewidth=0.6, zorder=0)
    left.set_xlabel("predicted by independent cones, √(‖μx‖² + ‖μy‖²)")
    left.set_ylabel("gap at initialisation")
    left.set_aspect("equal")
    right.axvline(0, color=GREY, linewidth=0.6, zorder=0)
    right.set_yticks([])
    right.spines["left"].set_visible(False)
    right.set_ylim(len(groups) - 0.3, -0.8)
    right.set_xlabel("cos(μx, μy); grey: central 95 % of N(0, 1/dim)")
    save(figure, pdf, png, dpi=dpi)


def select(table, name, layers):
    """Rows of both towers together, of one run."""
    return table[
        (table["embeddings"] == name)
        & (table["normalisation_layers"] == layers)
        & (table["side"] == "both")
    ]


def draw_cosines(axes, place, cosines, numbers, colour, label):
    """A row of points, one per initialisation, over what independence predicts."""
    expected = 1.96 / np.sqrt(numbers["dim"].iloc[0])
    axes.fill_between(
        [-expected, expected], place - 0.18, place + 0.18, color="#DDDDDD", linewidth=0, zorder=0
    )
    axes.scatter(cosines, np.full(len(cosines), place), s=6, color=colour, linewidths=0, alpha=0.8)
    ratio = numbers.loc["gap_ratio"]
    axes.annotate(
        f"{label}: gap {numbers.loc['gap', 'value']:.3f}, "
        f"over predicted {ratio['value']:.3f} [{ratio['low']:.3f}, {ratio['high']:.3f}]",
        (0, place - 0.28),
        xycoords=("axes fraction", "data"),
        fontsize=5.8,
        color=colour,
        va="bottom",
    )


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.tables,
        snakemake.input.values,
        snakemake.output.pdf,
        snakemake.output.png,
        **snakemake.params.settings,
    )
