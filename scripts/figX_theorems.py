"""Figure X (theorems): both theorems and Lemma 3, measured against the bounds they state."""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import numpy as np

from modgap.job import start_log
from modgap.report.drawing import GREY, PAGE, PALETTE, note, plt, save, use_style
from modgap.tables import read_table

NORMS = {"1": "norm 1", "sqrt_width": "norm √width"}
VERDICTS = {"yes": "holds", "no": "violated", "undecided": "undecided", "no claim": "no claim"}


def main(rows, pdf, png, *, dpi):
    use_style()
    rows = read_table(rows)
    figure = plt.figure(figsize=(PAGE, 4.6))
    upper, lower = figure.subfigures(2, 1)
    draw_first_row(upper, rows.query("theorem == 'theorem 1'"))
    second = rows.query("theorem == 'theorem 2'")
    biases = list(second["bias"].unique())
    panels = lower.subplots(1, 2 + len(biases))
    draw_lemma_3(panels[0], rows.query("theorem == 'lemma 3'"))
    for panel, bias in zip(panels[1:], biases, strict=False):
        draw_theorem_2(panel, second[second["bias"] == bias])
        panel.set_title(f"Theorem 2, {'bias as assumed' if bias == 'normal' else 'without bias'}")
    panels[1].set_ylabel("share of variance due to the weights")
    draw_verdicts(panels[-1], rows)
    save(figure, pdf, png, dpi=dpi)


def draw_first_row(figure, rows):
    """Theorem 1 at the smallest and largest ratio of norms, for every norm."""
    ratios = list(dict.fromkeys([rows["norm_ratio"].min(), rows["norm_ratio"].max()]))
    cells = [(norm, ratio) for norm in rows["norm"].unique() for ratio in ratios]
    panels = figure.subplots(1, len(cells), sharey=True, squeeze=False)[0]
    colours = dict(zip(sorted(rows["cosine"].unique()), PALETTE, strict=False))
    for panel, (norm, ratio) in zip(panels, cells, strict=True):
        draw_theorem_1(panel, rows[(rows["norm"] == norm) & (rows["norm_ratio"] == ratio)], colours)
        panel.set_title(f"r = {ratio:g}, {NORMS.get(norm, 'norm ' + norm)}")
    panels[0].set_ylabel("P(cosine does not increase)")
    figure.suptitle("Theorem 1: one ReLU layer on a pair of inputs, ‖u‖ = r‖v‖", fontsize=7.5)
    handles = [
        plt.Line2D([], [], color=colour, marker="o", markersize=2.5, label=f"cos = {cosine:g}")
        for cosine, colour in colours.items()
    ]
    handles += [
        plt.Line2D([], [], color=GREY, linestyle="--", label="bound C/width"),
        plt.Line2D([], [], color=GREY, marker="v", markersize=3, lw=0, label="none seen: limit"),
        plt.Line2D([], [], color=GREY, marker="x", markersize=3, label="no claim"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), fontsize=5.5)


def draw_theorem_1(axes, rows, colours):
    """P(no increase) by width with limits, dashed the bound C/width; crosses: no claim."""
    for cosine, cell in rows.groupby("cosine"):
        claimed = (cell["holds"] != "no claim").all()
        colour = colours[cosine]
        seen, unseen = cell[cell["estimate"] > 0], cell[cell["estimate"] == 0]
        axes.errorbar(
            seen["width"],
            seen["estimate"],
            yerr=error_bars(seen),
            color=colour,
            marker="o" if claimed else "x",
            markersize=2.5,
            linewidth=0.9,
            elinewidth=0.6,
        )
        axes.scatter(
            unseen["width"], unseen["estimate_high"], marker="v", s=8, color=colour, linewidths=0
        )
        if claimed:
            axes.plot(cell["width"], cell["bound"], color=colour, linestyle="--", linewidth=0.7)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_ylim(0.5 / rows["n"].max(), 1.5)
    axes.set_xlabel("width")


def error_bars(rows):
    """How far the limits lie from the estimates, (2, n)."""
    below, above = rows["estimate"] - rows["estimate_low"], rows["estimate_high"] - rows["estimate"]
    return np.maximum(np.array([below, above], dtype=float), 0)


def draw_lemma_3(axes, rows):
    """Both parts at the first norm: 1 + uᵀv, the linear layer, twice the ReLU layer."""
    chosen = rows[(rows["norm"] == rows["norm"].iloc[0])]
    for colour, (ratio, cell) in zip(PALETTE, chosen.groupby("norm_ratio"), strict=False):
        equality = cell[cell["quantity"].str.contains("equality")]
        inequality = cell[~cell["quantity"].str.contains("equality")]
        axes.plot(equality["cosine"], equality["bound"], color=colour, linewidth=0.9)
        axes.scatter(equality["cosine"], equality["estimate"], s=9, color=colour, linewidths=0)
        axes.plot(
            inequality["cosine"],
            inequality["estimate"],
            color=colour,
            linestyle="--",
            label=f"r = {ratio:g}",
        )
    norm = float(chosen["norm"].iloc[0])
    axes.set_title(f"Lemma 3: norm {norm:g}")
    axes.set_xlabel("cos(u, v)")
    axes.set_ylabel("expected inner product")
    axes.legend(fontsize=5.5, loc="upper left")
    axes.set_ylim(top=1.35 * chosen["estimate"].max())
    text = "line: 1 + uᵀv\n● linear layer\ndashed: 2 × ReLU layer"
    note(axes, text, x=0.99, y=0.01, ha="right", va="bottom")


def draw_theorem_2(axes, rows):
    """Share by layer: points at the widest layer and below, dashed β, thin the infinite width."""
    markers = dict(zip(sorted(rows["width"].unique()), "s^oDv<>", strict=False))
    for colour, (_, group) in zip(PALETTE, rows.groupby("cosine"), strict=False):
        for width, cell in group.groupby("width"):
            shift = 0.12 * (list(markers).index(width) - (len(markers) - 1) / 2)
            axes.errorbar(
                cell["layer"] + shift,
                cell["estimate"],
                yerr=error_bars(cell),
                color=colour,
                marker=markers[width],
                markersize=2.2,
                linestyle="none",
                elinewidth=0.6,
            )
        widest = group[group["width"] == group["width"].max()]
        axes.plot(widest["layer"], widest["infinite_width"], color=colour, linewidth=0.6)
        axes.plot(widest["layer"], widest["bound"], color=colour, linestyle="--", linewidth=0.9)
    handles = [
        plt.Line2D([], [], color=colour, label=f"ρ₀ = {cosine:g}")
        for colour, cosine in zip(PALETTE, sorted(rows["cosine"].unique()), strict=False)
    ]
    axes.legend(handles=handles, fontsize=5.5, loc="lower right", bbox_to_anchor=(1, 0.13))
    axes.set_ylim(-0.2, 1.05)
    axes.set_xticks(sorted(rows["layer"].unique()))
    axes.set_xlabel("layer")
    named = ", ".join(f"{marker}: {width}" for width, marker in markers.items())
    shapes = named.replace("s:", "■").replace("^:", "▲").replace("o:", "●")
    text = f"dashed: bound β\nwidth {shapes}"
    note(axes, text, x=0.99, y=0.01, ha="right", va="bottom")


def draw_verdicts(axes, rows):
    """How many rows of each check came out how."""
    axes.set_axis_off()
    lines = ["Rows of the table:"]
    for (theorem, bias), group in rows.groupby(["theorem", "bias"], sort=False):
        name = theorem.capitalize() + (" without bias" if bias == "none" else "")
        counts = group["holds"].value_counts()
        listed = ", ".join(f"{n} {VERDICTS[verdict]}" for verdict, n in counts.items())
        lines.append(f"\n{name}\n   {listed}")
    lines.append(
        "\nTheorem 1: points with Clopper–Pearson\n95 % limits, ▼ none seen (upper limit),"
    )
    lines.append("dashed C/width from Chebyshev's inequality")
    axes.text(0, 1, "\n".join(lines), va="top", fontsize=5.8, transform=axes.transAxes)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.rows,
        snakemake.output.pdf,
        snakemake.output.png,
        **snakemake.params.settings,
    )
