"""Kept rows and summed squares give the same answers."""

import numpy as np
import pytest

from modgap.statistics.moments.squares import KeptSquares, fold_groups, sum_squares


@pytest.fixture
def both():
    rng = np.random.default_rng(0)
    rows, groups = rng.standard_normal((300, 6)), rng.integers(7, size=300)
    return KeptSquares(rows, groups, 7), sum_squares(rows, groups, 7)


def test_scatter_forms_and_lengths_agree(both):
    kept, summed = both
    rng = np.random.default_rng(1)
    centre, matrix = rng.standard_normal(6), rng.standard_normal((6, 6))
    chosen = np.array([True, False, True, True, False, False, True])
    np.testing.assert_allclose(kept.scatter(centre), summed.scatter(centre), atol=1e-10)
    np.testing.assert_allclose(kept.scatter(centre, chosen), summed.scatter(centre, chosen))
    np.testing.assert_allclose(kept.forms(matrix, centre), summed.forms(matrix, centre), rtol=1e-9)
    np.testing.assert_allclose(kept.lengths(), summed.lengths())


def test_they_are_what_they_say(both):
    kept, _ = both
    centre, matrix = np.arange(6.0), np.diag(np.arange(6.0))
    expected = [
        sum((z - centre) @ matrix @ (z - centre) for z in kept.rows[kept.groups == group])
        for group in range(7)
    ]
    np.testing.assert_allclose(kept.forms(matrix, centre), expected)
    squares = [kept.rows[kept.groups == g].T @ kept.rows[kept.groups == g] for g in range(7)]
    np.testing.assert_allclose(kept.lengths(), [np.sum(square**2) for square in squares])


def test_a_group_without_rows_counts_nothing():
    kept = KeptSquares(np.eye(2), np.array([0, 2]), 4)
    np.testing.assert_array_equal(kept.lengths(), [1, 0, 1, 0])
    np.testing.assert_array_equal(
        sum_squares(np.eye(2), np.array([0, 2]), 4).lengths(), [1, 0, 1, 0]
    )


def test_folding_adds_every_nth_group():
    np.testing.assert_array_equal(fold_groups(np.arange(7.0), 3), [0 + 3 + 6, 1 + 4, 2 + 5])
