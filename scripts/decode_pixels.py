"""Decode one shard of pictures once, for all models that take crops of this geometry."""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import numpy as np
import pandas as pd

from modgap.data.arrays import write_array
from modgap.data.depth import describe_depths
from modgap.data.pixels import decode_pictures, keep_good_crops, noise_pictures, parse_geometry
from modgap.data.table import shard_pictures
from modgap.errors import InputError
from modgap.job import LOG, progress, start_log
from modgap.tables import read_metadata, read_table, write_table


def main(samples, array, index, *, entry, geometry, shard, shard_size, on_bad_sample, threads):
    pictures = shard_pictures(read_table(samples), shard, shard_size)
    locations = list(pictures["image"])
    geometry = parse_geometry(geometry)
    reasons, depths = [], []
    if entry["kind"] == "noise":
        crops = noise_pictures(locations, entry["seed"], geometry.size)
        reasons = [None] * len(locations)
        dtype = np.float32
    else:
        batches = decode_pictures(
            locations,
            geometry,
            threads=threads,
            intensity_range=entry.get("intensity_range"),
            depths=depths,
        )
        batches = progress(batches, total=len(locations), what="pictures")
        crops = keep_good_crops(locations, batches, on_bad_sample, reasons)
        crops = tell_depths(crops, depths, locations)
        dtype = np.uint8
    write_array(array, crops, (geometry.size, geometry.size, 3), dtype)
    # Captions that were left out are told once, with the samples.
    metadata = {key: value for key, value in read_metadata(samples).items() if key != "skipped"}
    write_table(index_table(pictures["sample_id"], reasons), index, metadata)


def tell_depths(crops, depths, locations):
    """Yield the crops; then say in the log what was black and white where not 0 and 255."""
    yield from crops
    try:
        told = describe_depths(depths, len(locations))
    except InputError as error:
        raise InputError(f"{locations[0]} and others: {error}") from error
    if told:
        LOG.info("%s and others: %s", locations[0], told)


def index_table(sample_ids, reasons):
    """sample_id, row in the array (-1 if bad) and reason (null if good) of every picture."""
    good = np.array([reason is None for reason in reasons], dtype=bool)
    rows = np.where(good, np.cumsum(good) - 1, -1)
    frame = pd.DataFrame({"sample_id": sample_ids, "row": rows, "reason": reasons})
    return frame.astype({"row": "int64", "reason": "str"})


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.samples,
        snakemake.output.array,
        snakemake.output.index,
        threads=snakemake.threads,
        **snakemake.params.settings,
    )
