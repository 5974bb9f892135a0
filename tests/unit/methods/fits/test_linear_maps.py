"""Linear maps against loops, closed forms and other solvers."""

import numpy as np
import pytest
from scipy.linalg import orthogonal_procrustes, sqrtm

from modgap.errors import InputError
from modgap.methods.fits.calibration import Calibration, shrink_covariance
from modgap.methods.fits.linear_maps import (
    cross_moments,
    fit_bures,
    fit_pls,
    fit_procrustes,
    fit_realign,
    fit_ridge,
    fit_standardising,
    fit_whitening,
    standardising_stage,
)
from modgap.methods.fits.transforms import apply_transform
from planted_pairs import draw_calibration, draw_gap_pairs

CALIBRATION = draw_calibration(200)
X, Y, _ = draw_gap_pairs(200, seed=1)
A, B = CALIBRATION.first, CALIBRATION.second
MU_X, MU_Y = A.mean(axis=0), B.mean(axis=0)
DIM = A.shape[1]


def unit(row):
    return row / np.sqrt(sum(value**2 for value in row))


def check(fitted, of_picture, of_text):
    np.testing.assert_allclose(
        apply_transform(fitted, X, "first"), [of_picture(x) for x in X], atol=1e-9
    )
    np.testing.assert_allclose(
        apply_transform(fitted, Y, "second"), [of_text(y) for y in Y], atol=1e-9
    )


def test_standardising():
    check(
        fit_standardising(CALIBRATION),
        lambda x: unit((x - MU_X) / A.std(axis=0)),
        lambda y: unit((y - MU_Y) / B.std(axis=0)),
    )


def test_a_dimension_without_variance_is_left_out():
    flat = np.column_stack([A[:, :-1], np.full(len(A), 0.1)])
    stage = standardising_stage(Calibration(flat, B).moments, "first")
    assert stage.matrix[-1] == 0
    assert (stage.matrix[:-1] > 0).all()


def test_whitening_by_matrix_roots():
    shrunk = [shrink_covariance(np.cov(rows.T, bias=True), 0.3) for rows in (A, B)]
    roots = [np.linalg.inv(sqrtm(covariance)).real for covariance in shrunk]
    check(
        fit_whitening(CALIBRATION, shrinkage=0.3),
        lambda x: unit(roots[0] @ (x - MU_X)),
        lambda y: unit(roots[1] @ (y - MU_Y)),
    )


def test_the_bures_map_carries_one_covariance_to_the_other():
    fitted = fit_bures(CALIBRATION, shrinkage=0.2)
    (stage,) = fitted.stages["second"]
    pictures, texts = (shrink_covariance(np.cov(r.T, bias=True), 0.2) for r in (A, B))
    np.testing.assert_allclose(stage.matrix @ texts @ stage.matrix, pictures, atol=1e-10)
    np.testing.assert_allclose(stage.matrix, stage.matrix.T, atol=1e-10)
    assert np.linalg.eigvalsh(stage.matrix).min() > 0
    check(fitted, lambda x: x, lambda y: unit(MU_X + stage.matrix @ (y - MU_Y)))


def test_realign_in_its_two_steps():
    scale = np.sqrt(A.var(axis=0).sum() / B.var(axis=0).sum())
    centre = np.mean([unit(MU_X + scale * (y - MU_Y)) for y in B], axis=0)
    check(
        fit_realign(CALIBRATION),
        lambda x: x,
        lambda y: unit(unit(MU_X + scale * (y - MU_Y)) - centre + MU_X),
    )


def test_procrustes_is_scipys():
    rotation, _ = orthogonal_procrustes(B - MU_Y, A - MU_X)
    check(
        fit_procrustes(CALIBRATION),
        lambda x: unit(x - MU_X),
        lambda y: unit((y - MU_Y) @ rotation),
    )


def test_shrunk_procrustes_sees_made_up_pairs_that_are_alike():
    """γcI is the cross-covariance of pairs of equal rows."""
    unit_size = np.sqrt(A.var(axis=0).sum() * B.var(axis=0).sum()) / DIM
    extra = np.sqrt(0.7 * unit_size * len(A)) * np.eye(DIM)
    rotation, _ = orthogonal_procrustes(
        np.concatenate([B - MU_Y, extra]), np.concatenate([A - MU_X, extra])
    )
    stage = fit_procrustes(CALIBRATION, shrinkage=0.7).stages["second"][0]
    np.testing.assert_allclose(stage.matrix, rotation, atol=1e-9)
    far = fit_procrustes(CALIBRATION, shrinkage=1e6).stages["second"][0]
    np.testing.assert_allclose(far.matrix, np.eye(DIM), atol=1e-4)


def test_ridge_minimises_its_penalised_squares():
    penalty = 0.5 * B.var(axis=0).sum() / DIM
    stage = fit_ridge(CALIBRATION, shrinkage=0.5).stages["second"][0]
    rows = np.concatenate([(B - MU_Y) / np.sqrt(len(B)), np.sqrt(penalty) * np.eye(DIM)])
    wanted = np.concatenate([(A - MU_X) / np.sqrt(len(B)), np.sqrt(penalty) * np.eye(DIM)])
    solved = np.linalg.lstsq(rows, wanted, rcond=None)[0]
    np.testing.assert_allclose(stage.matrix, solved, atol=1e-9)


def test_shared_axes_have_the_covariances_of_the_singular_values():
    fitted = fit_pls(CALIBRATION, axes=5)
    first, second = fitted.stages["first"][0], fitted.stages["second"][0]
    along, with_it = (A - MU_X) @ first.matrix, (B - MU_Y) @ second.matrix
    values = np.linalg.svd((A - MU_X).T @ (B - MU_Y) / len(A))[1][:5]
    np.testing.assert_allclose(along.T @ with_it / len(A), np.diag(values), atol=1e-10)
    assert apply_transform(fitted, X, "first").shape == (200, 5)


def test_with_few_pairs_only_what_they_say_is_turned():
    """The mean over all rotations of the rest, and no axis that is rounding."""
    few = draw_calibration(10)
    matrix = fit_procrustes(few).stages["second"][0].matrix
    left, values, right = np.linalg.svd((few.second - few.second.mean(axis=0)).T @ few.first)
    assert np.count_nonzero(values > 1e-12) == 9
    np.testing.assert_allclose(matrix, left[:, :9] @ right[:9], atol=1e-9)
    turns = np.random.default_rng(0).standard_normal((4000, 15, 15))
    turns, triangles = np.linalg.qr(turns)
    turns *= np.sign(np.diagonal(triangles, axis1=1, axis2=2))[:, None, :]
    rotations = matrix + left[:, 9:] @ turns.mean(axis=0) @ right[9:]
    np.testing.assert_allclose(rotations, matrix, atol=0.02)
    assert fit_pls(few, axes=16).stages["first"][0].matrix.shape == (24, 9)


def test_maps_of_pairs_need_pairs_and_all_need_differences():
    with pytest.raises(InputError, match="needs pairs"):
        cross_moments(Calibration(A, B))
    equal = Calibration(A, np.repeat(B[:1], len(B), axis=0), np.arange(len(B)))
    for fit in (fit_standardising, fit_whitening, fit_bures, fit_realign, fit_procrustes):
        with pytest.raises(InputError, match="are equal"):
            fit(equal)
