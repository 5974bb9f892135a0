"""Embed the class prompts of one prompt file with one model.

Writes one unit vector per class and set of templates: the prompts of an ensemble are normalised,
averaged and normalised again, as CLIP's are.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import numpy as np
import pandas as pd

from modgap.embeddings.devices import take_gpus
from modgap.embeddings.extraction import embed_captions
from modgap.embeddings.models import create_model
from modgap.job import start_log
from modgap.plan.prompts import prompt_texts, read_prompts
from modgap.statistics.geometry import normalise
from modgap.tables import write_embeddings


def main(path, embeddings, *, templates, model_name, model, precision, batch_size, device):
    """templates : names of the sets to embed."""
    prompts = read_prompts(path)
    texts = {name: prompt_texts(prompts, name, path) for name in templates}
    loaded = create_model(model_name, model, precision=precision, device=device)
    rows, vectors = [], []
    for name, by_class in texts.items():
        raw = embed_captions(loaded, [text for texts in by_class for text in texts], batch_size)
        vectors.append(average_prompts(raw, len(by_class)))
        rows += [
            {"templates": name, "class": label, "category": prompts.categories.get(label, "")}
            for label in prompts.classes
        ]
    write_embeddings(embeddings, pd.DataFrame(rows), np.concatenate(vectors), loaded.provenance)


def average_prompts(embeddings, n_classes):
    """Class vectors of an ensemble: normalise, average, normalise, in float64.

    embeddings : (n_classes * n_templates, dim) raw, the templates of a class together.
    Returns (n_classes, dim) unit rows.
    """
    unit = normalise(embeddings)
    return normalise(unit.reshape(n_classes, -1, unit.shape[1]).mean(axis=1))


if __name__ == "__main__":
    start_log(snakemake.log[0])
    take_gpus(snakemake.resources.get("gpu", 0))
    main(snakemake.input.prompts, snakemake.output.embeddings, **snakemake.params.settings)
