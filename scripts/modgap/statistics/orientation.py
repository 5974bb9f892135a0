"""Left and right of a picture of two clouds: the first modality lies right of the second."""

import numpy as np

# Share of the largest coordinate below which the centres are not apart along the first axis, and
# along the others: there a small distance is chance, and its sign too.
NOT_APART, HARDLY_APART = 1e-6, 0.1


def turn_to_first(coordinates, n_first):
    """Coordinates mirrored so that the gap, first minus second, points right, and not down.

    Neither a principal axis nor a UMAP has a sign of its own. An axis along which the centres are
    not apart keeps the sign it has.

    Parameters
    ----------
    coordinates : (n, k), the points of the first modality before those of the second.
    n_first : how many of them are of the first.

    Returns
    -------
    (n, k) of the same type: each column as it was, or times -1.
    """
    gap = coordinates[:n_first].mean(axis=0) - coordinates[n_first:].mean(axis=0)
    least = np.where(np.arange(coordinates.shape[1]) == 0, NOT_APART, HARDLY_APART)
    apart = np.abs(gap) > least * np.abs(coordinates).max(axis=0)
    return coordinates * np.where(apart & (gap < 0), -1, 1).astype(coordinates.dtype)
