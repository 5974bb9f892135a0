"""List the pictures that could not be read, once each, with the reason."""

import pandas as pd

from modgap.files import atomic_path
from modgap.job import start_log
from modgap.tables import read_metadata, read_table


def main(indexes, table):
    """Write dataset, sample_id and reason of every bad picture of the pixel indexes."""
    frames = [read_table(path).assign(dataset=read_metadata(path)["dataset"]) for path in indexes]
    frame = pd.concat(frames, ignore_index=True)
    bad = frame[frame["row"] < 0].drop_duplicates(["dataset", "sample_id"])
    with atomic_path(table) as temporary:
        bad[["dataset", "sample_id", "reason"]].to_csv(temporary, index=False)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(snakemake.input, snakemake.output[0])
