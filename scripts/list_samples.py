"""List the pictures, captions and labels of a dataset in one samples table."""

from modgap.integrity import check_fetched
from modgap.job import start_log
from modgap.samples import dataset_digest, list_samples
from modgap.tables import write_table


def main(table, *, name, entry, on_bad_sample, fetched=(), folder=None):
    check_fetched(fetched, folder)
    samples, content = list_samples(entry, on_bad_sample=on_bad_sample)
    metadata = {
        "dataset": name,
        "dataset_sha256": dataset_digest(samples, content),
        "kind": entry["kind"],
    }
    write_table(samples, table, metadata)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(snakemake.output.table, **snakemake.params.settings)
