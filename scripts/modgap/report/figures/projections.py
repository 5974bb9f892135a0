"""Figure 1: the modality gap of embedding sets in several projections, one row a set.

Grey lines join the pairs. A modality has its colour in every row, and the first modality of a set
lies on the right.
"""

from modgap.report.drawing import (
    GREY,
    PAGE,
    draw_pairs,
    hide_ticks,
    modality_marks,
    note,
    plt,
)
from modgap.statistics.headline import headline_gap, spell_gap

METHODS = {
    "umap": "UMAP",
    "svd": "SVD, not centred (as published)",
    "pca": "PCA, centred",
    "gap_axis": "gap axis",
}

# Heights in inches: the legend, and one embedding set.
HEADER, BAND = 0.25, 1.95


def draw_pair_legend(header, rows, colours):
    """Which colour is which modality of these rows."""
    pair = plt.Line2D([], [], color=GREY, linewidth=0.8, label="pair")
    marks = [*modality_marks(rows, colours), pair]
    header.legend(handles=marks, loc="center right", ncols=len(marks))


def axis_labels(method, axes):
    """What x and y mean, with the share of the variance where there is one."""
    if method == "umap":
        return "", ""
    names = {
        "svd": ("axis 1", "axis 2"),
        "pca": ("PC 1", "PC 2"),
        "gap_axis": ("along the gap", "first orthogonal PC"),
    }[method]
    return tuple(
        f"{name} ({100 * axes[share]:.0f} %)"
        for name, share in zip(names, ("share_x", "share_y"), strict=True)
    )


def draw_projection(axes, method, points, meaning, colours, paired):
    """One projection of one embedding set."""
    first, second = (
        points.loc[points["modality"] == side, ["x", "y"]].to_numpy()
        for side in ("first", "second")
    )
    draw_pairs(axes, first, second, colours=colours, paired=paired)
    x_label, y_label = axis_labels(method, meaning)
    axes.set_xlabel(x_label, labelpad=1)
    axes.set_ylabel(y_label, labelpad=1)
    if method == "gap_axis":
        axes.set_aspect("equal", adjustable="datalim")
    else:
        hide_ticks(axes)
    if method == "umap":
        note(axes, f"trustworthiness {meaning['trustworthiness']:.2f}", y=-0.03)


def title_gap(row, gap, drawn):
    """Name, gap with interval (a row of ``headline_gap``) and numbers of pairs of one row."""
    state = f", {row['state']} weights" if row["state"] else ""
    shown = f"n = {gap.n:,}" if drawn == gap.n else f"n = {gap.n:,}, {drawn:,} drawn"
    shown += "" if row["paired"] else ", no pairs"
    return f"{row['label']}{state}: gap {spell_gap(gap)}, {shown}"


def draw_gap_page(
    rows, points, meanings, measured, colours, *, methods=tuple(METHODS), create=plt.figure
):
    """One page: a legend, and a band of panels for each of these rows.

    points, meanings, measured : set -> points of ``statistics.projections``, a dict of ``axes`` and
        ``n_drawn``, tidy measurements. colours : of modalities. methods : of ``METHODS``.
    create : makes the figure, given its size.
    """
    heights = [HEADER, *[BAND] * len(rows)]
    figure = create(figsize=(PAGE, sum(heights)))
    header, *bands = figure.subfigures(len(heights), 1, height_ratios=heights)
    draw_pair_legend(header, rows, colours)
    for position, (row, band) in enumerate(zip(rows, bands, strict=True)):
        meaning = meanings[row["name"]]
        gap = headline_gap(measured[row["name"]])
        indent = "    with " if row["grouped"] else ""
        band.suptitle(
            indent + title_gap(row, gap, meaning["n_drawn"]),
            x=0.01,
            ha="left",
            fontsize=7.5,
            fontweight="bold",
        )
        chosen = points[row["name"]]
        for axes, method in zip(band.subplots(1, len(methods)), methods, strict=True):
            draw_projection(
                axes,
                method,
                chosen[chosen["method"] == method],
                meaning["axes"][method],
                [colours[name] for name in row["modalities"]],
                row["paired"],
            )
            if position == 0:
                axes.set_title(METHODS[method], pad=3)
    return figure
