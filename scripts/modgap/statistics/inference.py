"""Confidence intervals at 95 %, and tests of paired counts.

Functions called ``..._interval`` return ``(low, high)``. Where they take an influence or values
left out, the unit that is drawn at random is the picture; its texts come with it.
"""

import numpy as np

# What scipy.stats wraps, without the second that importing it takes.
from scipy.special import bdtr, betaincinv, chdtrc, ndtri, stdtrit

LEVEL = 0.95


def mean_interval(values):
    """Student's t interval of the mean of independent ``values`` (k,), k ≥ 2."""
    values = np.asarray(values, dtype=float)
    error = values.std(ddof=1) / np.sqrt(len(values))
    reach = stdtrit(len(values) - 1, (1 + LEVEL) / 2) * error
    return values.mean() - reach, values.mean() + reach


def jackknife_interval(value, left_out):
    """t interval around the bias-corrected value from leave-one-picture-out values.

    left_out : (n,) values of the statistic without one picture. The correction is zero for means
    over pairs, which are unbiased.
    """
    n = len(left_out)
    deviations = left_out - left_out.mean()
    error = np.sqrt((n - 1) / n * (deviations @ deviations))
    corrected = n * value - (n - 1) * left_out.mean()
    reach = stdtrit(n - 1, (1 + LEVEL) / 2) * error
    return corrected - reach, corrected + reach


def two_sample_interval(value, *left_out):
    """The jackknife's t interval of a statistic of samples drawn independently of each other.

    left_out : of each sample the (n,) values without one of its rows. Variances and corrections of
    the bias add; the degrees of freedom are those of the smallest sample.
    """
    variance, corrected = 0.0, value
    for values in left_out:
        n, deviations = len(values), values - values.mean()
        variance += (n - 1) / n * (deviations @ deviations)
        corrected += (n - 1) * (value - values.mean())
    reach = stdtrit(min(map(len, left_out)) - 1, (1 + LEVEL) / 2) * np.sqrt(variance)
    return corrected - reach, corrected + reach


def influence_interval(value, influence):
    """t interval from each picture's influence (n,) on the value; the infinitesimal jackknife."""
    n = len(influence)
    error = np.sqrt(influence @ influence / (n * (n - 1)))
    reach = stdtrit(n - 1, (1 + LEVEL) / 2) * error
    return value - reach, value + reach


def hold_estimate(value, interval):
    """The interval with an end that rounding put short of ``value`` moved onto it.

    None where the interval leaves the value out by more: about a biased statistic's true value it
    may, and then the two must not stand beside each other.
    """
    low, high = interval
    rounding = 1e-9 * max(abs(value), high - low)
    if low - rounding <= value <= high + rounding:
        return min(low, value), max(high, value)
    return None


def proportion_interval(value, influence, n_trials):
    """Wilson interval with the number of trials that gives the clustered variance.

    value : a mean of numbers in [0, 1] (hits, or an AUC); influence : (n,) influence of each
    picture on it; n_trials : the number of numbers averaged, the most that it can count for.
    Stays inside [0, 1] and keeps its width at 0 and 1, where resampling has none.
    """
    n = len(influence)
    variance = influence @ influence / (n * (n - 1))
    spread = value * (1 - value)
    trials = min(spread / variance, n_trials) if variance > 0 and spread > 0 else n
    return wilson_interval(value, trials)


def wilson_interval(share, n, level=LEVEL):
    """Wilson's score interval (Wilson 1927) of a share of n trials; numbers or arrays.

    n need not be whole: ``proportion_interval`` counts dependent trials as fewer.
    """
    z = ndtri((1 + level) / 2)
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    # At 0 and 1 rounding would leave the share itself out.
    low, high = np.minimum(middle - reach, share), np.maximum(middle + reach, share)
    return np.maximum(low, 0.0), np.minimum(high, 1.0)


def clopper_pearson_interval(hits, n):
    """Exact interval of a probability (Clopper & Pearson 1934) from one count of hits out of n."""
    low = betaincinv(hits, n - hits + 1, (1 - LEVEL) / 2) if hits else 0.0
    high = betaincinv(hits + 1, n - hits, (1 + LEVEL) / 2) if hits < n else 1.0
    return float(low), float(high)


def mean_influence(values, owner, n_pictures):
    """Influence of each picture (n,) on the mean of ``values`` (m,), of which it owns some."""
    deviations = values - values.mean()
    total = np.bincount(owner, weights=deviations, minlength=n_pictures)
    return total * (n_pictures / len(values))


def median_interval(values, owner, n_pictures):
    """Interval of a median (Woodruff): the Wilson interval of the share below, read as quantiles.

    values : (m,), one per query; owner : (m,) picture of the query.
    """
    below = (values < np.median(values)) + 0.5 * (values == np.median(values))
    influence = mean_influence(below, owner, n_pictures)
    low, high = proportion_interval(0.5, influence, len(values))
    ordered = np.sort(values)
    last = len(values) - 1
    return ordered[int(np.floor(low * last))], ordered[int(np.ceil(high * last))]


def norm_interval(vector, influence, *, n_resamples, seed):
    """Interval of ‖E vector‖, valid also where it is zero.

    vector : (dim,) a mean over n pictures; influence : (n, dim) of each picture, columns sum to
    zero. The length of a mean is biased upwards and bounded below by zero, so percentiles of
    resampled lengths miss a closed gap every time. Instead a length θ is kept when

        (Q − θ²) / se,    Q the unbiased square of the observed vector v,

    lies inside the central 95 % of what a true vector θu would give, u = v/‖v‖, with errors e
    drawn by resampling pictures: (2θ·u·e + ‖e‖² − its expectation) / se*. Here se² is
    4·vᵀSv/n + 2·tr(S²)/n² with S the covariance of the influences, and se* the same for θu + e in
    the resample: a sample in which v came out short also makes se small, and without the division
    such samples miss on the upper side.

    A Q below zero counts as zero for the upper end, which is therefore never below what the sample
    can tell from zero.
    """
    n = len(influence)
    squares = np.einsum("ij,ij->i", influence, influence)
    observed = vector @ vector - squares.sum() / (n * (n - 1))
    length = np.linalg.norm(vector)
    along = influence @ (vector / length if length > 0 else vector)
    draws = resample_errors(influence, along, squares, n_resamples, seed)
    # Σ over i ≠ j of (zᵢ·zⱼ)² estimates n(n−1)·tr(S²); with the diagonal it would be far too
    # large where there are fewer pictures than dimensions.
    overlap = np.sum((influence.T @ influence) ** 2) - squares @ squares
    floor = 2 * max(overlap, 0) / (n * (n - 1)) ** 2
    error = np.sqrt(4 * length**2 * (along @ along) / (n * (n - 1)) + floor)
    if error == 0:
        return length, length

    def kept(theta):
        theta = theta[:, None]
        variance = theta**2 * draws["uu"] + 2 * theta * draws["ue"] + draws["ee"]
        shift = 2 * theta * draws["linear"] + draws["quadratic"]
        pivots = shift / np.sqrt(4 * np.maximum(variance, 0) / n + floor)
        lower, upper = np.quantile(pivots, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=1)
        square = theta[:, 0] ** 2
        return (lower * error <= max(observed, 0) - square) & (observed - square <= upper * error)

    # In units of se the interval is a few wide, whatever the scale of the gap and of its error.
    steps = np.linspace(-20, 20, 401)
    return accepted_range(kept, np.sqrt(np.maximum(max(observed, 0) + error * steps, 0)))


def accepted_range(kept, grid):
    """First and last point where ``kept`` holds, refined between neighbours of the grid.

    The middle of the grid, the estimate itself, always belongs to the interval.
    """
    accepted = kept(grid)
    accepted[len(grid) // 2] = True
    inside = np.flatnonzero(accepted)
    first, last = inside[0], inside[-1]
    low, high = grid[first], grid[last]
    if first > 0:
        finer = np.linspace(grid[first - 1], low, 101)
        low = finer[np.argmax(kept(finer))]
    if last < len(grid) - 1:
        finer = np.linspace(grid[last + 1], high, 101)
        high = finer[np.argmax(kept(finer))]
    return low, high


def resample_errors(influence, along, squares, n_resamples, seed, batch=128):
    """What ``norm_interval`` needs of each resample, arrays of (n_resamples,).

    The error is e = √(n/(n−1)) · Σ (wᵢ − 1) zᵢ / n with w multinomial, so that its covariance is
    the unbiased estimate of that of the mean. ``linear`` u·e; ``quadratic`` ‖e‖² without its
    diagonal and centred; ``uu``, ``ue``, ``ee`` the variance of the resample along u and e.
    """
    n = len(influence)
    rng = np.random.default_rng(seed)
    scale = 1 / (n * (n - 1))
    names = ("linear", "quadratic", "uu", "ue", "ee")
    result = {name: np.empty(n_resamples) for name in names}
    for start in range(0, n_resamples, batch):
        size = min(batch, n_resamples - start)
        drawn = rng.integers(n, size=(size, n)) + n * np.arange(size)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n).astype(float)
        weights = counts - 1
        errors = weights @ influence
        # A picture's own share of e would let its norm pass for variance along e.
        on_error = (errors @ influence.T - weights * squares) * np.sqrt(scale)
        mean_u, mean_e = counts @ along / n, np.einsum("ij,ij->i", counts, on_error) / n
        here = slice(start, start + size)
        result["linear"][here] = weights @ along * np.sqrt(scale)
        # Multinomial weights are slightly dependent: E (wᵢ−1)(wⱼ−1) = −1/n, hence the last term.
        result["quadratic"][here] = scale * (
            np.einsum("ij,ij->i", errors, errors) - weights**2 @ squares - squares.sum() / n
        )
        result["uu"][here] = counts @ along**2 / (n - 1) - mean_u**2
        result["ue"][here] = (
            np.einsum("ij,ij->i", counts, on_error * along) / (n - 1) - mean_u * mean_e
        )
        result["ee"][here] = np.einsum("ij,ij->i", counts, on_error**2) / (n - 1) - mean_e**2
    return result


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
    return statistic, chdtrc(1, statistic)


def count_discordant(before, after):
    """Pictures that the change loses and wins; boolean arrays (..., n) to two counts."""
    return (before & ~after).sum(axis=-1), (after & ~before).sum(axis=-1)


def mcnemar(lost, won):
    """Two-sided exact p-value of McNemar's test (McNemar 1947) from the discordant counts."""
    p = 2 * bdtr(np.minimum(lost, won), lost + won, 0.5)
    return np.minimum(p, 1.0)


def paired_difference_interval(lost, won, n, level=LEVEL):
    """Interval of the difference of two paired proportions (Bonett & Price 2012): (low, high).

    The Wald interval after one more loss and one more win, which keeps its width where nothing
    changed and its coverage where all changes go one way.
    """
    z = ndtri((1 + level) / 2)
    middle = (won - lost) / (n + 2)
    reach = z * np.sqrt(lost + won + 2 - (won - lost) ** 2 / (n + 2)) / (n + 2)
    return middle - reach, middle + reach


def share_below(values, others):
    """Share of ``others`` below each of ``values``, a tie counts half: DeLong's placement values.

    values : (n,); others : (m,). The mean of these (n,) shares is the area under the ROC curve.
    """
    ordered = np.sort(others)
    below = np.searchsorted(ordered, values, side="left")
    return (below + np.searchsorted(ordered, values, side="right")) / (2 * len(others))


def holm(p):
    """Holm's step-down adjustment (Holm 1979) of p-values (m,); nan is no test and stays nan."""
    p = np.asarray(p, dtype=float)
    adjusted = np.full(len(p), np.nan)
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    factors = len(order) - np.arange(len(order))
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * factors), 1.0)
    return adjusted


def log_log_slope(x, counts, trials):
    """Slope of log share over log ``x``: value, low, high.

    Maximum likelihood of counts (k,) out of trials (k,) as Poisson counts, share = exp(a)·x^slope;
    the interval is Wald's. A Poisson count varies more than one of trials, so the interval of
    shares is wide rather than narrow.
    """
    counts, trials = np.asarray(counts, dtype=float), np.asarray(trials, dtype=float)
    design = np.column_stack([np.ones(len(counts)), np.log(x) - np.mean(np.log(x))])
    estimate = np.array([np.log(counts.sum() / trials.sum()), 0.0])
    for _ in range(100):
        expected = trials * np.exp(design @ estimate)
        information = design.T @ (expected[:, None] * design)
        step = np.linalg.solve(information, design.T @ (counts - expected))
        estimate += np.clip(step, -1, 1)
        if np.abs(step).max() < 1e-10:
            break
    reach = ndtri((1 + LEVEL) / 2) * np.sqrt(np.linalg.inv(information)[1, 1])
    return float(estimate[1]), float(estimate[1] - reach), float(estimate[1] + reach)
