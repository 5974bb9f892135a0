"""Log-sum-exp of shifted cosines: the slow formula, rows that leave the range, shared powers."""

import numpy as np
import pytest
from scipy.special import logsumexp

from modgap.shift import log_sums, log_sums_cpu, moves
from modgap.shift.temperatures import logit_scales
from modgap.statistics.geometry import normalise
from moved_pairs import move_rows


def test_rows_and_columns_of_two_sets_of_unequal_size():
    rng = np.random.default_rng(0)
    first, second = normalise(rng.normal(size=(9, 6)) + 0.5), normalise(rng.normal(size=(14, 6)))
    u, deltas, scales = np.eye(6)[0], [-2.0, 0.0, 0.7], np.array([1.0, 10, 14.3])
    factors = moves.cosine_factors(first @ u, second @ u, deltas)
    by_row, by_column = log_sums.shifted_log_sums(first, second, factors, scales)
    assert by_row.shape == (3, 3, 9)
    assert by_column.shape == (3, 3, 14)
    for d, delta in enumerate(deltas):
        x, y = move_rows(first, second, u, delta)
        for t, scale in enumerate(scales):
            logits = scale * x @ y.T
            np.testing.assert_allclose(by_row[d, t], logsumexp(logits, axis=1), atol=1e-5)
            np.testing.assert_allclose(by_column[d, t], logsumexp(logits, axis=0), atol=1e-5)


def test_centres_lie_below_the_typical_largest_cosine():
    rng = np.random.default_rng(1)
    first, second = normalise(rng.normal(size=(30, 8))), normalise(rng.normal(size=(30, 8)))
    factors = moves.cosine_factors(first[:, 0], second[:, 0], [0.0])
    cosines = first @ second.T
    typical = np.median(np.concatenate([cosines.max(axis=1), cosines.max(axis=0)]))
    (centre,) = log_sums.shared_centres(first, second, factors, 100.0)
    assert centre == pytest.approx(typical - log_sums.CENTRE_BELOW_TYPICAL / 100, abs=1e-6)
    assert centre == np.float32(centre)


def test_sums_that_left_the_range_are_made_again():
    first = second = normalise(np.random.default_rng(2).normal(size=(5, 4)))
    plain = (np.zeros((1, 5)), np.ones((1, 5)))
    scales, centres = np.array([50.0]), np.array([0.2])
    expected = logsumexp(50 * first @ second.T, axis=1)
    sums = np.exp(expected - 50 * 0.2)[None, None]
    sums[0, 0, [1, 3]] = 0, np.inf
    log_sums.finish_log_sums(sums, centres, scales, (first, *plain), (second, *plain))
    np.testing.assert_allclose(sums[0, 0], expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("scale", "base", "power"), [(30, 10, 3), (10, 10, 1), (1000, 1, 0), (15, 10, 0), (5, 10, 0)]
)
def test_only_integer_multiples_below_the_limit_are_powers(scale, base, power):
    assert log_sums.power_of(scale, base) == power


@pytest.mark.parametrize("power", [1, 2, 7, 100, 127])
def test_powers_are_products_of_earlier_ones(power):
    registers, steps = {1: 0}, []
    log_sums.add_power(power, registers, steps)
    values = [1]
    for left, right in steps:
        values.append(values[left] + values[right])
    assert values[registers[power]] == power
    assert len(steps) <= 2 * np.log2(power) + 1


def outlier_set(n=300, dim=16):
    """Pairs close together, but for one image that points away from every text."""
    rng = np.random.default_rng(3)
    centre = np.zeros(dim)
    centre[0] = 1
    first = normalise(centre + 0.1 * rng.normal(size=(n, dim)))
    second = normalise(centre + 0.1 * rng.normal(size=(n, dim)))
    first[7] = -first[7]
    return first, second, np.eye(dim)[1]


def test_outlier_row_does_not_underflow():
    first, second, u = outlier_set()
    scales = np.array([100.0])
    factors = moves.cosine_factors(first @ u, second @ u, np.zeros(1))
    centres = log_sums.shared_centres(first, second, factors, 100.0)
    sums, _ = log_sums_cpu.sum_exponentials_cpu(
        first, second, factors, centres, log_sums.plan_powers(scales)
    )
    logits = 100 * first @ second.T
    naive = np.exp(np.float32(logits - logits.max())).sum(axis=1)
    assert naive[7] == 0  # log 0
    shared_only = np.log(sums[0, 0, 7]) + 100 * centres[0]
    assert abs(shared_only - logsumexp(logits[7])) > 10

    by_row, by_column = log_sums.shifted_log_sums(first, second, factors, scales)
    np.testing.assert_allclose(by_row[0, 0], logsumexp(logits, axis=1), atol=1e-4)
    np.testing.assert_allclose(by_column[0, 0], logsumexp(logits, axis=0), atol=1e-4)
    assert by_row[0, 0, 7] == pytest.approx(logsumexp(logits[7]), abs=1e-10)


def test_one_exponential_serves_all_integer_multiples():
    plans = log_sums.plan_powers([100, 50, 30, 20, 10, 1])
    assert len(plans) == 1
    assert plans[0].base == 1
    registers = [1.0]
    for left, right in plans[0].steps:
        registers.append(registers[left] + registers[right])
    powers = {int(t): registers[r] for r, t in plans[0].outputs}
    assert powers == {0: 100, 1: 50, 2: 30, 3: 20, 4: 10, 5: 1}


def test_other_temperatures_get_their_own_exponential():
    plans = log_sums.plan_powers(logit_scales([0.01, 0.02, 0.07, 0.03]))
    assert sorted(round(plan.base, 3) for plan in plans) == [14.286, 33.333, 50]
    outputs = [t for plan in plans for _, t in plan.outputs.tolist()]
    assert sorted(outputs) == [0, 1, 2, 3]
    # A thirtieth is no exact float, yet 1/30 shares with 1/10.
    assert len(log_sums.plan_powers(logit_scales([1 / 30, 1 / 10]))) == 1
    # Far powers would lose accuracy.
    assert len(log_sums.plan_powers([1, 1000])) == 2
