"""Supplementary Figure 10: zero-shot accuracy over the gap, and the gap among its controls.

One row per task: the curve of each side with its interval, and for each side the gain of the gap
direction at its best shift, with its corrected interval, beside those of control directions, each
at its own best shift.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import numpy as np

from modgap.job import start_log
from modgap.report.drawing import (
    GREY,
    PAGE,
    PALETTE,
    lighter,
    note,
    plt,
    save_pages,
    split_pages,
    use_style,
)
from modgap.report.formats import reasons_not_judged
from modgap.tables import read_metadata, read_table

SIDES = {"both": "both sides move", "first": "pictures move", "second": "prompts move"}
MEASURES = {"accuracy": ("top1", "top-1 accuracy"), "auc": ("auc", "ROC-AUC")}
CONTROLS = [
    "random direction",
    "permuted offsets",
    "swapped labels",
    "second principal direction",
    "offset only",
]
ROW_HEIGHT = 1.7


def draw_curves(axes, curve, selection, about, colours):
    """Accuracy of every side over the remaining gap; returns the row at shift 0, and chance."""
    statistic, name = MEASURES[about["metric"]]
    chance = about["largest_class"] if about["metric"] == "accuracy" else 0.5
    for side, colour in colours.items():
        rows = curve[(curve["side"] == side) & (curve["statistic"] == statistic)]
        if rows.empty:
            continue
        axes.fill_between(
            rows["distance"], rows["low"], rows["high"], color=lighter(colour, 0.8), linewidth=0
        )
        exact = curve[(curve["side"] == side) & (curve["statistic"] == "top1_exact")]
        line = rows if exact.empty or statistic != "top1" else exact
        distance = np.interp(line["delta"], rows["delta"], rows["distance"])
        axes.plot(distance, line["value"], color=colour, linewidth=0.9)
        choices = selection[selection["side"] == side].set_index("procedure")
        at = rows.set_index("delta")
        axes.plot(
            *at.loc[choices.loc["published", "delta"], ["distance", "value"]],
            marker="*",
            color=colour,
            markersize=7,
            linestyle="none",
        )
    zero = curve[(curve["delta"] == 0) & (curve["statistic"] == statistic)].iloc[0]
    axes.plot(zero["distance"], zero["value"], "o", color="black", markersize=3.5, zorder=5)
    axes.axhline(chance, color=GREY, linewidth=0.7, linestyle=":")
    axes.axvline(0, color=GREY, linewidth=0.4)
    axes.set_ylabel(name)
    return zero, chance


def draw_controls(axes, controls, selection, side, generator, colour):
    """Gains of the controls as dots, and of the gap direction as a line in its 95 % interval."""
    chosen = selection[(selection["side"] == side) & (selection["procedure"] == "corrected")]
    low, high = 100 * chosen[["low", "high"]].to_numpy()[0]
    axes.axvspan(low, high, color=lighter(colour, 0.8), linewidth=0)
    rows = controls[controls["side"] == side].groupby("control")["gain"]
    gains = {name: 100 * values.to_numpy() for name, values in rows}
    for y, name in enumerate(reversed(CONTROLS)):
        if name not in gains:
            continue
        jitter = generator.uniform(-0.25, 0.25, len(gains[name])) * (len(gains[name]) > 1)
        single = len(gains[name]) == 1
        axes.plot(
            gains[name],
            y + jitter,
            "D" if single else ".",
            color="black" if single else GREY,
            markersize=3 if single else 2,
            alpha=1 if single else 0.5,
            markeredgewidth=0,
        )
    axes.axvline(gains["gap"][0], color=colour, linewidth=1.4)
    axes.axvline(0, color=GREY, linewidth=0.4)
    axes.set_yticks(range(len(CONTROLS)), list(reversed(CONTROLS)))
    axes.set_ylim(-0.6, len(CONTROLS) - 0.4)


def main(curves, selections, controls, pdf, pngs, *, tasks, page_rows, first, second, dpi):
    """One file of each kind per task, in the order of ``tasks`` (name, label, model, state...)."""
    use_style()
    moved = set(read_table(curves[0])["side"])
    colours = {"both": PALETTE[2], "first": first, "second": second}
    colours = {side: colour for side, colour in colours.items() if side in moved}
    generator = np.random.default_rng(0)
    rows = list(zip(curves, selections, controls, tasks, strict=True))
    pages = (draw_page(page, colours, generator) for page in split_pages(rows, page_rows))
    save_pages(pages, pdf, pngs, dpi=dpi)


def draw_page(rows, colours, generator):
    """One page: a row for each of these tasks (three files and what they are called)."""
    figure, grid = plt.subplots(
        len(rows),
        1 + len(colours),
        figsize=(PAGE, 0.45 + ROW_HEIGHT * len(rows)),
        width_ratios=[1.5] + [1] * len(colours),
        squeeze=False,
    )
    for row, (curve, selection, control, task) in zip(grid, rows, strict=True):
        about = read_metadata(curve)
        choices = read_table(selection)
        zero, chance = draw_curves(row[0], read_table(curve), choices, about, colours)
        row[0].set_title(
            f"{task['label']}: {task['model']}, n = {about['n']:,}, {about['n_classes']} classes",
            loc="left",
            fontweight="bold",
        )
        why = reasons_not_judged(task["state"], zero["low"], chance)
        if why:
            note(row[0], f"not judged: {why}")
        for axes, (side, colour) in zip(row[1:], colours.items(), strict=True):
            draw_controls(axes, read_table(control), choices, side, generator, colour)
        for axes in row[2:]:
            axes.set_yticklabels([])
    for axes, side in zip(grid[0, 1:], colours, strict=True):
        axes.set_title(SIDES[side])
    grid[-1, 0].set_xlabel("distance between the centres after the shift (signed)")
    for axes in grid[-1, 1:]:
        axes.set_xlabel("gain at the best shift × 100")
    add_legend(figure, colours)
    return figure


def add_legend(figure, colours):
    """One legend above all rows: sides, marks, chance."""
    handles = [
        plt.Line2D([], [], color=colour, label=SIDES[side]) for side, colour in colours.items()
    ]
    marks = [
        ("o", "black", "no shift"),
        ("*", GREY, "best shift"),
    ]
    handles += [
        plt.Line2D([], [], marker=m, color=c, label=text, linestyle="none") for m, c, text in marks
    ]
    handles.append(plt.Line2D([], [], color=GREY, linestyle=":", label="chance"))
    interval = lighter(GREY, 0.6)
    handles.append(plt.Line2D([], [], color=interval, linewidth=6, label="95 % interval"))
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), columnspacing=1)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.curves,
        snakemake.input.selections,
        snakemake.input.controls,
        snakemake.output.pdf,
        snakemake.output.pngs,
        **snakemake.params.settings,
    )
