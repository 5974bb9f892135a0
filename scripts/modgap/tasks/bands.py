"""One interval for the gain at whichever shift is chosen: a band over all shifts at once.

A gain is the accuracy (or AUC) at a shift minus that without a shift, on the same pictures. The
band holds the true gains of all shifts of the grid together in 95 % of samples, so it holds that
of the shift chosen on these very pictures too. Its width comes from max |T|, the largest of the
gains over their standard errors, under random signs of the pictures (multiplier bootstrap of
Chernozhukov, Chetverikov & Kato 2013, Annals of Statistics 41, with Rademacher signs; single-step
max T of Westfall & Young 1993 for the p-value).

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


def gain_parts(outcomes, zero, positive=None, owner=None):
    """Gains of all shifts over the shift at position ``zero``, and their parts: (k,), parts.

    Accuracy: hits after minus hits before, a mean over pictures. AUC: the change of DeLong's
    placements (DeLong, DeLong & Clarke-Pearson 1988), a mean over positives, which equals that
    over negatives; the variance is that of two independent means.
    """
    if positive is None:
        change = outcomes.T.astype(np.float32) - outcomes[zero].astype(np.float32)[:, None]
        gains = change.mean(axis=0, dtype=float)
        groups = [np.ones(len(change), dtype=bool)]
    else:
        placed = np.transpose([placements(row, positive) for row in outcomes])
        change = placed - placed[:, [zero]]
        gains = change[positive].mean(axis=0)
        groups = [positive, ~positive]
    owner = np.arange(len(change)) if owner is None else owner
    errors = [(change[rows] - gains) / np.count_nonzero(rows) for rows in groups]
    owners = [owner[rows] for rows in groups]
    if len(groups) == 2 and np.intersect1d(*owners).size:
        # A picture with crops of both classes ties the two means together.
        errors, owners = [np.concatenate(errors)], [np.concatenate(owners)]
    return gains, [sum_by_owner(*pair) for pair in zip(errors, owners, strict=True)]


def sum_by_owner(errors, owner):
    """Errors (n, k) added up over the rows of each of g pictures, with Bessel's factor: (g, k)."""
    names, place = np.unique(owner, return_inverse=True)
    if len(names) < len(owner):
        summed = np.zeros((len(names), errors.shape[1]))
        np.add.at(summed, place, errors)
        errors = summed
    return errors * np.sqrt(len(errors) / max(len(errors) - 1, 1))


def standard_errors(parts):
    """Standard error of each gain, (k,)."""
    return np.sqrt(sum(np.square(part, dtype=float).sum(axis=0) for part in parts))


def draw_maxima(parts, n_draws, seed):
    """Largest |T| over the shifts in each of ``n_draws`` draws of one sign per picture: (n_draws,).

    T is studentised anew in every draw. Shifts that change nothing have no T; where none changes
    anything all maxima are 0. Costs one (n_draws, n)·(n, k) product in single precision.
    """
    rng = np.random.default_rng(seed)
    errors = standard_errors(parts)
    live = errors > 0
    if not live.any():
        return np.zeros(n_draws)
    # In units of the standard error, for single precision.
    parts = [(part[:, live] / errors[live]).astype(np.float32) for part in parts]
    size = max(1, BLOCK_SIGNS // max(map(len, parts)))
    maxima = []
    for start in range(0, n_draws, size):
        total, variance = 0.0, 1.0
        for part in parts:
            sums = draw_signs(rng, min(size, n_draws - start), len(part)) @ part
            total = total + sums * np.sqrt(1 - 1 / len(part))
            variance = variance - sums**2 / len(part)
        # All pictures to one side leave no variance, but for rounding.
        maxima.append((np.abs(total) / np.sqrt(np.maximum(variance, 1e-6))).max(axis=1))
    return np.concatenate(maxima).astype(float)


def draw_signs(rng, n_draws, n):
    """Independent signs, −1 or 1, (n_draws, n) float32."""
    drawn = rng.integers(256, size=(n_draws, -(-n // 8)), dtype=np.uint8)
    signs = np.unpackbits(drawn, axis=1, count=n).astype(np.float32)
    signs *= 2
    signs -= 1
    return signs


def band_at(gain, error, maxima, level=LEVEL):
    """Ends of the band at one shift and the p-value of no gain at any shift: (low, high, p).

    p = (1 + number of maxima at or above |gain| / error) / (1 + number of draws), and the band
    reaches as far as the smallest |gain| whose p is not below 1 − level: the band leaves out 0 if
    and only if p < 1 − level, ties and rounding included.

    Parameters
    ----------
    gain, error : of the shift. maxima : (n_draws,) from ``draw_maxima``.
    """
    reaches = error * np.sort(maxima)[::-1]
    p_values = (1 + np.arange(len(maxima) + 1)) / (len(maxima) + 1)
    # How many counts of maxima still make a p below 1 − level; rounded, as 1 − 0.95 is not 0.05.
    allowed = np.count_nonzero(p_values < round(1 - level, 12))
    reach = reaches[allowed - 1] if allowed else np.inf
    return gain - reach, gain + reach, float(p_values[np.count_nonzero(reaches >= abs(gain))])
