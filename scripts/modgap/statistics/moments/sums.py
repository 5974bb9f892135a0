"""Moments of clouds: what one pass over the rows adds up, by group of pictures.

They merge by addition, and everything linear in the rows follows from them
(``modgap.statistics.moments.estimates``). Rows are normalised and added up in double precision.
Arrays are by group (``modgap.statistics.moments.groups``), G groups; "picture" is the unit that is
drawn at random, and its texts come with it.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from modgap.statistics.geometry import normalise, sum_by_picture, within_picture_squares
from modgap.statistics.moments.groups import SQUARE_GROUPS, group_pictures, keeps_rows
from modgap.statistics.moments.squares import KeptSquares, SummedSquares, sum_squares


@dataclass
class SideMoments:
    """Sums over one cloud.

    pictures : number of pictures. counts : (G,) rows. sums : (G, dim) Σ of the rows.
    own : (G,) Σ over pictures of ‖Σ of its rows‖². repeats : (G,) Σ over pictures of the square of
    its number of rows. within : (G,) Σ over pictures of Σ (yⱼ·yₖ)² over all its j, k.
    weighted : (dim,) Σ over pictures of the number of its rows times their sum.
    squares : ``KeptSquares`` or ``SummedSquares``. norms : lengths of the shortest and the longest
    row before it was normalised.
    """

    pictures: int
    counts: np.ndarray
    sums: np.ndarray
    own: np.ndarray
    repeats: np.ndarray
    within: np.ndarray
    weighted: np.ndarray
    squares: KeptSquares | SummedSquares
    norms: np.ndarray

    @property
    def n(self):
        """Number of rows."""
        return int(self.counts.sum())

    @property
    def centre(self):
        """Mean of the rows (dim,)."""
        return self.sums.sum(axis=0) / self.n

    @property
    def by_picture(self):
        """Whether every picture is a group of its own."""
        return self.pictures == len(self.counts) and bool((self.counts > 0).all())

    def add(self, other):
        """Take in the moments of further pictures, in place."""
        self.pictures += other.pictures
        for name in ("counts", "sums", "own", "repeats", "within", "weighted"):
            getattr(self, name).__iadd__(getattr(other, name))
        self.squares.add(other.squares)
        self.norms = merge_range(self.norms, other.norms)


@dataclass
class PairMoments:
    """Sums over pictures and their texts.

    first, second : of each modality. matched : (G,) Σ over texts of the cosine with their picture.
    matched_squares : (G,) the same of its square. owned : (G, dim) Σ over texts of their picture.
    cross : (dim, dim) Σ over texts of picture·textᵀ. cosines : smallest and largest cosine of a
    text with its picture.
    """

    first: SideMoments
    second: SideMoments
    matched: np.ndarray
    matched_squares: np.ndarray
    owned: np.ndarray
    cross: np.ndarray
    cosines: np.ndarray

    def add(self, other):
        """Take in the moments of further pictures with their texts, in place."""
        self.first.add(other.first)
        self.second.add(other.second)
        for name in ("matched", "matched_squares", "owned", "cross"):
            getattr(self, name).__iadd__(getattr(other, name))
        self.cosines = merge_range(self.cosines, other.cosines)


def merge_range(own, other):
    """Smallest and largest of two ranges (2,)."""
    return np.array([min(own[0], other[0]), max(own[1], other[1])])


def read_norms(rows):
    """Smallest and largest length of raw rows, (2,)."""
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))
    return np.array([lengths.min(), lengths.max()])


def take_side(rows, owner, groups, n_groups, *, kept, norms=(1.0, 1.0)):
    """``SideMoments`` of whole pictures.

    Parameters
    ----------
    rows : (m, dim) unit rows. owner : (m,) picture of each, 0 … n − 1; None: row i is picture i.
    groups : (n,) group of each picture, below ``n_groups``. kept : whether squares are kept as
        rows. norms : of the rows before they were normalised.
    """
    n = len(groups)
    if owner is None:
        of_rows, counts, sums = groups, np.ones(n), rows
    else:
        of_rows, counts = groups[owner], np.bincount(owner, minlength=n).astype(float)
        sums = sum_by_picture(rows, owner, n)
    own = np.einsum("ij,ij->i", sums, sums)
    within = own**2 if owner is None else within_picture_squares(rows, owner, n)

    def by_group(values):
        return np.bincount(groups, weights=values, minlength=n_groups)

    return SideMoments(
        pictures=n,
        counts=by_group(counts),
        sums=sum_by_picture(sums, groups, n_groups),
        own=by_group(own),
        repeats=by_group(counts**2),
        within=by_group(within),
        weighted=counts @ sums,
        squares=KeptSquares(rows, of_rows, n_groups)
        if kept
        else sum_squares(rows, of_rows % SQUARE_GROUPS, SQUARE_GROUPS),
        norms=np.asarray(norms, dtype=float),
    )


def take_pairs(X, Y, owner, groups, n_groups, *, kept, norms=((1.0, 1.0), (1.0, 1.0))):
    """``PairMoments`` of whole pictures with all their texts; arguments as of ``take_side``.

    X : (n, dim) unit rows of the pictures. Y, owner : (m, dim) of the texts, and their pictures;
    owner None: text i is of picture i. norms : of X and of Y.
    """
    pictures = X if owner is None else X[owner]
    of_texts = groups if owner is None else groups[owner]
    cosines = np.einsum("ij,ij->i", pictures, Y)
    first = take_side(X, None, groups, n_groups, kept=kept, norms=norms[0])
    return PairMoments(
        first=first,
        second=take_side(Y, owner, groups, n_groups, kept=kept, norms=norms[1]),
        matched=np.bincount(of_texts, weights=cosines, minlength=n_groups),
        matched_squares=np.bincount(of_texts, weights=cosines**2, minlength=n_groups),
        owned=first.sums.copy() if owner is None else sum_by_picture(pictures, of_texts, n_groups),
        cross=pictures.T @ Y,
        cosines=np.array([cosines.min(), cosines.max()]),
    )


# Pictures whose rows are taken in at a time: with more, double precision would hold them all.
BLOCK = 32_768


def collect_pairs(X, Y, owner, seed):
    """``PairMoments`` of clouds in memory, raw or normalised.

    X, Y, owner : as everywhere (``modgap.statistics.geometry``). seed : of the groups.
    """
    owner = np.asarray(owner)
    n = len(X)
    if n <= BLOCK:
        return take_block(X, Y, owner, np.arange(n), n, seed)
    order = np.argsort(owner, kind="stable")
    starts = np.searchsorted(owner[order], np.arange(0, n + BLOCK, BLOCK))
    total = None
    for place, (start, stop) in enumerate(itertools.pairwise(starts)):
        first, texts = place * BLOCK, order[start:stop]
        numbers = np.arange(first, min(first + BLOCK, n))
        moments = take_block(X[numbers], Y[texts], owner[texts] - first, numbers, n, seed)
        if total is None:
            total = moments
        else:
            total.add(moments)
    return total


def take_block(X, Y, owner, numbers, n_pictures, seed):
    """``PairMoments`` of some pictures, raw or normalised, whose ``numbers`` these are.

    owner : None where text i is of picture i.
    """
    groups, n_groups = group_pictures(numbers, n_pictures, seed)
    if owner is not None and np.array_equal(owner, np.arange(len(X))):
        owner = None
    return take_pairs(
        normalise(X),
        normalise(Y),
        owner,
        groups,
        n_groups,
        kept=keeps_rows(n_pictures, X.shape[1]),
        norms=(read_norms(X), read_norms(Y)),
    )


def collect_side(rows, owner, n_pictures, seed):
    """``SideMoments`` of one cloud of unit rows in memory; owner as everywhere."""
    groups, n_groups = group_pictures(np.arange(n_pictures), n_pictures, seed)
    owner = np.asarray(owner)
    alone = len(rows) == n_pictures and np.array_equal(owner, np.arange(n_pictures))
    kept = keeps_rows(n_pictures, rows.shape[1])
    return take_side(rows, None if alone else owner, groups, n_groups, kept=kept)


# Lengths of rows that were normalised before they were stored, at half precision too.
UNIT = 0.01


def describe_norms(pairs):
    """One line on how long the rows of both modalities were before they were normalised."""
    ranges = [side.norms for side in (pairs.first, pairs.second)]
    if all(abs(length - 1) <= UNIT for norms in ranges for length in norms):
        return ("all rows were stored with length 1",)
    first, second = (f"{low:.3g} to {high:.3g}" for low, high in ranges)
    return (
        f"rows were stored with lengths {first} (first modality) and {second} (second), and "
        "divided by them",
    )
