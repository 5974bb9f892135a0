"""Fetch one file of the table of downloads; it gets its name when it is complete and checked."""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from modgap.fetch.download import download
from modgap.job import start_log


def main(*, row, folder, mirror):
    download(row, folder, mirror=mirror)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(**snakemake.params.settings)
