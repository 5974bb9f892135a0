"""Figure X (initialisation against optimisation): what each adds to the gap.

One panel for each recipe: the gap before and after training from a plain start and from a start
with the gap removed. On the right, the gap along the way.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from modgap.job import start_log
from modgap.report.drawing import GREY, PAGE, PALETTE, plt, save, use_style
from modgap.tables import read_metadata, read_table

RECIPES = {"published": "published recipe", "corrected": "corrected recipe"}
STYLES = {"published": "--", "corrected": "-"}
ITEMS = {"published": "training items", "corrected": "held out"}

STARTS = {"as_is": "plain start", "gap_removed": "start with the gap removed"}

# Section 4.4: ViT-B/16 on 50,000 COCO pairs, means of three runs.
PAPER = {"as_is": (1.1891, 1.2991), "gap_removed": (0.0388, 0.7457)}


def draw_stages(axes, gap, recipe):
    """Gap before and after training by a recipe, from both starts; the paper's beside them."""
    for colour, (start, label) in zip(PALETTE, STARTS.items(), strict=False):
        rows = gap[gap["start"] == start].set_index("stage").loc[["start", "end"]]
        axes.plot([0, 1], rows["value"], color=colour, marker="o", ms=3.5, label=label)
        # Not error bars: the gap is biased, near 0 it may lie outside its interval.
        axes.vlines([0, 1], rows["low"], rows["high"], color=colour, lw=0.9)
        for place, value in enumerate(rows["value"]):
            axes.annotate(
                f"{value:.3f}", (place, value), (7 if place else -7, 0), fontsize=6,
                textcoords="offset points", va="center", ha="left" if place else "right",
            )  # fmt: skip
        axes.plot([0, 1], PAPER[start], color=GREY, ls=":", marker="o", ms=3, mfc="white", lw=0.8)
    axes.plot([], [], color=GREY, ls=":", marker="o", ms=3, mfc="white", lw=0.8,
              label="paper (ViT-B/16, COCO)")  # fmt: skip
    axes.set_xticks([0, 1], ["before", "after training"])
    axes.set_xlim(-0.45, 1.45)
    axes.set_ylim(bottom=0)
    axes.set_title(
        f"{RECIPES[recipe]}\nseeds: {gap['n_seeds'].iloc[0]}, "
        f"n = {gap['n'].iloc[0]:,} {ITEMS[recipe]}"
    )


def draw_trajectories(axes, trajectories, cells):
    """Gap against the step, one line per run."""
    for colour, start in zip(PALETTE, STARTS, strict=False):
        for cell in cells:
            if cell["start"] == start:
                rows = trajectories[cell["run"]].query("statistic == 'gap'")
                style = STYLES[cell["recipe"]]
                axes.plot(rows["step"], rows["value"], color=colour, marker=".", ms=3, ls=style)
    axes.set_xlabel("step")
    axes.set_ylim(bottom=0)
    axes.set_title("along the way, one line a seed\n(dashed: published)")


def main(summary, trajectories, pdf, png, *, cells, dpi):
    """Draw the figure from the study's summary and the trajectories of its runs."""
    use_style()
    rows = read_table(summary)
    by_run = {read_metadata(path)["run"]: read_table(path) for path in trajectories}
    gap = rows[rows["statistic"] == "gap"]
    recipes = [recipe for recipe in RECIPES if recipe in set(gap["recipe"])]
    width = PAGE * (len(recipes) + 1) / (len(RECIPES) + 1)
    figure, panels = plt.subplots(1, len(recipes) + 1, figsize=(width, 2.6), sharey=True)
    for axes, recipe in zip(panels, recipes, strict=False):
        draw_stages(axes, gap[gap["recipe"] == recipe], recipe)
    panels[0].set_ylabel("modality gap ‖Δ‖")
    draw_trajectories(panels[-1], by_run, cells)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    save(figure, pdf, png, dpi=dpi)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.summary,
        snakemake.input.trajectories,
        snakemake.output.pdf,
        snakemake.output.png,
        **snakemake.params.settings,
    )
