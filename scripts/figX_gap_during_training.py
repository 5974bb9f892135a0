"""Figure X (gap during training): what opens and closes the gap in training.

Gap, temperature and retrieval against the step for every cell of captions, temperature and share
of mismatched captions.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from modgap.job import start_log
from modgap.report.drawing import GREY, PAGE, PALETTE, plt, save, use_style
from modgap.report.sentences.training import cell_label
from modgap.tables import read_metadata, read_table

PANELS = [
    ("gap", "both", "Modality gap ‖Δ‖"),
    ("rmg", "both", "Relative modality gap"),
    ("tau", "both", "Temperature τ"),
    ("recall1", "second_to_first", "Recall@1, text to image"),
]

TAUS = {1: "1", 0.1: "1/10", 0.05: "1/20", 1 / 30: "1/30", 0.02: "1/50", 0.01: "1/100"}


def draw_panel(axes, trajectories, cells, looks, statistic, side, title):
    """One statistic against the step, one line per run; equal cells look alike."""
    for cell, (colour, style) in zip(cells, looks, strict=True):
        rows = trajectories[cell["run"]]
        rows = rows[(rows["statistic"] == statistic) & (rows["side"] == side)]
        axes.plot(rows["step"], rows["value"], color=colour, ls=style, lw=1)
    axes.set_xlabel("step")
    axes.set_title(title)
    if statistic == "tau":
        axes.set_yscale("log")
        axes.set_yticks(list(TAUS), list(TAUS.values()))
        axes.minorticks_off()
        shown = [cell["tau"] for cell in cells]
        axes.set_ylim(min(*shown, 0.01) / 1.2, max(*shown, 0.1) * 1.2)
    else:
        axes.set_ylim(bottom=0)
    if statistic == "rmg":
        axes.axhline(0.5, color=GREY, lw=0.6, ls=":")


def main(trajectories, pdf, png, *, cells, dpi):
    """Draw the four panels from the trajectories of the study's runs."""
    use_style()
    by_run = {read_metadata(path)["run"]: read_table(path) for path in trajectories}
    models = {cell["model"] for cell in cells}
    labels = [cell_label(cell, models) for cell in cells]
    distinct = list(dict.fromkeys(labels))
    styles = ["-", "--", ":"]
    looks = [
        (PALETTE[distinct.index(label) % 7], styles[distinct.index(label) // 7 % 3])
        for label in labels
    ]
    figure, panels = plt.subplots(1, len(PANELS), figsize=(PAGE, 2.5))
    for axes, panel in zip(panels, PANELS, strict=True):
        draw_panel(axes, by_run, cells, looks, *panel)
    shown = dict(zip(labels, looks, strict=True))
    handles = [plt.Line2D([], [], color=colour, ls=style) for colour, style in shown.values()]
    figure.legend(handles, list(shown), loc="outside lower center", ncols=2)
    save(figure, pdf, png, dpi=dpi)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.trajectories,
        snakemake.output.pdf,
        snakemake.output.png,
        **snakemake.params.settings,
    )
