"""Moments against the rows themselves; nothing hangs on order or shards."""

import numpy as np
import pytest

from modgap.errors import InputError
from modgap.methods.fits.calibration import (
    Calibration,
    check_differing,
    gather_moments,
    matrix_power,
    merge_moments,
    shrink_covariance,
    singular_axes,
)
from planted_pairs import draw_calibration, draw_gap_pairs


def test_moments_are_those_of_the_rows():
    X, Y, owner = draw_gap_pairs(60, 7, captions=2)
    moments = gather_moments(X, Y, owner)
    np.testing.assert_allclose(moments.mean("first"), X.mean(axis=0))
    np.testing.assert_allclose(moments.covariance("second"), np.cov(Y.T, bias=True), atol=1e-12)
    assert moments.spread("first") == pytest.approx(X.var(axis=0).sum())
    np.testing.assert_allclose(moments.gap, X.mean(axis=0) - Y.mean(axis=0))
    joint = np.cov(X[owner].T, Y.T, bias=True)[:7, 7:]
    np.testing.assert_allclose(moments.cross_covariance, joint, atol=1e-12)


def test_shards_and_order_do_not_matter():
    X, Y, owner = draw_gap_pairs(60, 7)
    whole = gather_moments(X, Y, owner)
    order = np.random.default_rng(0).permutation(60)
    parts = [gather_moments(X[p], Y[p], np.arange(len(p))) for p in (order[:17], order[17:])]
    for ours, theirs in zip(merge_moments(parts), whole, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-11)


def test_texts_stay_with_their_pictures():
    calibration = draw_calibration(30, captions=3)
    part = calibration.keep([4, 2])
    assert part.n_pictures == 2
    np.testing.assert_array_equal(part.owner, [1, 1, 1, 0, 0, 0])
    np.testing.assert_array_equal(
        part.second, calibration.second[6:9].tolist() + calibration.second[12:15].tolist()
    )
    np.testing.assert_array_equal(part.pairs()[0], part.first[part.owner])


def test_without_pairs_there_is_no_method_of_pairs():
    X, Y, _ = draw_gap_pairs(30)
    loose = Calibration(X, Y)
    assert len(loose.keep(np.arange(5)).second) == 5
    with pytest.raises(InputError, match="needs pairs"):
        loose.pairs()


def test_wrong_input_is_one_line():
    X, Y, owner = draw_gap_pairs(30)
    with pytest.raises(InputError, match="do not share a space"):
        gather_moments(X, Y[:, :5])
    with pytest.raises(InputError, match="texts for calibration are equal"):
        check_differing(gather_moments(X, np.repeat(Y[:1], 30, axis=0), owner))


def test_shrunk_covariance_keeps_the_trace_and_powers_multiply():
    covariance = np.cov(draw_gap_pairs(80, 6)[0].T)
    shrunk = shrink_covariance(covariance, 0.4)
    assert np.trace(shrunk) == pytest.approx(np.trace(covariance))
    np.testing.assert_allclose(shrink_covariance(covariance, 1.0), np.eye(6) * np.trace(shrunk) / 6)
    root = matrix_power(shrunk, -0.5)
    np.testing.assert_allclose(root @ shrunk @ root, np.eye(6), atol=1e-9)


def test_singular_axes_are_those_above_rounding():
    rng = np.random.default_rng(0)
    low = rng.standard_normal((9, 4)) @ rng.standard_normal((4, 9))
    left, right = singular_axes(low)
    assert (left.shape, right.shape) == ((9, 4), (4, 9))
    np.testing.assert_allclose(left @ (left.T @ low @ right.T) @ right, low, atol=1e-12)
    assert singular_axes(np.zeros((3, 3)))[0].shape == (3, 0)


def test_where_divide_and_conquer_fails_the_other_algorithm_is_asked(monkeypatch):
    matrix = np.random.default_rng(1).standard_normal((6, 6))
    expected = singular_axes(matrix)

    def fail(_):
        raise np.linalg.LinAlgError("SVD did not converge")

    monkeypatch.setattr(np.linalg, "svd", fail)
    left, right = singular_axes(matrix)
    np.testing.assert_allclose(left @ right, expected[0] @ expected[1], atol=1e-12)
