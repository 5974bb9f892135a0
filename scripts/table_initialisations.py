"""Table of the cones of several models: random initialisations, or trained independently."""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from modgap.job import start_log
from modgap.report.formats import write_for_people
from modgap.tables import read_tables


def main(tables, csv):
    write_for_people(read_tables(tables), csv)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(snakemake.input.tables, snakemake.output.csv)
