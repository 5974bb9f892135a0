"""Methods that match scales, covariances or pairs by a linear map: all from moments.

Every ``fit_...`` takes a ``Calibration`` and gives a ``Transform``. Shrinkage γ keeps what few rows
cannot estimate near "no change": covariances towards a multiple of the identity, maps towards the
identity.
"""

import numpy as np

from modgap.errors import InputError
from modgap.methods.fits.calibration import (
    FIRST,
    SECOND,
    check_differing,
    matrix_power,
    shrink_covariance,
    singular_axes,
)
from modgap.methods.fits.transforms import Stage, Transform, apply_stage, both_sides


def fit_standardising(calibration):
    """N((x − μx)/σx) and the same for texts, σ a number a dimension."""
    moments = calibration.moments
    check_differing(moments)
    return both_sides(*(standardising_stage(moments, side) for side in (FIRST, SECOND)))


def standardising_stage(moments, side):
    """Offset and factor of each dimension; a dimension without variance is left out."""
    deviations = np.sqrt(np.maximum(np.diag(moments.covariance(side)), 0))
    kept = deviations > 1e-9 * deviations.max()
    factors = np.where(kept, 1 / np.where(kept, deviations, 1), 0.0)
    return Stage(offset=moments.mean(side), matrix=factors)


def fit_whitening(calibration, *, shrinkage=0.3):
    """N(Σx^{−½}(x − μx)) and the same for texts, each Σ shrunk."""
    moments = calibration.moments
    check_differing(moments)
    return both_sides(
        *(
            Stage(
                offset=moments.mean(side),
                matrix=matrix_power(shrink_covariance(moments.covariance(side), shrinkage), -0.5),
            )
            for side in (FIRST, SECOND)
        )
    )


def fit_bures(calibration, *, shrinkage=0.3):
    """Texts by the optimal map between Gaussians: N(μx + A(y − μy)), pictures stay.

    A = Σy^{−½}(Σy^{½}ΣxΣy^{½})^{½}Σy^{−½} (Olkin & Pukelsheim 1982), each Σ shrunk.
    """
    moments = calibration.moments
    check_differing(moments)
    pictures, texts = (
        shrink_covariance(moments.covariance(side), shrinkage) for side in (FIRST, SECOND)
    )
    root, inverse = matrix_power(texts, 0.5), matrix_power(texts, -0.5)
    matrix = inverse @ matrix_power(root @ pictures @ root, 0.5) @ inverse
    stage = Stage(offset=moments.mean(SECOND), matrix=matrix, shift=moments.mean(FIRST))
    return Transform({SECOND: (stage,)})


def fit_realign(calibration):
    """Texts by y → N(μx + s(y − μy)), then N(· − μ' + μx), s = √(tr Σx/tr Σy) (ReAlign).

    μ' is the centre of the texts after the first step.
    """
    moments = calibration.moments
    check_differing(moments)
    scale = np.sqrt(moments.spread(FIRST) / moments.spread(SECOND))
    pictures = moments.mean(FIRST)
    first = Stage(offset=moments.mean(SECOND), matrix=np.full(len(pictures), scale), shift=pictures)
    centre = apply_stage(first, calibration.second).mean(axis=0)
    return Transform({SECOND: (first, Stage(offset=centre, shift=pictures))})


def cross_moments(calibration):
    """Moments of a calibration whose pairs are known, or an InputError."""
    if calibration.owner is None:
        raise InputError("a method of pairs needs pairs; these two modalities have none")
    return calibration.moments


def fit_procrustes(calibration, *, shrinkage=0.0):
    """N(x − μx) and N((y − μy)R), R the rotation that brings texts to their pictures.

    R maximises tr(R(Σxy + γcI)) (Schönemann 1966), c = √(tr Σx·tr Σy)/d: γ of 0 is Procrustes,
    large γ leaves the texts as they are. With fewer pairs than dimensions, Procrustes does not say
    where the directions go that no pair speaks of; they are dropped, as the mean over all rotations
    of them would.
    """
    moments = cross_moments(calibration)
    check_differing(moments)
    dim = len(moments.gap)
    unit = np.sqrt(moments.spread(FIRST) * moments.spread(SECOND)) / dim
    target = moments.cross_covariance.T + shrinkage * unit * np.eye(dim)
    left, right = singular_axes(target)
    return both_sides(
        Stage(offset=moments.mean(FIRST)), Stage(offset=moments.mean(SECOND), matrix=left @ right)
    )


def fit_ridge(calibration, *, shrinkage=1.0):
    """N(x − μx) and N((y − μy)W), W of least squares with the penalty γc‖W − I‖².

    W = (Σyy + γcI)⁻¹(Σyx + γcI), c = tr Σy/d.
    """
    moments = cross_moments(calibration)
    check_differing(moments)
    dim = len(moments.gap)
    penalty = shrinkage * moments.spread(SECOND) / dim * np.eye(dim)
    matrix = np.linalg.solve(
        moments.covariance(SECOND) + penalty, moments.cross_covariance.T + penalty
    )
    return both_sides(
        Stage(offset=moments.mean(FIRST)), Stage(offset=moments.mean(SECOND), matrix=matrix)
    )


def fit_pls(calibration, *, axes=64):
    """Both sides on the first k pairs of singular vectors of their cross-covariance (PLS-SVD).

    Fewer where its rank is lower.
    """
    moments = cross_moments(calibration)
    check_differing(moments)
    left, right = singular_axes(moments.cross_covariance)
    return both_sides(
        Stage(offset=moments.mean(FIRST), matrix=left[:, :axes]),
        Stage(offset=moments.mean(SECOND), matrix=right[:axes].T),
    )
