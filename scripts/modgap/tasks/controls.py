"""Directions and offsets that are not the gap, for the same sweep and the same selection.

A shift along any direction changes the classes' scores by an offset. If directions that have
nothing to do with the gap but offset the classes as much help as much, a gain is prior correction
and not geometry.
"""

import math
from itertools import permutations

import numpy as np

from modgap.shift.moves import side_offsets
from modgap.statistics.geometry import direction, signed_axes
from modgap.tasks.zero_shot import hits_by_shift


def matched_directions(T, u, n, seed):
    """Random unit directions v whose offsets v·t spread over the classes as those of u do.

    The part of v inside the row space of the centred prompts is drawn at random and scaled to the
    standard deviation of u·t over classes; the rest of v is random and orthogonal to that space.
    Where an inside part of length one would spread too little (u near the prompts' first
    principal axes), it is tilted towards those axes, as little as needed. Where the prompts span
    the whole space there is no rest, and the tilt alone gives the spread.

    Parameters
    ----------
    T : (n_classes, dim) unit rows. u : (dim,) unit direction.

    Returns
    -------
    (n, dim).
    """
    rng = np.random.default_rng(seed)
    centred = T - T.mean(axis=0)
    _, lengths, axes = np.linalg.svd(centred, full_matrices=False)
    kept = lengths > 1e-10 * lengths[0]
    lengths, axes = lengths[kept], axes[kept]
    spread = np.linalg.norm(centred @ u)
    whole = len(axes) == T.shape[1]
    result = np.empty((n, T.shape[1]))
    for i in range(n):
        drawn = rng.standard_normal(len(lengths))
        inside = tilt_coordinates(drawn, lengths, spread, both_ways=whole)
        share = min(spread / np.linalg.norm(lengths * inside), 1.0)
        result[i] = share * (inside @ axes)
        if not whole:
            outside = rng.standard_normal(T.shape[1])
            outside = direction(outside - axes.T @ (axes @ outside))
            result[i] += np.sqrt(1 - share**2) * outside
    return result


def tilt_coordinates(coordinates, lengths, spread, *, both_ways):
    """Unit coordinates on the prompts' axes that give at least ``spread``, tilted if need be.

    The tilt multiplies each coordinate by a power t of its axis's length, which moves the spread
    steadily from that of the shortest axis to that of the longest. The smallest t >= 0 that gives
    the spread is found by bisection; with ``both_ways`` the t of any sign that gives it exactly.
    """
    logs = np.log(lengths / lengths[0])

    def at(t):
        powers = t * logs
        return direction(coordinates * np.exp(powers - powers.max()))

    def enough(t):
        return np.linalg.norm(lengths * at(t)) >= spread

    low, high = (-1e6 if both_ways else 0.0), 1e6
    if enough(low):
        return at(low)
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return at(high)


def class_permutations(n_classes, n, seed):
    """Orders of the classes other than the given one: all if there are at most n, else n drawn."""
    given = tuple(range(n_classes))
    if math.factorial(n_classes) - 1 <= n:
        return [np.array(order) for order in permutations(given) if order != given]
    rng = np.random.default_rng(seed)
    drawn = []
    while len(drawn) < n:
        order = rng.permutation(n_classes)
        if tuple(order) != given:
            drawn.append(order)
    return drawn


def permute_offsets(products, order):
    """The products with the classes' offsets u·t handed to other classes."""
    return products._replace(class_along=products.class_along[order])


def swapped_direction(first, second, rng):
    """Unit direction between the centres after modality labels are swapped at random.

    Clouds of equal length are pairs, and each pair swaps with probability ½. Otherwise (pictures
    and class prompts) all labels are dealt anew, as many of each as there were.
    """
    if len(first) == len(second):
        signs = np.where(rng.random(len(first)) < 0.5, -1.0, 1.0)
        return direction(signs @ (first - second))
    n, m = len(first), len(second)
    chosen = np.zeros(n + m, dtype=bool)
    chosen[rng.permutation(n + m)[:m]] = True
    in_first, in_second = chosen[:n], chosen[n:]
    moved = in_first @ first + in_second @ second
    total = first.sum(axis=0) + second.sum(axis=0)
    return direction((total - moved) / n - moved / m)


def second_principal_direction(first, second):
    """Second principal axis of the two clouds together, each cloud with half of the weight.

    With equal weights the first axis is close to the gap, however few prompts there are.
    """
    middle = (first.mean(axis=0) + second.mean(axis=0)) / 2
    weighted = [(rows - middle) / np.sqrt(len(rows)) for rows in (first, second)]
    return signed_axes(np.concatenate(weighted), 2, centred=False)[0][1]


def pure_offset_hits(products, labels, deltas):
    """Hits of a two-sided shift without its geometry: (k, n) bool.

    Only the offset −½δ u·t is left; the changed length of the prompts and the term that differs
    between pictures are dropped. The same as moving only the pictures by half the shift. An AUC
    does not feel it: between two classes the offset is the same number for every picture.
    """
    return hits_by_shift(products, labels, side_offsets(deltas, "both")[0], "first")
