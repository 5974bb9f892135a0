"""Small captioned data and the obvious way to its pairs, for several test files."""

import numpy as np

from modgap.statistics import geometry
from modgap.statistics.geometry import normalise


def captioned(n=12, dim=5, seed=0):
    """Unit pictures and one to three unit texts each, in shuffled order."""
    rng = np.random.default_rng(seed)
    owner = rng.permutation(np.repeat(np.arange(n), rng.integers(1, 4, n)))
    X = normalise(rng.standard_normal((n, dim)) + 0.7)
    Y = normalise(0.5 * X[owner] + rng.standard_normal((len(owner), dim)) - 0.3)
    return X, Y, owner


def without(X, Y, owner, picture):
    """The same data without one picture and its texts."""
    keep = owner != picture
    return np.delete(X, picture, axis=0), Y[keep], owner[keep] - (owner[keep] > picture)


def cosines_between_pictures(rows, owner):
    return (rows @ rows.T)[owner[:, None] != owner]


def unmatched(X, Y, owner):
    return (X @ Y.T)[np.arange(len(X))[:, None] != owner]


def sd_pairwise_cosine(rows, owner, n_pictures):
    """Standard deviation (ddof 1) of the cosines over ordered pairs of rows of different pictures.

    From products of each row, Σⱼ (yᵢ·yⱼ)² = yᵢᵀ(YᵀY)yᵢ, where the package has sums of groups of
    pictures. The value, and the (n,) values without one picture.
    """
    squares = np.einsum("ij,ij->i", rows @ (rows.T @ rows), rows)
    within = geometry.within_picture_squares(rows, owner, n_pictures)
    cross = geometry.sum_by_picture(squares, owner, n_pictures) - within
    mean, left_mean = geometry.mean_pairwise_cosine(rows, owner, n_pictures)
    second, left_second = geometry.mean_over_pairs(cross, owner, n_pictures)
    pairs, left_pairs = geometry.count_pairs(owner, n_pictures)
    return (
        np.sqrt(max(second - mean**2, 0) * pairs / (pairs - 1)),
        np.sqrt(np.maximum(left_second - left_mean**2, 0) * left_pairs / (left_pairs - 1)),
    )
