"""Supplementary Figure 13: models trained independently, each its own cone.

One row per encoder: UMAP and PCA of the same items embedded by each model (colour: model, as the
legend says), and the mean cosine within and between the cones (shape of the mark), beside that of
the random initialisations where the configuration has them.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from modgap.job import start_log
from modgap.report.drawing import (
    GREY,
    PAGE,
    PALETTE,
    hide_ticks,
    plt,
    save_pages,
    split_pages,
    use_style,
)
from modgap.tables import read_tables

METHODS = {"umap": "UMAP", "pca": "PCA"}
# Statistic, mark, and how far above its mark the number stands, in points. Colours are models.
CONES = {
    "within": ("cosine_within_initialisations", "o", 6),
    "between": ("cosine_between_initialisations", "D", -11),
}
# Without red and blue, which are pictures and texts in other figures, and black, the marks.
COLOURS = [*PALETTE[2:6], PALETTE[7], "#882255", "#999933", "#332288"]


def main(tables, points, random, pdf, pngs, *, groups, page_rows, dpi):
    """Draw ``groups`` (name, label, dataset_label, random: name of its initialisations or None)."""
    use_style()
    measured = {"trained": read_tables(tables)}
    if random:
        measured["random"] = read_tables(random).query("normalisation_layers == 'kept'")
    clouds = read_tables(points)
    shown = [
        (group, side)
        for group in groups
        for side in clouds.loc[clouds["embeddings"] == group["name"], "side"].unique()
    ]
    pages = (draw_page(page, clouds, measured) for page in split_pages(shown, page_rows))
    save_pages(pages, pdf, pngs, dpi=dpi)


def draw_page(shown, clouds, measured):
    """One page: a row for each of these encoders (group, side)."""
    figure, panels = plt.subplots(
        len(shown),
        3,
        figsize=(PAGE, 0.5 + 1.85 * len(shown)),
        squeeze=False,
        width_ratios=[1, 1, 1.3],
    )
    seeds = []
    for (group, side), line in zip(shown, panels, strict=True):
        cloud = clouds[(clouds["embeddings"] == group["name"]) & (clouds["side"] == side)]
        seeds += list(cloud["seed"].unique())
        for axes, (method, title) in zip(line, METHODS.items(), strict=False):
            draw_cloud(axes, cloud[cloud["method"] == method])
            axes.set_title(f"{title}: {group['label']} {side}, {group['dataset_label']}")
        draw_cosines(line[-1], measured, group, side)
    models = [
        plt.Line2D([], [], marker="o", ms=3, lw=0, color=COLOURS[seed % len(COLOURS)],
                   label=f"model {seed + 1}")
        for seed in sorted(set(seeds))
    ]  # fmt: skip
    marks = panels[0, -1].get_legend_handles_labels()[0]
    figure.legend(handles=[*models, *marks], loc="outside lower center", ncols=8)
    return figure


def draw_cloud(axes, cloud):
    """The same items by every model."""
    for seed, points in cloud.groupby("seed"):
        axes.scatter(
            points["x"],
            points["y"],
            s=2,
            color=COLOURS[seed % len(COLOURS)],
            linewidths=0,
            rasterized=True,
        )
    hide_ticks(axes)


def draw_cosines(axes, measured, group, side):
    """Mean cosine within and between cones, after training and at random initialisation."""
    names = {"trained": group["name"], "random": group["random"]}
    rows = {
        state: table[(table["embeddings"] == names[state]) & (table["side"] == side)]
        for state, table in measured.items()
    }
    rows = {state: found for state, found in rows.items() if len(found)}
    for place, found in enumerate(rows.values()):
        for what, (statistic, mark, above) in CONES.items():
            row = found[found["statistic"] == statistic].iloc[0]
            axes.hlines(place, row["low"], row["high"], color="black", lw=1.2, alpha=0.6)
            label = None if place else f"{what} cones"
            axes.plot(row["value"], place, mark, ms=4, color="black", lw=0, label=label)
            axes.annotate(
                f"{row['value'] + 0:.3f}",
                (row["value"], place),
                (0, above),
                textcoords="offset points",
                ha="center",
                fontsize=6,
            )
    ticks = [
        f"{state},\n{found['n_initialisations'].iloc[0]} models" for state, found in rows.items()
    ]
    axes.set_yticks(range(len(rows)), ticks)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.axvline(0, color=GREY, lw=0.6, zorder=0)
    axes.set_xlim(-0.2, 1.1)
    axes.set_xlabel("mean cosine of cones")


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.tables,
        snakemake.input.points,
        snakemake.input.random,
        snakemake.output.pdf,
        snakemake.output.pngs,
        **snakemake.params.settings,
    )
