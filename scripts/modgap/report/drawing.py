"""One look for every figure: size, fonts, colours, deterministic files."""

import matplotlib
import numpy as np

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex, to_rgb

from modgap.files import atomic_path

# Widths in inches: one and two columns of a paper.
COLUMN, PAGE = 3.4, 7.0

# Okabe and Ito's colours: told apart with any colour vision, in this order.
PALETTE = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442"]

GREY = "#7A7A7A"

STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 7,
    "axes.titlesize": 7.5,
    "axes.labelsize": 7,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "legend.fontsize": 6.5,
    "legend.frameon": False,
    "lines.linewidth": 1.2,
    "pdf.fonttype": 42,  # text stays text
    "svg.hashsalt": "modgap",
    "figure.constrained_layout.use": True,
}


def use_style():
    """Set the look for every figure drawn after this call."""
    plt.rcParams.update(STYLE)


def save(figure, pdf, png, *, dpi):
    """Write both files; the same figure gives the same bytes every time."""
    with atomic_path(pdf) as temporary:
        figure.savefig(temporary, dpi=dpi, metadata={"CreationDate": None})
    with atomic_path(png) as temporary:
        figure.savefig(temporary, dpi=dpi, metadata={"Software": None})
    plt.close(figure)


def lighter(colour, share=0.6):
    """A colour mixed with white; ``share`` is the white's part."""
    return to_hex([(1 - share) * channel + share for channel in to_rgb(colour)])


def sequence(count):
    """``count`` ordered colours from light to dark, told apart with any colour vision."""
    return plt.get_cmap("cividis")(np.linspace(0.9, 0.0, count))


def fraction(value):
    """A temperature as text: 1/50 for 0.02, the number itself where its inverse is not whole."""
    inverse = round(1 / value)
    if inverse > 1 and abs(value * inverse - 1) < 1e-9:
        return f"1/{inverse}"
    return f"{value:g}"


def draw_pairs(axes, first, second, *, colours, size=2.0):
    """Two clouds of points, (n, 2) each, with a thin grey line for every pair."""
    # The more lines cross, the fainter each of them: the points stay visible.
    link_alpha = min(0.25, 60 / len(first))
    links = LineCollection(
        list(zip(first, second, strict=True)),
        colors=GREY,
        linewidths=0.3,
        alpha=link_alpha,
        rasterized=True,
        zorder=1,
    )
    axes.add_collection(links)
    for points, colour in zip((first, second), colours, strict=True):
        axes.scatter(*points.T, s=size, c=colour, linewidths=0, rasterized=True, zorder=2)
    axes.margins(0.05)


def hide_ticks(axes):
    """For coordinates without a unit."""
    axes.set_xticks([])
    axes.set_yticks([])


def note(axes, text, **where):
    """A line of small grey text inside the panel, upper left unless told otherwise."""
    place = {"x": 0.03, "y": 0.97, "ha": "left", "va": "top", **where}
    return axes.text(s=text, transform=axes.transAxes, fontsize=6, color="#333333", **place)
