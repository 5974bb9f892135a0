"""Read a downloaded dataset that comes as arrays: pictures and samples table."""

from modgap.arrays import write_array
from modgap.integrity import check_fetched
from modgap.job import start_log
from modgap.samples import dataset_digest
from modgap.tables import write_table
from modgap.torchvision_arrays import array_samples


def main(table, array, *, name, entry, fetched, folder):
    check_fetched(fetched, folder)
    samples, pixels = array_samples(entry, array)
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
