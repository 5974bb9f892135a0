"""Methods against the gap: what is left of the gap, and what a task gains or loses."""

import textwrap

import numpy as np

from modgap.report.drawing import GREY, HIGHEST, PAGE, PALETTE, plt
from modgap.report.figures.labels import FONT_SIZE, free_places, group_near, half_size
from modgap.tables import read_metadata, read_table

# Colours of families; controls and what uses the test batch are apart.
FAMILIES = {
    "translation": PALETTE[2],
    "map": PALETTE[4],
    "map from pairs": PALETTE[3],
    "scores": PALETTE[5],
    "control": GREY,
    "test batch": "black",
}
NAMES = {
    "translation": "translations",
    "map": "maps of dimensions",
    "map from pairs": "maps from pairs",
    "scores": "scores",
    "control": "controls",
    "test batch": "uses the test batch",
}
COLUMNS = 3
# Height of a panel at most, inches.
PANEL = 1.9
# A label further from its points than this has a line to them, inches.
FAR = 0.15
# Characters of a line of a label at most: half a panel of three, in a list of numbers.
LONGEST_LINE = 30
# Of the mixed search the even gallery is drawn; figX_mixed_search has the others.
MIXED = "mixed, 50 % pictures"
# Panels at most: what search gives, and the first zero-shot tasks.
MOST_PANELS = 9
SEARCH = ("text to picture", "picture to text", MIXED, "picture to picture", "text to text")
UNITS = {"recall1": "R@1", "ndcg10": "NDCG@10", "accuracy": "accuracy"}


def rows_with_test(changes):
    """The rows that are tested, one a method and task."""
    return changes[changes["verdict"] != ""]


def choose_panels(changes):
    """Tasks of the panels in order: search, then zero-shot."""
    tasks = list(dict.fromkeys(rows_with_test(changes)["task"]))
    shown = [task for task in SEARCH if task in tasks]
    shown += [task for task in tasks if task.startswith("zero-shot")]
    return shown[:MOST_PANELS]


def number_methods(methods):
    """Number of each method in the figure, from 1; the raw embeddings have none."""
    names = [name for name in methods["method"] if name != "raw"]
    return {name: i + 1 for i, name in enumerate(names)}


def draw_methods(label, methods, changes, paths):
    """A page for one embedding set: a panel a task, a point a method, and their names."""
    numbers, panels = number_methods(methods), choose_panels(changes)
    columns = 2 if len(panels) in (2, 4) else COLUMNS
    lines = -(-len(panels) // columns)
    listed = -(-len(numbers) // COLUMNS)
    below = 0.14 * listed + 0.5
    panel = min(PANEL, (HIGHEST - 0.35 - below) / lines - 0.75)
    size = (PAGE - 0.9) / columns - 0.2, panel
    height = 0.35 + (panel + 0.75) * lines + below
    figure = plt.figure(figsize=(PAGE, height))
    top, bottom = figure.subfigures(2, 1, height_ratios=[height - below, below])
    grid = top.subplots(lines, columns, squeeze=False)
    methods = methods.set_index("method")
    for i, axes in enumerate(grid.flat):
        if i >= len(panels):
            axes.set_axis_off()
            continue
        draw_task(axes, panels[i], methods, rows_with_test(changes), paths, numbers, size)
        axes.set_ylabel("change × 100" if i % columns == 0 else "")
        if i + columns >= len(panels):
            axes.set_xlabel("share of the gap that is left")
    first = methods.iloc[0]
    top.suptitle(
        f"{label}: n = {first['n_test']:,} tested, {first['n_calibration']:,} for calibration",
        fontsize=7.5,
        fontweight="bold",
        x=0.01,
        ha="left",
    )
    list_names(bottom, methods, numbers)
    return figure


def draw_task(axes, task, methods, tested, paths, numbers, size):
    """One panel of ``size`` inches: change of a task over the share of the gap that is left."""
    rows = tested[tested["task"] == task].set_index("method")
    measure = UNITS[rows["measure"].iloc[0]]
    for name in dict.fromkeys(paths["method"]):
        line = paths[(paths["method"] == name) & (paths["task"] == task)]
        axes.plot(
            line["gap_share"],
            100 * line["change"],
            color=FAMILIES["translation"],
            linestyle="-" if name == "shift" else "--",
            linewidth=0.8,
            zorder=1,
        )
    names = [name for name in numbers if name in rows.index]
    shares = methods.loc[names, "gap_share"].to_numpy()
    for name, share in zip(names, shares, strict=True):
        draw_point(axes, share, methods.loc[name, "family"], rows.loc[name])
    axes.axhline(0, color="black", linewidth=0.6, zorder=0)
    axes.axvline(1, color=GREY, linewidth=0.4, zorder=0)
    limit_axis(axes, rows)
    changes = 100 * rows.loc[names, "change"].to_numpy()
    number_points(axes, shares, changes, [numbers[name] for name in names], size)
    raw = rows["value"].iloc[0] - rows["change"].iloc[0]
    least = rows["detectable"][rows["detectable"] > 0]
    title = f"{task}\n{measure} {100 * raw:.1f} without"
    if len(least):
        title += f"; detectable ±{100 * least.median():.1f}"
    axes.set_title(title, loc="left", fontsize=6.5)


def draw_point(axes, x, family, row):
    """A method in a task: filled where the change is told apart from 0, with its interval."""
    colour, y = FAMILIES[family], 100 * row["change"]
    axes.vlines(
        x, 100 * row["low_refitted"], 100 * row["high_refitted"], color=colour, lw=0.5, alpha=0.4
    )
    told = row["verdict"] in ("better", "worse")
    axes.scatter(
        x, y, s=11, c=colour if told else "white", edgecolors=colour, linewidths=0.8, zorder=3
    )


def number_points(axes, x, y, numbers, size):
    """Numbers beside the points, one label for those that lie on each other.

    x, y, numbers : (n,). size : (width, height) of the panel in inches; its limits are set.
    """
    low, high = (np.array(limits) for limits in zip(axes.get_xlim(), axes.get_ylim(), strict=True))
    places = (np.stack([x, y], axis=1) - low) / (high - low) * size
    groups = group_near(places)
    texts = [
        textwrap.fill(", ".join(str(numbers[i]) for i in sorted(group)), LONGEST_LINE)
        for group in groups
    ]
    anchors = np.array([places[group].mean(axis=0) for group in groups])
    centres = free_places(anchors, texts, places, size)
    for anchor, centre, text in zip(anchors, centres, texts, strict=True):
        half = half_size(text)
        edge = np.clip(anchor, centre - half, centre + half)
        start, end, there = (place / size * (high - low) + low for place in (anchor, edge, centre))
        if np.hypot(*(edge - anchor)) > FAR:
            axes.plot(*zip(start, end, strict=True), color=GREY, lw=0.4, zorder=2)
        patch = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.3}
        axes.text(*there, text, fontsize=FONT_SIZE, ha="center", va="center", bbox=patch, zorder=4)


def limit_axis(axes, rows):
    """Limits of the changes and of most whiskers; a few wide ones leave the panel."""
    low, high = (100 * np.nanquantile(rows[key], q) for key, q in (("low", 0.1), ("high", 0.9)))
    low = min(low, 100 * rows["change"].min())
    high = max(high, 100 * rows["change"].max())
    room = 0.12 * max(high - low, 1.0)
    axes.set_ylim(min(low, 0) - room, max(high, 0) + room)
    axes.margins(x=0.08)


def list_names(panel, methods, numbers):
    """Numbers and names of the methods in columns, and what marks mean."""
    axes = panel.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    per_column = -(-len(numbers) // COLUMNS)
    height = panel.bbox.height / panel.figure.dpi
    for i, (name, number) in enumerate(numbers.items()):
        column, line = divmod(i, per_column)
        method = methods.loc[name]
        axes.text(
            0.02 + column / COLUMNS,
            1 - (0.12 + 0.135 * line) / height,
            f"{number}  {method['label']}",
            fontsize=6,
            va="center",
            color=FAMILIES[method["family"]],
        )
    used = [name for name in FAMILIES if name in set(methods["family"])]
    dot = {"marker": "o", "lw": 0, "ms": 4}
    handles = [plt.Line2D([], [], color=FAMILIES[name], label=NAMES[name], **dot) for name in used]
    handles += [
        plt.Line2D([], [], color=GREY, mfc="white", label="not told apart from 0", **dot),
        plt.Line2D([], [], color=FAMILIES["translation"], lw=0.8, label="shift, part by part"),
        plt.Line2D([], [], color=FAMILIES["translation"], lw=0.8, ls="--", label="mean removal"),
    ]
    axes.legend(handles=handles, loc="lower center", ncols=5, columnspacing=1, handletextpad=0.4)


def draw_left_out(label, why):
    """A page that says why a set has no comparison."""
    figure, axes = plt.subplots(figsize=(PAGE, 0.8))
    axes.set_axis_off()
    axes.text(0.01, 0.5, f"{label}: {why.partition(': ')[2] or why}", va="center")
    return figure


def draw_compared(rows, draw):
    """A page of sets, each (path of its table, what it is called); those left out have no row.

    draw : makes the page from (label, table) of the others.
    """
    left_out = [read_metadata(path).get("left_out") for path, _ in rows]
    drawn = [
        (row["label"], read_table(path))
        for (path, row), why in zip(rows, left_out, strict=True)
        if not why
    ]
    return draw(drawn) if drawn else draw_left_out(rows[0][1]["label"], left_out[0])
