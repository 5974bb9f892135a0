"""Project every modality of a dataset of ready embeddings into one plane.

Reads one cloud for each modality; writes one row per point of the centred PCA of all together.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import numpy as np
import pandas as pd

from modgap.errors import InputError
from modgap.job import start_log
from modgap.statistics.geometry import normalise
from modgap.statistics.projections import check_spread, project_plane
from modgap.tables import read_embeddings, write_table


def main(clouds, table, *, name, modalities, max_pairs, seed):
    """clouds : one file for each of ``modalities``. max_pairs : most rows drawn of each."""
    blocks, rows = [], []
    for path in clouds:
        _, block, _ = read_embeddings([path])
        # The same draw for every modality, so that rows of one item stay together.
        chosen = np.sort(np.random.default_rng(seed).permutation(len(block))[:max_pairs])
        blocks.append(normalise(block[chosen]))
        rows.append(chosen)
        if block.shape[1] != blocks[0].shape[1]:
            raise InputError(
                f"{path}: {block.shape[1]} dimensions, but {clouds[0]} has {blocks[0].shape[1]}; "
                "the modalities do not share a space"
            )
    check_spread(np.concatenate(blocks), f"{clouds[0]} and others")
    coordinates, shares = project_plane(np.concatenate(blocks), centred=True)
    frame = pd.DataFrame(
        {
            "dataset": name,
            "modality": np.repeat(modalities, [len(chosen) for chosen in rows]),
            "row": np.concatenate(rows),
            "x": coordinates[:, 0],
            "y": coordinates[:, 1],
        }
    )
    about = {"share_x": float(shares[0]), "share_y": float(shares[1]), "seed": seed}
    write_table(frame, table, {**about, "n": max(map(len, rows))})


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(snakemake.input.clouds, snakemake.output.table, **snakemake.params.settings)
