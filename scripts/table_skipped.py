"""List the pictures that could not be read and the captions that are empty, with the reason."""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import pandas as pd

from modgap.job import start_log
from modgap.report.formats import write_for_people
from modgap.tables import read_metadata, read_table

COLUMNS = ["dataset", "sample_id", "reason"]


def main(indexes, samples, table):
    """Write dataset, sample_id and reason of every bad picture (once) and every empty caption.

    Pictures are in the pixel indexes, captions in the metadata of the samples tables.
    """
    frames = [read_table(path).assign(dataset=read_metadata(path)["dataset"]) for path in indexes]
    frame = pd.concat(frames, ignore_index=True)
    pictures = frame[frame["row"] < 0].drop_duplicates(["dataset", "sample_id"])
    captions = [
        {"dataset": stored["dataset"], "sample_id": sample_id, "reason": reason}
        for stored in map(read_metadata, samples)
        for sample_id, reason in stored.get("skipped", [])
    ]
    left_out = pd.concat([pictures[COLUMNS], pd.DataFrame(captions, columns=COLUMNS)])
    write_for_people(left_out, table)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(snakemake.input.indexes, snakemake.input.samples, snakemake.output[0])
