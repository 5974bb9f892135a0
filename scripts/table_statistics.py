"""One row per embedding set and one per cloud: the tidy measurements as tables for people."""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from pathlib import Path

import pandas as pd

from modgap.job import start_log
from modgap.report.formats import write_formats
from modgap.statistics.measurements import summary_row
from modgap.tables import read_metadata, read_tables

# Of how many pictures what compares all pairs is, where that is not all of them.
SAMPLED = "pairs_of"

GAP_COLUMNS = [
    "embeddings",
    "n",
    "dim",
    SAMPLED,
    "gap",
    "gap_unbiased",
    "gap_unbiased_low",
    "gap_unbiased_high",
    "mean_cosine_first",
    "mean_cosine_second",
    "mean_matched_cosine",
    "mean_unmatched_cosine",
    "rmg",
    "frechet_extrapolated",
    "mmd_squared",
    "mmd_p",
    "gap_share8",
    "gap_share8_rotated",
    "margin",
    "recall1_first_to_second",
    "recall1_second_to_first",
]

CONE_COLUMNS = [
    "embeddings",
    "n",
    "dim",
    SAMPLED,
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


def main(gaps, pairs, cones, gap, cone):
    """Write the wide tables.

    gaps, pairs, cones : tidy tables, one or two per embedding set, one per cloud.
    gap, cone : (csv, markdown, latex) paths of the two tables.
    """
    # Sets without pairs have the first table only.
    compared = {Path(path).name: [path] for path in pairs}
    sets = [[path, *compared.get(Path(path).name, [])] for path in gaps]
    clouds = [[path] for path in cones]
    for measured, outputs, columns in ((sets, gap, GAP_COLUMNS), (clouds, cone, CONE_COLUMNS)):
        rows = [wide_row(paths) for paths in measured]
        absent = [column for column in columns if column != SAMPLED]
        frame = pd.DataFrame(rows) if rows else pd.DataFrame(columns=absent)
        write_formats(frame, *outputs, columns=columns)


def wide_row(paths):
    """The tables of one embedding set or cloud as one row; ``SAMPLED`` is there where it was."""
    row = summary_row(read_tables(paths))
    sampled = [found for path in paths if (found := read_metadata(path).get("sampled"))]
    if sampled:
        row[SAMPLED] = "{pictures:,} of {of:,} pictures".format(**sampled[0])
    return row


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.gaps,
        snakemake.input.pairs,
        snakemake.input.cones,
        (snakemake.output.gap, snakemake.output.gap_md, snakemake.output.gap_tex),
        (snakemake.output.cone, snakemake.output.cone_md, snakemake.output.cone_tex),
    )
