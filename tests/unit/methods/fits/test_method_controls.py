"""Controls do what they say and know nothing of the gap."""

import numpy as np
import pytest

from modgap.methods.fits.calibration import Calibration
from modgap.methods.fits.linear_maps import fit_procrustes
from modgap.methods.fits.method_controls import (
    fit_noise,
    fit_random_rotation,
    fit_random_vector,
    fit_shared_mean,
    fit_shuffled_pairs,
    fit_wrong_bank,
)
from modgap.methods.fits.transforms import apply_transform, item_terms
from planted_pairs import draw_calibration, draw_gap_pairs

CALIBRATION = draw_calibration(200)
X, Y, _ = draw_gap_pairs(200, seed=1)
GAP = np.linalg.norm(CALIBRATION.moments.gap)


def hits(fitted):
    first, second = apply_transform(fitted, X, "first"), apply_transform(fitted, Y, "second")
    return ((second @ first.T).argmax(axis=1) == np.arange(len(X))).mean()


def test_the_random_vector_is_as_long_as_the_gap():
    fitted = fit_random_vector(CALIBRATION, seed=3)
    moved = fitted.stages["first"][0].offset - fitted.stages["second"][0].offset
    assert np.linalg.norm(moved) == pytest.approx(GAP)
    other = fit_random_vector(CALIBRATION, seed=4).stages["first"][0].offset
    assert not np.allclose(other, fitted.stages["first"][0].offset)


def test_the_shared_mean_leaves_the_gap():
    fitted = fit_shared_mean(CALIBRATION)
    mean = (CALIBRATION.first.mean(axis=0) + CALIBRATION.second.mean(axis=0)) / 2
    for side in ("first", "second"):
        np.testing.assert_allclose(fitted.stages[side][0].offset, mean)


def test_shuffled_pairs_retrieve_at_chance():
    fitted = fit_shuffled_pairs(CALIBRATION, seed=0)
    assert hits(fit_procrustes(CALIBRATION)) > 0.5
    assert hits(fitted) < 0.05
    # No picture keeps its text: every pairing is a turn of a circle.
    n, seen = 12, []
    small = Calibration(np.eye(12), np.eye(12), np.arange(n))
    for seed in range(5):
        matrix = fit_shuffled_pairs(small, seed=seed).stages["second"][0].matrix
        seen.append(np.trace(matrix))
    assert max(seen) < 2


def test_the_rotation_keeps_lengths_and_ruins_pairs():
    matrix = fit_random_rotation(CALIBRATION).stages["second"][0].matrix
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(24), atol=1e-12)
    assert hits(fit_random_rotation(CALIBRATION)) < 0.05


def test_noise_has_the_energy_of_the_shift():
    fitted = fit_noise(CALIBRATION)
    moved = apply_transform(fitted, X, "first")
    # N(x + e): its cosine with x is (1 + x·e)/√(1 + 2x·e + ‖e‖²), about 1/√(1 + ‖e‖²).
    expected = 1 / np.sqrt(1 + GAP**2 / 4)
    assert np.einsum("ij,ij->i", moved, X).mean() == pytest.approx(expected, abs=0.01)
    order = np.random.default_rng(0).permutation(len(X))
    np.testing.assert_array_equal(apply_transform(fitted, X[order], "first"), moved[order])


def test_the_wrong_bank_takes_away_nearness_to_pictures():
    fitted = fit_wrong_bank(CALIBRATION, k=3, alpha=1.0)
    terms = item_terms(fitted, X, np.zeros(len(X), dtype=bool), "second")
    expected = [-np.mean(sorted(CALIBRATION.first @ x)[-3:]) for x in X]
    np.testing.assert_allclose(terms.bias, expected)
