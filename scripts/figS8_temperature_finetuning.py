"""Supplementary Figure 8: gap, retrieval and zero-shot after fine-tuning at several temperatures.

One curve per recipe; grey lines are the model before fine-tuning, dotted lines are chance.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from modgap.job import start_log
from modgap.report.drawing import GREY, PAGE, PALETTE, note, plt, save, use_style
from modgap.tables import read_table

PANELS = [
    ("gap", "both", "Modality gap ‖Δ‖"),
    ("recall1", "first_to_second", "Recall@1, image to text"),
    ("recall1", "second_to_first", "Recall@1, text to image"),
    ("zero_shot", "first_to_second", "Zero-shot accuracy"),
]


def inverse(tau):
    """τ as a reader writes it: 1, 1/10, 1/30."""
    return "1" if tau == 1 else f"1/{round(1 / tau)}"


def draw_panel(axes, rows, statistic, side, title, recipes):
    """Value against τ for every recipe, with intervals, start and chance."""
    chosen = rows[(rows["statistic"] == statistic) & (rows["side"] == side)]
    taus = sorted(rows["tau"].unique(), reverse=True)
    for order, (colour, recipe) in enumerate(zip(PALETTE, recipes, strict=False)):
        curve = chosen[(chosen["recipe"] == recipe) & (chosen["stage"] == "end")]
        curve = curve.sort_values("tau", ascending=False)
        places = [taus.index(tau) for tau in curve["tau"]]
        # Recipes may agree: the later ones are thinner and lie on top.
        below = len(recipes) - 1 - order
        width = {"lw": 1.2 + 0.8 * below, "ms": 3 + 1.2 * below}
        axes.plot(places, curve["value"], color=colour, marker="o", label=f"{recipe} τ", **width)
        # Not error bars: a value that is biased (the gap near 0) may lie outside its interval.
        axes.vlines(places, curve["low"], curve["high"], color=colour, lw=0.9)
    start = chosen[chosen["stage"] == "start"]
    if len(start):
        axes.axhline(start["value"].mean(), color=GREY, lw=0.9, ls="--", label="before fine-tuning")
    chance = rows[(rows["statistic"] == f"{statistic}_chance") & (rows["side"] == side)]
    if len(chance):
        axes.axhline(chance["value"].mean(), color=GREY, lw=0.9, ls=":", label="chance")
    # Evenly spaced, as the paper draws them.
    axes.set_xticks(range(len(taus)), [inverse(tau) for tau in taus], fontsize=6)
    axes.set_xlabel("temperature τ")
    axes.set_ylim(bottom=0)
    axes.set_title(title)


def main(summary, pdf, png, *, dpi):
    """Draw the four panels from the study's summary."""
    use_style()
    rows = read_table(summary)
    figure, panels = plt.subplots(1, len(PANELS), figsize=(PAGE, 2.3))
    recipes = list(rows["recipe"].unique())
    for axes, (statistic, side, title) in zip(panels, PANELS, strict=True):
        draw_panel(axes, rows, statistic, side, title, recipes)
    gap = rows[rows["statistic"] == "gap"]
    seeds, n = gap["n_seeds"].iloc[0], gap["n"].iloc[0]
    note(panels[0], f"seeds: {seeds}\nn = {n:,} held out", x=0.97, y=0.05, ha="right", va="bottom")
    handles, labels = panels[1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    save(figure, pdf, png, dpi=dpi)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.summary,
        snakemake.output.pdf,
        snakemake.output.png,
        **snakemake.params.settings,
    )
