"""Tests and intervals for counts: hits before and after a change, with or without pairing."""

import numpy as np
from scipy.stats import binom, chi2, norm

from modgap.inference import LEVEL


def wilson(hits, n, level=LEVEL):
    """Wilson's score interval of hits out of n (numbers or arrays): (low, high)."""
    z = norm.ppf((1 + level) / 2)
    share = hits / n
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return np.maximum(middle - reach, 0.0), np.minimum(middle + reach, 1.0)


def chi_square(hits_before, hits_after, n_before, n_after=None):
    """Pearson's χ² of a 2×2 table and its p-value, without Yates' correction.

    The paper's test: it treats the two sets of predictions as independent samples, although they
    are about the same pictures. Where both are all hits or all misses, χ² is 0.
    """
    n_after = n_before if n_after is None else n_after
    total = n_before + n_after
    pooled = (hits_before + hits_after) / total
    variance = pooled * (1 - pooled) * (1 / n_before + 1 / n_after)
    difference = hits_after / n_after - hits_before / n_before
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.where(variance > 0, difference**2 / variance, 0.0)
    return statistic, chi2.sf(statistic, 1)


def discordant(before, after):
    """Pictures that the change loses and wins; boolean arrays (..., n) to two counts."""
    return (before & ~after).sum(axis=-1), (after & ~before).sum(axis=-1)


def mcnemar(lost, won):
    """Two-sided exact p-value of McNemar's test (McNemar 1947) from the discordant counts."""
    p = 2 * binom.cdf(np.minimum(lost, won), lost + won, 0.5)
    return np.minimum(p, 1.0)


def paired_difference(lost, won, n, level=LEVEL):
    """Interval of the difference of two paired proportions (Bonett & Price 2012): (low, high).

    The Wald interval after one more loss and one more win, which keeps its width where nothing
    changed and its coverage where all changes go one way.
    """
    z = norm.ppf((1 + level) / 2)
    middle = (won - lost) / (n + 2)
    reach = z * np.sqrt(lost + won + 2 - (won - lost) ** 2 / (n + 2)) / (n + 2)
    return middle - reach, middle + reach


def holm(p):
    """Holm's step-down adjustment (Holm 1979) of p-values (m,); nan is no test and stays nan."""
    p = np.asarray(p, dtype=float)
    adjusted = np.full(len(p), np.nan)
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    factors = len(order) - np.arange(len(order))
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1.0)
    return adjusted
