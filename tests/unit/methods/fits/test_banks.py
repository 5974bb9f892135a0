"""Scores of banks against loops over queries, items and bank."""

import numpy as np
import pytest

from modgap.methods.fits.banks import (
    banks_of,
    fit_csls,
    fit_dual_softmax,
    fit_mean_and_scores,
    fit_nnn,
    fit_qb_norm,
    fit_score_standardising,
    fit_whole_bank,
    score_moments,
    standardised_scores,
)
from modgap.methods.fits.transforms import apply_transform, item_terms, score_items
from planted_pairs import draw_calibration, draw_gap_pairs

CALIBRATION = draw_calibration(200)
X, Y, _ = draw_gap_pairs(200, seed=1)
BANK = CALIBRATION.second
PICTURES = np.zeros(len(X), dtype=bool)
SIMILARITY = Y @ X.T


def scores_of(fitted):
    return score_items(fitted, SIMILARITY, item_terms(fitted, X, PICTURES, "second"))


def highest(values, k):
    return sorted(values, reverse=True)[:k]


def test_nnn_and_csls_by_loops():
    expected = SIMILARITY.copy()
    nearest = SIMILARITY * 2
    for j, x in enumerate(X):
        similar = [bank @ x for bank in BANK]
        expected[:, j] -= 0.75 * sum(highest(similar, 8)) / 8
        nearest[:, j] -= sum(highest(similar, 10)) / 10
    np.testing.assert_allclose(scores_of(fit_nnn(CALIBRATION, k=8, alpha=0.75)), expected)
    for i, y in enumerate(Y):
        nearest[i] -= sum(highest([picture @ y for picture in CALIBRATION.first], 10)) / 10
    ours = scores_of(fit_csls(CALIBRATION, k=10))
    np.testing.assert_array_equal(np.argsort(-ours, axis=1), np.argsort(-nearest, axis=1))


def test_the_whole_bank_is_its_mean():
    expected = SIMILARITY - 0.5 * np.array([np.mean([b @ x for b in BANK]) for x in X])
    np.testing.assert_allclose(scores_of(fit_whole_bank(CALIBRATION, alpha=0.5)), expected)
    np.testing.assert_allclose(
        scores_of(fit_nnn(CALIBRATION, k=len(BANK), alpha=0.5)), expected, atol=1e-12
    )


def test_qb_norm_by_loops_and_its_gate():
    sums = np.array([sum(np.exp(20 * (b @ x)) for b in BANK) for x in X])
    inverted = np.log(np.exp(20 * SIMILARITY) / sums) / 20
    np.testing.assert_allclose(scores_of(fit_qb_norm(CALIBRATION, dynamic=False)), inverted)
    activated = {max(range(len(X)), key=lambda j: b @ X[j]) for b in BANK}
    expected = [
        inverted[i] if max(range(len(X)), key=lambda j: row[j]) in activated else row
        for i, row in enumerate(SIMILARITY)
    ]
    np.testing.assert_allclose(scores_of(fit_qb_norm(CALIBRATION)), expected)
    assert 0 < len(activated) < len(X)


def test_the_dual_softmax_by_loops():
    expected = np.empty_like(SIMILARITY)
    for j in range(len(X)):
        weights = np.exp(30 * SIMILARITY[:, j])
        expected[:, j] = SIMILARITY[:, j] * weights / weights.sum()
    np.testing.assert_allclose(scores_of(fit_dual_softmax(CALIBRATION, beta=30.0)), expected)


def test_score_moments_are_those_of_all_scores():
    assert score_moments(X, Y, same=False) == pytest.approx(
        ((X @ Y.T).mean(), (X @ Y.T).std()), rel=1e-9
    )
    others = (Y @ Y.T)[~np.eye(len(Y), dtype=bool)]
    assert score_moments(Y, Y, same=True) == pytest.approx((others.mean(), others.std()), rel=1e-9)


def test_standardised_scores_in_a_mixed_gallery():
    """On the rows that it was fitted on: mean 0 and deviation 1 for both modalities of items."""
    for fit in (fit_score_standardising, fit_mean_and_scores):
        fitted = fit(CALIBRATION)
        A = apply_transform(fitted, CALIBRATION.first, "first")
        B = apply_transform(fitted, BANK, "second")
        sides = np.repeat([False, True], len(A))
        items = np.concatenate([A, B])
        scores = score_items(fitted, B @ items.T, item_terms(fitted, items, sides, "second"))
        off = ~np.eye(len(B), dtype=bool)
        for part in (scores[:, :200], scores[:, 200:][off]):
            assert part.mean() == pytest.approx(0, abs=1e-9)
            assert part.std() == pytest.approx(1, rel=1e-9)
    np.testing.assert_allclose(
        standardised_scores(CALIBRATION.first, BANK).location,
        fit_score_standardising(CALIBRATION).scoring.location,
    )


def test_the_wrong_bank_holds_the_other_modality():
    assert banks_of(CALIBRATION)["second"] is CALIBRATION.second
    assert banks_of(CALIBRATION, swapped=True)["second"] is CALIBRATION.first
