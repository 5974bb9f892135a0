"""Zero-shot classification while pictures and class prompts move along a direction.

Nothing is embedded or normalised again: three products hold all that a sweep over shifts needs.

    cosines      (n, n_classes)  x·t of unit rows x (pictures) and t (class prompts)
    image_along  (n,)            x·u
    class_along  (n_classes,)    t·u, with u the unit direction
    labels       (n,)            index of each picture's class
    deltas       (k,)            shifts, increasing
    sides        "both", "first" (pictures only) or "second" (prompts only), see modgap.shift.moves

A tie between the true class and another counts as a miss.
"""

from typing import NamedTuple

import numpy as np

from modgap.shift.moves import cosine_factors, inverse_norms, shifted_sum, side_offsets
from modgap.statistics.inference import share_below
from modgap.tasks.rows import as_unit_rows

# Entries of a block of scores: 2 MB, which a processor's cache holds.
BLOCK_ENTRIES = 1 << 18
# Least pictures of a block: narrower matrices cost more in calls than in arithmetic. (From about
# 2,000 classes on they do: twice the time an entry.)
FEWEST_PICTURES = 64
# Entries of a block of rivals, of which several arrays are held at a time.
RIVAL_ENTRIES = 1 << 16


class Products(NamedTuple):
    """What a sweep needs of pictures, prompts and direction; shapes as above."""

    cosines: np.ndarray
    image_along: np.ndarray
    class_along: np.ndarray


def sweep_products(X, T, u):
    """The three products of unit rows X (n, dim), T (n_classes, dim) and a unit direction u."""
    return Products(X @ T.T, X @ u, T @ u)


def score_blocks(products, deltas, sides):
    """Yield (shifts, rows, scores): two slices, and scores (n_classes, shifts, rows) that order
    the classes.

    The cosine after the shift without the factor 1/‖x'‖, which all classes of a picture share:
    (x·t + h_y x·u − h_x t·u − h_x h_y) / ‖t'‖, h_x and h_y of ``side_offsets``. It is a matrix
    product of three numbers of class and shift with three of the picture. The array is overwritten
    by the next one. A picture that a shift moves to the origin is an InputError.
    """
    n, n_classes = products.cosines.shape
    inverse_norms(products.image_along, -side_offsets(deltas, sides)[0])  # for its error alone
    of_class = class_factors(products.class_along, deltas, sides)
    size = min(n, max(FEWEST_PICTURES, BLOCK_ENTRIES // (n_classes * len(deltas))))
    step = max(1, BLOCK_ENTRIES // (n_classes * size))
    of_picture = np.ones((n_classes, 3, size))
    buffer = np.empty(n_classes * min(step, len(deltas)) * size)
    for start in range(0, n, size):
        rows = slice(start, min(start + size, n))
        width = rows.stop - start
        of_picture[:, 0, :width] = products.cosines[rows].T
        of_picture[:, 1, :width] = products.image_along[rows]
        for first in range(0, len(deltas), step):
            factors = of_class[:, first : first + step]
            shape = (*factors.shape[:2], width)
            scores = buffer[: np.prod(shape)].reshape(shape)
            np.matmul(factors, of_picture[:, :, :width], out=scores)
            yield slice(first, first + shape[1]), rows, scores


def class_factors(class_along, deltas, sides):
    """What ``score_blocks`` multiplies x·t, x·u and 1 with: (n_classes, k, 3)."""
    h_x, h_y = side_offsets(deltas, sides)
    h_x, h_y = h_x[:, None], h_y[:, None]
    factors = np.stack(np.broadcast_arrays(1.0, h_y, -h_x * (class_along + h_y)), axis=-1)
    factors *= inverse_norms(class_along, h_y[:, 0])[:, :, None]
    return factors.transpose(1, 0, 2)


def ranks_by_shift(products, labels, deltas, sides):
    """How many classes score at least as high as the true one: (k, n) int32, 0 = top-1 hit."""
    ranks = np.empty((len(deltas), len(labels)), dtype=np.int32)
    numbers = np.arange(len(labels))
    counter = np.min_scalar_type(products.cosines.shape[1])  # the narrower, the quicker
    for shifts, rows, scores in score_blocks(products, deltas, sides):
        own = scores[labels[rows], :, numbers[: scores.shape[2]]].T.copy()
        as_high = (scores >= own).view(np.uint8)  # quicker to add up than booleans
        ranks[shifts, rows] = as_high.sum(axis=0, dtype=counter)
    return ranks - 1


def predictions_by_shift(products, deltas, sides):
    """Index of the best class of every picture after every shift: (k, n) int64."""
    best = np.empty((len(deltas), len(products.cosines)), dtype=np.int64)
    for shifts, rows, scores in score_blocks(products, deltas, sides):
        best[shifts, rows] = scores.argmax(axis=0)
    return best


def correct_intervals(products, labels):
    """The shifts of the pictures alone at which each picture is classified rightly.

    With x' = N(x − δu), class c beats class y where δ(t_y − t_c)·u > x·(t_y − t_c): the norm of
    x' is a factor that all classes share, so the shift acts as the class offset −δ u·t and every
    rival class bounds δ from one side. Holds for top-1 and pictures only.

    Returns
    -------
    low, high : (n,), right where low < δ < high; low = high = 0 where no shift makes it right.
    """
    low, high = np.empty(len(labels)), np.empty(len(labels))
    size = max(1, RIVAL_ENTRIES // products.cosines.shape[1])
    for start in range(0, len(labels), size):
        rows = slice(start, start + size)
        own = labels[rows]
        cosines = products.cosines[rows]
        lead = cosines - np.take_along_axis(cosines, own[:, None], axis=1)
        slope = products.class_along - products.class_along[own][:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            crossing = lead / slope
        low[rows] = np.where(slope > 0, crossing, -np.inf).max(axis=1)
        high[rows] = np.where(slope < 0, crossing, np.inf).min(axis=1)
        # A rival with the same offset is behind at every shift or at none.
        never = ((slope == 0) & (lead >= 0)).sum(axis=1) > 1
        low[rows][never] = high[rows][never] = 0
    return low, high


def hits_by_shift(products, labels, deltas, sides):
    """Whether the true class scores highest: (k, n) bool."""
    if sides == "first":
        low, high = correct_intervals(products, labels)
        deltas = np.asarray(deltas)[:, None]
        return (low < deltas) & (deltas < high)
    return ranks_by_shift(products, labels, deltas, sides) == 0


def exact_curve(low, high, limits):
    """Accuracy as a function of a continuous shift of the pictures.

    Parameters
    ----------
    low, high : from ``correct_intervals``. limits : the smallest and the largest shift.

    Returns
    -------
    edges : (m + 1,) increasing, from limits[0] to limits[1].
    accuracy : (m,), constant between neighbouring edges.
    """
    some = low < high
    low, high = np.sort(low[some]), np.sort(high[some])
    inner = np.concatenate([low, high])
    inner = inner[(inner > limits[0]) & (inner < limits[1])]
    edges = np.unique(np.concatenate([limits, inner]))
    begun = np.searchsorted(low, edges[:-1], side="right")
    ended = np.searchsorted(high, edges[:-1], side="right")
    return edges, (begun - ended) / len(some)


def best_range(edges, accuracy):
    """Highest accuracy of an exact curve and the shifts (low, high) nearest to 0 that give it."""
    best = np.flatnonzero(accuracy == accuracy.max())
    distance = np.maximum(0, np.maximum(edges[best], -edges[best + 1]))
    nearest = best[np.argmin(distance)]
    return accuracy[nearest], edges[nearest], edges[nearest + 1]


def margins_by_shift(products, deltas, sides):
    """Cosine with the second class minus cosine with the first, of two: (k, n).

    Orders the pictures as the softmax of the authors' AUC does, without its saturation.
    """
    a, p, b, q = cosine_factors(products.image_along, products.class_along, deltas, sides)
    first, second = ((products.cosines[:, c] + a + b[:, c, None]) * q[:, c, None] for c in (0, 1))
    return (second - first) * p


def mean_per_class(hits, labels, n_classes):
    """Mean over classes of the share of hits in the class; hits (k, n) to (k,)."""
    members = np.zeros((len(labels), n_classes))
    members[np.arange(len(labels)), labels] = 1 / np.bincount(labels, minlength=n_classes)[labels]
    return (hits @ members).mean(axis=1)


def placements(scores, positive):
    """Share of the other class that each row is rightly ordered with; a tie counts half.

    scores : (n,); positive : (n,) bool. The mean over positives, and over negatives, is the AUC.
    """
    shares = np.empty(len(scores))
    shares[positive] = share_below(scores[positive], scores[~positive])
    shares[~positive] = 1 - share_below(scores[~positive], scores[positive])
    return shares


def auc(scores, positive):
    """Area under the ROC curve of each row of scores (k, n): (k,)."""
    return np.array([share_below(row[positive], row[~positive]).mean() for row in scores])


def gap_by_shift(X, T, u, deltas, sides):
    """Distance between the centres measured again after every shift, signed by u: (k,).

    X, T : ``UnitRows`` or arrays of unit rows. All shifts together cost one (k, n)·(n, dim) product
    for each side.
    """
    h_x, h_y = side_offsets(deltas, sides)
    centres = [
        as_unit_rows(rows).add_up(lambda _, block, moved=moved: shifted_sum(block, u, moved))
        / len(rows)
        for rows, moved in ((X, -h_x), (T, h_y))
    ]
    difference = centres[0] - centres[1]
    return np.linalg.norm(difference, axis=1) * np.where(difference @ u < 0, -1.0, 1.0)
