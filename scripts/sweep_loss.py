"""Contrastive loss of one embedding set while its modalities move along the gap.

Reads the embeddings of both modalities; writes the losses over shift, temperature and batch size,
their minima and barriers, the derivative along the gap at shift 0, and shifted clouds to draw.
"""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

from fractions import Fraction

import numpy as np
import pandas as pd

from modgap.embeddings.devices import take_gpus
from modgap.errors import InputError
from modgap.job import LOG, start_log
from modgap.shift.landscape import (
    PUBLISHED_BATCH,
    distance_table,
    measure_gradient,
    measure_landscape,
    shifted_clouds,
)
from modgap.shift.moves import check_pairs, gap_direction, shift_grid
from modgap.shift.temperatures import parse_temperature
from modgap.statistics.clouds import describe_sample, load_pair, sample_pictures
from modgap.statistics.geometry import normalise
from modgap.tables import write_table


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


def main(
    first, second, samples, landscape, extrema, gradient, clouds, *, name, caption, grid, moved,
    temperatures, batch_sizes, n_resamples, seed, device, cloud_shifts, cloud_pairs, threads,
    exact_rows, sample_seed,
):  # fmt: skip
    """Write the four tables of one embedding set.

    caption : all captions of a picture would be each other's false negatives, so ``all`` counts as
        ``first`` here.
    exact_rows, sample_seed : of more pairs the losses take so many, drawn at random; direction and
        length of the gap are those of all pairs.
    """
    if device == "cpu":
        from modgap.shift.log_sums_cpu import use_threads

        use_threads(threads)
    pair = load_pair(first, second, samples).choose("first" if caption == "all" else caption)
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
    metadata = {"embeddings": name, "gap": gap, "n": len(compared[0]), "grid": grid}
    metadata |= describe_sample(len(compared[0]), len(X))
    for frames, path in (
        (losses, landscape),
        (found, extrema),
        (slopes, gradient),
        ([drawn], clouds),
    ):
        table = pd.concat(frames, ignore_index=True)
        table.insert(0, "embeddings", name)
        write_table(table, path, metadata)


if __name__ == "__main__":
    start_log(snakemake.log[0])
    take_gpus(snakemake.resources.get("gpu", 0))
    main(
        snakemake.input.first,
        snakemake.input.second,
        next(iter(snakemake.input.samples), None),
        snakemake.output.landscape,
        snakemake.output.extrema,
        snakemake.output.gradient,
        snakemake.output.clouds,
        threads=snakemake.threads,
        **snakemake.params.settings,
    )
