"""Figure 3(e-g): mismatched pairs on a sphere keep the modalities apart.

Set-up and landscapes of the six pairs, then where the loss is lowest for other numbers of pairs,
dimensions and shares of mismatched pairs.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import numpy as np

from modgap.job import start_log
from modgap.report.drawing import (
    GREY,
    PAGE,
    PALETTE,
    fraction,
    note,
    plt,
    save,
    sequence,
    use_style,
)
from modgap.shift.sphere import arc_points, mismatched_pairs
from modgap.tables import read_table

# Colours of dimensions: not those of images and texts.
DIMENSIONS = 2 * PALETTE[2:]


def draw_setup(axes, n_pairs, spacing, share, first, second, angle=45.0):
    """Images on the equator, texts raised by ``angle`` degrees, lines between pairs."""
    flat = arc_points(n_pairs, spacing)
    match = mismatched_pairs(n_pairs, share)
    raised = np.deg2rad(angle)
    images = np.column_stack([flat, np.zeros(n_pairs)])
    texts = np.column_stack([np.cos(raised) * flat[match], np.full(n_pairs, np.sin(raised))])
    turn = np.linspace(0, 2 * np.pi, 121)
    tilt = np.linspace(0, np.pi, 25)
    surface = [np.outer(np.sin(tilt), f(turn)) for f in (np.cos, np.sin)]
    surface.append(np.outer(np.cos(tilt), np.ones_like(turn)))
    axes.plot_wireframe(*surface, rstride=4, cstride=10, color=GREY, linewidth=0.25, alpha=0.35)
    axes.plot(np.cos(turn), np.sin(turn), 0, color=GREY, linewidth=0.6)
    for i in range(n_pairs):
        wrong = match[i] != i
        axes.plot(
            *zip(images[i], texts[i], strict=True),
            color="black" if wrong else GREY,
            linewidth=1.2 if wrong else 0.8,
            linestyle="--" if wrong else "-",
        )
    axes.scatter(*images.T, color=first, s=14, depthshade=False, label="image", zorder=5)
    axes.scatter(*texts.T, color=second, s=14, depthshade=False, label="text", zorder=5)
    axes.set_axis_off()
    axes.set_box_aspect((1, 1, 1), zoom=1.45)
    axes.set_xlim(-1, 1)
    axes.set_ylim(-1, 1)
    axes.set_zlim(-1, 1)
    axes.view_init(elev=18, azim=25)
    axes.legend(loc="lower center", ncols=2, handletextpad=0.1, columnspacing=0.8)


def draw_landscape(axes, curves, minima):
    """Loss against the angle, one line per temperature, minima marked."""
    taus = sorted(curves["tau"].unique(), reverse=True)
    for tau, colour in zip(taus, sequence(len(taus)), strict=True):
        curve = curves[curves["tau"] == tau]
        axes.plot(curve["angle"], curve["loss"], color=colour, label=f"τ = {fraction(tau)}")
        at = minima[minima["tau"] == tau].set_index("statistic")["value"]
        for side in (-1, 1):
            axes.plot(side * at["angle"], at["loss"], "o", color=colour, markersize=3)
    axes.set_xticks([-90, -45, 0, 45, 90])
    axes.set_xlabel("angle Δθ of the texts (degrees)")
    axes.set_ylabel("symmetric loss (nats)")


def draw_bifurcation(axes, measured):
    """Both branches of the angle of lowest loss against the temperature."""
    shares = sorted(share for share in measured["share"].unique() if share > 0)
    for share, colour in zip(shares, sequence(len(shares)), strict=True):
        rows = measured[(measured["share"] == share) & (measured["statistic"] == "angle")]
        rows = rows.sort_values("tau")
        for side in (-1, 1):
            axes.plot(
                rows["tau"],
                side * rows["value"],
                color=colour,
                label=f"{100 * share:.0f} %" if side == 1 else None,
            )
            axes.fill_between(
                rows["tau"], side * rows["low"], side * rows["high"], color=colour, alpha=0.2, lw=0
            )
    axes.set_xscale("log")
    axes.set_yticks([-90, -45, 0, 45, 90])
    axes.set_xlabel("temperature τ")
    axes.set_ylabel("Δθ of lowest loss (degrees)")
    axes.legend(title="mismatched", title_fontsize=6.5, loc="center left", handlelength=1.2)


def draw_closing(axes, drawn, numbers):
    """Gap-closing temperature against the share of mismatched pairs, one line per dimension.

    Solid for the first number of pairs, dashed for the second.
    """
    closing = drawn[drawn["statistic"] == "gap_closing_temperature"]
    for n, style in zip(numbers, ("-", "--"), strict=False):
        for dim, colour in zip(sorted(closing["dim"].unique()), DIMENSIONS, strict=False):
            rows = closing[(closing["dim"] == dim) & (closing["n"] == n)].sort_values("share")
            shares = 100 * rows["share"]
            label = f"{dim:.0f} dimensions" if n == numbers[0] else None
            axes.plot(shares, rows["value"], style, color=colour, label=label)
            if n == numbers[0]:
                axes.fill_between(shares, rows["low"], rows["high"], color=colour, alpha=0.2, lw=0)
    limit = drawn[
        (drawn["statistic"] == "gap_closing_temperature_orthogonal") & (drawn["n"] == numbers[0])
    ]
    axes.plot(100 * limit["share"], limit["value"], "k:", label="all orthogonal")
    axes.set_xlabel("mismatched pairs (%)")
    axes.set_ylabel("gap-closing temperature")
    axes.set_ylim(bottom=0)
    axes.legend(loc="upper left", handlelength=1.4)


def main(landscape, minima, bifurcation, pdf, png, *, arcs, random, first, second, dpi):
    """Draw the figure; ``arcs`` and ``random`` are the settings of the simulation."""
    use_style()
    curves, optima, drawn = read_table(landscape), read_table(minima), read_table(bifurcation)
    figure = plt.figure(figsize=(PAGE, 4.6))
    grid = figure.add_gridspec(2, 3)
    spacing, share = arcs["spacings"][0], arcs["share"]
    axes = figure.add_subplot(grid[0, 0], projection="3d")
    draw_setup(axes, arcs["n_pairs"], spacing, share, first, second)
    axes.set_title(f"(a) set-up, {spacing:g}° spacing", pad=0)
    panels = [
        (grid[0, 1], spacing, share, f"(b) mismatched, {spacing:g}°"),
        (grid[0, 2], spacing, 0.0, f"(c) matched, {spacing:g}°"),
    ]
    for other in arcs["spacings"][1:2]:
        panels.append((grid[1, 0], other, share, f"(d) mismatched, {other:g}°"))
    for place, degrees, mismatched, title in panels:
        axes = figure.add_subplot(place)
        of_panel = f"spacing == {degrees} and share == {mismatched}"
        found = optima.query(of_panel)
        draw_landscape(axes, curves.query(of_panel), found)
        axes.set_title(title)
        closing = found.loc[found["statistic"] == "gap_closing_temperature", "value"].item()
        text = f"gap closes from τ = 1/{1 / closing:.1f}" if closing else "closed at every τ"
        note(axes, text, x=0.5, y=1.0, ha="center")
        low, high = axes.get_ylim()
        axes.set_ylim(low, high + (0.12 if mismatched else 0.5) * (high - low))
        if not mismatched:
            axes.legend(loc="upper center", bbox_to_anchor=(0.5, 0.95), ncols=2)
    numbers, dim = random["n_pairs"][:2], random["dims"][-1]
    axes = figure.add_subplot(grid[1, 1])
    draw_bifurcation(axes, drawn[(drawn["n"] == numbers[0]) & (drawn["dim"] == dim)])
    axes.set_title(f"(e) {numbers[0]} random pairs, {dim} dimensions")
    axes = figure.add_subplot(grid[1, 2])
    draw_closing(axes, drawn, numbers)
    dashed = f" (dashed: {numbers[1]})" if len(numbers) > 1 else ""
    axes.set_title(f"(f) {numbers[0]} random pairs{dashed}")
    save(figure, pdf, png, dpi=dpi)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.landscape,
        snakemake.input.minima,
        snakemake.input.bifurcation,
        snakemake.output.pdf,
        snakemake.output.png,
        **snakemake.params.settings,
    )
