"""Is a change in a task more than chance: intervals, one test for all, and no harm.

Two variances, for two intervals about the estimate. Test: a delete-a-group jackknife in which a
picture leaves as query and as item of the gallery together, less what single pairs of query and
item add, which it counts twice. Calibration: the method fitted again
on 20 random two thirds of the calibration pictures, at fixed test pictures. Resampling with
repetition would shrink the calibration set and tie its copies; leaving out a twentieth at a time
would take what any other fit does to single queries, tiny as its cause may be, 19 times
(benchmarks/gap_methods_coverage.py).

    changes   (k,) change of each of k cells (method × task), values of a method minus raw
    outcomes  of each cell the changes of single queries (q,) with the group of each
"""

import numpy as np
from scipy.special import ndtri, stdtrit

from modgap.statistics.inference import LEVEL
from modgap.tasks.bands import draw_errors, standard_errors, sum_by_owner

POWER = 0.8
# Half a point: changes within it are no harm.
MARGIN = 0.005
BETTER, WORSE, NO_HARM, UNDECIDED = "better", "worse", "no change", "undecided"


def delete_group_variance(left_out):
    """Variance of an estimate from its values (k, …) without each of k equal parts (Wu 1986).

    (k − 1)/k · Σ (value − mean)².
    """
    left_out = np.asarray(left_out, dtype=float)
    k = len(left_out)
    return (k - 1) / k * ((left_out - left_out.mean(axis=0)) ** 2).sum(axis=0)


def pair_variance(ours, theirs, n):
    """Variance of a difference of two means over n queries that comes from single pairs (q, item).

    That one item keeps the answer of one query from its place is chance of the two: leaving the
    query out shows it, and so does leaving the item out. As with standard errors clustered two ways
    (Cameron, Gelbach & Miller 2011), it is taken off once.

    ours, theirs : (items (q, 10), effects (q, 10)) of ``search.removal_effects``.
    """
    same = ours[0][:, :, None] == theirs[0][:, None, :]
    both = np.einsum("qi,qj,qij->", ours[1], theirs[1], same, optimize=True)
    alone = sum(np.square(effects, dtype=float).sum() for _, effects in (ours, theirs))
    return max(alone - 2 * float(both), 0.0) / n**2


def refit_variance(values, left_out):
    """Variance of an estimate from its values (k, …) on random parts of the rows.

    Delete-d jackknife (Shao & Wu 1989, Annals of Statistics 17): (1 − f)/f times the variance of
    the values, f = ``left_out`` the share of the rows that each is without. Of a jump, which does
    not get smaller with fewer rows left out, (1 − f)/f is how often it is counted.
    """
    return (1 - left_out) / left_out * np.var(np.asarray(values, dtype=float), axis=0, ddof=1)


def interval_around(value, variances, freedoms):
    """t interval of a value whose error is a sum of independent ones: (low, high, se).

    Degrees of freedom of the sum are Satterthwaite's (1946).
    """
    variances, freedoms = np.asarray(variances, dtype=float), np.asarray(freedoms, dtype=float)
    total = variances.sum()
    if total == 0:
        return value, value, 0.0
    freedom = total**2 / (variances**2 / freedoms).sum()
    error = np.sqrt(total)
    reach = stdtrit(freedom, (1 + LEVEL) / 2) * error
    return value - reach, value + reach, error


def change_parts(cells):
    """Parts of all cells for ``bands.draw_errors``: one array (groups, k) for each set of groups.

    Parameters
    ----------
    cells : list of (changes of queries (q,), groups (q,), name of the set of pictures). A change
        of nan (a query without anything relevant) counts for nothing.
    """
    by_set = {}
    for i, (changes, groups, name) in enumerate(cells):
        known = ~np.isnan(changes)
        errors = np.where(known, changes - changes[known].mean(), 0.0) / np.count_nonzero(known)
        by_set.setdefault(name, []).append((i, errors, groups))
    parts = []
    for members in by_set.values():
        names = np.unique(np.concatenate([groups for _, _, groups in members]))
        part = np.zeros((len(names), len(cells)))
        for i, errors, groups in members:
            part[:, i] = np.bincount(
                np.searchsorted(names, groups), weights=errors, minlength=len(names)
            )
        parts.append(sum_by_owner(part, np.arange(len(names))))
    return parts


def compare_family(changes, cells, *, n_draws, seed):
    """p-values of all cells together, and the change that |T| must reach: (p (k,), critical).

    Single-step max |T| over sign flips of the groups, the same signs for all cells: the chance of
    any false finding among all is at most 5 %. A cell whose queries do not change has p = 1.
    """
    parts = change_parts(cells)
    errors = standard_errors(parts)
    live = errors > 0
    drawn = np.abs(draw_errors(parts, n_draws, seed)).max(axis=1)
    observed = np.divide(np.abs(changes), errors, out=np.zeros(len(errors)), where=live)
    reached = (drawn[:, None] >= observed - 1e-9).sum(axis=0)
    p = np.where(live, (1 + reached) / (1 + n_draws), 1.0)
    return p, float(np.quantile(drawn, LEVEL))


def smallest_detectable(error, critical):
    """The change that is found among all cells with a probability of 80 %."""
    return (critical + ndtri(POWER)) * error


def name_change(change, low, high, p, *, margin=MARGIN):
    """What a cell says: better or worse (p < 0.05), no change (interval within ± margin), or
    undecided.
    """
    if p < round(1 - LEVEL, 12):
        return BETTER if change > 0 else WORSE
    return NO_HARM if -margin <= low and high <= margin else UNDECIDED
