"""One interval for the gain at the best of many shifts.

A gain is the accuracy (or AUC) at a shift minus that without a shift, on the same pictures. T is a
gain's error over its standard error. How large it gets is drawn with random signs of the pictures,
the same for all shifts (multiplier bootstrap of Chernozhukov, Chetverikov & Kato 2013, Annals of
Statistics 41, with Rademacher signs). The interval of the best shift reaches to both sides as far
as the larger of two quantiles:

    max T  over all shifts. The gains of all shifts lie together above their lower ends in 95 % of
           samples, so that of the shift chosen on these very pictures does (single-step max T of
           Westfall & Young 1993, for the p-value). One-sided: what is highest was chosen because
           it came out too high and not too low. |T| would pay for losses that cannot be chosen.
    |T|    at the best shift alone, for where one shift is far ahead and nothing is chosen.

Between the two the coverage of the highest of several means is higher than at either (Fuentes,
Casella & Wells 2018, Electronic Journal of Statistics 12; benchmarks/corrected_intervals.py).

    deltas    (k,) shifts, one of them 0
    outcomes  (k, n) hits (bool) for accuracy, scores of the second class for the AUC
    positive  (n,) bool, whether a picture is of the second class (AUC only, else None)
    owner     (n,) int, which picture a row belongs to: several crops or captions of one picture
              change their sign together; None where every row is a picture of its own
    parts     list of (g, k), what each of g pictures adds to the error of each gain; one array
              for each group of pictures with a mean of its own. The squares of all add up to the
              variance of the gain, the rows of each array to 0
"""

import numpy as np

from modgap.statistics.inference import LEVEL
from modgap.tasks.zero_shot import placements

# Signs of a block of draws: small enough for memory with tens of thousands of pictures.
BLOCK_SIGNS = 1 << 23

# Pictures whose errors are scaled at a time.
BLOCK_PICTURES = 8192


def gain_parts(outcomes, zero, positive=None, owner=None):
    """Gains of all shifts over the shift at position ``zero``, and their parts: (k,), parts.

    Accuracy: hits after minus hits before, a mean over pictures. AUC: the change of DeLong's
    placements (DeLong, DeLong & Clarke-Pearson 1988), a mean over positives, which equals that
    over negatives; the variance is that of two independent means.
    """
    if positive is None:
        change = outcomes.T.astype(np.int8) - outcomes[zero].astype(np.int8)[:, None]
        gains = change.mean(axis=0, dtype=float)
        groups = [np.ones(len(change), dtype=bool)]
    else:
        placed = np.transpose([placements(row, positive) for row in outcomes])
        change = placed - placed[:, [zero]]
        gains = change[positive].mean(axis=0)
        groups = [positive, ~positive]
    owner = np.arange(len(change)) if owner is None else owner
    errors = [change[rows] - gains for rows in groups]
    for part, rows in zip(errors, groups, strict=True):
        part /= np.count_nonzero(rows)
    owners = [owner[rows] for rows in groups]
    if len(groups) == 2 and np.intersect1d(*owners).size:
        # A picture with crops of both classes ties the two means together.
        errors, owners = [np.concatenate(errors)], [np.concatenate(owners)]
    return gains, [sum_by_owner(*pair) for pair in zip(errors, owners, strict=True)]


def sum_by_owner(errors, owner):
    """Errors (n, k) added up over the rows of each of g pictures, with Bessel's factor: (g, k).

    Where every row is a picture of its own the errors are changed in place.
    """
    names, place = np.unique(owner, return_inverse=True)
    if len(names) < len(owner):
        summed = np.zeros((len(names), errors.shape[1]))
        np.add.at(summed, place, errors)
        errors = summed
    errors *= np.sqrt(len(errors) / max(len(errors) - 1, 1))
    return errors


def standard_errors(parts):
    """Standard error of each gain, (k,)."""
    return np.sqrt(sum(np.einsum("ij,ij->j", part, part, dtype=float) for part in parts))


def draw_errors(parts, n_draws, seed):
    """T of every shift in each of ``n_draws`` draws of one sign per picture: (n_draws, k).

    Studentised anew in every draw. A shift that changes nothing has T = 0. Costs one
    (n_draws, n)·(n, k) product in single precision.
    """
    rng = np.random.default_rng(seed)
    errors = standard_errors(parts)
    live = errors > 0
    drawn = np.zeros((n_draws, len(errors)))
    # In units of the standard error, for single precision.
    parts = [scale_part(part, live, errors) for part in parts]
    size = max(1, BLOCK_SIGNS // max(map(len, parts)))
    for start in range(0, n_draws, size):
        total, variance = 0.0, 1.0
        for part in parts:
            sums = draw_signs(rng, min(size, n_draws - start), len(part)) @ part
            total = total + sums * np.sqrt(1 - 1 / len(part))
            variance = variance - sums**2 / len(part)
        # All pictures to one side leave no variance, but for rounding.
        drawn[start : start + size, live] = total / np.sqrt(np.maximum(variance, 1e-6))
    return drawn


def scale_part(part, live, errors):
    """Columns ``live`` of a part (g, k) in units of their standard errors (k,), float32."""
    scaled = np.empty((len(part), np.count_nonzero(live)), dtype=np.float32)
    for start in range(0, len(part), BLOCK_PICTURES):
        rows = slice(start, start + BLOCK_PICTURES)
        scaled[rows] = part[rows, live] / errors[live]
    return scaled


def draw_signs(rng, n_draws, n):
    """Independent signs, −1 or 1, (n_draws, n) float32."""
    drawn = rng.integers(256, size=(n_draws, -(-n // 8)), dtype=np.uint8)
    signs = np.unpackbits(drawn, axis=1, count=n).astype(np.float32)
    signs *= 2
    signs -= 1
    return signs


def interval_at(best, gain, error, drawn, level=LEVEL):
    """Interval of the gain at the best shift and the p-value of no gain: (low, high, p).

    p = (1 + number of draws that reach the gain) / (1 + number of draws), of max T or of |T| at
    the best shift, whichever is larger. The interval reaches as far as the largest gain whose p is
    not below 1 − level: it lies above 0 if and only if p < 1 − level, ties and rounding included.

    Parameters
    ----------
    best : position of the shift. gain, error : of this shift. drawn : from ``draw_errors``.
    """
    n_draws = len(drawn)
    # One of the shifts is 0, so that max T is never negative.
    reaches = [error * drawn.max(axis=1), error * np.abs(drawn[:, best])]
    p_values = (1 + np.arange(n_draws + 1)) / (n_draws + 1)
    # How many draws may reach a gain of p below 1 − level; rounded, as 1 − 0.95 is not 0.05.
    allowed = np.count_nonzero(p_values < round(1 - level, 12))
    reach = max(np.sort(r)[n_draws - allowed] for r in reaches) if allowed else np.inf
    count = max(np.count_nonzero(r >= gain) for r in reaches)
    return gain - reach, gain + reach, float(p_values[count])
