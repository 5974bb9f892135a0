"""Bring the labels and class prompts of ready embeddings into the pipeline's own format."""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import pandas as pd

from modgap.embeddings.ready import read_class_prompts, read_labels
from modgap.job import start_log
from modgap.plan.prompts import GIVEN
from modgap.tables import read_embeddings, write_embeddings, write_table


def main(embeddings, samples, prompts, *, labels, class_prompts, classes, id_column=None):
    """embeddings : shards of the first modality, which is what the prompts classify."""
    ids, vectors, provenance = read_embeddings(embeddings)
    table = read_labels(labels, list(ids["sample_id"]), id_column)
    names, class_vectors = read_class_prompts(class_prompts, classes, vectors.shape[1])
    write_table(table, samples, provenance)
    rows = pd.DataFrame({"templates": GIVEN, "class": names, "category": ""})
    write_embeddings(prompts, rows, class_vectors, provenance)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.embeddings,
        snakemake.output.samples,
        snakemake.output.prompts,
        **snakemake.params.settings,
    )
