"""Draw the pictures of a dataset that the pipeline makes itself: table and pixel array."""

from modgap.arrays import write_array
from modgap.job import start_log
from modgap.samples import dataset_digest, draw_samples
from modgap.tables import write_table


def main(table, array, *, name, entry):
    samples, pixels = draw_samples(entry, array)
    metadata = {
        "dataset": name,
        "dataset_sha256": dataset_digest(samples, pixels),
        "kind": entry["kind"],
    }
    write_array(array, pixels, pixels.shape[1:], pixels.dtype)
    write_table(samples, table, metadata)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.output.table,
        snakemake.output.array,
        **snakemake.params.settings,
    )
