"""What two modalities show whose rows were drawn independently: no row belongs to another's."""

import numpy as np

from modgap.statistics import distributions, geometry, inference
from modgap.statistics.measurements import (
    FRECHET,
    FRECHET_ROWS,
    JACKKNIFE,
    NORM,
    centre_rows,
    frechet_rows_of,
    gap_rows_of,
    moment_rows,
    rank_row,
    separability_rows,
    spread_row,
    swap_row,
    tidy_frame,
)
from modgap.statistics.moments.sums import collect_side

# MMD compares at most so many rows of each modality, in tiles of this side.
MOST_COMPARED, TILE = 5000, 1000


def measure_unpaired(name, X, Y, *, n_resamples, seed):
    """What needs no pairs, of two modalities whose rows were drawn independently.

    Parameters
    ----------
    X, Y : (n, dim) and (m, dim), raw or normalised. n_resamples, seed : as for pairs; resamples
        draw rows of both together.

    Returns
    -------
    DataFrame with ``COLUMNS``; n counts the rows of both where a statistic is about both.
    """
    X, Y = geometry.normalise(X), geometry.normalise(Y)
    clouds = [
        (side, collect_side(rows, np.arange(len(rows)), len(rows), seed))
        for side, rows in (("first", X), ("second", Y))
    ]
    vector, influence = geometry.gap_vector(X, Y), geometry.unpaired_influence(X, Y)
    square, n = geometry.unbiased_square(vector, influence), len(influence)
    cosine, *left_out = geometry.centre_cosine_unpaired(X, Y)
    centre_cosine = cosine, inference.two_sample_interval(cosine, *left_out)
    fewest = min(len(X), len(Y))
    rows = [
        *gap_rows_of(vector, influence, square, n, fewest, NORM, n_resamples, seed),
        *centre_rows(clouds, centre_cosine, JACKKNIFE, n_resamples, seed),
        *(row for cloud in clouds for row in (*moment_rows(*cloud), rank_row(*cloud))),
        *unpaired_frechet_rows(X, Y, seed),
        *unpaired_mmd_rows(X, Y, seed),
        *separability_rows(X, Y, None, seed),
    ]
    return tidy_frame(rows, name, X.shape[1], seed)


def unpaired_frechet_rows(X, Y, seed):
    """``frechet_rows`` of unit rows that are no pairs."""
    fewest, dim = min(len(X), len(Y)), X.shape[1]
    value, first, second = distributions.frechet(X, Y, influence=True)
    influence = geometry.unpaired_influence(first[:, None], second[:, None])[:, 0]
    extrapolated = np.nan
    if fewest >= FRECHET_ROWS * dim:
        extrapolated = distributions.extrapolated_frechet(value, X, Y, None, seed)
    return frechet_rows_of(value, extrapolated, influence, len(influence), fewest, dim, FRECHET)


def unpaired_mmd_rows(X, Y, seed):
    """Squared MMD of rows drawn independently, of at most ``MOST_COMPARED`` of each modality."""
    total, rng = len(X) + len(Y), np.random.default_rng(seed)
    X, Y = (
        rows[np.sort(rng.choice(len(rows), min(len(rows), MOST_COMPARED), replace=False))]
        for rows in (X, Y)
    )
    measured, p = distributions.unpaired_mmd(X, Y, seed=seed, block=TILE)
    interval, n = inference.two_sample_interval(*measured), len(X) + len(Y)
    note = f"; on {n:,} of {total:,} rows, drawn at random" if n < total else ""
    fewest = min(len(X), len(Y))
    row = spread_row("mmd_squared", "both", measured[0], interval, JACKKNIFE + note, n, fewest)
    return [row, swap_row(p, "exchanges of all rows", n, note)]
