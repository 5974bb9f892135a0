"""Table of the cones of several models: random initialisations, or trained independently."""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from modgap.files import atomic_path
from modgap.job import start_log
from modgap.tables import read_tables


def main(tables, csv):
    with atomic_path(csv) as temporary:
        read_tables(tables).to_csv(temporary, index=False)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(snakemake.input.tables, snakemake.output.csv)
