"""Mean pairwise cosine in closed form, from sums of unit vectors; numpy only."""

import numpy as np

from modgap.errors import InputError


def pair_mean(total, n):
    """Mean cosine over pairs of different vectors, from the sum of the n unit vectors."""
    return float((total @ total - n) / (n * (n - 1)))


class GroupedCosine:
    """Mean pairwise cosine of vectors that arrive in batches, without keeping them.

    The items are dealt into groups in turn; only each group's sum of unit vectors is kept, which
    is enough for the mean and for the means without one group that a jackknife needs.
    """

    def __init__(self, groups, dim):
        self.sums = np.zeros((groups, dim))
        self.counts = np.zeros(groups, dtype=np.int64)
        self.zeros = 0

    def add(self, vectors):
        """Take in the rows of ``vectors`` (n, dim); all-zero rows are only counted."""
        groups = len(self.counts)
        group = (self.counts.sum() + self.zeros + np.arange(len(vectors))) % groups
        norms = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
        kept = norms > 0
        member = np.arange(groups)[:, None] == group[kept]
        self.sums += (member / norms[kept]) @ vectors[kept]
        self.counts += np.bincount(group[kept], minlength=groups)
        self.zeros += int((~kept).sum())

    def result(self):
        """Dict: ``value``, ``left_out`` (the value without each group), ``n`` and ``dim``.

        The value is nan, and nothing left out, below two vectors that are not zero.

        Raises
        ------
        InputError : some but not all vectors are zero.
        """
        n, dim = int(self.counts.sum()), self.sums.shape[1]
        if n and self.zeros:
            raise InputError(f"{self.zeros} of {n + self.zeros} outputs of a layer are all zeros")
        if n < 2:
            return {"value": np.nan, "left_out": [], "n": n, "dim": dim}
        total = self.sums.sum(axis=0)
        left_out = [
            pair_mean(total - group_sum, n - count)
            for group_sum, count in zip(self.sums, self.counts, strict=True)
            if count and n - count > 1
        ]
        return {"value": pair_mean(total, n), "left_out": left_out, "n": n, "dim": dim}
