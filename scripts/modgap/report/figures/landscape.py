"""Figure 3(a-d): the contrastive loss of embedding sets while the modalities move along the gap.

Two lines of panels per embedding set: shifted clouds, the landscape by the authors' protocol
(image to text, batches of 50) and the symmetric one over all pairs, the slope at the default gap;
below, the loss over shift and batch size for every temperature. One legend a page: temperatures
and modalities have the same colours in all sets.
"""

import numpy as np
from matplotlib.patheffects import Normal, Stroke

from modgap.report.drawing import (
    GREY,
    PAGE,
    fraction,
    modality_marks,
    note,
    plt,
    sequence,
)
from modgap.statistics.orientation import turn_to_first

# White marks that are seen on any colour.
OUTLINE = [Stroke(linewidth=1.8, foreground="black"), Normal()]

# Places of the panels in the two lines of an embedding set. An automatic layout differs in the
# tenth decimal from run to run, and with it the bytes of the PDF.
UPPER = {"left": 0.085, "right": 0.985, "bottom": 0.17, "top": 0.76, "wspace": 0.48}
LOWER = {"left": 0.085, "right": 0.91, "bottom": 0.34, "top": 0.74, "wspace": 0.12}

# Heights in inches: the legend, and one embedding set.
HEADER, BAND = 0.55, 3.6

MOVED = "both"  # the paper's Figure 3 moves both modalities


def draw_shifted_clouds(axes, clouds, colours):
    """Both modalities on the first principal component, one line of points per shift."""
    shifts = sorted(clouds["delta"].unique())
    clouds = clouds.assign(pc1=turn_axis(clouds))
    height = 2.4 * clouds["pc2"].abs().quantile(0.98)
    for line, delta in enumerate(shifts):
        here = clouds[clouds["delta"] == delta]
        for modality, colour in zip(("first", "second"), colours, strict=True):
            points = here[here["modality"] == modality]
            axes.scatter(
                points["pc1"], points["pc2"] + line * height, s=1.2, color=colour, linewidths=0,
                alpha=0.6, rasterized=True,
            )  # fmt: skip
    axes.set_yticks(np.arange(len(shifts)) * height, [f"{delta:g}" for delta in shifts])
    axes.set_ylim(-0.8 * height, (len(shifts) - 0.2) * height)
    axes.set_xlabel("PC 1")
    axes.set_ylabel("shift δ")


def turn_axis(clouds):
    """Coordinates on the first axis, the first modality right where nothing is moved: Figure 1."""
    still = clouds[clouds["delta"] == clouds.loc[clouds["delta"].abs().idxmin(), "delta"]]
    is_first = still["modality"] == "first"
    ordered = np.concatenate([still.loc[is_first, ["pc1"]], still.loc[~is_first, ["pc1"]]])
    turned = turn_to_first(ordered, int(is_first.sum()))
    return clouds["pc1"] * (1 if np.array_equal(turned, ordered) else -1)


def lowest_value(extrema, name):
    """Value, low and high of one statistic of the lowest point."""
    row = extrema[(extrema["extremum"] == "minimum") & (extrema["statistic"] == name)].iloc[0]
    return row["value"], row["low"], row["high"]


def draw_landscape(axes, losses, extrema, gap, batch_size, colours):
    """Loss against the distance left, one line and minimum per temperature (``colours``)."""
    for tau, colour in colours.items():
        curve = losses[losses["tau"] == tau].sort_values("delta")
        axes.plot(curve["distance"], curve["value"], color=colour)
        axes.fill_between(
            curve["distance"], curve["low"], curve["high"], color=colour, alpha=0.25, lw=0
        )
        found = extrema[extrema["tau"] == tau]
        distance, low, high = lowest_value(found, "distance")
        loss = lowest_value(found, "loss")[0]
        boundary = found.loc[found["extremum"] == "minimum", "boundary"].any()
        axes.plot(
            distance, loss, "o", color=colour, markersize=3, mfc="white" if boundary else colour
        )
        if not boundary:
            axes.plot([low, high], [loss, loss], color=colour, linewidth=2.4, alpha=0.6)
    axes.axvline(gap, color="black", linestyle="--", linewidth=0.7)
    axes.axhline(np.log(batch_size), color=GREY, linestyle=":", linewidth=0.7)
    axes.set_xlabel("gap after the shift, signed")
    axes.set_ylabel("loss (nats)")


def draw_gradient(axes, gradient, batches):
    """Derivative of the loss by the shift at the default gap, both protocols."""
    # Beside each other, not on top.
    styles = {"published": (0.96, "s", GREY), "corrected": (1.04, "o", "black")}
    for name, batch_size in batches.items():
        offset, marker, colour = styles[name]
        chosen = (gradient["protocol"] == name) & (gradient["batch_size"] == batch_size)
        rows = gradient[chosen & (gradient["statistic"] == "gradient")]
        errors = [rows["value"] - rows["low"], rows["high"] - rows["value"]]
        axes.errorbar(
            rows["tau"] * offset, rows["value"], yerr=errors, fmt=marker, color=colour,
            markersize=3, linewidth=0.8, capsize=1.5,
        )  # fmt: skip
    axes.axhline(0, color="black", linewidth=0.6)
    axes.ticklabel_format(axis="y", scilimits=(-2, 3))
    axes.set_xscale("log")
    axes.margins(y=0.2)
    axes.set_xlabel("temperature τ")
    axes.set_ylabel("dL/dδ (nats)")
    note(axes, "descent opens the gap", x=0.97, y=0.99, ha="right")
    note(axes, "descent closes it", x=0.97, y=0.01, ha="right", va="bottom")


def draw_surface(axes, losses, extrema, gap):
    """Loss over distance and batch size for one temperature, each batch size on its own scale."""
    table = losses.pivot_table(index="batch_size", columns="delta", values="value")
    distances = losses.drop_duplicates("delta").set_index("delta")["distance"]
    lowest = table.min(axis=1).to_numpy()[:, None]
    highest = table.max(axis=1).to_numpy()[:, None]
    share = (table.to_numpy() - lowest) / (highest - lowest)
    positions = np.arange(len(table))
    mesh = axes.pcolormesh(
        distances[table.columns], positions, share, cmap="cividis", shading="nearest",
        vmin=0, vmax=1, rasterized=True,
    )  # fmt: skip
    for position, batch_size in zip(positions, table.index, strict=True):
        found = extrema[extrema["batch_size"] == batch_size]
        distance, low, high = lowest_value(found, "distance")
        axes.plot(
            [low, high], [position, position], color="white", linewidth=1.2, path_effects=OUTLINE
        )
        axes.plot(
            distance, position, "o", color="white", markersize=3, mec="black", mew=0.5,
            clip_on=False, zorder=5,
        )  # fmt: skip
    axes.axvline(gap, color="white", linestyle="--", linewidth=0.8, path_effects=OUTLINE)
    axes.set_yticks(positions, [f"{size:,}" for size in table.index])
    axes.set_xlim(distances.min(), distances.max())
    return mesh


def draw_shift_panels(band, row, landscape, extrema, gradient, clouds, colours):
    """Both lines of panels of one embedding set; ``colours`` of its modalities."""
    losses, found = (t[t["moved"] == MOVED] for t in (landscape, extrema))
    slopes = gradient[gradient["moved"] == MOVED]
    gap = losses.loc[losses["delta"].abs().idxmin(), "distance"]
    largest = int(losses["batch_size"].max())
    batches = {"corrected": largest}
    if (losses["protocol"] == "published").any():
        batches = {"published": 50, "corrected": largest}
    state = f", {row['state']} weights" if row["state"] else ""
    band.suptitle(
        f"{row['label']}{state}: gap {gap:.3f}, n = {losses['n'].max():,}",
        x=0.01, ha="left", fontsize=7.5, fontweight="bold",
    )  # fmt: skip
    upper, lower = band.subfigures(2, 1, height_ratios=(1.9, 1))
    panels = upper.subplots(1, 2 + len(batches), gridspec_kw=UPPER)
    draw_shifted_clouds(panels[0], clouds, colours)
    panels[0].set_title("shifted clouds\nPCA of the unshifted union")
    for axes, (name, batch_size) in zip(panels[1:-1], batches.items(), strict=True):
        chosen = f"protocol == '{name}' and batch_size == {batch_size}"
        draw_landscape(
            axes, losses.query(chosen), found.query(chosen), gap, batch_size, colour_taus(losses)
        )
        direction = "→".join(row["modalities"]) if name == "published" else "symmetric"
        axes.set_title(f"{name}: {direction},\nbatches of {batch_size:,}")
    draw_gradient(panels[-1], slopes, batches)
    panels[-1].set_title("slope at the default gap\n■ published  ● corrected")
    symmetric = losses[losses["protocol"] == "corrected"]
    minima = found[found["protocol"] == "corrected"]
    taus = sorted(symmetric["tau"].unique())
    line = lower.subplots(1, len(taus), sharey=True, squeeze=False, gridspec_kw=LOWER)[0]
    for axes, tau in zip(line, taus, strict=True):
        mesh = draw_surface(
            axes, symmetric[symmetric["tau"] == tau], minima[minima["tau"] == tau], gap
        )
        axes.set_title(f"τ = {fraction(tau)}", pad=2)
        axes.set_xlabel("signed gap")
    line[0].set_ylabel("batch size")
    lower.suptitle("symmetric loss by batch size", fontsize=7, y=0.99)
    height = LOWER["top"] - LOWER["bottom"]
    place = lower.add_axes((LOWER["right"] + 0.01, LOWER["bottom"], 0.008, height))
    bar = lower.colorbar(mesh, cax=place, ticks=[0, 1])
    bar.ax.set_yticklabels(["lowest", "highest"])


def colour_taus(losses):
    """Colour of each temperature, from the highest, light, to the lowest, dark."""
    taus = sorted(losses["tau"].unique(), reverse=True)
    return dict(zip(taus, sequence(len(taus)), strict=True))


def draw_shift_legend(header, rows, modalities, taus):
    """One legend for a page: modalities and temperatures, and what lines and marks mean."""
    pairs = [
        plt.Line2D([], [], color=colour, label=f"τ = {fraction(tau)}")
        for tau, colour in taus.items()
    ]
    marks = [
        plt.Line2D([], [], color=GREY, marker="o", ms=3, lw=2.4, label="lowest loss, interval"),
        plt.Line2D([], [], color=GREY, marker="o", ms=3, lw=0, mfc="white",
                   label="lowest at the end of the grid"),
        plt.Line2D([], [], color="black", ls="--", lw=0.7, label="gap without a shift"),
        plt.Line2D([], [], color=GREY, ls=":", lw=0.7, label="log of the batch size"),
    ]  # fmt: skip
    layout = {"handlelength": 1.4, "columnspacing": 1.4}
    above = [*modality_marks(rows, modalities), *pairs]
    header.legend(handles=above, loc="upper center", ncols=len(above), **layout)
    header.legend(handles=marks, loc="lower center", ncols=len(marks), **layout)


def draw_landscape_page(rows, tables, modalities, *, create=plt.figure):
    """One page: a legend, and both lines of panels for each of these rows.

    tables : of each row its landscape, extrema, gradient and clouds. modalities : their colours.
    create : makes the figure, given its size.
    """
    heights = [HEADER, *[BAND] * len(rows)]
    figure = create(figsize=(PAGE, sum(heights)))
    header, *bands = figure.subfigures(len(heights), 1, height_ratios=heights)
    draw_shift_legend(header, rows, modalities, colour_taus(tables[0][0]))
    for band, row, drawn in zip(bands, rows, tables, strict=True):
        draw_shift_panels(band, row, *drawn, [modalities[name] for name in row["modalities"]])
    return figure
