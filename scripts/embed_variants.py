"""Embed the same pictures, and their first captions, with several variants of a model.

Variants may be random initialisations of one model, models trained independently, or one model
with and without what normalises in it. Reads the crops and samples of one dataset; writes one row
per variant, tower and item.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import pyarrow as pa

from modgap.embeddings.devices import take_gpus
from modgap.embeddings.extraction import embed_items, first_pixels, first_tokens
from modgap.embeddings.models import create_model
from modgap.errors import InputError
from modgap.job import progress, start_log
from modgap.tables import data_provenance, embedding_column, write_arrow

# Columns that tell variants apart, in the order of the file: settings come with their keys sorted.
LABELS = ["seed", "normalisation_layers", "normalisation"]


def main(
    arrays, indices, samples, embeddings, *, entry, variants, items, batch_size, precision, device
):
    """Embed the first ``items`` pictures, and their first captions, with each of ``variants``.

    entry : description of the dataset.
    variants : list of dicts: ``labels`` (value of some of ``LABELS``), ``name`` and ``model`` (its
        entry, see ``modgap.plan.models``).
    """
    sample_ids, pixels = first_pixels(arrays, indices, items)
    tables, provenances, tokens = [], [], {None: None}
    for variant in progress(variants, total=len(variants), what="variants"):
        loaded = create_model(variant["name"], variant["model"], precision=precision, device=device)
        if loaded.tokenizer_name not in tokens:
            tokens[loaded.tokenizer_name] = first_tokens(loaded, samples, sample_ids, entry)
        try:
            values = embed_items(loaded, pixels, tokens[loaded.tokenizer_name], batch_size)
        except InputError as error:
            which = ", ".join(f"{key} {value}" for key, value in variant["labels"].items())
            raise InputError(f"{variant['name']}, {which}: {error}") from error
        tables.append(variant_table(variant["labels"], sample_ids, values))
        provenances.append(loaded.provenance)
        check_same_form(tables, provenances)
    write_arrow(
        pa.concat_tables(tables),
        embeddings,
        {**data_provenance(samples), **describe_variants(variants, provenances)},
    )


def variant_table(labels, sample_ids, values):
    """The rows of one variant: its labels, ``modality``, ``sample_id``, ``embedding``.

    values : dict from modality to (n, dim) embeddings, as ``embed_items`` returns it.
    """
    n = len(sample_ids)
    return pa.concat_tables(
        pa.table(
            {
                **{key: [labels[key]] * n for key in sorted(labels, key=LABELS.index)},
                "modality": [modality] * n,
                "sample_id": sample_ids,
                "embedding": embedding_column(rows),
            }
        )
        for modality, rows in values.items()
    )


def check_same_form(tables, provenances):
    """Raise an InputError when the last variant has other towers or dimensions than the first."""
    if tables[-1].schema != tables[0].schema or len(tables[-1]) != len(tables[0]):
        raise InputError(
            f"independent_models: {provenances[-1]['model']} embeds in other dimensions or "
            f"modalities than {provenances[0]['model']}; compare models of one architecture"
        )


def describe_variants(variants, provenances):
    """What all variants share, and under ``variants`` the labels and the rest of each."""
    first = provenances[0]
    shared = {key for key in first if all(one[key] == first[key] for one in provenances)}
    own = [{key: one[key] for key in one if key not in shared} for one in provenances]
    return {
        **{key: first[key] for key in shared},
        "variants": [
            {**variant["labels"], **rest} for variant, rest in zip(variants, own, strict=True)
        ],
    }


if __name__ == "__main__":
    start_log(snakemake.log[0])
    take_gpus(snakemake.resources.get("gpu", 0))
    main(
        snakemake.input.arrays,
        snakemake.input.indices,
        snakemake.input.samples,
        snakemake.output.embeddings,
        **snakemake.params.settings,
    )
