"""Small captioned data and the obvious way to its pairs, for several test files."""

import numpy as np

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
