"""Embed the same items with one model as it is, and with what normalises in it disabled.

Reads the crops and samples of one dataset; writes one row per variant, tower and item. The last
variant is the paper's Supplementary Figure 15: no normalisation layers, and pixels as they are.
"""

import pyarrow as pa

from modgap.embeddings.devices import take_gpus
from modgap.embeddings.extraction import embedded, first_pixels, first_tokens
from modgap.embeddings.models import build
from modgap.job import start_log
from modgap.tables import data_provenance, write_arrow

# What each variant changes in the model's entry.
VARIANTS = {
    "as it is": {},
    "no normalisation layers": {"normalisation_layers": "removed"},
    "no normalisation layers, raw pixels": {
        "normalisation_layers": "removed",
        "normalisation": "none",
    },
}


def main(
    arrays,
    indices,
    samples,
    embeddings,
    *,
    entry,
    model_name,
    model,
    items,
    batch_size,
    precision,
    device,
):
    """Embed the first ``items`` pictures and their first captions in every variant."""
    sample_ids, pixels = first_pixels(arrays, indices, items)
    tables = []
    for variant, changes in VARIANTS.items():
        loaded = build(model_name, {**model, **changes}, precision=precision, device=device)
        tokens = first_tokens(loaded, samples, sample_ids, entry)
        labels = {"normalisation": variant}
        tables.append(embedded(loaded, labels, sample_ids, pixels, tokens, batch_size))
    provenance = {
        **{key: loaded.provenance[key] for key in ("model", "open_clip", "torch", "precision")},
        **data_provenance(samples),
    }
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
