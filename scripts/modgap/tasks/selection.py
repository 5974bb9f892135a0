"""Choosing the best shift, as published and honestly.

Arrays used throughout:

    deltas    (k,) shifts, one of them 0
    outcomes  (k, n) hits (bool) for accuracy, scores of the second class for the AUC
    positive  (n,) bool, whether a picture is of the second class (AUC only, else None)
    owner     (n,) int, which picture a row belongs to, None where each is one of its own
    sweep     function from rows to outcomes: the direction found on these rows, all n pictures
              moved along it; a direction from elsewhere ignores the rows
"""

from typing import NamedTuple

import numpy as np

from modgap.statistics.inference import chi_square
from modgap.tasks.bands import draw_errors, gain_parts, interval_at, standard_errors
from modgap.tasks.zero_shot import auc


class Comparison(NamedTuple):
    """Value without and with a shift, the gain with its interval, and the p-value of no gain."""

    delta: float
    before: float
    after: float
    gain: float
    low: float
    high: float
    p: float


def measure_outcomes(outcomes, positive):
    """Accuracy or, with ``positive``, AUC of each row of outcomes: (k,)."""
    return outcomes.mean(axis=1) if positive is None else auc(outcomes, positive)


def take_rows(positive, rows):
    """``positive`` of some rows; None stays None."""
    return None if positive is None else positive[rows]


def best_index(values, deltas):
    """Position of the highest value; among equals the smallest |shift|, then the lower one."""
    best = np.flatnonzero(values == values.max())
    return best[np.argmin(np.abs(deltas[best]))]


def zero_index(deltas):
    """Position of the shift 0."""
    return int(np.flatnonzero(deltas == 0)[0])


def gain_at_best(values, deltas):
    """Highest value over all shifts minus that without one."""
    return values[best_index(values, deltas)] - values[zero_index(deltas)]


def select_published(outcomes, deltas, positive=None):
    """The paper's procedure: best shift on the evaluation labels, χ² as if unpaired.

    No interval; for the AUC no p-value either (the paper has none).
    """
    values = measure_outcomes(outcomes, positive)
    zero, best = zero_index(deltas), best_index(values, deltas)
    p = np.nan
    if positive is None:
        p = float(chi_square(*outcomes[[zero, best]].sum(axis=1), outcomes.shape[1])[1])
    gain = values[best] - values[zero]
    return Comparison(deltas[best], values[zero], values[best], gain, np.nan, np.nan, p)


def select_corrected(outcomes, deltas, *, n_draws, seed, positive=None, owner=None):
    """The best shift with an interval and a p-value that allow for the choice among all shifts.

    What is estimated: the true gain of the shift that was chosen, along the direction that was
    found, over all pictures like these. Interval: see ``modgap.tasks.bands``; it holds that gain
    in at least 95 % of samples. p: of max T, for "no shift of the grid gains". p < 0.05 where the
    interval lies above 0 and only there. The gain is the best of many and so too large on average;
    that of ``cross_fitted_gain`` is not. Where no shift is best the gain is 0 and p is 1.

    ``choose_corrected`` says which is best. Level, coverage and power: in benchmarks/README.md.

    The direction is the same in every draw: it is made of pictures and texts without the labels.
    One that the labels had a part in would have to be found again in each draw.
    """
    zero, best = zero_index(deltas), choose_corrected(outcomes, deltas, positive, owner)
    values = measure_outcomes(outcomes[[zero, best]], positive)
    if best == zero:
        return Comparison(0.0, *values, 0.0, 0.0, 0.0, 1.0)
    gains, parts = gain_parts(outcomes, zero, positive, owner)
    drawn = draw_errors(parts, n_draws, seed)
    interval = interval_at(best, gains[best], standard_errors(parts)[best], drawn)
    return Comparison(deltas[best], *values, gains[best], *interval)


def choose_corrected(outcomes, deltas, positive=None, owner=None):
    """Position of the best shift: of the highest accuracy, or of the AUC's clearest gain.

    The error of an AUC grows with the shift, so that the highest is often a far and uncertain one:
    the clearest is the largest T, gain over standard error.
    """
    if positive is None:
        return best_index(measure_outcomes(outcomes, None), deltas)
    gains, parts = gain_parts(outcomes, zero_index(deltas), positive, owner)
    errors = standard_errors(parts)
    return best_index(np.divide(gains, errors, out=np.zeros_like(gains), where=errors > 0), deltas)


def cross_fitted_gain(sweep, deltas, n, n_folds, seed, positive=None, owner=None):
    """Mean gain over folds of the n rows, each with direction and shift of all the others.

    All rows of a picture are in one fold.

    A point estimate only, without the optimism of the best of many. The folds share most of what
    chose their shifts, so a test over all folds rejects a true null too often.
    """
    owner = np.arange(n) if owner is None else owner
    pictures = np.random.default_rng(seed).permutation(np.unique(owner))
    inside = [np.isin(owner, part) for part in np.array_split(pictures, n_folds)]
    gains = []
    for mask in inside:
        fold, others = np.flatnonzero(mask), np.flatnonzero(~mask)
        outcomes = sweep(others)
        best = choose_corrected(
            outcomes[:, others], deltas, take_rows(positive, others), owner[others]
        )
        pair = outcomes[[zero_index(deltas), best]]
        before, after = measure_outcomes(pair[:, fold], take_rows(positive, fold))
        gains.append(after - before)
    return np.average(gains, weights=[mask.sum() for mask in inside])
