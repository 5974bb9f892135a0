"""Controls: transforms that look like methods and know nothing of the gap.

What they change as much as a method does, the method does not owe to the gap. Every ``fit_...``
takes a ``Calibration`` and a seed and gives a ``Transform``.
"""

import numpy as np

from modgap.methods.fits.banks import banks_of
from modgap.methods.fits.calibration import FIRST, SECOND, Calibration
from modgap.methods.fits.linear_maps import fit_procrustes
from modgap.methods.fits.transforms import Scoring, Stage, Transform, both_sides
from modgap.statistics.geometry import direction


def fit_random_vector(calibration, *, seed=0):
    """The shift along a random vector as long as the gap."""
    gap = calibration.moments.gap
    drawn = direction(np.random.default_rng(seed).standard_normal(len(gap)))
    half = drawn * np.linalg.norm(gap) / 2
    return both_sides(Stage(offset=half), Stage(offset=-half))


def fit_shared_mean(calibration):
    """Mean removal with one mean for both sides, ½(μx + μy)."""
    mean = (calibration.moments.mean(FIRST) + calibration.moments.mean(SECOND)) / 2
    return both_sides(Stage(offset=mean), Stage(offset=mean))


def fit_shuffled_pairs(calibration, *, seed=0, shrinkage=0.0):
    """Procrustes on texts that were dealt to the pictures anew."""
    if calibration.owner is None:
        return fit_procrustes(calibration)
    rng = np.random.default_rng(seed)
    # One turn of a random circle of the pictures: none keeps its own texts.
    circle = rng.permutation(calibration.n_pictures)
    other = np.empty(len(circle), dtype=int)
    other[circle] = np.roll(circle, 1)
    dealt = Calibration(calibration.first, calibration.second, other[calibration.owner])
    return fit_procrustes(dealt, shrinkage=shrinkage)


def fit_random_rotation(calibration, *, seed=0):
    """The texts turned by a random rotation about their mean; means removed on both sides."""
    moments, rng = calibration.moments, np.random.default_rng(seed)
    dim = len(moments.gap)
    turn, triangle = np.linalg.qr(rng.standard_normal((dim, dim)))
    return both_sides(
        Stage(offset=moments.mean(FIRST)),
        # Signs make the rotation uniform (Mezzadri 2007).
        Stage(offset=moments.mean(SECOND), matrix=turn * np.sign(np.diag(triangle))),
    )


def fit_wrong_bank(calibration, *, k=8, alpha=0.75):
    """NNN with a bank of the items' modality in place of the queries'."""
    banks = banks_of(calibration, swapped=True)
    return Transform({}, Scoring("bank_mean", bank=banks, k=k, alpha=alpha))


def fit_noise(calibration, *, seed=0):
    """Isotropic noise on both sides, for each row as long as the shift that closes the gap."""
    length = float(np.linalg.norm(calibration.moments.gap)) / 2
    return both_sides(Stage(noise=length, seed=seed), Stage(noise=length, seed=seed + 1))
