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
from modgap.shift.moves import check_pairs, gap_direction, scale_gap, shift_grid
from modgap.shift.temperatures import parse_temperature
from modgap.statistics.clouds import describe_sample
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


def draw_batches(n, total, limit, seed):
    """Which of ``n`` pairs batches are cut from, in their order: rows, (m,).

    All in the order they have, where there are at most ``limit``. Of more, ``limit`` drawn at
    random, in random order: whatever order they came in, a batch of any size is then a random
    sample of all. total : pairs that these n were drawn from themselves.
    """
    if max(n, total) <= limit:
        return np.arange(n)
    return np.random.default_rng(seed).permutation(n)[:limit]


def sweep_shifts(
    name, pair, *, caption, grid, moved, temperatures, batch_sizes, n_resamples, seed, device,
    cloud_shifts, cloud_pairs, largest_batch, sample_seed, total=None, difference=None,
):  # fmt: skip
    """The four tables of one embedding set, and what they are about.

    Of more than ``largest_batch`` pairs so many are drawn, and every batch is cut from them, so
    that time and memory do not grow with the pairs any further.

    Parameters
    ----------
    pair : ``clouds.Pair``.
    caption : all captions of a picture would be each other's false negatives, so ``all`` counts as
        ``first`` here.
    grid, moved, temperatures, batch_sizes, cloud_shifts, cloud_pairs : the section ``shift`` of a
        configuration. n_resamples, seed : of the intervals. device : "cpu" or "cuda".
    largest_batch, sample_seed : how many pairs are drawn of more, and the seed. Direction and
        length of the gap are those of all pairs, distances after a shift those of the pairs drawn.
    total : pairs that those given were drawn from; they are all if None. difference : (dim,) of
        the centres of all of them, first minus second; that of the pairs given if None.

    Returns
    -------
    tables : list of DataFrames: landscape, extrema, gradient, clouds. Each but the last says with
        ``n`` how many pairs there are in its batches together, and with ``of`` of how many they
        were drawn. about : dict, metadata.
    """
    pair = pair.choose("first" if caption == "all" else caption)
    # One text a picture: the pictures that everything else compares are these pairs.
    n = len(pair.second)
    total = n if total is None else total
    check_pairs(pair.first, pair.second)
    if difference is None:
        u, gap = gap_direction(pair.first, pair.second)
    else:
        u, gap = scale_gap(difference)
    rows = draw_batches(n, total, largest_batch, sample_seed)
    X, Y = normalise(pair.first[pair.owner[rows]]), normalise(pair.second[rows])
    del pair
    if len(rows) < total:
        LOG.info("%s: batches are cut from %d of %d pairs, drawn at random", name, len(rows), total)
    deltas = shift_grid(**grid)
    taus = [parse_temperature(given) for given in temperatures]
    shared = {"temperatures": taus, "n_resamples": n_resamples, "seed": seed}
    losses, found, slopes = [], [], []
    for kind in moved:
        distances = distance_table(X, Y, u, gap, deltas, kind)
        for batch_size in batch_sizes_for(batch_sizes, len(X)):
            options = {**shared, "batch_size": batch_size, "moved": kind}
            table, points = measure_landscape(X, Y, u, distances, device=device, **options)
            losses.append(table)
            found.append(points)
            slopes.append(measure_gradient(X, Y, u, **options))
    drawn = shifted_clouds(
        X, Y, u, deltas=cloud_shifts, moved=moved[0], n_drawn=cloud_pairs, seed=seed
    )
    drawn["pair"] = rows[drawn["pair"]]
    about = {"embeddings": name, "gap": gap, "n": len(X), "grid": grid}
    about |= describe_sample(len(X), total)
    tables = [pd.concat(frames, ignore_index=True) for frames in (losses, found, slopes)]
    tables = [table.assign(of=total) for table in tables] + [drawn]
    for table in tables:
        table.insert(0, "embeddings", name)
    return tables, about
