"""List the pictures, captions and labels of a dataset in one samples table."""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from modgap.data.kinds.listed import list_samples
from modgap.data.table import write_samples
from modgap.fetch.integrity import check_fetched
from modgap.job import start_log


def main(table, *, name, entry, on_bad_sample, fetched=(), folder=None):
    check_fetched(fetched, folder)
    samples, content, skipped = list_samples(entry, on_bad_sample=on_bad_sample)
    write_samples(
        samples,
        content,
        table,
        name=name,
        kind=entry["kind"],
        skipped=skipped,
        intensity_range=entry.get("intensity_range"),
    )


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(snakemake.output.table, **snakemake.params.settings)
