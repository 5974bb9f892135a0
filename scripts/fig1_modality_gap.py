"""Figure 1: the modality gap of every embedding set, in four projections.

One row per embedding set; a set that belongs beside another (a random model beside its trained
twin) stands right below it. Grey lines join the pairs. A modality has its colour in every row, and
the first modality of a set lies on the right.
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
    note,
    plt,
    save_pages,
    split_pages,
    use_style,
)
from modgap.statistics.headline import headline_gap, spell_gap
from modgap.tables import read_metadata, read_table, read_tables

METHODS = {
    "umap": "UMAP",
    "svd": "SVD, not centred (as published)",
    "pca": "PCA, centred",
    "gap_axis": "gap axis",
}

# Heights in inches: the legend, and one embedding set.
HEADER, BAND = 0.25, 1.95


def draw_legend(header, rows, colours):
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


def draw_panel(axes, method, points, meaning, colours, paired):
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


def row_title(row, gap, drawn):
    """Name, gap with interval (a row of ``headline_gap``) and numbers of pairs of one row."""
    state = f", {row['state']} weights" if row["state"] else ""
    shown = f"n = {gap.n:,}" if drawn == gap.n else f"n = {gap.n:,}, {drawn:,} drawn"
    shown += "" if row["paired"] else ", no pairs"
    return f"{row['label']}{state}: gap {spell_gap(gap)}, {shown}"


def draw_page(rows, points, meanings, measured, colours):
    """One page: a legend, and a band of panels for each of these rows."""
    heights = [HEADER, *[BAND] * len(rows)]
    figure = plt.figure(figsize=(PAGE, sum(heights)))
    header, *bands = figure.subfigures(len(heights), 1, height_ratios=heights)
    draw_legend(header, rows, colours)
    for position, (row, band) in enumerate(zip(rows, bands, strict=True)):
        meaning = meanings[row["name"]]
        gap = headline_gap(measured[row["name"]])
        indent = "    with " if row["grouped"] else ""
        band.suptitle(
            indent + row_title(row, gap, meaning["n_drawn"]),
            x=0.01,
            ha="left",
            fontsize=7.5,
            fontweight="bold",
        )
        chosen = points[row["name"]]
        for axes, method in zip(band.subplots(1, len(METHODS)), METHODS, strict=True):
            draw_panel(
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


def main(projections, gaps, pdf, pngs, *, rows, page_rows, first, second, dpi):
    """Draw ``rows`` (``describe_sets`` of the plan), given a projection and a gap table each."""
    use_style()
    points = {row["name"]: read_table(path) for row, path in zip(rows, projections, strict=True)}
    meanings = {
        row["name"]: read_metadata(path) for row, path in zip(rows, projections, strict=True)
    }
    measured = dict(iter(read_tables(gaps).groupby("embeddings")))
    colours = modality_colours(rows, first, second)
    pages = (
        draw_page(page, points, meanings, measured, colours)
        for page in split_pages(rows, page_rows)
    )
    save_pages(pages, pdf, pngs, dpi=dpi)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.projections,
        snakemake.input.gaps,
        snakemake.output.pdf,
        snakemake.output.pngs,
        **snakemake.params.settings,
    )
