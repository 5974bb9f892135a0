"""Control directions: matched spread, nothing of the gap, and what the right answer is."""

import numpy as np
import pytest

from modgap.statistics.geometry import direction, gap_vector, normalise
from modgap.tasks.controls import (
    class_permutations,
    matched_directions,
    second_principal_direction,
    swapped_directions,
)
from modgap.tasks.selection import select_published
from modgap.tasks.zero_shot import Products, hits_by_shift

DELTAS = np.arange(-5, 5, 0.25)


def prompts(n_classes, dim, seed=0):
    rng = np.random.default_rng(seed)
    return normalise(rng.normal(size=(n_classes, dim)) * np.linspace(2, 0.1, dim) + 0.5)


@pytest.mark.parametrize("n_classes", [2, 10, 40])
@pytest.mark.parametrize("which", ["random", "first axis", "gap-like"])
def test_matched_directions_spread_the_classes_alike(n_classes, which):
    T = prompts(n_classes, 24)
    centred = T - T.mean(axis=0)
    u = {
        "random": direction(np.random.default_rng(1).standard_normal(24)),
        "first axis": np.linalg.svd(centred)[2][0],
        "gap-like": direction(-T.mean(axis=0)),
    }[which]
    drawn = matched_directions(T, u, 30, seed=2)
    np.testing.assert_allclose(np.linalg.norm(drawn, axis=1), 1, atol=1e-9)
    np.testing.assert_allclose((drawn @ T.T).std(axis=1), (T @ u).std(), rtol=1e-6, atol=1e-12)
    if which == "random":
        assert np.abs(drawn @ u).max() < 0.95
    if n_classes > 2:
        offsets = (drawn @ T.T) - (drawn @ T.T).mean(axis=1, keepdims=True)
        assert np.linalg.matrix_rank(offsets, tol=1e-6) > 1 or which == "first axis"


def test_matched_directions_are_reproducible_and_differ_by_seed():
    T = prompts(5, 12)
    u = direction(np.ones(12))
    np.testing.assert_array_equal(matched_directions(T, u, 3, 0), matched_directions(T, u, 3, 0))
    assert not np.allclose(matched_directions(T, u, 3, 0), matched_directions(T, u, 3, 1))


def test_class_permutations_never_keep_the_order():
    assert [list(order) for order in class_permutations(2, 200, 0)] == [[1, 0]]
    assert len(class_permutations(4, 200, 0)) == 23
    drawn = class_permutations(10, 50, 0)
    assert len(drawn) == 50
    assert all((order != np.arange(10)).any() and len(set(order)) == 10 for order in drawn)


def two_clouds(n, m, dim=20, seed=0):
    rng = np.random.default_rng(seed)
    X = normalise(rng.normal(size=(n, dim)) * np.linspace(1.5, 0.2, dim) + 0.6)
    Y = normalise(rng.normal(size=(m, dim)) * np.linspace(1.5, 0.2, dim) - 0.6)
    return X, Y


def test_swapped_labels_lose_the_gap():
    rng = np.random.default_rng(0)
    for X, Y in [two_clouds(400, 400), two_clouds(400, 12)]:
        u = direction(gap_vector(X, Y))
        drawn = swapped_directions(X, Y, [rng] * 200)
        # Some of the gap is left by chance; the direction keeps the length of one.
        assert np.abs(drawn @ u).mean() < 0.75
        np.testing.assert_allclose(np.linalg.norm(drawn, axis=1), 1)


def test_swapping_deals_labels_anew_for_unpaired_clouds():
    X, Y = two_clouds(6, 3)

    class Dealt:
        """Permutation that gives the second label to rows 0, 1 of X and row 2 of Y."""

        def permutation(self, total):
            return np.array([0, 1, 8, 2, 3, 4, 5, 6, 7])

    second = np.vstack([X[:2], Y[2:]])
    first = np.vstack([X[2:], Y[:2]])
    np.testing.assert_allclose(
        swapped_directions(X, Y, [Dealt()]), [direction(gap_vector(first, second))]
    )


def test_first_principal_axis_is_the_gap_and_the_second_is_not():
    X, Y = two_clouds(500, 10)
    u = direction(gap_vector(X, Y))
    v = second_principal_direction(X, Y)
    assert abs(u @ v) < 0.15
    assert np.linalg.norm(v) == pytest.approx(1)
    middle = (X.mean(axis=0) + Y.mean(axis=0)) / 2
    repeated = np.vstack([X - middle, np.repeat(Y - middle, 50, axis=0)])
    axes = np.linalg.svd(repeated, full_matrices=False)[2]
    assert abs(axes[1] @ v) == pytest.approx(1, abs=1e-6)


def planted(seed, helpful):
    """Pictures whose classes carry an unwanted offset: along the gap, or along other directions.

    Returns prompts, unit gap direction, cosines, labels.
    """
    rng = np.random.default_rng(seed)
    n_classes, n = 12, 1500
    T = prompts(n_classes, 40, seed)
    u = direction(rng.standard_normal(40))
    labels = rng.integers(n_classes, size=n)
    cosines = 0.03 * rng.standard_normal((n, n_classes))
    cosines[np.arange(n), labels] += 0.05
    offset = T @ u - (T @ u).mean()
    wanted = offset if helpful else np.zeros(n_classes)
    return T, u, cosines + wanted / wanted.std() * 0.06 if helpful else cosines, labels, T @ u


@pytest.mark.parametrize("helpful", [True, False])
def test_percentile_among_random_directions_says_whether_the_gap_matters(helpful):
    T, u, cosines, labels, along = planted(3, helpful)
    n = len(labels)

    def gain(class_along):
        outcomes = hits_by_shift(
            Products(cosines, np.zeros(n), class_along), labels, DELTAS, "first"
        )
        return select_published(outcomes, DELTAS).gain

    drawn = matched_directions(T, u, 200, seed=4)
    others = np.array([gain(T @ v) for v in drawn])
    beaten = (others < gain(along)).mean()
    if helpful:
        assert beaten >= 0.97
    else:
        assert gain(along) < 0.01
        assert beaten < 0.95
    swaps = [gain(along[order]) for order in class_permutations(12, 100, 5)]
    assert (np.mean(np.array(swaps) < gain(along)) >= 0.97) == helpful
