"""Figure X (across models): gap, RMG, cone and zero-shot accuracy across models.

One row per model and dataset, grouped by architecture; open marks are random weights, filled ones
trained. Lines are 95 % intervals.
"""

import numpy as np
import pandas as pd

from modgap.job import start_log
from modgap.report.drawing import GREY, PAGE, PALETTE, plt, save, use_style

KEYS = ["model", "architecture", "weights", "dataset"]
PANELS = {
    "gap": "gap",
    "rmg": "relative modality gap",
    "cone": "mean cosine within",
    "zero_shot": "zero-shot accuracy",
}


def main(table, pdf, png, *, first, second, dpi):
    use_style()
    rows = pd.read_csv(table, keep_default_na=True)
    places = rows[KEYS].drop_duplicates().reset_index(drop=True)
    tasks = list(rows["task"].dropna().unique())
    legend_lines = 1 + len(tasks) // 6
    figure, axes = plt.subplots(
        1,
        len(PANELS),
        figsize=(PAGE, 0.9 + 0.17 * len(places) + 0.14 * legend_lines),
        sharey=True,
    )
    rows = rows.merge(places.assign(place=range(len(places))), on=KEYS)
    sets = rows.drop_duplicates("place")
    panels = dict(zip(PANELS, axes, strict=True))
    draw_dots(panels["gap"], sets, "gap", "black")
    draw_dots(panels["rmg"], sets, "rmg", "black")
    draw_dots(panels["cone"], sets, "cone_images", first, offset=-0.12)
    draw_dots(panels["cone"], sets, "cone_texts", second, offset=0.12)
    rows["height"] = rows["place"] + task_offsets(rows[rows["task"].notna()])
    for task, colour in zip(tasks, task_colours(tasks), strict=True):
        chosen = rows[rows["task"] == task]
        draw_dots(
            panels["zero_shot"],
            chosen,
            "zero_shot",
            colour,
            offset=chosen["height"] - chosen["place"],
        )
        panels["zero_shot"].scatter(
            chosen["chance"], chosen["height"], marker="|", s=14, c=GREY, linewidths=0.7
        )
    for name, panel in panels.items():
        panel.set_xlabel(PANELS[name])
        left, right = min(0, panel.get_xlim()[0]), panel.get_xlim()[1]
        panel.set_xlim(left, right + 0.03 * (right - left))  # no mark is cut
    label_rows(axes, places)
    figure.legend(handles=legend_marks(first, second, tasks), loc="outside lower center", ncols=6)
    save(figure, pdf, png, dpi=dpi)


def task_colours(tasks):
    """A colour for each task, again from the start where there are many."""
    return [PALETTE[(i + 2) % 7] for i in range(len(tasks))]


def task_offsets(rows):
    """Offsets that keep the tasks of one row of the figure apart."""
    same = rows.groupby("place")["place"]
    count = same.transform("size")
    return (same.cumcount() - (count - 1) / 2) * 0.5 / count


def draw_dots(axes, rows, name, colour, offset=0.0):
    """Values with their intervals, one per row of the figure."""
    rows = rows[rows[name].notna()]
    height = rows["place"] + offset
    axes.hlines(height, rows[f"{name}_low"], rows[f"{name}_high"], color=colour, linewidth=0.8)
    trained = rows["weights"] != "random"
    for chosen, face in ((trained, colour), (~trained, "white")):
        axes.scatter(
            rows.loc[chosen, name],
            height[chosen],
            s=11,
            c=face,
            edgecolors=colour,
            linewidths=0.7,
            zorder=3,
        )


def label_rows(axes, places):
    """Row labels, and a line between architectures."""
    labels = [f"{row.model}, {row.dataset}" for row in places.itertuples()]
    axes[0].set_yticks(range(len(labels)), labels)
    axes[0].set_ylim(len(labels) - 0.5, -0.5)
    new = np.flatnonzero(places["architecture"].ne(places["architecture"].shift())[1:]) + 1
    for panel in axes:
        panel.tick_params(axis="y", length=0)
        panel.grid(axis="y", color="#EEEEEE", linewidth=0.5)
        panel.set_axisbelow(True)
        for place in new:
            panel.axhline(place - 0.5, color=GREY, linewidth=0.5)


def legend_marks(first, second, tasks):
    """What colours and marks mean."""
    dot = {"marker": "o", "lw": 0, "ms": 3.5}
    marks = [
        plt.Line2D([], [], color="black", label="trained", **dot),
        plt.Line2D([], [], color="black", mfc="white", label="random weights", **dot),
        plt.Line2D([], [], color=first, label="images", **dot),
        plt.Line2D([], [], color=second, label="texts", **dot),
    ]
    if tasks:
        marks.append(plt.Line2D([], [], color=GREY, marker="|", lw=0, ms=5, label="chance"))
    marks += [
        plt.Line2D([], [], color=colour, label=task, **dot)
        for task, colour in zip(tasks, task_colours(tasks), strict=True)
    ]
    return marks


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.table,
        snakemake.output.pdf,
        snakemake.output.png,
        **snakemake.params.settings,
    )
