"""Sums of z·zᵀ over the rows of each group, kept as the rows or as the sums.

Both classes answer the same four questions, on which all second-order statistics rest. Groups of
``SummedSquares`` are coarser: its group s has the groups s, s + S, s + 2S, … of the first-order
sums.
"""

from dataclasses import dataclass

import numpy as np

from modgap.statistics.geometry import within_picture_squares


@dataclass
class KeptSquares:
    """Few rows, kept: (m, dim) unit rows, (m,) the group of each, the number of groups."""

    rows: np.ndarray
    groups: np.ndarray
    n_groups: int

    def add(self, other):
        """Take in further rows."""
        self.rows = np.concatenate([self.rows, other.rows])
        self.groups = np.concatenate([self.groups, other.groups])

    def fold(self, values):
        """First-order sums (G, …) in the groups of the squares."""
        return values

    def scatter(self, centre, chosen=None):
        """Σ (z − centre)(z − centre)ᵀ (dim, dim) over the rows of the ``chosen`` groups (mask)."""
        rows = self.rows if chosen is None else self.rows[chosen[self.groups]]
        centred = rows - centre
        return centred.T @ centred

    def forms(self, matrix, centre):
        """Σ (z − centre)ᵀ matrix (z − centre) in each group; (G,)."""
        centred = self.rows - centre
        by_row = np.einsum("ij,ij->i", centred @ matrix, centred)
        return np.bincount(self.groups, weights=by_row, minlength=self.n_groups)

    def lengths(self):
        """‖Σ z·zᵀ‖² (Frobenius) of each group; (G,)."""
        return within_picture_squares(self.rows, self.groups, self.n_groups)

    def products(self, other):
        """⟨Σ x·xᵀ, Σ y·yᵀ⟩ (Frobenius) of each group with the same of another cloud; (G,)."""
        rows = np.concatenate([self.rows, other.rows])
        groups = np.concatenate([self.groups, other.groups])
        both = within_picture_squares(rows, groups, self.n_groups)
        return (both - self.lengths() - other.lengths()) / 2


@dataclass
class SummedSquares:
    """Σ z·zᵀ (S, dim, dim), Σ z (S, dim) and numbers of rows (S,) of each of S groups."""

    squares: np.ndarray
    sums: np.ndarray
    counts: np.ndarray

    def add(self, other):
        """Take in further rows, summed or kept, in place."""
        if isinstance(other, KeptSquares):
            add_squares(self, other.rows, other.groups % len(self.counts))
            return
        self.squares += other.squares
        self.sums += other.sums
        self.counts += other.counts

    def fold(self, values):
        """First-order sums (G, …) in the S groups of the squares."""
        return fold_groups(values, len(self.counts))

    def scatter(self, centre, chosen=None):
        """As ``KeptSquares.scatter``."""
        chosen = slice(None) if chosen is None else chosen
        cross = np.outer(self.sums[chosen].sum(axis=0), centre)
        total = self.squares[chosen].sum(axis=0)
        return total - cross - cross.T + self.counts[chosen].sum() * np.outer(centre, centre)

    def forms(self, matrix, centre):
        """As ``KeptSquares.forms``; (S,)."""
        along = (matrix + matrix.T) @ centre
        return (
            np.einsum("gij,ij->g", self.squares, matrix)
            - self.sums @ along
            + self.counts * (centre @ matrix @ centre)
        )

    def lengths(self):
        """As ``KeptSquares.lengths``; (S,)."""
        return self.products(self)

    def products(self, other):
        """As ``KeptSquares.products``; (S,)."""
        return np.einsum("gij,gij->g", self.squares, other.squares)


def fold_groups(values, n):
    """Sums of groups g, g + n, g + 2n, … of ``values`` (G, …), for g < n: (n, …)."""
    total = np.zeros((n, *values.shape[1:]), dtype=values.dtype)
    for start in range(0, len(values), n):
        part = values[start : start + n]
        total[: len(part)] += part
    return total


def sum_squares(rows, groups, n_groups):
    """``SummedSquares`` of unit rows (m, dim), groups (m,) below ``n_groups``."""
    dim = rows.shape[1]
    result = SummedSquares(
        np.zeros((n_groups, dim, dim)), np.zeros((n_groups, dim)), np.zeros(n_groups, dtype=int)
    )
    add_squares(result, rows, groups)
    return result


def add_squares(total, rows, groups):
    """Add the squares of unit rows (m, dim) to those of their groups (m,), in place."""
    order = np.argsort(groups, kind="stable")
    counts = np.bincount(groups, minlength=len(total.counts))
    ends = np.concatenate([[0], np.cumsum(counts)])
    for group in np.flatnonzero(counts):
        here = rows[order[ends[group] : ends[group + 1]]]
        total.squares[group] += here.T @ here
        total.sums[group] += here.sum(axis=0)
    total.counts += counts
