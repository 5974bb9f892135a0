"""What is left of the gap after a method, on held-out rows, and the contrastive loss at its own τ.

first, second  (n, dim) and (m, dim) transformed rows; owner (m,) picture of each text
"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar

from modgap.methods.fits.banks import score_moments
from modgap.methods.fits.transforms import log_of_sums, normalise_or_keep
from modgap.statistics.geometry import (
    gap_vector,
    mean_matched_cosine,
    mean_pairwise_cosine,
    relative_modality_gap,
)
from modgap.statistics.separability import separability

# Range that a temperature is looked for in; CLIP has 0.01.
TEMPERATURES = (1e-3, 10.0)


class GapLeft(NamedTuple):
    """Gap, its sampling floor, RMG, and the second-order gap, see below."""

    gap: float
    floor: float
    rmg: float
    mean_difference: float
    spread_ratio: float


def sampling_floor(first, second, n_calibration):
    """√((tr Σx + tr Σy)(1/n_cal + 1/n_test)): the gap that remains of means that are exact.

    Centres of n_cal rows are taken off, and what is left is measured on the rows given. As the two
    modalities have independent errors; pairs that share content have less.
    """
    spread = first.var(axis=0).sum() + second.var(axis=0).sum()
    return float(np.sqrt(spread * (1 / n_calibration + 1 / len(first))))


def measure_left(first, second, owner, n_calibration):
    """``GapLeft`` of transformed rows.

    gap : ‖Δ‖ of the rows as they are scored. rmg : of unit rows. Second-order gap, of a text
    that looks among pictures and texts: ``mean_difference`` of its scores with pictures and with
    other texts, and ``spread_ratio`` of their standard deviations; 0 and 1 where scores of both
    modalities are alike, which is what a mixed gallery needs.
    """
    first, second = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    with_pictures = score_moments(second, first, same=False)
    with_texts = score_moments(second, second, same=True)
    X, Y = normalise_or_keep(first), normalise_or_keep(second)
    rmg = relative_modality_gap(
        mean_matched_cosine(X, Y, owner)[0],
        mean_pairwise_cosine(X, np.arange(len(X)), len(X))[0],
        mean_pairwise_cosine(Y, owner, len(X))[0],
    )
    return GapLeft(
        float(np.linalg.norm(gap_vector(first, second))),
        sampling_floor(first, second, n_calibration),
        float(rmg),
        float(with_pictures[0] - with_texts[0]),
        float(with_pictures[1] / with_texts[1]),
    )


def contrastive_loss(scores, temperature):
    """Symmetric contrastive loss of square scores, row i belonging to column i; paper, §2.

    Rows are texts and columns pictures.
    """
    logits = np.asarray(scores, dtype=float) / temperature
    own = np.diag(logits)
    by_row, by_column = log_of_sums(logits, axis=1) - own, log_of_sums(logits, axis=0) - own
    return (by_row + by_column) / 2


def fit_temperature(scores):
    """The temperature of smallest mean loss of square scores: of validation, never of test."""
    low, high = np.log(TEMPERATURES)
    found = minimize_scalar(
        lambda log: contrastive_loss(scores, np.exp(log)).mean(),
        bounds=(low, high),
        method="bounded",
        options={"xatol": 1e-3},
    )
    return float(np.exp(found.x))


def separability_left(first, second, owner, seed):
    """Held-out accuracy of telling the modalities apart after a method, ½ where nobody can."""
    return separability(first, second, owner, seed=seed)["accuracy"][0]
