"""What methods gain by the number of pictures they are fitted on, in and out of domain."""

from modgap.report.drawing import GREY, PAGE, PALETTE, plt
from modgap.report.figures.methods import draw_left_out

SHOWN = {
    "shift": ("shift, gap to 0", GREY),
    "mean_removal": ("mean removal", PALETTE[2]),
    "whitening": ("whitening, shrunk", PALETTE[4]),
    "procrustes_shrunk": ("Procrustes, shrunk", PALETTE[3]),
    "nnn": ("NNN", PALETTE[5]),
    "mean_score_z": ("mean removal, scores standardised", PALETTE[0]),
}
TASKS = {
    "text to picture": "text to picture, R@1",
    "picture to text": "picture to text, R@1",
    "mixed, 50 % pictures": "mixed, 50 % pictures, NDCG@10",
}
STYLES = {"in domain": "-", "out of domain": "--"}
ROW_HEIGHT = 1.9
NO_CURVE = "no task that is drawn over the number of pictures"
# Factor between the places of two methods on the logarithmic axis.
DODGE = 1.05


def draw_calibration(sets):
    """A page: a row for each of (label, rows of ``measure_curve``), a panel a task."""
    there = {task for _, rows in sets if len(rows) for task in rows["task"]}
    tasks = {task: title for task, title in TASKS.items() if task in there}
    if not tasks:
        return draw_left_out(", ".join(label for label, _ in sets), NO_CURVE)
    figure, grid = plt.subplots(
        len(sets), len(tasks), figsize=(PAGE, 0.7 + ROW_HEIGHT * len(sets)), squeeze=False
    )
    for panels, (label, rows) in zip(grid, sets, strict=True):
        for axes, (task, title) in zip(panels, tasks.items(), strict=True):
            here = rows[(rows["task"] == task) & rows["method"].isin(SHOWN)]
            if here.empty:
                axes.set_axis_off()
                continue
            draw_curves_of(axes, here)
            axes.set_title(title, loc="left")
            axes.set_xlabel("pictures for calibration")
        panels[0].set_ylabel("change × 100")
        n = f", n = {int(rows['n'].max()):,}" if len(rows) else ""
        panels[0].set_title(f"{label}{n}\n{next(iter(tasks.values()))}", loc="left")
    figure.legend(handles=legend_curves(sets), loc="outside lower center", ncols=4)
    return figure


def draw_curves_of(axes, rows):
    """Changes over the number of pictures; the intervals of the curves in domain."""
    for i, (name, (_, colour)) in enumerate(SHOWN.items()):
        for source, style in STYLES.items():
            line = rows[(rows["method"] == name) & (rows["source"] == source)]
            line = line.sort_values("n_calibration")
            if line.empty:
                continue
            # Beside each other, not on top.
            x = line["n_calibration"] * DODGE ** (i - (len(SHOWN) - 1) / 2)
            axes.plot(x, 100 * line["change"], color=colour, ls=style, marker=".", ms=3, lw=1)
            if source == "in domain":
                axes.vlines(x, 100 * line["low"], 100 * line["high"], color=colour, lw=0.5)
    axes.axhline(0, color="black", lw=0.6)
    axes.set_xscale("log", base=2)
    ticks = sorted(rows["n_calibration"].unique())
    kept = [n for i, n in enumerate(ticks) if i == 0 or n >= 2 * ticks[i - 1]]
    axes.set_xticks(kept, [f"{n:,}" for n in kept])
    axes.minorticks_off()
    # Every point and whisker lies in the panel.
    low, high = (
        100 * rows[["low", "change"]].min().min(),
        100 * rows[["high", "change"]].max().max(),
    )
    room = 0.06 * max(high - low, 2.0)
    axes.set_ylim(min(low, 0) - room, max(high, 0) + room)


def legend_curves(sets):
    """What colours and lines mean."""
    sources = {source for _, rows in sets if len(rows) for source in rows["source"]}
    handles = [plt.Line2D([], [], color=colour, label=label) for label, colour in SHOWN.values()]
    if len(sources) < 2:
        return handles
    return handles + [
        plt.Line2D([], [], color="black", ls=style, label=f"calibration {source}")
        for source, style in STYLES.items()
    ]
