"""Read a downloaded dataset that comes as arrays: pictures and samples table."""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from modgap.data.arrays import write_array
from modgap.data.kinds.torchvision import array_samples
from modgap.data.table import write_samples
from modgap.fetch.integrity import check_fetched
from modgap.job import start_log


def main(table, array, *, name, entry, fetched, folder):
    check_fetched(fetched, folder)
    samples, pixels = array_samples(entry, array)
    write_array(array, pixels, pixels.shape[1:], pixels.dtype)
    write_samples(samples, pixels, table, name=name, kind=entry["kind"])


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.output.table,
        snakemake.output.array,
        **snakemake.params.settings,
    )
