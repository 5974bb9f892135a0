"""Every pair of modalities of a dataset: one projection; gap, RMG, recall as matrices.

One row per dataset of more than two modalities. Of recall@1 a row is what is asked with, a column
what is looked for; gap and RMG are the same both ways.
"""

import numpy as np

from modgap.report.drawing import PAGE, hide_ticks, plt

# Height in inches of one dataset, and of one modality more than three.
BAND, MORE = 2.1, 0.12

MATRICES = {"gap": "gap", "rmg": "RMG", "recall1": "recall@1"}


def fill_matrix(measured, sets, modalities, statistic):
    """(k, k) values of every pair; nan where a pair is not measured, and on the diagonal.

    measured : tidy rows. sets : dicts with name, first, second.
    """
    matrix = np.full((len(modalities), len(modalities)), np.nan)
    values = measured.set_index(["embeddings", "statistic", "side"])["value"]
    for pair in sets:
        i, j = modalities.index(pair["first"]), modalities.index(pair["second"])
        both = (pair["name"], statistic, "both")
        for cell, side in (((i, j), "first_to_second"), ((j, i), "second_to_first")):
            key = both if both in values.index else (pair["name"], statistic, side)
            matrix[cell] = values.get(key, np.nan)
    return matrix


def draw_matrix(axes, matrix, modalities, title):
    """Numbers in coloured cells."""
    # From 0 in every panel, so that small differences do not look large.
    high = max(1.0, np.nanmax(matrix, initial=0))
    axes.imshow(matrix, cmap="cividis", aspect="equal", vmin=0, vmax=high)
    for i, j in np.argwhere(~np.isnan(matrix)):
        dark = matrix[i, j] < high / 2
        axes.text(
            j,
            i,
            f"{matrix[i, j]:.2f}",
            ha="center",
            va="center",
            fontsize=6,
            color="white" if dark else "black",
        )
    axes.set_xticks(range(len(modalities)), modalities, rotation=45, ha="right")
    axes.set_yticks(range(len(modalities)), modalities)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title(title, pad=3)


def draw_plane(axes, points, meaning, modalities, colours):
    """All modalities in one plane."""
    for modality in modalities:
        chosen = points[points["modality"] == modality]
        axes.scatter(
            chosen["x"],
            chosen["y"],
            s=2,
            linewidths=0,
            c=colours[modality],
            label=modality,
            rasterized=True,
        )
    axes.set_xlabel(f"PC 1 ({100 * meaning['share_x']:.0f} %)", labelpad=1)
    axes.set_ylabel(f"PC 2 ({100 * meaning['share_y']:.0f} %)", labelpad=1)
    axes.set_aspect("equal", adjustable="datalim")
    hide_ticks(axes)
    axes.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, -0.1),
        ncols=min(len(modalities), 3),
        markerscale=2,
        handletextpad=0.2,
        columnspacing=0.8,
    )
    axes.set_title("all clouds, PCA", pad=3)


def draw_matrix_page(groups, drawn, measured, colours, *, create=plt.figure):
    """One page: clouds and matrices, a row for each dataset.

    groups : dicts of a dataset's label, modalities and sets. drawn : of each the points of
        ``statistics.projections.project_modalities`` and what they mean. measured : tidy rows of
        all sets. colours : of modalities. create : makes the figure, given its size.
    """
    heights = [BAND + MORE * max(0, len(group["modalities"]) - 3) for group in groups]
    figure = create(figsize=(PAGE, sum(heights)))
    bands = np.atleast_1d(figure.subfigures(len(groups), 1, height_ratios=heights))
    for group, (points, meaning), band in zip(groups, drawn, bands, strict=True):
        band.suptitle(group["label"], x=0.01, ha="left", fontsize=7.5, fontweight="bold")
        axes = band.subplots(1, 1 + len(MATRICES), width_ratios=[1.3, 1, 1, 1])
        modalities = group["modalities"]
        draw_plane(axes[0], points, meaning, modalities, colours)
        for panel, (statistic, title) in zip(axes[1:], MATRICES.items(), strict=True):
            matrix = fill_matrix(measured, group["sets"], modalities, statistic)
            draw_matrix(panel, matrix, modalities, title)
    return figure
