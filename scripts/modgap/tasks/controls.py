"""Directions and offsets that are not the gap, for the same sweep and the same selection.

A shift along any direction changes the classes' scores by an offset. If directions that have
nothing to do with the gap but offset the classes as much help as much, a gain is prior correction
and not geometry.
"""

import math
from itertools import permutations

import numpy as np

from modgap.statistics.geometry import direction, scatter_axes
from modgap.tasks.rows import as_unit_rows


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


def swapped_directions(first, second, rngs):
    """Unit directions (r, dim) between the centres after modality labels are swapped at random,
    one of each of r random generators.

    first, second : ``UnitRows`` or arrays of unit rows. Clouds of equal length are pairs, and each
    pair swaps with probability ½. Otherwise (pictures and class prompts) all labels are dealt anew,
    as many of each as there were.
    """
    first, second = as_unit_rows(first), as_unit_rows(second)
    n, m = len(first), len(second)
    if n == m:
        signs = [np.where(rng.random(n) < 0.5, np.int8(-1), np.int8(1)) for rng in rngs]
        moved = weigh_rows(first, signs) - weigh_rows(second, signs)
        return np.array([direction(vector) for vector in moved])
    chosen = np.zeros((len(rngs), n + m), dtype=bool)
    for row, rng in zip(chosen, rngs, strict=True):
        row[rng.permutation(n + m)[:m]] = True
    moved = weigh_rows(first, chosen[:, :n]) + weigh_rows(second, chosen[:, n:])
    total = n * first.centre() + m * second.centre()
    return np.array([direction((total - vector) / n - vector / m) for vector in moved])


def weigh_rows(rows, weights):
    """Sums of ``UnitRows`` with r weights of each row: (r, n) to (r, dim)."""
    weights = np.asarray(weights)
    return rows.add_up(lambda here, block: weights[:, here].astype(float) @ block)


def second_principal_direction(first, second):
    """Second principal axis of the two clouds together, each cloud with half of the weight.

    With equal weights the first axis is close to the gap, however few prompts there are.
    first, second : ``UnitRows`` or arrays of unit rows.
    """
    clouds = as_unit_rows(first), as_unit_rows(second)
    middle = sum(rows.centre() for rows in clouds) / 2

    def scatter(_, block):
        return (block - middle).T @ (block - middle)

    return scatter_axes(sum(rows.add_up(scatter) / len(rows) for rows in clouds), 2)[0][1]
