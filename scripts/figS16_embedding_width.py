"""Supplementary Figure 16: the gap of models of different width, before and after training."""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from modgap.job import start_log
from modgap.report.drawing import COLUMN, note, plt, save, use_style
from modgap.tables import read_table

# Label, line and face of the marks: colours are modalities elsewhere.
STAGES = {"start": ("before training", "--", "white"), "end": ("after training", "-", "black")}


def main(summary, pdf, png, *, dpi):
    """Draw the gap against the embedding width from the study's summary."""
    use_style()
    rows = read_table(summary).query("statistic == 'gap'").sort_values("dim")
    figure, axes = plt.subplots(figsize=(COLUMN, 2.3))
    for stage, (label, line, face) in STAGES.items():
        curve = rows[rows["stage"] == stage]
        look = {"color": "black", "ls": line, "marker": "o", "ms": 3, "mfc": face}
        axes.plot(curve["dim"], curve["value"], label=label, **look)
        axes.vlines(curve["dim"], curve["low"], curve["high"], color="black", lw=0.9)
    axes.set_xscale("log", base=2)
    axes.set_xticks(rows["dim"].unique(), [str(dim) for dim in rows["dim"].unique()])
    axes.minorticks_off()
    axes.set_ylim(bottom=0)
    axes.set_xlabel("embedding width")
    axes.set_ylabel("modality gap ‖Δ‖")
    axes.legend()
    seeds, n = rows["n_seeds"].iloc[0], rows["n"].iloc[0]
    note(axes, f"seeds: {seeds}, n = {n:,} held out", y=0.08)
    save(figure, pdf, png, dpi=dpi)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.summary,
        snakemake.output.pdf,
        snakemake.output.png,
        **snakemake.params.settings,
    )
