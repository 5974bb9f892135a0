"""List a dataset of torchvision whose pictures are files in an archive."""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from modgap.data.kinds.torchvision import torchvision_samples
from modgap.data.table import write_samples
from modgap.fetch.integrity import check_fetched
from modgap.job import start_log


def main(table, *, name, entry, fetched=(), folder=None):
    check_fetched(fetched, folder)
    samples, content = torchvision_samples(entry)
    write_samples(samples, content, table, name=name, kind=entry["kind"])


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(snakemake.output.table, **snakemake.params.settings)
