"""Supplementary Figure 14: the cones of a second set of pictures beside those of the first."""

from modgap.cone_histograms import draw_histograms
from modgap.job import start_log

if __name__ == "__main__":
    start_log(snakemake.log[0])
    draw_histograms(
        snakemake.input.cones,
        snakemake.input.histograms,
        snakemake.output.pdf,
        snakemake.output.png,
        **snakemake.params.settings,
    )
