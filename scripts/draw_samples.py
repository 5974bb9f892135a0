"""Draw the pictures of a dataset that the pipeline makes itself: table and pixel array."""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from modgap.data.arrays import write_array
from modgap.data.kinds.drawn import draw_samples
from modgap.data.table import write_samples
from modgap.job import start_log


def main(table, array, *, name, entry):
    samples, pixels = draw_samples(entry, array)
    write_array(array, pixels, pixels.shape[1:], pixels.dtype)
    write_samples(samples, pixels, table, name=name, kind=entry["kind"])


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.output.table,
        snakemake.output.array,
        **snakemake.params.settings,
    )
