"""Methods that change scores and leave embeddings alone: reference banks and standardised scores.

Every ``fit_...`` takes a ``Calibration`` and gives a ``Transform`` with a ``Scoring``. The bank
stands for the queries that will come, so it is of their modality: calibration texts where texts
look for pictures.
"""

import numpy as np

from modgap.methods.fits.calibration import FIRST, SECOND, SIDES
from modgap.methods.fits.transforms import Scoring, Transform, apply_transform
from modgap.methods.fits.translations import fit_mean_removal


def banks_of(calibration, *, swapped=False):
    """The rows that stand for queries of each side; ``swapped``: of the wrong modality."""
    sides = SIDES[::-1] if swapped else SIDES
    return {side: calibration.rows(other) for side, other in zip(SIDES, sides, strict=True)}


def fit_nnn(calibration, *, k=8, alpha=0.75):
    """s − α·mean of the item's k highest similarities to the bank (NNN)."""
    return Transform({}, Scoring("bank_mean", bank=banks_of(calibration), k=k, alpha=alpha))


def fit_whole_bank(calibration, *, alpha=1.0):
    """NNN with the whole bank: s − α·x·μ of the queries' modality, from moments.

    With α = 1 the order of mean removal without N.
    """
    means = {side: calibration.moments.mean(side)[None] for side in SIDES}
    return Transform({}, Scoring("bank_mean", bank=means, k=0, alpha=alpha))


def fit_csls(calibration, *, k=10):
    """2s − r(q) − r(x), r the mean similarity to the k nearest of the other's bank.

    Conneau et al. 2018. r(q) is the same for all items of a query and orders nothing;
    it is left out, and the rest is halved: s − ½·r(x).
    """
    return Transform({}, Scoring("bank_mean", bank=banks_of(calibration), k=k, alpha=0.5))


def fit_qb_norm(calibration, *, beta=20.0, dynamic=True):
    """e^{βs}/Σ_bank e^{βp} (QB-Norm, Bogolin et al. 2022), as its logarithm over β.

    dynamic : only for queries whose first item is in the bank's activation set.
    """
    return Transform(
        {}, Scoring("bank_exp", bank=banks_of(calibration), beta=beta, dynamic=dynamic)
    )


def fit_dual_softmax(calibration, *, beta=100.0):
    """s · softmax over the test queries (Cheng et al. 2021): the test batch itself is used."""
    return Transform({}, Scoring("batch", beta=beta))


def fit_score_standardising(calibration):
    """(s − m)/σ for each pair of modalities, m and σ of all scores between them, from moments."""
    return Transform({}, standardised_scores(calibration.first, calibration.second))


def fit_mean_and_scores(calibration):
    """Mean removal, then scores standardised for each pair of modalities."""
    moved = fit_mean_removal(calibration)
    rows = [apply_transform(moved, calibration.rows(side), side) for side in (FIRST, SECOND)]
    return Transform(moved.stages, standardised_scores(*rows))


def standardised_scores(first, second):
    """``Scoring`` from the rows of both sides."""
    location, scale = np.empty((2, 2)), np.empty((2, 2))
    for i, queries in enumerate((first, second)):
        for j, items in enumerate((first, second)):
            location[i, j], scale[i, j] = score_moments(queries, items, same=i == j)
    return Scoring("standardise", location=location, scale=scale)


def score_moments(queries, items, *, same):
    """Mean and standard deviation of all scores q·x, without forming them.

    mean μqᵀμx, mean square tr(MqMx), M = E[zzᵀ]. ``same``: the two are the same rows, and a row
    with itself is no pair.
    """
    n, m = len(queries), len(items)
    total = queries.sum(axis=0) @ items.sum(axis=0)
    squares = np.vdot(queries.T @ queries, items.T @ items)
    count = n * m
    if same:
        own = np.einsum("ij,ij->i", queries, items)
        total, squares, count = total - own.sum(), squares - own @ own, count - n
    mean = total / count
    return mean, np.sqrt(max(squares / count - mean**2, 1e-30))
