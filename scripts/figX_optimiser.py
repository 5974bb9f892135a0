"""Figure X (optimiser): is it the contrastive loss or L2 decay that widens the gap?

Top: change of the gap by decay and loss, one panel for each learning rate × steps and start.
Bottom: what the runs looked like on the way, from the first start, at the largest rate.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import math

from modgap.job import start_log
from modgap.report.drawing import GREY, PAGE, PALETTE, plt, save, use_style
from modgap.report.sentences.training import DECAYS, LOSSES, SCALES, STARTS
from modgap.tables import read_metadata, read_table

MARKERS = {"frozen": "o", "trained": "s", "decayed": "^"}
STYLES = {"none": ":", "l2": "-", "decoupled": "--"}
COURSES = [
    ("gap", "both", "gap ‖Δ‖"),
    ("weight_norm", "both", "weights' norm / start"),
    ("embedding_norm", "first", "images' norm"),
    ("held_out_loss", "both", "held-out loss"),
    ("recall1", "second_to_first", "recall@1 (to image)"),
]


def draw_changes(axes, rows, losses, scales):
    """Change of the gap against the decay; colours are losses, marks what moves the logit scale."""
    decays = [decay for decay in DECAYS if decay in set(rows["decay"])]
    looks = [(loss, scale) for loss in losses for scale in scales]
    for place, (loss, scale) in enumerate(looks):
        colour = PALETTE[list(LOSSES).index(loss)]
        shift = 0.5 * ((place + 0.5) / len(looks) - 0.5)
        chosen = rows[(rows["loss"] == loss) & (rows["logit_scale"] == scale)]
        for row in chosen.itertuples():
            x = decays.index(row.decay) + shift
            if row.collapsed:
                axes.annotate("collapsed", (x, 0), fontsize=5, color=colour, rotation=90,
                              ha="center", va="bottom")  # fmt: skip
            axes.plot([x], [row.value], color=colour, marker=MARKERS[scale], ms=4, ls="")
            axes.vlines([x], row.low, row.high, color=colour, lw=0.9)
    axes.axhline(0, color=GREY, lw=0.7)
    axes.set_xlim(-0.5, len(decays) - 0.5)
    axes.set_xticks(range(len(decays)), [DECAYS[decay] for decay in decays])
    axes.set_ylabel("change of the gap")


def draw_course(axes, trajectories, cells, statistic, side, title):
    """One statistic against the step, one line a run."""
    for cell in cells:
        rows = trajectories[cell["run"]]
        rows = rows[(rows["statistic"] == statistic) & (rows["side"] == side)]
        values = rows["value"]
        if statistic == "weight_norm":
            values = values / values.iloc[0]
        axes.plot(rows["step"], values, color=PALETTE[list(LOSSES).index(cell["loss"])],
                  ls=STYLES[cell["decay"]], lw=1)  # fmt: skip
    if statistic == "weight_norm":
        axes.axhline(0.01, color=GREY, lw=0.6, ls=":")
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)
    chance = trajectories[cells[0]["run"]].query(f"statistic == '{statistic}_chance'")
    chance = chance[chance["side"] == side]
    if len(chance):
        axes.axhline(chance["value"].iloc[0], color=GREY, lw=0.6, ls=":")
    axes.set_xlabel("step")
    axes.set_title(title, fontsize=6.5)


def draw_legend(figure, cells, losses, decays, scales):
    """Colours of losses, styles of decays, and marks where there are several."""
    handles = [
        plt.Line2D([], [], color=PALETTE[list(LOSSES).index(loss)], lw=2, label=LOSSES[loss])
        for loss in losses
    ]
    handles += [
        plt.Line2D([], [], color="black", ls=STYLES[decay], label=DECAYS[decay]) for decay in decays
    ]
    if len(scales) > 1:
        handles += [
            plt.Line2D(
                [], [], color="black", ls="", marker=MARKERS[scale], ms=4, label=SCALES[scale]
            )
            for scale in scales
        ]
    figure.legend(handles=handles, loc="outside lower center", ncols=4)


def main(effects, trajectories, pdf, png, *, cells, dpi):
    """Draw the figure from the study's effects and the trajectories of its runs."""
    use_style()
    rows = read_table(effects).query("effect == 'change'")
    by_run = {read_metadata(path)["run"]: read_table(path) for path in trajectories}
    losses, decays, scales = (
        [level for level in levels if level in set(rows[factor])]
        for factor, levels in (("loss", LOSSES), ("decay", DECAYS), ("logit_scale", SCALES))
    )
    settings = list(rows.groupby(["start", "rate_times_steps"], sort=False).groups)
    lines = 1 + math.ceil(len(settings) / 3)
    figure = plt.figure(figsize=(PAGE, 0.5 + 1.9 * lines))
    parts = figure.subfigures(2, 1, height_ratios=[lines - 1, 1])
    top = parts[0].subplots(lines - 1, min(3, len(settings)), squeeze=False, sharey=True).ravel()
    for axes, (start, rate) in zip(top, settings, strict=False):
        chosen = rows[(rows["start"] == start) & (rows["rate_times_steps"] == rate)]
        draw_changes(axes, chosen, losses, scales)
        seeds, n = chosen["n_seeds"].max(), chosen["n"].iloc[0]
        axes.set_title(
            f"{STARTS[start]}, learning rate × steps = {rate:g}\nseeds: {seeds}, n = {n:,} held out"
        )
    for axes in top[len(settings) :]:
        axes.set_axis_off()
    largest = max(cell["rate_times_steps"] for cell in cells)
    shown = {"start": settings[0][0], "rate_times_steps": largest, "logit_scale": scales[0]}
    courses = [cell for cell in cells if shown.items() <= cell.items()]
    for axes, panel in zip(parts[1].subplots(1, len(COURSES)), COURSES, strict=True):
        draw_course(axes, by_run, courses, *panel)
    draw_legend(figure, cells, losses, decays, scales)
    save(figure, pdf, png, dpi=dpi)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.effects,
        snakemake.input.trajectories,
        snakemake.output.pdf,
        snakemake.output.png,
        **snakemake.params.settings,
    )
