"""Add up the moments of several files: a branch of the tree of all shards, or its root."""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from modgap.job import start_log
from modgap.statistics.moments.files import merge_files, write_moments


def main(parts, moments):
    """parts : paths of moments, in the order of their shards. moments : path of their sum."""
    write_moments(moments, *merge_files(parts))


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(snakemake.input.parts, snakemake.output.moments)
