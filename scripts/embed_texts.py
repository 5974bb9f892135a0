"""Embed the captions of one shard of pictures.

Reads the samples table; writes one row per caption, or random tokens for the noise control. Given
a pixel index, it leaves out the captions of pictures that could not be read.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from modgap.data.table import shard_pictures
from modgap.embeddings.devices import take_gpus
from modgap.embeddings.extraction import embed_captions, embed_tokens, noise_tokens
from modgap.embeddings.models import create_model
from modgap.errors import InputError
from modgap.job import start_log
from modgap.tables import data_provenance, read_table, write_embeddings


def main(
    samples,
    index,
    embeddings,
    *,
    entry,
    model_name,
    model,
    precision,
    batch_size,
    device,
    shard,
    shard_size,
):
    data = data_provenance(samples)
    captions = shard_captions(read_table(samples), shard, shard_size)
    if index is not None:
        good = read_table(index).query("row >= 0")["sample_id"]
        captions = captions[captions["sample_id"].isin(good)]
    if entry["kind"] != "noise":
        check_captions(captions, data["dataset"])
    loaded = create_model(model_name, model, precision=precision, device=device)
    if entry["kind"] == "noise":
        indices = [int(image.removeprefix("noise#")) for image in captions["image"]]
        tokens = noise_tokens(indices, entry["seed"], loaded.context_length, loaded.vocab_size)
        values = embed_tokens(loaded, tokens, batch_size)
    else:
        values = embed_captions(loaded, captions["caption"], batch_size)
    write_embeddings(
        embeddings,
        captions[["sample_id", "caption_index"]],
        values,
        {**loaded.provenance, **data},
    )


def shard_captions(samples, shard, shard_size):
    """Rows of the pictures of one shard, in order."""
    wanted = shard_pictures(samples, shard, shard_size)["sample_id"]
    return samples[samples["sample_id"].isin(wanted)]


def check_captions(captions, dataset):
    """Raise an InputError that names the first picture without a caption."""
    empty = captions[captions["caption"].isna()]
    if len(empty):
        raise InputError(
            f"datasets.{dataset}: {empty['sample_id'].iloc[0]} has no caption; "
            "give it one, or embed only the pictures of this dataset"
        )


if __name__ == "__main__":
    start_log(snakemake.log[0])
    take_gpus(snakemake.resources.get("gpu", 0))
    main(
        snakemake.input.samples,
        next(iter(snakemake.input.index), None),
        snakemake.output.embeddings,
        **snakemake.params.settings,
    )
