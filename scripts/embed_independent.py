"""Embed the same pictures, and their captions, with several models that were trained independently.

Reads the crops and samples of one dataset; writes one row per model, tower and item, the models
numbered 0, 1, ... in the column ``seed``, in the order of the settings.
"""

import pyarrow as pa

from modgap.embeddings.devices import take_gpus
from modgap.embeddings.extraction import embedded, first_pixels, first_tokens
from modgap.embeddings.models import build
from modgap.errors import InputError
from modgap.job import progress, start_log
from modgap.tables import data_provenance, write_arrow


def main(
    arrays, indices, samples, embeddings, *, entry, models, items, batch_size, precision, device
):
    """Embed the first ``items`` pictures, and their first captions, with each of ``models``.

    models : dict from name to entry (see ``modgap.plan.models``).
    """
    sample_ids, pixels = first_pixels(arrays, indices, items)
    tables, provenance = [], []
    for seed, (name, model) in enumerate(
        progress(models.items(), total=len(models), what="models")
    ):
        loaded = build(name, model, precision=precision, device=device)
        tokens = None
        if loaded.tokenizer_name is not None:
            tokens = first_tokens(loaded, samples, sample_ids, entry)
        labels = {"seed": seed, "normalisation_layers": "kept"}
        tables.append(embedded(loaded, labels, sample_ids, pixels, tokens, batch_size))
        provenance.append(loaded.provenance)
        if tables[-1].schema != tables[0].schema or len(tables[-1]) != len(tables[0]):
            raise InputError(
                f"independent_models: {name} embeds in other dimensions or modalities than "
                f"{provenance[0]['model']}; compare models of one architecture"
            )
    about = {**data_provenance(samples), "models": provenance}
    write_arrow(pa.concat_tables(tables), embeddings, about)


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
