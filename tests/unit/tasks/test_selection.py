"""Selection on planted outcomes: a known best shift, a known null, known over-rejection."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from modgap.statistics.inference import wilson_interval
from modgap.tasks.selection import (
    best_index,
    cross_fitted_gain,
    delong,
    measure_outcomes,
    random_halves,
    select_corrected,
    select_held_out,
    select_published,
)
from modgap.tasks.zero_shot import Products, hits_by_shift

DELTAS = np.arange(-5, 5, 0.25)
ZERO = int(np.flatnonzero(DELTAS == 0)[0])


def fixed(outcomes):
    """A sweep whose direction does not come from the data."""
    return lambda rows: outcomes


def null_outcomes(rng, n, accuracy, discordance):
    """Hits (40, n) whose accuracy is the same at every shift.

    At each shift other than 0 a picture changes between hit and miss with probability
    ``discordance``, losses and wins balanced; far shifts change no more than near ones.
    """
    base = rng.random(n) < accuracy
    lose = discordance / 2 / accuracy
    win = discordance / 2 / (1 - accuracy)
    flips = rng.random((len(DELTAS), n)) < np.where(base, lose, win)
    flips[ZERO] = False
    return base ^ flips


def rejections(discordance, n_samples, *, n=400, accuracy=0.5):
    """How often the published and the corrected procedure reject at 0.05 under the null."""
    rng = np.random.default_rng(7)
    counts = np.zeros(2, dtype=int)
    for _ in range(n_samples):
        outcomes = null_outcomes(rng, n, accuracy, discordance)
        halves = random_halves(n, rng.integers(2**31))
        counts += [
            select_published(outcomes, DELTAS).p < 0.05,
            select_corrected(fixed(outcomes), DELTAS, halves)[2].p < 0.05,
        ]
    return counts


@pytest.mark.parametrize("discordance", [0.02, 0.06, 0.15, 0.3, 0.5])
def test_corrected_test_keeps_its_level_under_the_null(discordance):
    """The upper 95 % limit of the rejection rate is at most 7 % at nominal 5 %."""
    rejected = rejections(discordance, 1000)[1]
    assert wilson_interval(rejected / 1000, 1000)[1] <= 0.07


def test_published_selection_rejects_too_often_at_high_discordance():
    assert wilson_interval(rejections(0.3, 500)[0] / 500, 500)[0] > 0.10
    assert wilson_interval(rejections(0.5, 500)[0] / 500, 500)[0] > 0.25


def test_published_selection_rejects_too_rarely_at_low_discordance():
    assert wilson_interval(rejections(0.06, 1000)[0] / 1000, 1000)[1] < 0.01


def planted_products(rng, n, best, n_classes=10, noise=0.35):
    """Cosines whose classes carry an offset that a shift of the pictures by ``best`` takes away."""
    labels = rng.integers(n_classes, size=n)
    cosines = noise * rng.standard_normal((n, n_classes))
    cosines[np.arange(n), labels] += 0.8
    along = np.linspace(-0.15, 0.15, n_classes)
    return Products(cosines + best * along, np.zeros(n), along), labels


def test_known_best_shift_is_found_and_tested():
    """Power: a planted effect is found by both halves and rejected by the corrected test."""
    rng = np.random.default_rng(1)
    rejected = 0
    for _ in range(40):
        planted, labels = planted_products(rng, 600, best=2.0)
        outcomes = hits_by_shift(planted, labels, DELTAS, "first")
        halves = random_halves(600, rng.integers(2**31))
        first, second, both = select_corrected(fixed(outcomes), DELTAS, halves)
        assert abs(first.delta - 2) <= 1.25
        assert abs(second.delta - 2) <= 1.25
        assert both.low < both.gain < both.high
        rejected += both.p < 0.05
    assert rejected >= 36


def test_optimism_of_the_published_choice_and_cross_fitting_without_it():
    """Under the null the published gain is positive on average, the cross-fitted one is not."""
    rng = np.random.default_rng(2)
    gains = []
    for _ in range(200):
        outcomes = null_outcomes(rng, 400, 0.5, 0.2)
        halves = random_halves(400, rng.integers(2**31))
        gains.append(
            [
                select_published(outcomes, DELTAS).gain,
                select_corrected(fixed(outcomes), DELTAS, halves)[2].gain,
                cross_fitted_gain(fixed(outcomes), DELTAS, 400, 5, rng.integers(2**31)),
            ]
        )
    means, errors = np.mean(gains, axis=0), np.std(gains, axis=0) / np.sqrt(200)
    assert means[0] > 0.03
    assert (np.abs(means[1:]) < 3.5 * errors[1:]).all()


def test_combined_interval_covers_the_mean_gain_of_the_two_choices():
    """Truth: the mean, over both chosen shifts, of the population's gain."""
    rng = np.random.default_rng(5)
    bump = 0.04 * np.exp(-((DELTAS - 1) ** 2))
    truth = bump - bump[ZERO]
    covered = 0
    for _ in range(400):
        hits = rng.random(500)[None] < 0.6 + truth[:, None] + 0.1 * rng.standard_normal(500)
        first, second, both = select_corrected(
            fixed(hits), DELTAS, random_halves(500, rng.integers(2**31))
        )
        chosen = [int(np.flatnonzero(part.delta == DELTAS)[0]) for part in (first, second)]
        covered += both.low <= truth[chosen].mean() <= both.high
    assert covered / 400 >= 0.95


def test_direction_comes_from_the_half_that_chooses():
    rng = np.random.default_rng(3)
    outcomes = null_outcomes(rng, 100, 0.5, 0.2)
    halves = random_halves(100, 0)
    seen = []
    select_corrected(lambda rows: (seen.append(rows), outcomes)[1], DELTAS, halves)
    np.testing.assert_array_equal(seen[0], halves[0])
    np.testing.assert_array_equal(seen[1], halves[1])
    assert sorted(np.concatenate(halves)) == list(range(100))


def test_judged_pictures_do_not_choose():
    """The half that judges may say anything: the chosen shift stays."""
    rng = np.random.default_rng(4)
    outcomes = null_outcomes(rng, 100, 0.5, 0.2)
    halves = random_halves(100, 0)
    chosen = select_held_out(fixed(outcomes), DELTAS, *halves).delta
    other = outcomes.copy()
    other[:, halves[1]] = rng.random((40, 50)) < 0.5
    assert select_held_out(fixed(other), DELTAS, *halves).delta == chosen


def test_equal_values_choose_the_smallest_shift():
    values = np.zeros(40)
    assert DELTAS[best_index(values, DELTAS)] == 0
    values[[3, 15, 24, 30]] = 1
    assert DELTAS[best_index(values, DELTAS)] == DELTAS[24]


def test_no_shift_chosen_is_no_gain():
    outcomes = np.zeros((40, 60), dtype=bool)
    outcomes[ZERO] = True
    both = select_corrected(fixed(outcomes), DELTAS, random_halves(60, 0))[2]
    assert (both.delta, both.gain, both.low, both.high, both.p) == (0, 0, 0, 0, 1)
    assert select_published(outcomes, DELTAS).p == 1


def test_combined_p_is_twice_the_smaller_one_and_gain_the_mean():
    rng = np.random.default_rng(6)
    first, second, both = select_corrected(
        fixed(null_outcomes(rng, 300, 0.5, 0.4)), DELTAS, random_halves(300, 1)
    )
    assert both.p == min(1, 2 * min(first.p, second.p))
    assert both.gain == pytest.approx((first.gain + second.gain) / 2)


def test_auc_is_measured_and_compared_by_delong():
    rng = np.random.default_rng(8)
    positive = rng.random(400) < 0.4
    scores = positive + rng.standard_normal((40, 400))
    scores[25] = 2 * positive + rng.standard_normal(400)
    values = measure_outcomes(scores, positive)
    assert values[3] == pytest.approx(roc_auc_score(positive, scores[3]))
    assert select_published(scores, DELTAS, positive).delta == DELTAS[25]
    assert np.isnan(select_published(scores, DELTAS, positive).p)
    both = select_corrected(fixed(scores), DELTAS, random_halves(400, 2), positive)[2]
    assert both.delta == DELTAS[25]
    assert both.p < 0.01
    assert both.low > 0


def test_delong_keeps_its_level():
    rng = np.random.default_rng(9)
    positive = np.arange(120) < 50
    rejected = covered = 0
    for _ in range(2000):
        shared = positive + rng.standard_normal(120)
        before, after = shared + 0.7 * rng.standard_normal((2, 120))
        (low, high), p = delong(before, after, positive)
        rejected += p < 0.05
        covered += low <= 0 <= high
    assert wilson_interval(rejected / 2000, 2000)[1] <= 0.07
    assert covered == 2000 - rejected
