"""What differs between two embedding sets on the same pictures: all comparisons, one test a row."""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from modgap.job import start_log
from modgap.report.formats import write_formats
from modgap.tables import read_tables

PRINTED = ["comparison", "statistic", "side", "before", "after", "difference", "low", "high"]
PRINTED += ["p_holm", "n"]


def main(comparisons, csv, md, tex):
    write_formats(read_tables(comparisons), csv, md, tex, columns=PRINTED)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(snakemake.input.comparisons, *snakemake.output)
