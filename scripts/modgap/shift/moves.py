"""Moving two sets of embeddings along the gap between them, and measuring what is left.

With u the unit gap vector and h_x, h_y the two offsets,
x' = N(x - h_x u) and y' = N(y + h_y u), where N normalises. Everything a sweep over shifts needs
follows from x.u, y.u and x.y:  ||x - h u||^2 = 1 - 2 h x.u + h^2.
"""

import numpy as np

from modgap.errors import InputError
from modgap.statistics.geometry import normalise, signed_axes

# Rows smaller than this after the shift have no direction left.
SMALLEST_NORM = 1e-6

# Rows that are normalised at a time where only their sum is wanted.
BLOCK_ROWS = 32_768


def check_pairs(first, second):
    """Raise an InputError unless the two sets are at least 2 pairs."""
    if len(first) != len(second):
        raise InputError(
            f"{len(first)} embeddings in the first modality but {len(second)} in the second; "
            "a shift needs pairs"
        )
    if len(first) < 2:
        raise InputError(f"{len(first)} pair of embeddings; a shift needs at least 2")


def gap_direction(first, second):
    """Unit gap vector and gap of two sets of rows, raw or unit; a gap of zero is an InputError.

    Returns
    -------
    u : (dim,), (mean first - mean second) / gap, the paper's section 4.2 with image minus text.
    gap : its length before scaling.
    """
    return scale_gap(centre_in_blocks(first) - centre_in_blocks(second))


def centre_in_blocks(rows):
    """Mean (dim,) of raw rows (n, dim) after each is divided by its length.

    Double precision is held of ``BLOCK_ROWS`` rows at a time.
    """
    blocks = (rows[start : start + BLOCK_ROWS] for start in range(0, len(rows), BLOCK_ROWS))
    return sum(normalise(block).sum(axis=0) for block in blocks) / len(rows)


def scale_gap(difference):
    """``gap_direction`` from the difference (dim,) of the two centres."""
    gap = np.linalg.norm(difference)
    if gap < 1e-12:
        raise InputError("the gap vector is zero: both modalities have the same mean, no direction")
    return difference / gap, float(gap)


def shift_grid(first, last, step):
    """Evenly spaced shifts from ``first`` to ``last``, both included."""
    if not (step > 0 and last > first):
        raise InputError(
            f"shift grid from {first:g} to {last:g} in steps of {step:g} is not increasing; "
            "give first < last and a step above 0"
        )
    return first + step * np.arange(round((last - first) / step) + 1)


def check_grid(deltas):
    """Shifts as a float64 array, or an InputError when they do not increase."""
    deltas = np.asarray(deltas, dtype=np.float64)
    if deltas.ndim != 1 or len(deltas) == 0 or not np.isfinite(deltas).all():
        raise InputError(f"shift grid {deltas.tolist()}: give a list of finite numbers")
    steps = np.diff(deltas)
    if (steps <= 0).any():
        at = int(np.argmax(steps <= 0))
        raise InputError(
            f"shift grid is not increasing: {deltas[at + 1]:g} follows {deltas[at]:g}; sort it and "
            "remove repeats"
        )
    return deltas


def side_offsets(deltas, sides):
    """How far each modality moves for a shift of ``deltas`` along the unit gap vector.

    ``sides``: "both" (the paper's Figure 3 and Table 1: half each), "first" (fairness form: images
    only) or "second". Returns h_x and h_y, arrays like ``deltas``.
    """
    deltas = np.asarray(deltas, dtype=np.float64)
    if sides == "both":
        return deltas / 2, deltas / 2
    if sides == "first":
        return deltas, np.zeros_like(deltas)
    if sides == "second":
        return np.zeros_like(deltas), deltas
    raise InputError(f"shift side {sides!r}: choose both, first or second")


def inverse_norms(along, moved):
    """1 / ||z + moved u|| for unit rows z with ``along`` = z.u.

    ``along`` (n,) and ``moved`` (k,) give (k, n). A row that the shift moves to the origin is an
    InputError.
    """
    moved = np.asarray(moved, dtype=np.float64)[:, None]
    # (along + moved)^2 + the part across u: no cancellation near the origin.
    squared = (along + moved) ** 2 + np.maximum(0.0, 1 - along**2)
    if (squared < SMALLEST_NORM**2).any():
        shift, row = np.argwhere(squared < SMALLEST_NORM**2)[0]
        raise InputError(
            f"row {row} lies on the gap direction and the shift {abs(moved[shift, 0]):g} moves it "
            "to the origin; remove it or change the shift grid"
        )
    return 1 / np.sqrt(squared)


def cosine_factors(first_along, second_along, deltas, sides="both"):
    """Factors of the cosine after the shift, for every shift and row.

    x'_i . y'_j = (x_i.y_j + A_i + B_j) P_i Q_j, with A, P of shape (k, n) from the first modality
    and B, Q of shape (k, m) from the second.
    """
    h_x, h_y = side_offsets(deltas, sides)
    a = h_y[:, None] * (first_along[None, :] - h_x[:, None])
    b = -h_x[:, None] * second_along[None, :]
    return a, inverse_norms(first_along, -h_x), b, inverse_norms(second_along, h_y)


def shifted_centres(first, second, u, deltas, sides="both"):
    """Means of both modalities after each shift; two arrays (k, dim)."""
    h_x, h_y = side_offsets(deltas, sides)
    return tuple(
        shifted_sum(rows, u, moved) / len(rows) for rows, moved in ((first, -h_x), (second, h_y))
    )


def shifted_sum(rows, u, moved):
    """Sum of N(z + moved u) over unit rows z (n, dim) for each of k moves: (k, dim)."""
    p = inverse_norms(rows @ u, moved)
    return p @ rows + np.outer(moved * p.sum(axis=1), u)


def principal_axes(first, second, n_axes):
    """Mean and first principal axes of the two sets together; (dim,) and (n_axes, dim).

    Each axis points to the side of its largest coordinate, the orientation of scikit-learn's PCA
    that the authors used.
    """
    union = np.concatenate([first, second])
    return union.mean(axis=0), signed_axes(union, n_axes, centred=True)[0]


def remaining_gap(first, second, u, deltas, sides="both"):
    """Distance between the centres after each shift, negative once they have changed sides; (k,).

    The sign is that of u . (centre difference), as in the paper's gap statistics.
    """
    centre_x, centre_y = shifted_centres(first, second, u, deltas, sides)
    difference = centre_x - centre_y
    return np.linalg.norm(difference, axis=1) * np.where(difference @ u < 0, -1.0, 1.0)


def signed_distances(first, second, u, deltas, sides="both"):
    """Distance between the centres after each shift, with the sign of each convention in use.

    Parameters
    ----------
    first, second : (n, dim) unit rows. u : unit gap vector. deltas : (k,), increasing.

    Returns
    -------
    dict of (k,) arrays:
        gap : as ``remaining_gap``.
        pca : sign of mean PC1 of the second minus that of the first, PCA of the unshifted union
            (Figure 3 of the paper; its orientation is arbitrary and mirrors some sets).
        smallest : positive up to the smallest distance and negative after it (Table 1).
    """
    centre_x, centre_y = shifted_centres(first, second, u, deltas, sides)
    signed = remaining_gap(first, second, u, deltas, sides)
    distance = np.abs(signed)
    along_pc1 = (centre_y - centre_x) @ principal_axes(first, second, 1)[1][0]
    after_smallest = np.arange(len(distance)) > distance.argmin()
    return {
        "gap": signed,
        "pca": distance * np.where(along_pc1 < 0, -1.0, 1.0),
        "smallest": np.where(after_smallest, -distance, distance),
    }


def shifted_projection(embeddings, along, axes, u, mean, moved):
    """Coordinates of N(z + moved u) on principal axes; (n, n_axes)."""
    scale = inverse_norms(along, [moved])[0]
    points = embeddings @ axes.T + moved * (axes @ u)
    return points * scale[:, None] - axes @ mean
