"""Translations against one loop over rows, and the identities of their rankings."""

import numpy as np
import pytest

from modgap.methods.fits.banks import fit_whole_bank
from modgap.methods.fits.transforms import apply_transform, item_terms
from modgap.methods.fits.translations import (
    fit_components,
    fit_mean_removal,
    fit_orthogonal_shift,
    fit_projection,
    fit_raw,
    fit_role_means,
    fit_shift,
    fit_text_components,
    leading_axes,
    remove_directions,
    within_covariance,
)
from planted_pairs import draw_calibration, draw_gap_pairs

CALIBRATION = draw_calibration(200, captions=2)
X, Y, OWNER = draw_gap_pairs(200, captions=2, seed=1)
MU_X, MU_Y = CALIBRATION.first.mean(axis=0), CALIBRATION.second.mean(axis=0)
DELTA = MU_X - MU_Y


def unit(row):
    return row / np.sqrt(sum(value**2 for value in row))


def by_rows(function, rows):
    return np.array([function(row) for row in rows])


def check(fitted, of_picture, of_text):
    np.testing.assert_allclose(apply_transform(fitted, X, "first"), by_rows(of_picture, X))
    np.testing.assert_allclose(apply_transform(fitted, Y, "second"), by_rows(of_text, Y))


def drop(row, axes):
    for axis in axes:
        row = row - sum(row * axis) * axis
    return row


def axes_of(rows_of_each, k):
    """Principal axes by singular values of the centred rows, each set with equal weight."""
    parts = [(rows - rows.mean(axis=0)) / np.sqrt(len(rows)) for rows in rows_of_each]
    return np.linalg.svd(np.concatenate(parts))[2][:k]


BOTH = (CALIBRATION.first, CALIBRATION.second)


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_slow_implementations_of_moves(share):
    check(
        fit_shift(CALIBRATION, share=share),
        lambda x: unit(x - share * DELTA / 2),
        lambda y: unit(y + share * DELTA / 2),
    )
    check(
        fit_shift(CALIBRATION, share=share, unit=False),
        lambda x: x - share * DELTA / 2,
        lambda y: y + share * DELTA / 2,
    )
    check(
        fit_shift(CALIBRATION, share=share, sides="first", unit=False),
        lambda x: x - share * DELTA,
        lambda y: y,
    )
    check(
        fit_mean_removal(CALIBRATION, share=share),
        lambda x: unit(x - share * MU_X),
        lambda y: unit(y - share * MU_Y),
    )
    check(
        fit_mean_removal(CALIBRATION, share=share, unit=False),
        lambda x: x - share * MU_X,
        lambda y: y - share * MU_Y,
    )


def test_slow_implementations_of_what_drops_directions():
    g = unit(DELTA)
    check(fit_raw(CALIBRATION), lambda x: x, lambda y: y)
    check(fit_projection(CALIBRATION), lambda x: unit(drop(x, [g])), lambda y: unit(drop(y, [g])))
    axes = axes_of(BOTH, 3)
    check(
        fit_components(CALIBRATION, axes=3),
        lambda x: unit(drop(x - MU_X, axes)),
        lambda y: unit(drop(y - MU_Y, axes)),
    )
    check(
        fit_orthogonal_shift(CALIBRATION, axes=3, share=0.7),
        lambda x: x,
        lambda y: unit(y + 0.7 * drop(DELTA, axes)),
    )
    half = axes_of([CALIBRATION.second], 12)
    check(
        fit_text_components(CALIBRATION),
        lambda x: unit(sum(sum(x * axis) * axis for axis in half)),
        lambda y: y,
    )


def test_roles_have_means_of_their_own():
    fitted = fit_role_means(CALIBRATION)
    np.testing.assert_allclose(
        apply_transform(fitted, Y, "second", query=True),
        by_rows(lambda y: unit(y - CALIBRATION.second[0::2].mean(axis=0)), Y),
    )
    np.testing.assert_allclose(
        apply_transform(fitted, Y, "second"),
        by_rows(lambda y: unit(y - CALIBRATION.second[1::2].mean(axis=0)), Y),
    )
    single = draw_calibration(50)
    np.testing.assert_allclose(
        apply_transform(fit_role_means(single), Y, "second", query=True),
        apply_transform(fit_mean_removal(single), Y, "second"),
    )


def test_mean_removal_before_renormalising_ranks_as_the_whole_bank():
    removed = fit_mean_removal(CALIBRATION, unit=False)
    bank = fit_whole_bank(CALIBRATION, alpha=1.0)
    for queries, items, side in ((Y, X, "second"), (X, Y, "first")):
        other = "first" if side == "second" else "second"
        ours = apply_transform(removed, queries, side) @ apply_transform(removed, items, other).T
        terms = item_terms(bank, items, np.full(len(items), other == "second"), side)
        theirs = queries @ items.T + terms.bias
        np.testing.assert_array_equal(np.argsort(-ours, axis=1), np.argsort(-theirs, axis=1))


def test_a_shift_ranks_by_a_prior_of_the_item():
    shifted = fit_shift(CALIBRATION, unit=False)
    ours = apply_transform(shifted, Y, "second") @ apply_transform(shifted, X, "first").T
    prior = Y @ X.T + X @ DELTA / 2
    np.testing.assert_array_equal(np.argsort(-ours, axis=1), np.argsort(-prior, axis=1))
    assert (ours.argmax(axis=1) != (Y @ X.T).argmax(axis=1)).any()


def test_axes_and_what_is_left_without_them():
    moments = CALIBRATION.moments
    axes = leading_axes(within_covariance(moments), 2)
    matrix = remove_directions(axes)
    np.testing.assert_allclose(matrix @ axes.T, 0, atol=1e-12)
    np.testing.assert_allclose(matrix @ matrix, matrix, atol=1e-12)


def test_axes_without_variance_are_none():
    few = draw_calibration(5)
    moments = few.moments
    assert leading_axes(moments.covariance("first"), 16).shape == (4, 24)
    assert leading_axes(within_covariance(moments), 16).shape == (8, 24)
