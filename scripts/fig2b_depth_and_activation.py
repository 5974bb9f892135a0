"""Figure 2(b): the cone narrows with depth, how fast depends on activation, bias, architecture.

Above the mean cosine as published (diagonal included), below its distance from 1 without the
diagonal, on a logarithmic axis. Lines are means over the seeds, bands one standard deviation.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import numpy as np

from modgap.job import start_log
from modgap.report.drawing import GREY, PAGE, PALETTE, note, plt, save, use_style
from modgap.tables import read_metadata, read_table

COLOURS = dict(
    zip(
        ["Sigmoid", "ReLU", "LeakyReLU", "Tanh", "Linear", "Maxout", "QuickGELU", "GELU"],
        [PALETTE[6], *PALETTE[:6], "#B8A600"],
        strict=True,
    )
)
LINES = {
    "plain": "-",
    "residual": "--",
    "normalised": "-.",
    "residual_normalised": ":",
}
TITLES = {
    "normal": "bias N(0, 1/width)",
    "uniform": "bias U(±1/√width)",
    "none": "no bias",
}
# Curves that all but coincide: the first of each pair is drawn wide, under the second.
WIDE = ("LeakyReLU", "QuickGELU")
SMALLEST = 1e-12  # of the logarithmic axis: below, rounding begins to show


def main(curves, pdf, png, *, dpi):
    use_style()
    rows, size = read_table(curves), read_metadata(curves)
    plain = rows.query("architecture == 'plain'")
    other = rows.query("architecture != 'plain'")
    panels = [(TITLES[bias], group) for bias, group in plain.groupby("bias", sort=False)]
    if len(other):
        compared = rows[rows["activation"].isin(other["activation"]) & (rows["bias"] == "normal")]
        panels.append(("with shortcut or LayerNorm,\nbias N(0, 1/width)", compared))
    figure, axes = plt.subplots(
        2, len(panels), figsize=(PAGE, 4.0), sharex=True, sharey="row", squeeze=False
    )
    for column, (title, group) in zip(axes.T, panels, strict=True):
        column[0].set_title(title)
        for (activation, architecture), curve in group.groupby(
            ["activation", "architecture"], sort=False
        ):
            wide = activation in WIDE
            style = {
                "color": COLOURS[activation],
                "linestyle": LINES[architecture],
                "linewidth": 2.6 if wide else 1.0,
                "zorder": 2 if wide else 3,
            }
            draw_band(column[0], curve, "mean_cosine_with_diagonal", style)
            draw_distance(column[1], curve, style)
        column[0].axhline(1 / np.pi, color=GREY, linewidth=0.5, linestyle=(0, (1, 2)))
        column[1].set_xlabel("layers")
    axes[0, 0].set_ylabel("mean cosine (with diagonal)")
    axes[1, 0].set_ylabel("1 − mean cosine")
    axes[1, 0].set_ylim(SMALLEST, 2)
    note(axes[0, 0], "1/π", x=0.99, y=1 / np.pi + 0.01, ha="right", va="bottom")
    figure.legend(handles=legend_lines(rows), loc="outside lower center", ncols=6)
    figure.suptitle(
        f"{size['n_inputs']:,} standard normal inputs of {size['input_size']} dimensions, width "
        f"{size['width']}, {size['seeds']} seeds; bands: one standard deviation",
        fontsize=7,
    )
    save(figure, pdf, png, dpi=dpi)


def draw_band(axes, curve, column, style):
    """Mean and standard deviation over the seeds by depth."""
    by_depth = curve.groupby("depth")[column]
    mean, sd = by_depth.mean(), by_depth.std()
    axes.plot(mean.index, mean, **style)
    axes.fill_between(mean.index, mean - sd, mean + sd, color=style["color"], alpha=0.2, lw=0)


def draw_distance(axes, curve, style):
    """Geometric mean over the seeds of 1 − mean cosine, as far as it can be told from 0."""
    distance = np.log((1 - curve["mean_cosine"]).clip(lower=SMALLEST / 1e3))
    by_depth = distance.groupby(curve["depth"])
    mean, sd = by_depth.mean(), by_depth.std()
    axes.plot(mean.index, np.exp(mean), **style)
    low, high = np.exp(mean - sd), np.exp(mean + sd)
    axes.fill_between(mean.index, low, high, color=style["color"], alpha=0.2, lw=0)
    axes.set_yscale("log")


def legend_lines(rows):
    """One entry per activation and per architecture that occurs."""
    activations = [name for name in COLOURS if name in set(rows["activation"])]
    architectures = [name for name in LINES if name in set(rows["architecture"])]
    return [plt.Line2D([], [], color=COLOURS[name], label=name) for name in activations] + [
        plt.Line2D([], [], color=GREY, linestyle=LINES[name], label=name.replace("_", " + "))
        for name in architectures
    ]


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.curves,
        snakemake.output.pdf,
        snakemake.output.png,
        **snakemake.params.settings,
    )
