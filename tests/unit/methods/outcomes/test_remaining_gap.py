"""What is left of the gap: closed forms, all pairs written out, and simulated floors."""

import numpy as np
import pytest

from modgap.methods.fits.registry import fit_method
from modgap.methods.fits.transforms import apply_transform
from modgap.methods.outcomes.remaining_gap import (
    contrastive_loss,
    fit_temperature,
    measure_left,
    sampling_floor,
    separability_left,
)
from modgap.statistics.geometry import normalise
from planted_pairs import draw_calibration, draw_gap_pairs

X, Y, OWNER = draw_gap_pairs(80, captions=2)


def test_left_by_all_pairs():
    left = measure_left(X, Y, OWNER, 100)
    assert left.gap == pytest.approx(np.linalg.norm(X.mean(axis=0) - Y.mean(axis=0)))
    spread = X.var(axis=0).sum() + Y.var(axis=0).sum()
    assert left.floor == pytest.approx(np.sqrt(spread * (1 / 100 + 1 / 80)))
    assert left.floor == sampling_floor(X, Y, 100)
    across = Y @ X.T
    among = (Y @ Y.T)[~np.eye(160, dtype=bool)]
    assert left.mean_difference == pytest.approx(across.mean() - among.mean())
    assert left.spread_ratio == pytest.approx(across.std() / among.std())
    matched = np.mean([Y[j] @ X[OWNER[j]] for j in range(160)])
    pictures = (X @ X.T)[~np.eye(80, dtype=bool)].mean()
    texts = (Y @ Y.T)[OWNER[:, None] != OWNER].mean()
    apart = 1 - matched
    assert left.rmg == pytest.approx(apart / (apart + (1 - pictures + 1 - texts) / 2))


def test_rmg_is_of_unit_rows_and_the_gap_of_rows_as_they_are():
    longer = measure_left(2 * X, 2 * Y, OWNER, 100)
    left = measure_left(X, Y, OWNER, 100)
    assert longer.rmg == pytest.approx(left.rmg)
    assert longer.gap == pytest.approx(2 * left.gap)
    assert longer.spread_ratio == pytest.approx(left.spread_ratio)


def test_without_a_gap_the_second_order_is_closed():
    """Both modalities from one cloud: scores with either are alike."""
    rows = normalise(np.random.default_rng(0).standard_normal((2, 1500, 6)))
    left = measure_left(*rows, np.arange(1500), 1500)
    assert left.mean_difference == pytest.approx(0, abs=0.01)
    assert left.spread_ratio == pytest.approx(1, abs=0.02)


def test_the_floor_is_what_exact_means_leave():
    """Root mean square over 300 draws of independent modalities, means of 40 taken off 60."""
    rng = np.random.default_rng(1)
    scale = np.arange(1.0, 9)
    squares, floors = [], []
    for _ in range(300):
        calibration = [rng.standard_normal((40, 8)) * scale + 5, rng.standard_normal((40, 8))]
        test = [rng.standard_normal((60, 8)) * scale + 5, rng.standard_normal((60, 8))]
        first, second = (t - c.mean(axis=0) for t, c in zip(test, calibration, strict=True))
        squares.append(np.sum((first.mean(axis=0) - second.mean(axis=0)) ** 2))
        floors.append(sampling_floor(first, second, 40) ** 2)
    assert np.mean(squares) == pytest.approx(np.mean(floors), rel=0.1)


def test_the_loss_by_its_definition():
    scores = np.random.default_rng(2).standard_normal((7, 7))
    expected = []
    for i in range(7):
        by_text = np.exp(scores[i, i] / 0.3) / sum(np.exp(scores[i, j] / 0.3) for j in range(7))
        by_picture = np.exp(scores[i, i] / 0.3) / sum(np.exp(scores[j, i] / 0.3) for j in range(7))
        expected.append(-(np.log(by_text) + np.log(by_picture)) / 2)
    np.testing.assert_allclose(contrastive_loss(scores, 0.3), expected)
    np.testing.assert_allclose(contrastive_loss(np.ones((5, 5)), 0.01), np.log(5))


def test_the_temperature_is_the_best_of_a_fine_grid():
    scores = Y[::2] @ X.T
    grid = np.exp(np.arange(np.log(0.01), np.log(3), 0.005))
    best = grid[np.argmin([contrastive_loss(scores, value).mean() for value in grid])]
    assert fit_temperature(scores) == pytest.approx(best, rel=0.01)
    # Scores of twice the length need twice the temperature.
    assert fit_temperature(2 * scores) == pytest.approx(2 * fit_temperature(scores), rel=0.01)


def test_modalities_separate_until_their_means_are_gone():
    calibration = draw_calibration(400, seed=3)
    X, Y, owner = draw_gap_pairs(400, seed=4)
    assert separability_left(X, Y, owner, 0) > 0.9
    fitted = fit_method("mean_removal", calibration)
    moved = [apply_transform(fitted, X, "first"), apply_transform(fitted, Y, "second")]
    assert separability_left(*moved, owner, 0) < 0.65
