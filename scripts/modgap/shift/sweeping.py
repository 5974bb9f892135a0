"""One embedding set while its modalities move: losses, lowest points, slopes, moved clouds."""

from fractions import Fraction

import numpy as np
import pandas as pd

from modgap.errors import InputError
from modgap.job import LOG
from modgap.shift.landscape import (
    PUBLISHED_BATCH,
    distance_table,
    measure_gradient,
    measure_landscape,
    shifted_clouds,
)
from modgap.shift.moves import check_pairs, gap_direction, shift_grid
from modgap.shift.temperatures import parse_temperature
from modgap.statistics.clouds import describe_sample, sample_pictures
from modgap.statistics.geometry import normalise


def batch_sizes_for(given, n):
    """Batch sizes of a set of ``n`` pairs, increasing and without repetition.

    given : numbers; shares of the pairs as "1/4" (at least 2 pairs); "all"; "published", the
        authors' 50, which is left out where there are fewer pairs.
    """
    sizes = set()
    for size in given:
        if size == "published":
            if n < PUBLISHED_BATCH:
                LOG.info("%d pairs: the published protocol (batches of 50) is left out", n)
                continue
            size = PUBLISHED_BATCH
        elif isinstance(size, str):
            size = n if size == "all" else max(2, int(n * Fraction(size)))
        sizes.add(size)
    if not sizes:
        raise InputError(f"no batch size for {n} pairs; add `all` to shift.batch_sizes")
    return sorted(sizes)


def sweep_shifts(
    name, pair, *, caption, grid, moved, temperatures, batch_sizes, n_resamples, seed, device,
    cloud_shifts, cloud_pairs, exact_rows, sample_seed, total=None,
):  # fmt: skip
    """The four tables of one embedding set, and what they are about.

    Parameters
    ----------
    pair : ``clouds.Pair``.
    caption : all captions of a picture would be each other's false negatives, so ``all`` counts as
        ``first`` here.
    grid, moved, temperatures, batch_sizes, cloud_shifts, cloud_pairs : the section ``shift`` of a
        configuration. n_resamples, seed : of the intervals. device : "cpu" or "cuda".
    exact_rows, sample_seed : of more pairs the losses take so many, drawn at random; direction and
        length of the gap are those of all pairs. total : pairs that those given were drawn from;
        they are all if None.

    Returns
    -------
    tables : list of DataFrames: landscape, extrema, gradient, clouds. about : dict, metadata.
    """
    pair = pair.choose("first" if caption == "all" else caption)
    X, Y = normalise(pair.first)[pair.owner], normalise(pair.second)
    check_pairs(X, Y)
    u, gap = gap_direction(X, Y)
    # One text a picture: the pictures that everything else compares are these pairs.
    chosen = np.isin(pair.owner, sample_pictures(len(X), exact_rows, sample_seed))
    compared = (X, Y) if chosen.all() else (X[chosen], Y[chosen])
    del pair
    deltas = shift_grid(**grid)
    taus = [parse_temperature(given) for given in temperatures]
    shared = {"temperatures": taus, "n_resamples": n_resamples, "seed": seed}
    losses, found, slopes = [], [], []
    for kind in moved:
        distances = distance_table(X, Y, u, gap, deltas, kind)
        for batch_size in batch_sizes_for(batch_sizes, len(compared[0])):
            options = {**shared, "batch_size": batch_size, "moved": kind}
            table, points = measure_landscape(
                *compared, u, distances, device=device, whole=(X, Y), **options
            )
            losses.append(table)
            found.append(points)
            slopes.append(measure_gradient(*compared, u, **options))
    drawn = shifted_clouds(
        X, Y, u, deltas=cloud_shifts, moved=moved[0], n_drawn=cloud_pairs, seed=seed
    )
    about = {"embeddings": name, "gap": gap, "n": len(compared[0]), "grid": grid}
    about |= describe_sample(len(compared[0]), len(X) if total is None else total)
    tables = [pd.concat(frames, ignore_index=True) for frames in (losses, found, slopes, [drawn])]
    for table in tables:
        table.insert(0, "embeddings", name)
    return tables, about
