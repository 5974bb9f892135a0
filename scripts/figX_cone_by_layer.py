"""Figure X (cone by layer): mean pairwise cosine after every layer of real networks.

One column per encoder, image towers above text towers, random above trained. The line is
the stream from block to block; marks are the branches before they are added (attention, MLP) or
single layers (convolution). Filled: the vector that the tower reads out; open: the mean over
tokens. Thin grey: the stream with the normalisation layers removed.
"""

from modgap.job import start_log
from modgap.report.drawing import GREY, PAGE, PALETTE, plt, save, use_style
from modgap.tables import read_table

STREAM = ("embedding", "residual", "projection")
MARKS = {
    "attention": (PALETTE[0], "s"),
    "mlp": (PALETTE[1], "^"),
    "convolution": (PALETTE[4], "."),
    "normalisation": (PALETTE[2], "_"),
}
TOWERS = {"images": "image tower", "texts": "text tower"}


def main(rows, pdf, png, *, dpi):
    use_style()
    rows = read_table(rows)
    towers = dict(iter(rows.groupby(["label", "dataset", "side", "state"], sort=False)))
    columns = list(dict.fromkeys(key[:2] for key in towers))
    lines = [
        (side, state)
        for side in TOWERS
        for state in ("random", "trained")
        if any(key[2:] == (side, state) for key in towers)
    ]
    figure, axes = plt.subplots(
        len(lines),
        len(columns),
        figsize=(max(PAGE, 1.7 * len(columns)), 0.6 + 1.6 * len(lines)),
        squeeze=False,
        sharey=True,
    )
    for panels, line in zip(axes, lines, strict=True):
        for panel, column in zip(panels, columns, strict=True):
            if (*column, *line) in towers:
                draw_tower(panel, towers[*column, *line])
            else:
                panel.set_axis_off()
    axes[0, 0].set_ylim(min(-0.05, rows["value"].min() - 0.05), 1.05)
    for panel in axes[:, 0]:
        panel.set_ylabel("mean cosine")
    figure.legend(handles=legend_marks(rows), loc="outside lower center", ncols=4)
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
                axes.fill_between(
                    stream["layer"], stream["low"], stream["high"], color=colour, alpha=0.15, lw=0
                )
                draw_marks(axes, curve, averaged)
    title = f"{first['label']} {TOWERS[first['side']]}, {first['state']}"
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
        snakemake.output.png,
        **snakemake.params.settings,
    )
