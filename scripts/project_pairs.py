"""Project one pair of clouds to two dimensions in four ways.

Reads the embeddings of both modalities; writes one row per method and point. What the axes
mean (shares of variance, trustworthiness) is in the table's metadata.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import numpy as np

from modgap.job import start_log
from modgap.statistics.clouds import (
    are_pairs,
    count_pictures,
    load_pair,
    load_unpaired,
    sample_pictures,
)
from modgap.statistics.geometry import normalise
from modgap.statistics.projections import (
    PROJECTIONS,
    check_spread,
    project_clouds,
    project_pair,
)
from modgap.tables import write_table


def main(first, second, samples, table, *, name, caption, max_pairs, seed, **look):
    """Write the projections of at most ``max_pairs`` pairs, a random subset of all.

    Of modalities without pairs as many rows are drawn of each. ``look`` is UMAP's.
    """
    where = f"{first[0]} and {second[0]}"
    if are_pairs(first):
        pair = load_pair(first, second, samples)
        points, about = project_pair(
            name, pair, caption=caption, max_pairs=max_pairs, seed=seed, where=where, **look
        )
    else:
        clouds = load_unpaired(first, second)
        parts = [sample_pictures(len(cloud), max_pairs, seed) for cloud in clouds]
        X, Y = (normalise(cloud[part]) for cloud, part in zip(clouds, parts, strict=True))
        rows = np.concatenate(parts)
        check_spread(np.concatenate([X, Y]), where)
        points, axes = project_clouds(
            name, X, Y, rows, keys={}, methods=PROJECTIONS, seed=seed, **look
        )
        about = {"axes": axes, "n": sum(map(len, clouds)), "n_drawn": len(rows), "seed": seed}
    write_table(points, table, {**about, "n": count_pictures(first, about["n"])})


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.first,
        snakemake.input.second,
        next(iter(snakemake.input.samples), None),
        snakemake.output.table,
        **snakemake.params.settings,
    )
