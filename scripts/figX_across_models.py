"""Figure X (across models): gap, RMG, cone, accuracy and recall, and how they go together.

One row per model and dataset, grouped by architecture; open marks are random weights, filled ones
trained. Lines are 95 % intervals. Below, where there are enough models, Kendall's τ of each measure
with each outcome; lines are its range without one family.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import numpy as np

from modgap.job import start_log
from modgap.report.drawing import GREY, PAGE, PALETTE, plt, save, use_style
from modgap.report.formats import read_for_jobs

KEYS = ["model", "architecture", "weights", "dataset"]
PANELS = {
    "gap": "gap",
    "rmg": "relative modality gap",
    "cone": "mean cosine within",
    "zero_shot": "zero-shot accuracy",
    "recall": "recall@1",
}

MEASURES = {
    "gap": "gap",
    "rmg": "RMG",
    "cone_images": "cosine, images",
    "cone_texts": "cosine, texts",
    "logit_scale": "logit scale",
}
RECALLS = {"recall1_images": "recall@1 from images", "recall1_texts": "recall@1 from texts"}
# Panels of associations beside each other; the table has all.
OUTCOMES = 4
VERDICTS = ("positive", "negative")
MARKERS = "osD"


def main(table, associations, pdf, png, *, first, second, dpi):
    use_style()
    rows = read_for_jobs(table)
    places = rows[KEYS].drop_duplicates().reset_index(drop=True)
    tasks = list(rows["task"].dropna().unique())
    legend_lines = 1 + len(tasks) // 6
    associated = choose_associations(read_for_jobs(associations))
    upper, lower = 0.9 + 0.17 * len(places) + 0.14 * legend_lines, 1.5 * bool(len(associated))
    figure = plt.figure(figsize=(PAGE, upper + lower))
    parts = figure.subfigures(2, 1, height_ratios=[upper, lower]) if lower else [figure]
    axes = parts[0].subplots(1, len(PANELS), sharey=True)
    rows = rows.merge(places.assign(place=range(len(places))), on=KEYS)
    sets = rows.drop_duplicates("place")
    panels = dict(zip(PANELS, axes, strict=True))
    draw_dots(panels["gap"], sets, "gap", "black")
    draw_dots(panels["rmg"], sets, "rmg", "black")
    draw_dots(panels["cone"], sets, "cone_images", first, offset=-0.12)
    draw_dots(panels["cone"], sets, "cone_texts", second, offset=0.12)
    rows["height"] = rows["place"] + task_offsets(rows[rows["task"].notna()])
    for task, (colour, marker) in zip(tasks, task_marks(len(tasks)), strict=True):
        chosen = rows[rows["task"] == task]
        draw_dots(
            panels["zero_shot"],
            chosen,
            "zero_shot",
            colour,
            offset=chosen["height"] - chosen["place"],
            marker=marker,
        )
        panels["zero_shot"].scatter(
            chosen["chance"], chosen["height"], marker="|", s=14, c=GREY, linewidths=0.7
        )
    draw_dots(panels["recall"], sets, "recall1_images", first, offset=-0.12)
    draw_dots(panels["recall"], sets, "recall1_texts", second, offset=0.12)
    for name, panel in panels.items():
        panel.set_xlabel(PANELS[name])
        left, right = min(0, panel.get_xlim()[0]), panel.get_xlim()[1]
        panel.set_xlim(left, right + 0.03 * (right - left))  # no mark is cut
    label_rows(axes, places)
    parts[0].legend(handles=legend_marks(first, second, tasks), loc="outside lower center", ncols=6)
    if lower:
        draw_associations(parts[1], associated)
    save(figure, pdf, png, dpi=dpi)


def choose_associations(table):
    """Associations of enough models: of the first dataset with sets and the first outcomes."""
    table = table[~table["verdict"].str.startswith("too few", na=False)]
    table = table[table["dataset"] == table["dataset"].iloc[0]] if len(table) else table
    keys = table[["outcome", "outcome_dataset"]].apply(tuple, axis=1) if len(table) else []
    return table[keys.isin(list(dict.fromkeys(keys))[:OUTCOMES])] if len(table) else table


def draw_associations(figure, table):
    """τ of each measure with each outcome; filled where there is a verdict."""
    outcomes = list(table.groupby(["outcome", "outcome_dataset"], sort=False))
    axes = figure.subplots(1, len(outcomes), sharey=True, squeeze=False)[0]
    for panel, ((outcome, dataset), rows) in zip(axes, outcomes, strict=True):
        height = rows["measure"].map(list(MEASURES).index)
        panel.axvline(0, color=GREY, linewidth=0.5)
        panel.hlines(height, rows["tau_lowest"], rows["tau_highest"], color="black", linewidth=0.8)
        faces = np.where(rows["verdict"].isin(VERDICTS), "black", "white")
        panel.scatter(
            rows["tau"], height, s=11, c=faces, edgecolors="black", linewidths=0.7, zorder=3
        )
        panel.set(xlim=(-1.05, 1.05), xlabel="Kendall's τ over models")
        panel.set_title(f"{RECALLS.get(outcome, outcome)}, {dataset}")
        panel.set_yticks(range(len(MEASURES)), MEASURES.values())
        panel.set_ylim(len(MEASURES) - 0.5, -0.5)
        panel.tick_params(axis="y", length=0)


def task_marks(n):
    """(colour, marker) of each of n tasks, again from the start after 18; none is a modality's."""
    marks = [(colour, marker) for marker in MARKERS for colour in PALETTE[2:]]
    return [marks[i % len(marks)] for i in range(n)]


def task_offsets(rows):
    """Offsets that keep the tasks of one row of the figure apart."""
    same = rows.groupby("place")["place"]
    count = same.transform("size")
    return (same.cumcount() - (count - 1) / 2) * 0.5 / count


def draw_dots(axes, rows, name, colour, offset=0.0, marker="o"):
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
            marker=marker,
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
        plt.Line2D([], [], color=colour, label=task, **dot | {"marker": marker})
        for task, (colour, marker) in zip(tasks, task_marks(len(tasks)), strict=True)
    ]
    return marks


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.table,
        snakemake.input.associations,
        snakemake.output.pdf,
        snakemake.output.png,
        **snakemake.params.settings,
    )
