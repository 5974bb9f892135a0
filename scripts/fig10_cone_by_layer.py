"""Figure 10: mean pairwise cosine after every layer of real networks.

One panel per tower. The line is the stream from block to block; marks are the branches before they
are added (attention, MLP) or single layers (convolution). Filled: the vector that the tower reads
out; open: the mean over tokens. Thin grey: the stream with the normalisation layers removed.
"""

import numpy as np

from modgap.figures import GREY, PAGE, PALETTE, plt, save, use_style
from modgap.job import start_log
from modgap.tables import read_table

STREAM = ("embedding", "residual", "projection")
MARKS = {
    "attention": (PALETTE[0], "s"),
    "mlp": (PALETTE[1], "^"),
    "convolution": (PALETTE[4], "."),
    "normalisation": (PALETTE[2], "_"),
}
TOWERS = {"images": "image tower", "texts": "text tower"}
COLUMNS = 3


def main(rows, pdf, png, *, dpi):
    use_style()
    rows = read_table(rows)
    towers = list(rows.groupby(["model", "dataset", "side"], sort=False))
    n_rows = -(-len(towers) // COLUMNS)
    figure, axes = plt.subplots(
        n_rows, COLUMNS, figsize=(PAGE, 0.5 + 1.75 * n_rows), squeeze=False, sharey=True
    )
    for panel, (_, tower) in zip(axes.flat, towers, strict=False):
        draw_tower(panel, tower)
    for panel in axes.flat[len(towers) :]:
        panel.set_axis_off()
    for panel in axes[:, 0]:
        panel.set_ylabel("mean cosine")
    figure.legend(handles=legend_marks(rows), loc="outside lower center", ncols=5)
    save(figure, pdf, png, dpi=dpi)


def draw_tower(axes, tower):
    """All read-outs of one tower, and its stream without normalisation where it was measured."""
    first = tower.iloc[0]
    for layers, part in tower.groupby("normalisation_layers", sort=False):
        for readout, curve in part.groupby("readout", sort=False):
            averaged = readout == "token mean"
            stream = curve[curve["kind"].isin(STREAM) | (curve["layer"] == 0)]
            colour = "black" if layers == "kept" else GREY
            axes.plot(
                stream["layer"],
                stream["value"],
                color=colour,
                linewidth=1.0 if layers == "kept" else 0.6,
                linestyle="--" if averaged else "-",
                marker="o" if readout == "vector" else None,
                markersize=3,
                zorder=3,
            )
            if layers == "kept":
                axes.fill_between(stream["layer"], stream["low"], stream["high"], alpha=0.2, lw=0)
                draw_marks(axes, curve, averaged)
    state = f"{first['state']} weights"
    title = f"{first['label']} {TOWERS[first['side']]}"
    axes.set_title(f"{title}\n{state}, {first['dataset_label']}, n = {first['n']:,}", fontsize=6.5)
    axes.set_xlabel("layer", labelpad=1)
    lowest = np.nanmin(tower["value"])
    axes.set_ylim(min(-0.05, lowest - 0.05), 1.05)


def draw_marks(axes, curve, averaged):
    """Branches and single layers."""
    for kind, (colour, marker) in MARKS.items():
        chosen = curve[curve["kind"] == kind]
        filled = marker not in "._" and averaged
        axes.scatter(
            chosen["layer"],
            chosen["value"],
            s=9,
            marker=marker,
            c="none" if filled else colour,
            edgecolors=colour if filled else None,
            linewidths=0.6 if filled or marker == "_" else 0,
            zorder=4,
        )


def legend_marks(rows):
    """One entry per kind of layer and line that occurs."""
    lines = [
        plt.Line2D([], [], color="black", label="stream, read-out token"),
        plt.Line2D([], [], color="black", linestyle="--", label="stream, token mean"),
    ]
    if (rows["normalisation_layers"] == "removed").any():
        lines.append(plt.Line2D([], [], color=GREY, lw=0.6, label="normalisation removed"))
    names = {"mlp": "MLP branch", "attention": "attention branch"}
    lines += [
        plt.Line2D([], [], color=colour, marker=marker, lw=0, ms=3.5, label=names.get(kind, kind))
        for kind, (colour, marker) in MARKS.items()
        if (rows["kind"] == kind).any()
    ]
    return lines


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.rows,
        snakemake.output.pdf,
        snakemake.output.png,
        **snakemake.params.settings,
    )
