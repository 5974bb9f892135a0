"""Embed one shard of pictures.

Reads the crops and their index; writes one row per good picture.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import numpy as np

from modgap.data.arrays import open_array
from modgap.embeddings.devices import take_gpus
from modgap.embeddings.extraction import embed_images
from modgap.embeddings.models import create_model
from modgap.errors import InputError
from modgap.job import start_log
from modgap.tables import data_provenance, read_table, write_embeddings


def main(array, index, embeddings, *, model_name, model, precision, batch_size, device):
    good = read_table(index).query("row >= 0").sort_values("row")
    pixels = open_array(array)
    loaded = create_model(model_name, model, precision=precision, device=device)
    check_crops(array, pixels, len(good), loaded.preprocessing["size"])
    write_embeddings(
        embeddings,
        good[["sample_id"]],
        embed_images(loaded, pixels, batch_size),
        {**loaded.provenance, **data_provenance(index)},
    )


def check_crops(path, pixels, n, size):
    """Raise an InputError unless the array holds n crops of the model's size."""
    if pixels.shape != (n, size, size, 3) or pixels.dtype not in (np.uint8, np.float32):
        raise InputError(
            f"{path}: {pixels.dtype} array of shape {pixels.shape}, but the index and the model "
            f"ask for {n} crops of {size} x {size} px; remove it and run again"
        )


if __name__ == "__main__":
    start_log(snakemake.log[0])
    take_gpus(snakemake.resources.get("gpu", 0))
    main(
        snakemake.input.array,
        snakemake.input.index,
        snakemake.output.embeddings,
        **snakemake.params.settings,
    )
