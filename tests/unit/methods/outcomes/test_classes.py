"""Zero-shot after a method against loops and closed forms."""

import numpy as np
import pytest

from modgap.methods.fits.registry import fit_method
from modgap.methods.outcomes.classes import (
    LabelledSet,
    class_scores,
    gini,
    left_out_means,
    measure_classes,
)
from modgap.statistics.geometry import normalise
from planted_pairs import draw_calibration, draw_gap_pairs

CALIBRATION = draw_calibration(200, seed=4)
N, CLASSES = 90, 5
X, Y, _ = draw_gap_pairs(N, seed=1)
RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, CLASSES, N)
PROMPTS = normalise(Y[:CLASSES] + 0.1)
SET = LabelledSet(X, LABELS, PROMPTS, np.arange(N) // 2, np.arange(N) % 6)


def unit(row):
    return row / np.sqrt(sum(value**2 for value in row))


def test_prompts_are_texts_and_have_no_mean_of_their_own():
    mu_x, mu_y = CALIBRATION.first.mean(axis=0), CALIBRATION.second.mean(axis=0)
    expected = [[unit(x - mu_x) @ unit(t - mu_y) for t in PROMPTS] for x in X]
    fitted = fit_method("mean_removal", CALIBRATION)
    np.testing.assert_allclose(class_scores(fitted, SET), expected)
    alone = SET._replace(prompts=PROMPTS[1:2])
    np.testing.assert_allclose(class_scores(fitted, alone)[:, 0], np.transpose(expected)[1])


def test_banks_stand_for_pictures_where_pictures_ask():
    expected = [
        [x @ t - 0.75 * np.mean(sorted(CALIBRATION.first @ t)[-8:]) for t in PROMPTS] for x in X
    ]
    fitted = fit_method("nnn", CALIBRATION, {"k": 8, "alpha": 0.75})
    np.testing.assert_allclose(class_scores(fitted, SET), expected)


def test_accuracy_and_ginis_by_counting():
    found = measure_classes(fit_method("raw", CALIBRATION), SET, "zero-shot, toys")
    predicted = [max(range(CLASSES), key=lambda c: x @ PROMPTS[c]) for x in X]
    hits = np.array([p == label for p, label in zip(predicted, LABELS, strict=True)], dtype=float)
    accuracy = found["zero-shot, toys", "accuracy"]
    np.testing.assert_array_equal(accuracy.outcomes, hits)
    np.testing.assert_array_equal(accuracy.groups, SET.groups)
    assert accuracy.value == pytest.approx(hits.mean())
    without = [hits[SET.parts != part].mean() for part in range(6)]
    np.testing.assert_allclose(accuracy.left_out, without)
    counts = [predicted.count(c) for c in range(CLASSES)]
    assert found["zero-shot, toys", "gini"].value == pytest.approx(slow_gini(counts))
    of_labels = [list(LABELS).count(c) for c in range(CLASSES)]
    assert found["zero-shot, toys", "gini_of_labels"].value == pytest.approx(slow_gini(of_labels))


def slow_gini(counts):
    """Half the relative mean absolute difference."""
    pairs = [abs(a - b) for a in counts for b in counts]
    return np.mean(pairs) / (2 * np.mean(counts))


def test_gini_in_closed_form():
    assert gini([7, 7, 7, 7]) == pytest.approx(0)
    assert gini([0, 0, 0, 9]) == pytest.approx(1 - 1 / 4)
    counts = RNG.integers(0, 50, 12)
    assert gini(counts) == pytest.approx(slow_gini(counts))


def test_means_without_each_part():
    values, parts = RNG.standard_normal(30), np.arange(30) % 4
    expected = [values[parts != part].mean() for part in range(4)]
    np.testing.assert_allclose(left_out_means(values, parts), expected)
