"""Follow the mean pairwise cosine of one model from layer to layer, on one dataset.

Reads the crops and samples; writes one row per layer and read-out: the value, and the values
without each group of items, from which the interval is made later.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import pandas as pd

from modgap.cones.layers import layer_cosines
from modgap.embeddings.devices import take_gpus
from modgap.embeddings.extraction import batches, first_pixels, first_tokens
from modgap.embeddings.forward.batch_sizes import known_batch_size
from modgap.embeddings.models import create_model
from modgap.embeddings.networks.normalisation import disable_normalisation
from modgap.job import progress, start_log
from modgap.tables import data_provenance, write_table


def main(
    arrays,
    indices,
    samples,
    table,
    *,
    entry,
    model_name,
    model,
    items,
    groups,
    without_normalisation,
    batch_size,
    precision,
    device,
):
    """Pass the first ``items`` pictures and their first captions through both towers.

    With ``without_normalisation`` the passes are repeated after the normalisation layers were
    replaced by the identity.
    """
    sample_ids, pixels = first_pixels(arrays, indices, items)
    loaded = create_model(model_name, model, precision=precision, device=device)
    towers = {"images": (loaded.encode_images, pixels)}
    if loaded.tokenizer_name is not None:
        towers["texts"] = loaded.encode_texts, first_tokens(loaded, samples, sample_ids, entry)
    rows = []
    for layers in ["kept", "removed"] if without_normalisation else ["kept"]:
        if layers == "removed":
            disable_normalisation(loaded.network)
        for modality, (encode, rows_in) in towers.items():
            parts = progress(
                batches(rows_in, known_batch_size(batch_size)), total=len(rows_in), what=modality
            )
            found = layer_cosines(loaded.network, modality, encode, parts, groups=groups)
            rows += [{"normalisation_layers": layers, "side": modality, **row} for row in found]
    write_table(pd.DataFrame(rows), table, {**loaded.provenance, **data_provenance(samples)})


if __name__ == "__main__":
    start_log(snakemake.log[0])
    take_gpus(snakemake.resources.get("gpu", 0))
    main(
        snakemake.input.arrays,
        snakemake.input.indices,
        snakemake.input.samples,
        snakemake.output.table,
        **snakemake.params.settings,
    )
