"""Intervals and tests: the paper's printed p-values, textbook values, coverage."""

import numpy as np
import pytest
from scipy.stats import binom, binomtest, chi2_contingency, t

from modgap.statistics import geometry, inference, pairwise, retrieval
from modgap.statistics.inference import (
    chi_square,
    clopper_pearson_interval,
    count_discordant,
    holm,
    log_log_slope,
    mcnemar,
    paired_difference_interval,
    wilson_interval,
)
from toy_pairs import sd_pairwise_cosine

# Supplementary Table 5: accuracy before and after, pictures, printed p-value.
PRINTED = {
    "CIFAR10": (0.9026, 0.9104, 60000, "3.476e-06"),
    "CIFAR100": (0.6705, 0.6776, 60000, "8.701e-03"),
}


@pytest.mark.parametrize("name", PRINTED)
def test_printed_p_values_from_rounded_accuracies(name):
    before, after, n, printed = PRINTED[name]
    p = chi_square(before * n, after * n, n)[1]
    assert f"{p:.3e}" == printed


def counts_that_round_to(accuracy, n):
    counts = np.arange(n + 1)
    return counts[np.round(counts / n, 4) == accuracy]


def test_printed_p_value_of_eurosat_lies_in_the_range_of_all_counts():
    n = 27000
    before, after = counts_that_round_to(0.5494, n), counts_that_round_to(0.5686, n)
    assert len(before) >= 2
    assert len(after) >= 2
    p = chi_square(before[:, None], after[None, :], n)[1]
    assert p.min() <= 7.020e-06 <= p.max()
    assert p.max() / p.min() < 1.2


@pytest.mark.parametrize(
    ("before", "after", "n", "printed"),
    [
        (0.9013, 0.9081, 10000, 0.10),
        (0.6658, 0.6737, 10000, 0.23),
        (0.5410, 0.5645, 27000, 3.9e-08),
        (0.5389, 0.5396, 26032, 0.87),
    ],
)
def test_chi_square_on_the_accuracies_of_table_1(before, after, n, printed):
    assert chi_square(before * n, after * n, n)[1] == pytest.approx(printed, rel=0.03)


def test_chi_square_is_that_of_scipy():
    table = np.array([[30, 70], [45, 55]])
    expected = chi2_contingency(table, correction=False)
    got = chi_square(30, 45, 100)
    np.testing.assert_allclose(got, [expected.statistic, expected.pvalue])
    corrected = chi2_contingency(table, correction=True)
    assert abs(got[1] - corrected.pvalue) > 0.005


def test_chi_square_without_hits_or_misses():
    np.testing.assert_array_equal(chi_square(np.array([0, 10]), np.array([0, 10]), 10)[1], [1, 1])


def test_mcnemar_is_the_binomial_test_of_the_discordant_pairs():
    for lost, won in [(3, 12), (12, 3), (5, 5), (0, 1), (0, 0), (40, 61)]:
        expected = binomtest(lost, lost + won).pvalue if lost + won else 1.0
        assert mcnemar(lost, won) == pytest.approx(expected)


def test_discordant_counts_both_directions():
    before = np.array([True, True, False, False, True])
    after = np.array([True, False, True, True, False])
    assert count_discordant(before, after) == (2, 2)


def test_wilson_published_example():
    # Newcombe 1998 (Statistics in Medicine 17:857), Table I: 81 of 263 and 0 of 20.
    np.testing.assert_allclose(wilson_interval(81 / 263, 263), [0.2553, 0.3662], atol=5e-5)
    np.testing.assert_allclose(wilson_interval(0 / 20, 20), [0, 0.1611], atol=5e-5)
    assert wilson_interval(20 / 20, 20)[1] == 1.0


def test_wilson_holds_the_share_in_spite_of_rounding():
    for n in range(1, 200):
        for hits in (0, n):
            low, high = wilson_interval(hits / n, n)
            assert 0 <= low <= hits / n <= high <= 1


def test_an_estimate_stands_in_its_interval_or_there_is_none():
    assert inference.hold_estimate(0.5, (0.4, 0.6)) == (0.4, 0.6)
    assert inference.hold_estimate(0.6 + 1e-15, (0.4, 0.6)) == (0.4, 0.6 + 1e-15)
    assert inference.hold_estimate(1.0, (1 + 1e-16, 1 + 1e-16)) == (1.0, 1.0)
    assert inference.hold_estimate(0.61, (0.4, 0.6)) is None
    assert inference.hold_estimate(0.39, (0.4, 0.6)) is None


@pytest.mark.parametrize(("hits", "n"), [(0, 50), (3, 50), (50, 50)])
def test_clopper_pearson_inverts_the_binomial(hits, n):
    low, high = clopper_pearson_interval(hits, n)
    if hits:
        assert binom.sf(hits - 1, n, low) == pytest.approx(0.025)
    else:
        assert low == 0
    if hits < n:
        assert binom.cdf(hits, n, high) == pytest.approx(0.025)
    else:
        assert high == 1


@pytest.mark.parametrize(("lost", "won"), [(0.02, 0.02), (0.15, 0.15), (0.0, 0.01), (0.05, 0.12)])
def test_paired_difference_covers(lost, won):
    """Share of intervals that hold the true difference, 20,000 samples of 400 pictures."""
    rng = np.random.default_rng(3)
    counts = rng.multinomial(400, [lost, won, 1 - lost - won], size=20000)
    low, high = paired_difference_interval(counts[:, 0], counts[:, 1], 400)
    covered = ((low <= won - lost) & (won - lost <= high)).mean()
    assert 0.94 <= covered <= 0.995


def test_holm_steps_down_and_leaves_out_what_is_not_tested():
    got = holm([0.01, np.nan, 0.04, 0.03])
    np.testing.assert_allclose(got, [0.03, np.nan, 0.06, 0.06])
    np.testing.assert_allclose(holm([0.6, 0.9]), [1, 1])
    assert np.isnan(holm([np.nan])).all()


def coverage(hits):
    """Share of intervals that hold the truth, and whether 95 % is believable (or exceeded)."""
    hits = np.array(hits)
    return hits.mean(), binomtest(int(hits.sum()), len(hits), 0.95, "less").pvalue > 1e-3


def holds(interval, truth):
    low, high = interval
    return low <= truth <= high


def spectrum(dim, decay):
    """Standard deviations of the coordinates, of total variance one."""
    scale = np.arange(1.0, dim + 1) ** -decay
    return scale / np.linalg.norm(scale)


# (n, dim, decay of the spectrum): as many pictures as dimensions, fewer, one strong direction.
CLOUDS = [(100, 50, 0.0), (60, 200, 0.3), (120, 30, 1.0)]


@pytest.mark.parametrize("length", [0.0, 0.02, 0.05, 0.1, 0.5])
@pytest.mark.parametrize(("n", "dim", "decay"), CLOUDS)
def test_norm_interval_covers_open_nearly_closed_and_closed_gaps(n, dim, decay, length):
    """The noise alone makes a mean of length 0.09 to 0.13: most of these gaps are below it."""
    rng = np.random.default_rng(int(1000 * length) + n)
    truth = length * geometry.direction(np.ones(dim))
    hits = []
    for seed in range(150):
        rows = truth + rng.standard_normal((n, dim)) * spectrum(dim, decay)
        mean = rows.mean(axis=0)
        interval = inference.norm_interval(mean, rows - mean, n_resamples=300, seed=seed)
        hits.append(holds(interval, length))
    share, believable = coverage(hits)
    assert believable, share


def test_percentiles_of_resampled_lengths_never_cover_a_closed_gap():
    """Why the norm has an interval of its own."""
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((100, 50)) * spectrum(50, 0)
    draws = rng.integers(100, size=(500, 100))
    lengths = np.linalg.norm(rows[draws].mean(axis=1), axis=1)
    assert np.quantile(lengths, 0.025) > 0.05
    mean = rows.mean(axis=0)
    low, high = inference.norm_interval(mean, rows - mean, n_resamples=500, seed=0)
    assert low == 0
    assert high < 0.1


def test_norm_interval_in_the_worst_corner():
    """A gap barely above the noise and along its strongest direction: known to fall to 0.9."""
    rng = np.random.default_rng(0)
    scale = spectrum(30, 1)
    hits = []
    for seed in range(300):
        rows = rng.standard_normal((100, 30)) * scale
        rows[:, 0] += 0.1
        mean = rows.mean(axis=0)
        interval = inference.norm_interval(mean, rows - mean, n_resamples=300, seed=seed)
        hits.append(holds(interval, 0.1))
    assert 0.86 < np.mean(hits) < 0.97


def test_norm_interval_of_a_constant_is_a_point():
    interval = inference.norm_interval(
        np.array([3.0, 4.0]), np.zeros((5, 2)), n_resamples=10, seed=0
    )
    assert interval == (5, 5)


def test_norm_interval_follows_the_scale():
    """A gap of 1 with a spread of 1e-6 is as resolved as any other."""
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((50, 3))
    settings = {"n_resamples": 400, "seed": 0}
    mean = rows.mean(axis=0)
    centred = rows - mean
    base = np.array([100.0, 0, 0]) + mean
    wide = np.array(inference.norm_interval(base, centred, **settings))
    narrow = np.array(inference.norm_interval(base * 1e-6, centred * 1e-6, **settings))
    np.testing.assert_allclose(narrow, wide * 1e-6, rtol=1e-9)
    error = centred[:, 0].std(ddof=1) / np.sqrt(50)
    assert 3.5 * error < wide[1] - wide[0] < 4.8 * error


def cone_with_captions(n, rng):
    """Pictures in a cone, one to three texts each, pairs correlated, a wide gap."""
    dim = 16
    scale = spectrum(dim, 0.5)
    owner = np.repeat(np.arange(n), rng.integers(1, 4, n))
    content = rng.standard_normal((n, dim)) * scale
    X = content + 0.4 * rng.standard_normal((n, dim)) * scale + 0.3
    Y = content[owner] + 0.4 * rng.standard_normal((len(owner), dim)) * scale
    Y[:, 0] -= 1
    return geometry.normalise(X), geometry.normalise(Y), owner


def measured(X, Y, owner):
    """Everything that has a jackknife interval: name → (value, left out)."""
    n = len(X)
    pictures = np.arange(n)
    matched = geometry.mean_matched_cosine(X, Y, owner)
    first = geometry.mean_pairwise_cosine(X, pictures, n)
    second = geometry.mean_pairwise_cosine(Y, owner, n)
    texts = pairwise.within_pairs(Y, owner, bins=1, block=2000)
    cross = pairwise.cross_pairs(X, Y, owner, block=2000)
    return {
        "mean cosine, pictures": first,
        "mean cosine, texts": second,
        "sd, pictures": sd_pairwise_cosine(X, pictures, n),
        "sd, texts": sd_pairwise_cosine(Y, owner, n),
        "matched": matched,
        "unmatched": geometry.mean_unmatched_cosine(X, Y, owner),
        "centre cosine": geometry.centre_cosine(X, Y, owner),
        "alignment residual": geometry.alignment_residual(X, Y, owner),
        "rmg": [
            geometry.relative_modality_gap(*values)
            for values in zip(matched, first, second, strict=True)
        ],
        "uniformity, texts": pairwise.uniformity(texts, owner, n),
        "uniformity, cross": pairwise.uniformity_cross(cross, owner),
    }


def test_jackknife_intervals_gap_and_effective_rank_cover():
    truth = {
        name: value
        for name, (value, _) in measured(
            *cone_with_captions(6000, np.random.default_rng(1))
        ).items()
    }
    X, Y, owner = cone_with_captions(300_000, np.random.default_rng(2))
    gap = np.linalg.norm(geometry.gap_vector(X, Y))
    rng = np.random.default_rng(3)
    hits = {name: [] for name in truth}
    gaps, ranks, rank_intervals = [], [], []
    for seed in range(200):
        X, Y, owner = cone_with_captions(60, rng)
        for name, (value, left_out) in measured(X, Y, owner).items():
            hits[name].append(holds(inference.jackknife_interval(value, left_out), truth[name]))
        influence = geometry.gap_influence(X, Y, owner)
        interval = inference.norm_interval(
            geometry.gap_vector(X, Y), influence, n_resamples=300, seed=seed
        )
        gaps.append(holds(interval, gap))
        rank, influence = geometry.effective_rank(Y, owner, len(X))
        ranks.append(np.log(rank))
        rank_intervals.append(inference.influence_interval(np.log(rank), influence))
    # The effective rank grows with n: its interval is about the value expected at this n.
    hits["effective rank"] = [holds(interval, np.mean(ranks)) for interval in rank_intervals]
    hits["gap"] = gaps
    failed = {name: coverage(hit)[0] for name, hit in hits.items() if not coverage(hit)[1]}
    assert not failed


def test_mean_cosine_and_sd_cover_without_any_cone():
    """Isotropic rows: the mean cosine is a degenerate U-statistic and its interval wide."""
    rng = np.random.default_rng(0)
    dim = 20
    means, sds = [], []
    for _ in range(200):
        rows = geometry.normalise(rng.standard_normal((50, dim)))
        for hits, statistic, truth in (
            (means, geometry.mean_pairwise_cosine, 0),
            (sds, sd_pairwise_cosine, 1 / np.sqrt(dim)),
        ):
            interval = inference.jackknife_interval(*statistic(rows, np.arange(50), 50))
            hits.append(holds(interval, truth))
    assert coverage(means)[1]
    assert coverage(sds)[1]


@pytest.mark.parametrize("noise", [0.1, 0.5, 2.0])
def test_recall_and_median_rank_cover_with_the_gallery_fixed(noise):
    """Pictures drawn from a population with three texts each, all ranked in one gallery."""
    rng = np.random.default_rng(0)
    n, population = 80, 3000
    X = geometry.normalise(rng.standard_normal((population, 8)))
    owner = np.repeat(np.arange(population), 3)
    shared = noise * rng.standard_normal((population, 8))
    Y = geometry.normalise(X[owner] + shared[owner] + 0.1 * rng.standard_normal((len(owner), 8)))
    codes, kind = retrieval.own_relevance(owner, population)
    _, counts = retrieval.ranks_both_ways(X, Y, owner, codes, kind, block=2000)
    hit, ranks = retrieval.expected_hits(counts, 5), retrieval.expected_ranks(counts)
    recalls, medians = [], []
    for _ in range(400):
        drawn = rng.choice(population, n, replace=False)
        texts = (3 * drawn[:, None] + np.arange(3)).ravel()
        place = np.repeat(np.arange(n), 3)
        value = hit[texts].mean()
        influence = inference.mean_influence(hit[texts], place, n)
        interval = inference.proportion_interval(value, influence, len(texts))
        recalls.append(holds(interval, hit.mean()))
        interval = inference.median_interval(ranks[texts], place, n)
        medians.append(holds(interval, np.median(ranks)))
    assert coverage(recalls)[1], np.mean(recalls)
    assert coverage(medians)[1], np.mean(medians)


def test_proportion_interval_is_wilson_for_independent_trials():
    hits = np.repeat([1.0, 0.0], [30, 70])
    influence = inference.mean_influence(hits, np.arange(100), 100)
    low, high = inference.proportion_interval(0.3, influence, 100)
    wilson = binomtest(30, 100).proportion_ci(method="wilson")
    assert low == pytest.approx(wilson.low, abs=1e-3)
    assert high == pytest.approx(wilson.high, abs=1e-3)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_proportion_interval_keeps_its_width_at_the_ends(value):
    low, high = inference.proportion_interval(value, np.zeros(50), 50)
    wilson = binomtest(int(50 * value), 50).proportion_ci(method="wilson")
    assert (low, high) == pytest.approx((wilson.low, wilson.high))


def test_texts_of_one_picture_count_as_one_trial_when_they_agree():
    hits = np.repeat([1.0, 0.0], [30, 70])
    single = inference.proportion_interval(
        0.3, inference.mean_influence(hits, np.arange(100), 100), 100
    )
    fivefold = np.repeat(hits, 5)
    owner = np.repeat(np.arange(100), 5)
    clustered = inference.proportion_interval(
        0.3, inference.mean_influence(fivefold, owner, 100), 500
    )
    assert clustered == pytest.approx(single)


def test_jackknife_of_a_mean_is_the_t_interval():
    values = np.random.default_rng(0).standard_normal(20)
    left_out = (values.sum() - values) / 19
    low, high = inference.jackknife_interval(values.mean(), left_out)
    reach = 2.093024 * values.std(ddof=1) / np.sqrt(20)
    assert (low, high) == pytest.approx((values.mean() - reach, values.mean() + reach))
    influence = values - values.mean()
    assert inference.influence_interval(values.mean(), influence) == pytest.approx((low, high))


def test_same_seed_same_interval():
    rows = np.random.default_rng(0).standard_normal((30, 4))
    mean = rows.mean(axis=0)
    first, again, other = (
        inference.norm_interval(mean, rows - mean, n_resamples=200, seed=seed) for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_interval_of_a_mean_is_students():
    low, high = inference.mean_interval([1.0, 2.0, 3.0])
    assert (low, high) == pytest.approx((2 - 4.302653 / np.sqrt(3), 2 + 4.302653 / np.sqrt(3)))


def test_two_samples_have_the_interval_of_a_difference_of_means():
    rng = np.random.default_rng(0)
    first, second = rng.standard_normal(12), rng.standard_normal(40)
    without = [
        (first.sum() - first) / 11 - second.mean(),
        first.mean() - (second.sum() - second) / 39,
    ]
    low, high = inference.two_sample_interval(first.mean() - second.mean(), *without)
    error = np.sqrt(first.var(ddof=1) / 12 + second.var(ddof=1) / 40)
    assert (low + high) / 2 == pytest.approx(first.mean() - second.mean())
    assert (high - low) / 2 == pytest.approx(t.ppf(0.975, 11) * error)


def test_a_slope_of_two_places_is_that_between_them():
    """Closed form: log of the ratio of the shares; variance 1/count each over log² of the ratio."""
    slope, low, high = log_log_slope([100, 200], [400, 100], [1000, 1000])
    assert slope == pytest.approx(-2)
    error = np.sqrt(1 / 400 + 1 / 100) / np.log(2)
    assert (low, high) == pytest.approx((-2 - 1.959964 * error, -2 + 1.959964 * error))


def test_intervals_of_slopes_hold_the_true_one():
    rng = np.random.default_rng(0)
    widths, n = np.array([128, 256, 512, 1024]), np.full(4, 4000)
    held = []
    for _ in range(300):
        found = log_log_slope(widths, rng.binomial(n, 20 / widths), n)
        held.append(found[1] <= -1 <= found[2])
    assert 0.92 < np.mean(held) < 0.99
