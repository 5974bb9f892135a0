"""Tests and intervals for counts: the paper's printed p-values, textbook values, coverage."""

import numpy as np
import pytest
from scipy.stats import binomtest, chi2_contingency

from modgap.counts import chi_square, discordant, holm, mcnemar, paired_difference, wilson

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
    assert discordant(before, after) == (2, 2)


def test_wilson_published_example():
    # Newcombe 1998 (Statistics in Medicine 17:857), Table I: 81 of 263 and 0 of 20.
    np.testing.assert_allclose(wilson(81, 263), [0.2553, 0.3662], atol=5e-5)
    np.testing.assert_allclose(wilson(0, 20), [0, 0.1611], atol=5e-5)
    assert wilson(20, 20)[1] == 1.0


@pytest.mark.parametrize(("lost", "won"), [(0.02, 0.02), (0.15, 0.15), (0.0, 0.01), (0.05, 0.12)])
def test_paired_difference_covers(lost, won):
    """Share of intervals that hold the true difference, 20,000 samples of 400 pictures."""
    rng = np.random.default_rng(3)
    counts = rng.multinomial(400, [lost, won, 1 - lost - won], size=20000)
    low, high = paired_difference(counts[:, 0], counts[:, 1], 400)
    covered = ((low <= won - lost) & (won - lost <= high)).mean()
    assert 0.94 <= covered <= 0.995


def test_holm_steps_down_and_leaves_out_what_is_not_tested():
    got = holm([0.01, np.nan, 0.04, 0.03])
    np.testing.assert_allclose(got, [0.03, np.nan, 0.06, 0.06])
    np.testing.assert_allclose(holm([0.6, 0.9]), [1, 1])
    assert np.isnan(holm([np.nan])).all()
