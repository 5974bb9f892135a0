"""Embed the same pictures and captions with many random initialisations of one model.

Reads the crops and samples of one dataset; writes one row per initialisation, tower and item.
The seed of the model's entry is not used: the initialisations have seeds 0, 1, ...
"""

import pyarrow as pa

from modgap.cones.layers import disable_normalisation
from modgap.embeddings.devices import take_gpus
from modgap.embeddings.extraction import embedded, first_pixels, first_tokens
from modgap.embeddings.models import build
from modgap.job import progress, start_log
from modgap.tables import data_provenance, write_arrow


def main(
    arrays,
    indices,
    samples,
    embeddings,
    *,
    entry,
    model_name,
    model,
    seeds,
    items,
    without_normalisation,
    batch_size,
    precision,
    device,
):
    """Embed the first ``items`` pictures, and their first captions, ``seeds`` times.

    With ``without_normalisation`` each network is measured once more after its normalisation
    layers were replaced by the identity.
    """
    sample_ids, pixels = first_pixels(arrays, indices, items)
    tables, tokens = [], None
    for seed in progress(range(seeds), total=seeds, what="initialisations"):
        loaded = build(model_name, {**model, "seed": seed}, precision=precision, device=device)
        if loaded.tokenizer_name is not None and tokens is None:
            tokens = first_tokens(loaded, samples, sample_ids, entry)
        for layers in ["kept", "removed"] if without_normalisation else ["kept"]:
            if layers == "removed":
                disable_normalisation(loaded.network)
            labels = {"seed": seed, "normalisation_layers": layers}
            tables.append(embedded(loaded, labels, sample_ids, pixels, tokens, batch_size))
    provenance = {
        **loaded.provenance,
        **data_provenance(samples),
        "seeds": seeds,
    }
    for of_one_seed in ("seed", "weights_sha256"):
        del provenance[of_one_seed]
    write_arrow(pa.concat_tables(tables), embeddings, provenance)


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
