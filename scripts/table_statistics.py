"""One row per embedding set and one per cloud: the tidy measurements as tables for people."""

import pandas as pd

from modgap.job import start_log
from modgap.report.formats import write_formats
from modgap.statistics.measurements import summary_row
from modgap.tables import read_table

GAP_COLUMNS = [
    "embeddings",
    "n",
    "dim",
    "gap",
    "gap_unbiased",
    "gap_unbiased_low",
    "gap_unbiased_high",
    "mean_cosine_first",
    "mean_cosine_second",
    "mean_matched_cosine",
    "mean_unmatched_cosine",
    "rmg",
    "margin",
    "recall1_first_to_second",
    "recall1_second_to_first",
]

CONE_COLUMNS = [
    "embeddings",
    "n",
    "dim",
    "mean_cosine",
    "mean_cosine_low",
    "mean_cosine_high",
    "sd_cosine",
    "min_cosine",
    "q25_cosine",
    "median_cosine",
    "q75_cosine",
    "max_cosine",
    "centre_norm",
    "effective_rank",
]


def main(gaps, cones, gap, cone):
    """Write the wide tables.

    gaps, cones : tidy tables, one per embedding set and per cloud.
    gap, cone : (csv, markdown, latex) paths of the two tables.
    """
    for paths, outputs, columns in ((gaps, gap, GAP_COLUMNS), (cones, cone, CONE_COLUMNS)):
        rows = [summary_row(read_table(path)) for path in paths]
        frame = pd.DataFrame(rows) if rows else pd.DataFrame(columns=columns)
        write_formats(frame, *outputs, columns=columns)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.gaps,
        snakemake.input.cones,
        (snakemake.output.gap, snakemake.output.gap_md, snakemake.output.gap_tex),
        (snakemake.output.cone, snakemake.output.cone_md, snakemake.output.cone_tex),
    )
