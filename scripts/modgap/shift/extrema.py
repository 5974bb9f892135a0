"""What a loss landscape shows: minima, barriers, and how sure they are.

Intervals resample the loss terms of the pairs with the negatives of each term held fixed.
Resampling whole pairs would make duplicates each other's false negatives and raise every loss.
"""

from dataclasses import dataclass

import numpy as np
from numpy.polynomial import Chebyshev
from scipy.interpolate import CubicSpline

SIDES = ("first_to_second", "second_to_first", "both")

INTERVAL_METHOD = "percentile: pairs' terms resampled, negatives fixed"

# Minima and barriers closer in loss than this are not told apart (float32 cosines).
PROMINENCE = 1e-6

# Values of the resampled curve looked at per grid step.
POINTS_PER_STEP = 20

# Refinement: points of a polynomial fit, and how its interval (in grid steps) shrinks around the
# extremum.
NODES = 5
FIRST_WIDTH, LAST_WIDTH, SHRINK = 0.1, 0.01, 10.0
MAX_ROUNDS = 12


@dataclass(frozen=True)
class Extremum:
    """A minimum or barrier of one curve.

    ``kind``: "minimum" (the lowest), "other_minimum", or "barrier" (the highest point between the
    lowest and an other minimum). ``position``: where the spline through the grid has it.
    ``window``: the shifts between which a resampled curve may have it. ``boundary`` marks a lowest
    point at an end of the grid, which is no minimum.
    """

    kind: str
    position: float
    window: tuple
    boundary: bool = False

    @property
    def sign(self):
        """1 where the extremum is low, -1 where it is high."""
        return -1.0 if self.kind == "barrier" else 1.0


def fine_grid(deltas, first, last):
    """Evenly spaced shifts from ``first`` to ``last``, much finer than the grid."""
    step = np.diff(deltas).min() / POINTS_PER_STEP
    return np.linspace(first, last, max(3, round((last - first) / step) + 1))


def find_extrema(deltas, losses):
    """The lowest point of a curve, its other local minima, and the barriers between.

    Parameters
    ----------
    deltas, losses : (k,); a cubic spline joins the points, so that a shallow minimum between grid
        points is seen.
    """
    points = fine_grid(deltas, deltas[0], deltas[-1])
    curve = CubicSpline(deltas, losses)(points)
    last = len(points) - 1
    lowest = int(np.argmin(curve))
    ends = (float(points[0]), float(points[-1]))
    found = [Extremum("minimum", float(points[lowest]), ends, boundary=lowest in (0, last))]
    inner = np.arange(1, last)
    is_local = (curve[inner] < curve[inner - 1]) & (curve[inner] <= curve[inner + 1])
    is_peak = (curve[inner] > curve[inner - 1]) & (curve[inner] >= curve[inner + 1])
    peaks = np.array([ends[0], *points[inner[is_peak]], ends[1]])
    for other in inner[is_local & (inner != lowest)]:
        # Towards the lowest point, and away from it until the curve falls below this minimum.
        towards, away = (curve[:other][::-1], curve[other + 1 :])
        if other < lowest:
            towards, away = away, towards
        between = towards[: abs(other - lowest)]
        lower = np.flatnonzero(away < curve[other])
        beyond = away[: lower[0]] if len(lower) else away
        if min(between.max(), beyond.max(initial=-np.inf)) - curve[other] < PROMINENCE:
            continue
        side = 1 if lowest > other else -1
        barrier = points[other + side * (1 + int(np.argmax(between)))]
        window = (peaks[peaks < points[other]].max(), peaks[peaks > points[other]].min())
        between_minima = tuple(sorted((float(points[lowest]), float(points[other]))))
        found.append(Extremum("barrier", float(barrier), between_minima))
        found.append(Extremum("other_minimum", float(points[other]), tuple(map(float, window))))
    return found


def refine_extrema(loss_at, deltas, extrema):
    """Positions of extrema between the grid points.

    Parameters
    ----------
    loss_at : function of increasing shifts (k,) giving the losses (k, c) of all c curves.
    deltas : (k,) grid that the extrema were found on.
    extrema : list of (curve number, Extremum).

    Returns
    -------
    (e,) positions; those of boundary extrema are the grid's end.
    """
    position = np.array([extremum.position for _, extremum in extrema])
    moving = [e for e, (_, extremum) in enumerate(extrema) if not extremum.boundary]
    step = np.diff(deltas).max()
    width = {e: FIRST_WIDTH * step for e in moving}
    nodes = np.cos(np.pi * (np.arange(NODES) + 0.5) / NODES)
    for _ in range(MAX_ROUNDS):
        if not moving:
            break
        asked = {e: position[e] + width[e] * nodes for e in moving}
        points = np.unique(np.concatenate(list(asked.values())))
        losses = loss_at(points)
        for e in list(moving):
            number, extremum = extrema[e]
            values = losses[np.searchsorted(points, asked[e]), number]
            offset = lowest_of_polynomial(nodes, extremum.sign * values)
            position[e] += width[e] * offset
            width[e] *= 1 / SHRINK if abs(offset) < 1 else 2.0
            if width[e] < 0.99 * LAST_WIDTH * step:
                moving.remove(e)
    return position


def lowest_of_polynomial(nodes, values):
    """Where in [-1, 1] the polynomial through the points is lowest."""
    polynomial = Chebyshev.fit(nodes, values, len(nodes) - 1, domain=[-1, 1])
    roots = polynomial.deriv().roots()
    inside = roots.real[(np.abs(roots.imag) < 1e-9) & (np.abs(roots.real) < 1)]
    candidates = np.concatenate([inside, [-1.0, 1.0]])
    return candidates[np.argmin(polynomial(candidates))]


def spline_extremum(deltas, curves, extremum):
    """Position of one extremum on cubic splines through curves (c, k); (c,)."""
    points = fine_grid(deltas, *extremum.window)
    values = extremum.sign * CubicSpline(deltas, curves, axis=1)(points)
    best = np.clip(values.argmin(axis=1), 1, len(points) - 2)
    lines = np.arange(len(curves))
    before, here, after = (values[lines, best + shift] for shift in (-1, 0, 1))
    curvature = before - 2 * here + after
    slope = (before - after) / 2
    offset = np.divide(slope, curvature, out=np.zeros_like(slope), where=curvature > 0)
    return points[best] + np.clip(offset, -1, 1) * (points[1] - points[0])


def resampled_means(terms, n_resamples, seed):
    """Means over resampled pairs; terms (..., n) to (n_resamples, ...).

    The same seed draws the same pairs, so that differences of two results are paired.
    """
    n = terms.shape[-1]
    flat = terms.reshape(-1, n)
    rng = np.random.default_rng(seed)
    means = np.empty((n_resamples, len(flat)))
    step = max(1, 4_000_000 // n)
    for start in range(0, n_resamples, step):
        size = min(step, n_resamples - start)
        draws = rng.integers(n, size=(size, n)) + n * np.arange(size)[:, None]
        counts = np.bincount(draws.ravel(), minlength=size * n).reshape(size, n)
        means[start : start + size] = counts.astype(np.float64) @ flat.T / n
    return means.reshape(n_resamples, *terms.shape[:-1])


def percentile_interval(values, level=0.95):
    """Percentile interval over the first axis."""
    return np.quantile(values, [(1 - level) / 2, (1 + level) / 2], axis=0)
