"""What a method is fitted on: unit rows of both modalities, and their moments.

    first   (n, dim) unit rows of pictures
    second  (m, dim) unit rows of texts
    owner   (m,) row of ``first`` that a text belongs to; None where nobody knows

Moments are sums: those of two shards add up to those of both, so that a transform fitted from
moments depends neither on the order of the rows nor on how they were stored.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy.linalg import svd

from modgap.errors import InputError

# Of the largest eigenvalue or singular value; what is smaller is rounding, as wherever there are
# fewer rows than dimensions.
RANK_TOLERANCE = 1e-10

FIRST, SECOND = "first", "second"
SIDES = (FIRST, SECOND)


class Moments(NamedTuple):
    """Sums over rows, float64: of each side their number, sum and products; of pairs the same.

    n (2,), sums (2, dim), squares (2, dim, dim); n_pairs, pair_sums (2, dim) and products
    (dim, dim), Σ xᵢyᵢᵀ over texts with their pictures (0 where nobody knows the pairs).
    """

    n: np.ndarray
    sums: np.ndarray
    squares: np.ndarray
    n_pairs: float
    pair_sums: np.ndarray
    products: np.ndarray

    def mean(self, side):
        """Mean row of a side, (dim,)."""
        i = SIDES.index(side)
        return self.sums[i] / self.n[i]

    def covariance(self, side):
        """Covariance of a side divided by n, (dim, dim)."""
        i, mean = SIDES.index(side), self.mean(side)
        return self.squares[i] / self.n[i] - np.outer(mean, mean)

    def spread(self, side):
        """Trace of the covariance of a side: mean ‖row − mean‖²."""
        i, mean = SIDES.index(side), self.mean(side)
        return float(np.trace(self.squares[i]) / self.n[i] - mean @ mean)

    @property
    def gap(self):
        """Δ = mean of the pictures minus mean of the texts, (dim,)."""
        return self.mean(FIRST) - self.mean(SECOND)

    @property
    def cross_covariance(self):
        """Covariance of pictures (rows) with their texts (columns) divided by n, (dim, dim)."""
        means = self.pair_sums / self.n_pairs
        return self.products / self.n_pairs - np.outer(*means)


@dataclass(frozen=True)
class Calibration:
    """The rows that a method may see; shapes as above. known : their moments, if one has them."""

    first: np.ndarray
    second: np.ndarray
    owner: np.ndarray | None = None
    known: Moments | None = None

    @property
    def n_pictures(self):
        """How many pictures there are: what a calibration set is counted by."""
        return len(self.first)

    @cached_property
    def moments(self):
        """The ``Moments`` of all rows."""
        return self.known or gather_moments(self.first, self.second, self.owner)

    def rows(self, side):
        """The rows of a side."""
        return self.first if side == FIRST else self.second

    def pairs(self):
        """Every text with its picture: two arrays (m, dim).

        Raises
        ------
        InputError : nobody knows which text belongs to which picture.
        """
        if self.owner is None:
            raise InputError("a method of pairs needs pairs; these two modalities have none")
        return self.first[self.owner], self.second

    def keep(self, pictures):
        """These pictures (rows of ``first``) with their texts; without pairs as many texts."""
        pictures = np.asarray(pictures)
        if self.owner is None:
            return Calibration(self.first[pictures], self.second[pictures % len(self.second)])
        place = np.full(len(self.first), -1)
        place[pictures] = np.arange(len(pictures))
        rows = np.flatnonzero(place[self.owner] >= 0)
        return Calibration(self.first[pictures], self.second[rows], place[self.owner[rows]])


def gather_moments(first, second, owner=None):
    """The ``Moments`` of some rows; shapes at the top of the module."""
    sides = [np.asarray(rows, dtype=np.float64) for rows in (first, second)]
    dim = sides[0].shape[1]
    if sides[1].shape[1] != dim:
        raise InputError(
            f"{dim} dimensions in the first modality but {sides[1].shape[1]} in the second; "
            "the two do not share a space"
        )
    n_pairs, pair_sums, products = 0.0, np.zeros((2, dim)), np.zeros((dim, dim))
    if owner is not None:
        with_texts = sides[0][owner]
        n_pairs = float(len(owner))
        pair_sums = np.stack([with_texts.sum(axis=0), sides[1].sum(axis=0)])
        products = with_texts.T @ sides[1]
    return Moments(
        np.array([len(rows) for rows in sides], dtype=float),
        np.stack([rows.sum(axis=0) for rows in sides]),
        np.stack([rows.T @ rows for rows in sides]),
        n_pairs,
        pair_sums,
        products,
    )


def merge_moments(parts):
    """The moments of all shards together, from those of each."""
    return Moments(*(sum(values) for values in zip(*parts, strict=True)))


def check_differing(moments, where=None):
    """Raise an InputError where one side's rows are all equal: there is nothing to fit.

    where : the embedding set or file, for the message.
    """
    for side, name in zip(SIDES, ("pictures", "texts"), strict=True):
        if moments.spread(side) < 1e-10:
            n = int(moments.n[SIDES.index(side)])
            start = f"{where}: " if where else ""
            raise InputError(
                f"{start}all {n} embeddings of {name} for calibration are equal; give {name} that "
                "differ"
            )


def shrink_covariance(covariance, shrinkage):
    """(1 − γ)Σ + γ(tr Σ/d)·I, Ledoit & Wolf's target, for 0 ≤ γ ≤ 1."""
    dim = len(covariance)
    middle = np.trace(covariance) / dim
    return (1 - shrinkage) * covariance + shrinkage * middle * np.eye(dim)


def matrix_power(covariance, power):
    """A symmetric positive matrix to a power; directions without variance stay zero."""
    values, vectors = np.linalg.eigh(covariance)
    kept = values > max(values[-1] * RANK_TOLERANCE, 1e-20)
    powers = np.zeros_like(values)
    powers[kept] = values[kept] ** power
    return (vectors * powers) @ vectors.T


def singular_axes(matrix):
    """Singular vectors of a matrix (dim, dim) whose values are more than rounding.

    Returns
    -------
    left (dim, r), right (r, dim) : of decreasing values. Of the rest any rotation would do as
    well, and the one that comes out depends on the order of the rows.
    """
    try:
        left, values, right = np.linalg.svd(matrix)
    except np.linalg.LinAlgError:
        # Divide and conquer fails on some matrices of low rank; the slower algorithm does not.
        left, values, right = svd(matrix, lapack_driver="gesvd")
    rank = np.count_nonzero(values > max(values[0] * RANK_TOLERANCE, 1e-20))
    return left[:, :rank], right[:rank]
