"""Supplementary Figure 11: rates of harmful classes by group while the pictures move.

One row per task: each category and the accuracy over shifts for the groups of the first grouping,
and the rates without a shift under every set of prompts.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from itertools import cycle

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

# Measures in the tables of rates, beside the categories of harmful classes.
ACCURACY, SUM = "accuracy", "sum"

ROW_HEIGHT = 2.3
MARKERS = "osD^v<>pP"
# Groups that are named like these have the palette's colour of that name; purple it has not.
NAMED = {
    "blue": "#0072B2",
    "cyan": "#56B4E9",
    "green": "#009E73",
    "orange": "#E69F00",
    "pink": "#CC79A7",
    "purple": "#6A3D9A",
    "red": "#D55E00",
    "yellow": "#F0E442",
}


def group_colours(groups):
    """A colour for each group: its own where all are named like colours."""
    if set(groups) <= set(NAMED):
        return {group: NAMED[group] for group in groups}
    return dict(zip(groups, cycle(PALETTE), strict=False))


def draw_rates(axes, rows, colours, scale):
    """One line with its band per group."""
    for group, colour in colours.items():
        here = rows[rows["group"] == group].sort_values("delta")
        axes.fill_between(
            here["delta"],
            scale * here["low"],
            scale * here["high"],
            color=lighter(colour, 0.6),
            alpha=0.25,
            linewidth=0,
        )
        axes.plot(here["delta"], scale * here["value"], color=colour, label=group)
    axes.axvline(0, color=GREY, linewidth=0.5, linestyle=":")
    axes.set_xlabel("shift δ of the pictures")


def draw_prompts(axes, rows, colours):
    """Rates without a shift: one row per group, one marker per set of prompts."""
    places = {group: y for y, group in enumerate(reversed(colours))}
    for marker, (templates, here) in zip(
        MARKERS, rows.groupby("templates", sort=False), strict=False
    ):
        axes.plot(
            100 * here["value"],
            here["group"].map(places),
            marker=marker,
            color="black",
            markersize=3,
            fillstyle="none",
            linestyle="none",
            label=f"prompts: {templates}",
        )
    main = rows[rows["templates"] == rows["templates"].iloc[0]]
    for row in main.itertuples():
        axes.plot(
            [100 * row.low, 100 * row.high],
            2 * [places[row.group]],
            color=colours[row.group],
            linewidth=3,
            alpha=0.45,
            zorder=0,
        )
    axes.set_yticks(range(len(places)), list(places))
    axes.set_ylim(-0.6, len(places) - 0.4)
    axes.set_xlim(left=min(0, axes.get_xlim()[0]))


def main(rates, pdf, pngs, *, tasks, shifts, page_rows, dpi):
    """One table of rates per task, in the order of ``tasks``; shifts: smallest, largest drawn."""
    use_style()
    rows = list(zip(rates, tasks, strict=True))
    pages = (draw_page(page, shifts) for page in split_pages(rows, page_rows))
    save_pages(pages, pdf, pngs, dpi=dpi)


def draw_page(rows, shifts):
    """One page: a band for each of these tables of rates and its task."""
    figure = plt.figure(figsize=(PAGE, ROW_HEIGHT * len(rows)))
    bands = figure.subfigures(len(rows), 1, squeeze=False)[:, 0]
    for band, (path, task) in zip(bands, rows, strict=True):
        table = read_table(path)
        names = list(table["measure"].drop_duplicates())
        panels = band.subplots(1, len(names) + 1)
        draw_task(panels, table, names, task, read_metadata(path)["largest_class"], shifts)
        state = f", {task['state']} weights" if task["state"] else ""
        band.suptitle(
            f"{task['label']}: {task['model']}{state}, moved along the gap of {task['gap']}",
            x=0.01,
            ha="left",
            fontsize=7.5,
            fontweight="bold",
        )
        handles = [
            handle
            for axes in (panels[0], panels[-1])
            for handle in axes.get_legend_handles_labels()[0]
        ]
        band.legend(handles=handles, loc="outside lower center", ncols=8, columnspacing=1)
    return figure


def draw_task(panels, table, names, task, chance, shifts):
    """The panels of one task: a panel per measure, the last for the sets of prompts."""
    grouping = table["grouping"].drop_duplicates().iloc[1]
    everyone = table.query("grouping == 'all' and measure == @ACCURACY and delta == 0")
    rows = table[table["grouping"] == grouping]
    main = rows[rows["templates"] == task["templates"]]
    main = main[main["delta"].between(*shifts)]
    colours = group_colours(main["group"].drop_duplicates())
    for axes, name in zip(panels[:-1], names, strict=True):
        percent = name != ACCURACY
        draw_rates(axes, main[main["measure"] == name], colours, 100 if percent else 1)
        axes.set_title(f"{name} (%)" if percent else name)
    harm = SUM if SUM in names else names[0]
    unmoved = rows[(rows["delta"] == 0) & (rows["measure"] == harm)]
    draw_prompts(panels[-1], unmoved, colours)
    panels[-1].set_title("no shift, by prompts")
    panels[-1].set_xlabel(f"{harm} (%)")
    why = reasons_not_judged(task["state"], everyone["low"].iloc[0], chance)
    if why:
        note(panels[0], f"not judged: {why}")


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.rates,
        snakemake.output.pdf,
        snakemake.output.pngs,
        **snakemake.params.settings,
    )
