"""Held-out separability: cases with a known answer, and the split by picture."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from modgap.statistics.geometry import normalise
from modgap.statistics.inference import proportion_interval
from modgap.statistics.separability import area_under_curve, balanced_accuracy, separability


def test_a_wide_gap_separates_and_no_gap_does_not():
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((2, 300, 10))
    apart = separability(normalise(X + 3), normalise(Y - 3), np.arange(300), seed=0)
    assert apart["accuracy"][0] == 1
    assert apart["auc"][0] == 1
    mixed = separability(normalise(X), normalise(Y), np.arange(300), seed=0)
    for statistic in ("accuracy", "auc"):
        low, high = proportion_interval(*mixed[statistic], mixed["held_out"])
        assert low < 0.5 < high


def test_more_dimensions_than_rows_do_not_separate_held_out_pictures():
    rng = np.random.default_rng(0)
    X, Y = normalise(rng.standard_normal((100, 500))), normalise(rng.standard_normal((100, 500)))
    assert separability(X, Y, np.arange(100), seed=0)["accuracy"][0] < 0.65


def test_a_picture_is_held_out_with_its_texts():
    """Texts are copies of their picture: knowing a picture must not classify its texts."""
    rng = np.random.default_rng(0)
    X = normalise(rng.standard_normal((200, 50)))
    owner = np.repeat(np.arange(200), 3)
    measured = separability(X, X[owner], owner, seed=0)
    assert measured["accuracy"][0] == pytest.approx(0.5)
    assert measured["auc"][0] == pytest.approx(0.5)
    assert measured["held_out"] == 100


def test_area_under_curve_equals_sklearn_and_its_left_out_values():
    rng = np.random.default_rng(0)
    owner = np.repeat(np.arange(12), 2)
    first = rng.integers(0, 6, 12) + 1.0
    second = rng.integers(0, 6, 24) * 1.0
    truth = np.repeat([1, 0], [12, 24])
    value, influence = area_under_curve(first, second, owner)
    assert value == pytest.approx(roc_auc_score(truth, np.concatenate([first, second])))
    for picture in range(12):
        texts = second[owner != picture]
        without = area_under_curve(np.delete(first, picture), texts, owner[:-2])[0]
        # Leaving a picture out moves the value by about −influence/(n−1).
        assert value - without == pytest.approx(influence[picture] / 11, abs=0.01)


def test_balanced_accuracy_weighs_both_modalities_alike():
    first, second = np.array([1.0, -1.0]), np.array([-1.0, -1.0, -1.0, -1.0])
    value, influence = balanced_accuracy(first, second, np.array([0, 0, 1, 1]))
    assert value == 0.75
    np.testing.assert_allclose(influence, [0.25, -0.25])


def test_same_seed_same_split():
    rng = np.random.default_rng(0)
    X = normalise(rng.standard_normal((60, 5)) + 0.3)
    Y = normalise(rng.standard_normal((60, 5)))
    values = [separability(X, Y, np.arange(60), seed=seed)["auc"][0] for seed in (0, 0, 1)]
    assert values[0] == values[1] != values[2]
