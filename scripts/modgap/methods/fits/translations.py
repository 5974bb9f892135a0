"""Methods that move rows by a vector or drop directions: all from moments.

Every ``fit_...`` takes a ``Calibration`` and gives a ``Transform``. With Δ = μx − μy, the
translation of both sides by −aΔ and +bΔ ranks pictures x for a text y by x·y + b·x·Δ: a prior of
the picture that rewards nearness to the pictures' own centre. Mean removal ranks by x·y − x·μy and
takes the nearness to the texts' centre away (gap-methods §7.1).
"""

import numpy as np

from modgap.methods.fits.calibration import FIRST, RANK_TOLERANCE, SECOND
from modgap.methods.fits.transforms import QUERY, Stage, Transform, both_sides
from modgap.statistics.geometry import direction


def fit_raw(calibration):
    """Nothing is changed."""
    return Transform({})


def fit_shift(calibration, *, share=1.0, sides="both", unit=True):
    """x − ½λΔ and y + ½λΔ (Liang et al. 2022, §4.2).

    share : λ, 1 brings the centres together before N. sides : "both" or "first" (x − λΔ alone).
    unit : whether N follows.
    """
    delta = share * calibration.moments.gap
    if sides == "first":
        return Transform({FIRST: (Stage(offset=delta, unit=unit),)})
    return both_sides(Stage(offset=delta / 2, unit=unit), Stage(offset=-delta / 2, unit=unit))


def fit_mean_removal(calibration, *, share=1.0, unit=True):
    """N(x − λμx), N(y − λμy): λ = 1 is I0T_post, λ < 1 distribution normalisation, without N."""
    moments = calibration.moments
    return both_sides(
        *(Stage(offset=share * moments.mean(side), unit=unit) for side in (FIRST, SECOND))
    )


def fit_role_means(calibration):
    """Three means: of texts as queries, texts as documents, pictures (GR-CLIP).

    A picture's first text is a query and its others are documents; with one text a picture both
    have the same mean, and the method is mean removal.
    """
    mean = calibration.moments.mean
    queries = documents = mean(SECOND)
    if calibration.owner is not None:
        is_first = np.zeros(len(calibration.owner), dtype=bool)
        is_first[np.unique(calibration.owner, return_index=True)[1]] = True
        if not is_first.all():
            queries = calibration.second[is_first].mean(axis=0)
            documents = calibration.second[~is_first].mean(axis=0)
    return Transform(
        {
            FIRST: (Stage(offset=mean(FIRST)),),
            SECOND: (Stage(offset=documents),),
            SECOND + QUERY: (Stage(offset=queries),),
        }
    )


def remove_directions(axes):
    """The matrix I − VᵀV that takes the span of unit rows V (k, dim) out of a row."""
    return np.eye(axes.shape[1]) - axes.T @ axes


def leading_axes(covariance, k):
    """The k principal axes of largest variance, unit rows (k, dim); fewer where the rank is lower.

    Axes without variance are not determined, and would depend on the order of the rows.
    """
    values, vectors = np.linalg.eigh(covariance)
    rank = np.count_nonzero(values > values[-1] * RANK_TOLERANCE)
    return vectors[:, ::-1][:, : min(k, rank)].T


def within_covariance(moments):
    """Mean of the covariances of the two modalities about their own centres."""
    return (moments.covariance(FIRST) + moments.covariance(SECOND)) / 2


def fit_projection(calibration):
    """x − (x·ĝ)ĝ on both sides, ĝ = Δ/‖Δ‖."""
    matrix = remove_directions(direction(calibration.moments.gap)[None])
    return both_sides(Stage(matrix=matrix), Stage(matrix=matrix))


def fit_orthogonal_shift(calibration, *, axes=16, share=1.0):
    """y + αg', g' = g − VᵀVg with V the first principal axes within the modalities.

    The texts alone move, along what of the gap lies outside of the directions that carry content
    (arXiv 2603.29080).
    """
    moments = calibration.moments
    found = leading_axes(within_covariance(moments), axes)
    outside = moments.gap - found.T @ (found @ moments.gap)
    return Transform({SECOND: (Stage(shift=share * outside),)})


def fit_components(calibration, *, axes=3):
    """Mean removal, then the first k principal axes within the modalities taken out.

    Mu & Viswanath 2018 for both modalities at once.
    """
    moments = calibration.moments
    matrix = remove_directions(leading_axes(within_covariance(moments), axes))
    return both_sides(
        *(Stage(offset=moments.mean(side), matrix=matrix) for side in (FIRST, SECOND))
    )


def fit_text_components(calibration, *, fraction=0.5):
    """Pictures projected on the first d/2 principal axes of the texts (PCA←, arXiv 2603.16100)."""
    moments = calibration.moments
    dim = len(moments.gap)
    axes = leading_axes(moments.covariance(SECOND), max(1, round(fraction * dim)))
    return Transform({FIRST: (Stage(matrix=axes.T @ axes),)})
