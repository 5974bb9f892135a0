"""Turn a fetched .tar.gz into a plain tar; nothing is unpacked."""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from modgap.data.archives import remove_gzip
from modgap.fetch.integrity import check_fetched
from modgap.job import start_log


def main(archive, tar, *, fetched, folder):
    check_fetched(fetched, folder)
    remove_gzip(archive, tar)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(snakemake.input.archive, snakemake.output.archive, **snakemake.params.settings)
