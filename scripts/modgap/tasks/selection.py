"""Choosing the best shift, as published and honestly.

Arrays used throughout:

    deltas    (k,) shifts, one of them 0
    outcomes  (k, n) hits (bool) for accuracy, scores of the second class for the AUC
    positive  (n,) bool, whether a picture is of the second class (AUC only, else None)
    sweep     function from rows to outcomes: the direction found on these rows, all n pictures
              moved along it; a direction from elsewhere ignores the rows
"""

from typing import NamedTuple

import numpy as np
from scipy.stats import t

from modgap.statistics.inference import (
    LEVEL,
    chi_square,
    count_discordant,
    mcnemar,
    paired_difference_interval,
)
from modgap.tasks.zero_shot import auc, placements


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


def random_halves(n, seed):
    """Two arrays of row numbers that split n pictures at random."""
    order = np.random.default_rng(seed).permutation(n)
    return np.sort(order[: n // 2]), np.sort(order[n // 2 :])


def select_held_out(sweep, deltas, chosen_on, judged_on, positive=None, level=LEVEL):
    """Direction and shift from the pictures ``chosen_on``, gain and test on ``judged_on``.

    Accuracy: exact McNemar test and Bonett and Price's interval. AUC: DeLong's test and interval
    for paired ROC curves (DeLong, DeLong & Clarke-Pearson 1988). Where no shift is best there is
    nothing to test: the gain is 0 and p is 1.
    """
    outcomes = sweep(chosen_on)
    values = measure_outcomes(outcomes[:, chosen_on], take_rows(positive, chosen_on))
    best = best_index(values, deltas)
    pair = outcomes[[zero_index(deltas), best]][:, judged_on]
    before, after = measure_outcomes(pair, take_rows(positive, judged_on))
    if deltas[best] == 0:
        return Comparison(0.0, before, after, 0.0, 0.0, 0.0, 1.0)
    if positive is None:
        lost, won = count_discordant(*pair)
        interval, p = (
            paired_difference_interval(lost, won, pair.shape[1], level),
            float(mcnemar(lost, won)),
        )
    else:
        interval, p = delong(*pair, positive[judged_on], level)
    return Comparison(deltas[best], before, after, after - before, *interval, p)


def delong(before, after, positive, level=LEVEL):
    """Interval and two-sided p-value of the difference of two AUCs on the same pictures.

    DeLong's variance is that of two independent means, over positives and over negatives; the
    quantiles are Student's with Welch's degrees of freedom.
    """
    change = placements(after, positive) - placements(before, positive)
    parts = [change[positive], change[~positive]]
    gain = parts[0].mean()
    variances = np.array([part.var(ddof=1) / len(part) for part in parts])
    error = np.sqrt(variances.sum())
    if error == 0:
        return (gain, gain), 1.0
    freedom = error**4 / sum(v**2 / (len(p) - 1) for v, p in zip(variances, parts, strict=True))
    reach = t.ppf((1 + level) / 2, freedom) * error
    return (gain - reach, gain + reach), float(2 * t.sf(abs(gain) / error, freedom))


def select_corrected(sweep, deltas, halves, positive=None):
    """Each random half chooses for the other: (first, second, combined), all ``Comparison``.

    Combined: p = min(1, 2·min(p)), valid however the halves depend on each other, and the mean
    gain, with the mean of both ends of the halves' 97.5 % intervals. Both intervals cover together
    in at least 95 % of samples, and then their mean covers the mean. The shift combined is the
    mean of the two.
    """
    level = 1 - (1 - LEVEL) / 2
    both_ways = (halves, tuple(halves)[::-1])
    parts = [select_held_out(sweep, deltas, *pair, positive, level) for pair in both_ways]
    means = np.mean(parts, axis=0)
    p = min(1.0, 2 * min(part.p for part in parts))
    return (*parts, Comparison(*means[:-1], p))


def cross_fitted_gain(sweep, deltas, n, n_folds, seed, positive=None):
    """Mean gain over folds of the n pictures, each with direction and shift of all the others.

    A point estimate only. The folds share most of what chose their shifts, so a test over all
    folds rejects a true null too often.
    """
    folds = np.array_split(np.random.default_rng(seed).permutation(n), n_folds)
    gains = []
    for fold in folds:
        others = np.setdiff1d(np.arange(n), fold)
        gains.append(select_held_out(sweep, deltas, others, np.sort(fold), positive).gain)
    return np.average(gains, weights=[len(fold) for fold in folds])
