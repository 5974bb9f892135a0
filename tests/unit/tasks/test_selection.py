"""Selection on planted outcomes: a known best shift, a known null, known over-rejection."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from modgap.statistics.inference import wilson_interval
from modgap.tasks.selection import (
    best_index,
    cross_fitted_gain,
    measure_outcomes,
    select_corrected,
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


def correct(outcomes, rng, positive=None, n_draws=199):
    return select_corrected(
        outcomes, DELTAS, n_draws=n_draws, seed=rng.integers(2**31), positive=positive
    )


def rejections(discordance, n_samples, *, n=400, accuracy=0.5):
    """How often the published and the corrected procedure reject at 0.05 under the null."""
    rng = np.random.default_rng(7)
    counts = np.zeros(2, dtype=int)
    for _ in range(n_samples):
        outcomes = null_outcomes(rng, n, accuracy, discordance)
        counts += [
            select_published(outcomes, DELTAS).p < 0.05,
            correct(outcomes, rng).p < 0.05,
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
    """Power: a planted effect is found and rejected by the corrected test."""
    rng = np.random.default_rng(1)
    rejected = 0
    for _ in range(40):
        planted, labels = planted_products(rng, 600, best=2.0)
        outcomes = hits_by_shift(planted, labels, DELTAS, "first")
        chosen = correct(outcomes, rng)
        assert abs(chosen.delta - 2) <= 1.25
        assert chosen.low < chosen.gain < chosen.high
        assert chosen.gain == pytest.approx(chosen.after - chosen.before)
        rejected += chosen.p < 0.05
    assert rejected >= 36


def test_optimism_of_the_published_choice_and_cross_fitting_without_it():
    """Under the null the published gain is positive on average, the cross-fitted one is not."""
    rng = np.random.default_rng(2)
    gains = []
    for _ in range(200):
        outcomes = null_outcomes(rng, 400, 0.5, 0.2)
        gains.append(
            [
                select_published(outcomes, DELTAS).gain,
                cross_fitted_gain(fixed(outcomes), DELTAS, 400, 5, rng.integers(2**31)),
            ]
        )
    means, errors = np.mean(gains, axis=0), np.std(gains, axis=0) / np.sqrt(200)
    assert means[0] > 0.03
    assert abs(means[1]) < 3.5 * errors[1]


def test_folds_are_judged_with_the_direction_and_the_shift_of_the_others():
    rng = np.random.default_rng(3)
    outcomes = null_outcomes(rng, 100, 0.5, 0.2)
    seen = []
    gain = cross_fitted_gain(lambda rows: (seen.append(rows), outcomes)[1], DELTAS, 100, 4, 0)
    expected = []
    for others in seen:
        fold = np.setdiff1d(np.arange(100), others)
        assert len(fold) == 25
        best = best_index(outcomes[:, others].mean(axis=1), DELTAS)
        expected.append(outcomes[best, fold].mean() - outcomes[ZERO, fold].mean())
    assert gain == pytest.approx(np.mean(expected))
    assert sorted(np.concatenate(seen)) == sorted(3 * list(range(100)))


def test_crops_of_one_picture_are_in_one_fold():
    outcomes = null_outcomes(np.random.default_rng(3), 120, 0.5, 0.2)
    owner = np.arange(120) % 40
    seen = []
    cross_fitted_gain(lambda rows: (seen.append(rows), outcomes)[1], DELTAS, 120, 4, 0, owner=owner)
    for others in seen:
        fold = np.setdiff1d(np.arange(120), others)
        assert len(fold) == 30
        assert not set(owner[fold]) & set(owner[others])


def test_corrected_is_the_published_shift_with_another_interval():
    rng = np.random.default_rng(4)
    outcomes = null_outcomes(rng, 300, 0.5, 0.4)
    published, corrected = select_published(outcomes, DELTAS), correct(outcomes, rng)
    assert corrected[:3] == published[:3]
    assert corrected.gain == pytest.approx(published.gain)


def test_copies_of_pictures_do_not_make_a_gain_significant():
    """Ten crops of each picture, all alike, tell no more than one."""
    rng = np.random.default_rng(12)
    outcomes = null_outcomes(rng, 80, 0.5, 0.3)
    once = select_corrected(outcomes, DELTAS, n_draws=999, seed=0)
    crops = np.repeat(outcomes, 10, axis=1)
    owner = np.repeat(np.arange(80), 10)
    together = select_corrected(crops, DELTAS, n_draws=999, seed=0, owner=owner)
    assert together.p == pytest.approx(once.p, abs=0.002)
    assert (together.low, together.high) == pytest.approx((once.low, once.high), abs=1e-4)
    assert select_corrected(crops, DELTAS, n_draws=999, seed=0).p < 0.01 < once.p


def test_equal_values_choose_the_smallest_shift():
    values = np.zeros(40)
    assert DELTAS[best_index(values, DELTAS)] == 0
    values[[3, 15, 24, 30]] = 1
    assert DELTAS[best_index(values, DELTAS)] == DELTAS[24]


def test_no_shift_chosen_is_no_gain():
    outcomes = np.zeros((40, 60), dtype=bool)
    outcomes[ZERO] = True
    both = select_corrected(outcomes, DELTAS, n_draws=99, seed=0)
    assert (both.delta, both.gain, both.low, both.high, both.p) == (0, 0, 0, 0, 1)
    assert select_published(outcomes, DELTAS).p == 1


def test_of_an_auc_the_clearest_gain_is_chosen_not_the_highest():
    """The far shift has the higher AUC by chance, the near one moves every picture a little up."""
    rng = np.random.default_rng(4)
    positive = rng.random(300) < 0.4
    base = positive + rng.standard_normal(300)
    scores = np.tile(base, (len(DELTAS), 1))
    near, far = ZERO + 4, len(DELTAS) - 1
    scores[near] += 0.15 * positive
    scores[far] = 1.35 * positive + rng.standard_normal(300)
    values = measure_outcomes(scores, positive)
    assert values[far] > values[near] > values[ZERO]
    assert select_published(scores, DELTAS, positive).delta == DELTAS[far]
    chosen = correct(scores, rng, positive, n_draws=499)
    assert chosen.delta == DELTAS[near]
    assert chosen.low > 0
    assert chosen.gain == pytest.approx(values[near] - values[ZERO])


def test_auc_is_measured_and_compared_by_delong():
    rng = np.random.default_rng(8)
    positive = rng.random(400) < 0.4
    scores = positive + rng.standard_normal((40, 400))
    scores[25] = 2 * positive + rng.standard_normal(400)
    values = measure_outcomes(scores, positive)
    assert values[3] == pytest.approx(roc_auc_score(positive, scores[3]))
    assert select_published(scores, DELTAS, positive).delta == DELTAS[25]
    assert np.isnan(select_published(scores, DELTAS, positive).p)
    both = correct(scores, rng, positive, n_draws=499)
    assert both.delta == DELTAS[25]
    assert both.p < 0.01
    assert both.low > 0
