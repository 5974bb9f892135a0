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
from modgap.statistics.projections import PROJECTIONS, check_spread, project_clouds
from modgap.tables import write_table


def main(first, second, samples, table, *, name, caption, max_pairs, seed, n_neighbors, min_dist):
    """Write the projections of at most ``max_pairs`` pairs, a random subset of all.

    Of modalities without pairs as many rows are drawn of each.
    """
    if are_pairs(first):
        pair = load_pair(first, second, samples).choose(caption)
        total = len(pair.owner)
        drawn = sample_pictures(total, max_pairs, seed)
        X, Y = normalise(pair.first[pair.owner[drawn]]), normalise(pair.second[drawn])
        rows, n_drawn = np.tile(drawn, 2), len(drawn)
        keys = identify_points(pair, drawn)
    else:
        clouds = load_unpaired(first, second)
        parts = [sample_pictures(len(cloud), max_pairs, seed) for cloud in clouds]
        X, Y = (normalise(cloud[part]) for cloud, part in zip(clouds, parts, strict=True))
        rows, total = np.concatenate(parts), sum(map(len, clouds))
        n_drawn, keys = len(rows), {}
    check_spread(np.concatenate([X, Y]), f"{first[0]} and {second[0]}")
    points, axes = project_clouds(
        name,
        X,
        Y,
        rows,
        keys=keys,
        methods=PROJECTIONS,
        n_neighbors=n_neighbors,
        min_dist=min_dist,
        seed=seed,
    )
    total = count_pictures(first, total)
    write_table(points, table, {"axes": axes, "n": total, "n_drawn": n_drawn, "seed": seed})


def identify_points(pair, drawn):
    """Ids of the points of both modalities as columns by name; the report finds captions by them.

    drawn : rows of the texts that are drawn.
    """
    columns = {"sample_id": pair.ids[pair.owner[drawn]]}
    if "caption_index" in pair.texts:
        columns["caption_index"] = pair.texts["caption_index"].to_numpy()[drawn]
    return {name: np.tile(values, 2) for name, values in columns.items()}


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(
        snakemake.input.first,
        snakemake.input.second,
        next(iter(snakemake.input.samples), None),
        snakemake.output.table,
        **snakemake.params.settings,
    )
