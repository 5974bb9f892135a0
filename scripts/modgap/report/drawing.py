"""One look for every figure: size, fonts, colours, deterministic files."""

from itertools import cycle

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex, to_rgb
from matplotlib.text import Text
from matplotlib.ticker import FixedFormatter, FuncFormatter

from modgap.files import atomic_path

# Widths in inches: one and two columns of a paper. Higher than HIGHEST is no page.
COLUMN, PAGE, HIGHEST = 3.4, 7.0, 9.0

# Okabe and Ito's colours: told apart with any colour vision, in this order.
PALETTE = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442"]

GREY = "#7A7A7A"

# Names of modalities that always have the first, or the second, of the configured colours.
USUAL_FIRST = ("images", "image", "first")
USUAL_SECOND = ("texts", "text", "second")

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
    """Set the look for every figure drawn after this call, into files and not onto a screen."""
    plt.switch_backend("Agg")
    plt.rcParams.update(STYLE)


def save(figure, pdf, png, *, dpi):
    """Write both files; the same figure gives the same bytes every time."""
    save_pages([figure], pdf, [png], dpi=dpi)


def save_pages(figures, pdf, pngs, *, dpi):
    """Write figures as the pages of one PDF, and each of them as a PNG.

    figures : an iterable; each is closed before the next is asked for. pngs : as many paths.
    """
    # No date: the same figures give the same bytes.
    undated = {"CreationDate": None}
    # The file is ours, so that a full disk leaves none open.
    with (
        atomic_path(pdf) as temporary,
        open(temporary, "wb") as stream,
        PdfPages(stream, metadata=undated) as pages,
    ):
        for figure, png in zip(figures, pngs, strict=True):
            write_plainly(figure)
            pages.savefig(figure, dpi=dpi)
            with atomic_path(png) as picture:
                figure.savefig(picture, dpi=dpi, metadata={"Software": None})
            plt.close(figure)


def plain_text(text):
    """Text that matplotlib shows letter by letter: a ``$`` in it begins no formula."""
    return text.replace("$", r"\$")


def write_plainly(figure):
    """Show every text of a figure as it is written, also ``cost $\\foo$``.

    Labels, names and values come from users and their data; no figure has formulas of its own, but
    for the powers of ten at logarithmic axes, which matplotlib writes itself. To be called once.
    """
    axes = [axis for panel in figure.findobj(plt.Axes) for axis in axes_of(panel)]
    ticks = {id(text) for axis in axes for text in axis.findobj(Text) if text is not axis.label}
    for text in figure.findobj(Text):
        if "$" in text.get_text() and id(text) not in ticks:
            text.set_text(plain_text(text.get_text()))
    made = []  # axes that are shared have one formatter
    for axis in axes:
        for shown, change in (
            (axis.get_major_formatter(), axis.set_major_formatter),
            (axis.get_minor_formatter(), axis.set_minor_formatter),
        ):
            # Those that a script wrote; numbers have formatters of other kinds.
            if type(shown) in (FixedFormatter, FuncFormatter) and shown not in made:
                made.append(FuncFormatter(lambda x, at, shown=shown: plain_text(shown(x, at))))
                change(made[-1])


def axes_of(panel):
    """The axis objects of a panel: two, or three in space."""
    return [getattr(panel, name) for name in ("xaxis", "yaxis", "zaxis") if hasattr(panel, name)]


def split_pages(rows, page_rows):
    """Lists of at most ``page_rows`` rows, in order; one empty page where there are none."""
    return [rows[start : start + page_rows] for start in range(0, max(len(rows), 1), page_rows)]


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


def draw_pairs(axes, first, second, *, colours, size=2.0, paired=True):
    """Two clouds of points, (n, 2) each, with a thin grey line for every pair of paired ones."""
    if paired:
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


def modality_colours(rows, first, second):
    """One colour for each modality, the same in every row of a figure.

    Parameters
    ----------
    rows : dicts with ``modalities``, names of any number of them.
    first, second : the configured colours. Images (and what has no name and comes first) always
        have the first, texts the second. Other modalities take what is left of the two in order of
        appearance, then the next of the palette.

    Returns
    -------
    dict: name -> colour.
    """
    names = dict.fromkeys(name for row in rows for name in row["modalities"])
    usual = {**dict.fromkeys(USUAL_FIRST, first), **dict.fromkeys(USUAL_SECOND, second)}
    colours = {name: usual.get(name.casefold()) for name in names}
    free = [colour for colour in (first, second) if colour not in colours.values()]
    free += [colour for colour in PALETTE[2:] + PALETTE[:2] if colour not in (first, second)]
    others = [name for name, colour in colours.items() if colour is None]
    return colours | dict(zip(others, cycle(free), strict=False))


def modality_marks(rows, colours):
    """Entries of a legend for the modalities of these rows, in order of appearance."""
    names = dict.fromkeys(name for row in rows for name in row["modalities"])
    return [
        plt.Line2D(
            [], [], marker="o", markersize=3, linewidth=0, color=colours[name],
            label=f"{name} modality" if name in ("first", "second") else name,
        )
        for name in names
    ]  # fmt: skip
