"""Figure X (cone by layer): mean pairwise cosine after every layer of real networks.

A panel for every encoder, image towers before text towers, random before trained. The line is
the stream from block to block; marks are the branches before they are added (attention, MLP) or
single layers (convolution). Filled: the vector that the tower reads out; open: the mean over
tokens. Thin grey: the stream with the normalisation layers removed.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from modgap.job import start_log
from modgap.report.drawing import (
    GREY,
    PAGE,
    PALETTE,
    plt,
    save_pages,
    split_pages,
    use_style,
)
from modgap.tables import read_table

STREAM = ("embedding", "residual", "projection")
MARKS = {
    "attention": (PALETTE[0], "s"),
    "mlp": (PALETTE[1], "^"),
    "convolution": (PALETTE[4], "."),
    "normalisation": (PALETTE[2], "_"),
}
TOWERS = {"images": "image tower", "texts": "text tower"}


def main(rows, pdf, pngs, *, panels_a_row, page_rows, dpi):
    """Draw every tower of every model, ``panels_a_row`` beside each other."""
    use_style()
    rows = read_table(rows)
    towers = sorted(
        (tower for _, tower in rows.groupby(["model", "dataset", "side"], sort=False)),
        key=lambda tower: (list(TOWERS).index(tower["side"].iloc[0]), tower["state"].iloc[0]),
    )
    named = list(zip(towers, name_towers(towers), strict=True))
    lowest = min(-0.05, rows["value"].min() - 0.05)
    pages = (
        draw_page(page, min(panels_a_row, len(towers)), lowest, legend_marks(rows))
        for page in split_pages(named, panels_a_row * page_rows)
    )
    save_pages(pages, pdf, pngs, dpi=dpi)


def name_towers(towers):
    """Titles; models of one label are told apart by the names of their entries."""
    firsts = [tower.iloc[0] for tower in towers]
    titles = [f"{row['label']} {TOWERS[row['side']]}, {row['state']}" for row in firsts]
    places = [(title, row["dataset_label"]) for title, row in zip(titles, firsts, strict=True)]
    return [
        f"{title} ({row['model']})" if places.count(place) > 1 else title
        for title, place, row in zip(titles, places, firsts, strict=True)
    ]


def draw_page(named, columns, lowest, marks):
    """One page: a panel for each of these towers with its title."""
    lines = -(-len(named) // columns)
    figure = plt.figure(figsize=(PAGE, 0.5 + 1.6 * lines))
    grid = figure.add_gridspec(lines, columns)
    for place, (tower, title) in enumerate(named):
        axes = figure.add_subplot(grid[divmod(place, columns)])
        draw_tower(axes, tower, title)
        axes.set_ylim(lowest, 1.05)
        if place % columns:
            axes.set_yticklabels([])
        else:
            axes.set_ylabel("mean cosine")
    figure.legend(handles=marks, loc="outside lower center", ncols=4)
    return figure


def draw_tower(axes, tower, title):
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
                axes.fill_between(
                    stream["layer"], stream["low"], stream["high"], color=colour, alpha=0.15, lw=0
                )
                draw_marks(axes, curve, averaged)
    axes.set_title(f"{title}\n{first['dataset_label']}, n = {first['n']:,}", fontsize=6.5)
    axes.set_xlabel("layer", labelpad=1)


def draw_marks(axes, curve, averaged):
    """Branches and single layers."""
    for kind, (colour, marker) in MARKS.items():
        chosen = curve[curve["kind"] == kind]
        hollow = marker not in "._" and averaged
        axes.scatter(
            chosen["layer"],
            chosen["value"],
            s=9,
            marker=marker,
            c="none" if hollow else colour,
            edgecolors=colour if hollow else None,
            linewidths=0.6 if hollow or marker == "_" else 0,
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
        snakemake.output.pngs,
        **snakemake.params.settings,
    )
