"""Pairs on a sphere: how mismatched pairs hold a gap open (the paper's Figure 3 e-g, Appendix A).

Images are unit vectors w_i on the equator; the text of pair i stands at the equator point of pair
match(i), raised by an angle theta:  y_i = cos(theta) w_match(i) + sin(theta) e,  e the pole. The
cosine of image i and text j is cos(theta) w_i.w_match(j), so the symmetric loss at temperature tau
depends on kappa = cos(theta) / tau alone, and it is convex in kappa. With kappa* its minimiser:

* tau >= 1 / kappa*: the loss is lowest at theta = 0, the gap closes;
* tau <  1 / kappa*: it is lowest at cos(theta) = tau kappa*, the gap stays open.

1 / kappa* is the gap-closing temperature: a pitchfork bifurcation in tau. kappa* is infinite (the
gap closes at every temperature) where each pair's cosine is the largest of its row and column, as
without mismatched pairs.
"""

import numpy as np
from scipy.optimize import brentq

from modgap.errors import InputError
from modgap.shift.temperatures import logit_scales
from modgap.statistics.geometry import normalise


def arc_points(n, spacing):
    """``n`` points on the equator, ``spacing`` degrees apart from minus ``spacing`` on; (n, 2)."""
    azimuth = np.deg2rad(spacing) * (np.arange(n) - 1)
    return np.stack([np.cos(azimuth), np.sin(azimuth)], axis=1)


def random_equator_points(n, dim, seed):
    """``n`` uniformly drawn points on the equator of the sphere in ``dim`` dimensions."""
    if dim < 3:
        raise InputError(f"sphere.dims: {dim}; the sphere needs 3 dimensions or more")
    points = np.random.default_rng(seed).standard_normal((n, dim - 1))
    return normalise(points)


def mismatched_pairs(n, share):
    """Equator point of each text: the first round(share * n) pairs pass theirs on in a circle.

    Two mismatched pairs of six swap, as in the paper. One pair alone cannot be mismatched.
    """
    if n < 2:
        raise InputError(f"{n} pair on the sphere; the simulation needs at least 2")
    if not 0 <= share <= 1:
        raise InputError(f"share of mismatched pairs {share:g}: must be between 0 and 1")
    count = round(share * n)
    if count == 1:
        raise InputError(
            f"share of mismatched pairs {share:g} of {n} is one pair, which has none to swap with; "
            "use 0 or at least two pairs"
        )
    match = np.arange(n)
    match[:count] = np.roll(match[:count], -1)
    return match


def equator_cosines(points, match):
    """Cosine of image i and text j at theta = 0; (n, n)."""
    return points @ points[match].T


def kappa_loss(cosines, kappa):
    """Symmetric loss of the pairs at kappa = cos(theta) / tau."""
    return kappa_loss_and_slope(cosines, kappa)[0]


def kappa_loss_and_slope(cosines, kappa):
    """The loss and its derivative by kappa."""
    loss = slope = 0.0
    for matrix in (cosines, cosines.T):
        below = matrix - matrix.max(axis=1, keepdims=True)
        weights = np.exp(kappa * below)
        total = weights.sum(axis=1)
        matched = np.diag(below)
        loss += 0.5 * np.mean(np.log(total) - kappa * matched)
        slope += 0.5 * np.mean((weights * below).sum(axis=1) / total - matched)
    return loss, slope


def loss_curve(cosines, angles, temperature):
    """Loss at each angle theta (degrees) for one temperature."""
    scale = logit_scales(temperature)[0]
    return np.array([kappa_loss(cosines, scale * np.cos(np.deg2rad(theta))) for theta in angles])


def best_kappa(cosines):
    """The kappa of the lowest loss; infinite where the loss falls for ever."""
    matched = np.diag(cosines)
    largest = np.minimum(matched - cosines.max(axis=0), matched - cosines.max(axis=1))
    if (largest > -1e-12).all():
        return np.inf
    if kappa_loss_and_slope(cosines, 0.0)[1] >= 0:
        return 0.0
    high = 1.0
    while kappa_loss_and_slope(cosines, high)[1] < 0:
        high *= 2
    return brentq(lambda kappa: kappa_loss_and_slope(cosines, kappa)[1], 0.0, high, xtol=1e-13)


def best_angle(kappa, temperature):
    """Angle of the lowest loss in degrees, given ``best_kappa``; 0 where the gap closes."""
    scale = logit_scales(temperature)[0]
    return float(np.rad2deg(np.arccos(min(1.0, kappa / scale))))


def centre_distance(points, angle):
    """Distance between the centres of images and texts at an angle in degrees."""
    theta = np.deg2rad(angle)
    flat = (1 - np.cos(theta)) * np.linalg.norm(points.mean(axis=0))
    return float(np.hypot(flat, np.sin(theta)))


def orthogonal_gap_closing_temperature(n, share):
    """Closed form for mutually orthogonal images, the limit of many dimensions.

    Each row has one cosine of 1 and n - 1 of 0, so kappa* = log((n - 1)(1 - share) / share).
    """
    if share == 0:
        return 0.0
    odds = (n - 1) * (1 - share) / share
    return 1 / np.log(odds) if odds > 1 else np.inf
