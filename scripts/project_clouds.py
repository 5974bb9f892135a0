"""Project every modality of a dataset of ready embeddings into one plane.

Reads one cloud for each modality; writes one row per point of the centred PCA of all together.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from modgap.job import start_log
from modgap.statistics.projections import project_modalities
from modgap.tables import read_embeddings, write_table


def main(clouds, table, *, name, modalities, max_pairs, seed):
    """clouds : one file for each of ``modalities``. max_pairs : most rows drawn of each."""
    blocks = {
        modality: read_embeddings([path])[1]
        for modality, path in zip(modalities, clouds, strict=True)
    }
    points, about = project_modalities(name, blocks, max_pairs=max_pairs, seed=seed, wheres=clouds)
    write_table(points, table, about)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(snakemake.input.clouds, snakemake.output.table, **snakemake.params.settings)
