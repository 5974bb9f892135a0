"""Figure 1: the modality gap of every embedding set, in four projections.

One row per embedding set; a set that belongs beside another (a random model beside its trained
twin) stands right below it. Grey lines join the pairs.
"""

from matplotlib.lines import Line2D

from modgap.job import start_log
from modgap.report.drawing import GREY, PAGE, draw_pairs, hide_ticks, note, plt, save, use_style
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
    """Which colour is which modality; by name where all sets have the same two."""
    names = {tuple(row["modalities"]) for row in rows}
    labels = names.pop()
    if names or labels == ("first", "second"):
        labels = ("first modality", "second modality")
    handles = [
        Line2D([], [], marker="o", markersize=3, linewidth=0, color=colour, label=label)
        for colour, label in zip(colours, labels, strict=True)
    ]
    handles.append(Line2D([], [], color=GREY, linewidth=0.8, label="pair"))
    header.legend(handles=handles, loc="center right", ncols=3)


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


def draw_panel(axes, method, points, meaning, colours):
    """One projection of one embedding set."""
    first, second = (
        points.loc[points["modality"] == side, ["x", "y"]].to_numpy()
        for side in ("first", "second")
    )
    draw_pairs(axes, first, second, colours=colours)
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
    return f"{row['label']}{state}: gap {spell_gap(gap)}, {shown}"


def main(projections, gaps, pdf, png, *, rows, first, second, dpi):
    """Draw ``rows`` (``describe_sets`` of the plan), given a projection and a gap table each."""
    use_style()
    points = {row["name"]: read_table(path) for row, path in zip(rows, projections, strict=True)}
    meanings = {
        row["name"]: read_metadata(path) for row, path in zip(rows, projections, strict=True)
    }
    measured = dict(iter(read_tables(gaps).groupby("embeddings")))
    heights = [HEADER, *[BAND] * len(rows)]
    figure = plt.figure(figsize=(PAGE, sum(heights)))
    header, *bands = figure.subfigures(len(heights), 1, height_ratios=heights)
    draw_legend(header, rows, (first, second))
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
                (first, second),
            )
            if position == 0:
                axes.set_title(METHODS[method], pad=3)
    save(figure, pdf, png, dpi=dpi)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.projections,
        snakemake.input.gaps,
        snakemake.output.pdf,
        snakemake.output.png,
        **snakemake.params.settings,
    )
