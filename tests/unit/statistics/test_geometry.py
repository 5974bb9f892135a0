"""Closed forms against their definitions, closed-form cases, invariances."""

import numpy as np
import pytest

from modgap.errors import InputError
from modgap.statistics import geometry
from modgap.statistics.geometry import GroupedCosine
from modgap.statistics.inference import jackknife_interval
from toy_pairs import (
    captioned,
    cosines_between_pictures,
    sd_pairwise_cosine,
    unmatched,
    without,
)

# Each statistic with the obvious way to compute it.
OBVIOUS = {
    "mean": (
        lambda X, Y, owner: geometry.mean_pairwise_cosine(Y, owner, len(X)),
        lambda X, Y, owner: cosines_between_pictures(Y, owner).mean(),
    ),
    "sd": (
        lambda X, Y, owner: sd_pairwise_cosine(Y, owner, len(X)),
        lambda X, Y, owner: cosines_between_pictures(Y, owner).std(ddof=1),
    ),
    "matched": (
        geometry.mean_matched_cosine,
        lambda X, Y, owner: np.mean([X[i] @ y for i, y in zip(owner, Y, strict=True)]),
    ),
    "unmatched": (
        geometry.mean_unmatched_cosine,
        lambda X, Y, owner: unmatched(X, Y, owner).mean(),
    ),
    "centre cosine": (
        geometry.centre_cosine,
        lambda X, Y, owner: (
            (X.mean(0) @ Y.mean(0)) / np.linalg.norm(X.mean(0)) / np.linalg.norm(Y.mean(0))
        ),
    ),
    "residual": (
        geometry.alignment_residual,
        lambda X, Y, owner: np.var(X[owner] - Y, axis=0).sum(),
    ),
}


@pytest.mark.parametrize("name", OBVIOUS)
def test_closed_form_equals_the_definition_whole_and_without_each_picture(name):
    fast, obvious = OBVIOUS[name]
    data = captioned()
    value, left_out = fast(*data)
    assert value == pytest.approx(obvious(*data), abs=1e-12)
    expected = [obvious(*without(*data, picture)) for picture in range(len(data[0]))]
    np.testing.assert_allclose(left_out, expected, atol=1e-12)


@pytest.mark.parametrize("name", OBVIOUS)
def test_rotation_and_order_change_nothing(name):
    X, Y, owner = captioned()
    rng = np.random.default_rng(1)
    rotation = np.linalg.qr(rng.standard_normal((5, 5)))[0]
    texts = rng.permutation(len(Y))
    fast = OBVIOUS[name][0]
    moved = fast(X @ rotation, Y[texts] @ rotation, owner[texts])
    for one, other in zip(fast(X, Y, owner), moved, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)


def test_opposite_points_have_gap_and_margin_two():
    X = np.tile([1.0, 0.0], (4, 1))
    assert np.linalg.norm(geometry.gap_vector(X, -X)) == 2
    assert geometry.gap_margin(X, -X) == 2
    assert geometry.unbiased_square(
        geometry.gap_vector(X, -X), geometry.gap_influence(X, -X, np.arange(4))
    ) == pytest.approx(4)


def test_orthogonal_rows_have_no_cone():
    value, _ = geometry.mean_pairwise_cosine(np.eye(6), np.arange(6), 6)
    assert value == 0
    assert sd_pairwise_cosine(np.eye(6), np.arange(6), 6)[0] == 0
    assert geometry.centre_norm(np.eye(6)) == pytest.approx(1 / np.sqrt(6))


def test_normalise_keeps_directions():
    rows = np.array([[3, 4], [0, -2]], dtype=np.float16)
    np.testing.assert_allclose(geometry.normalise(rows), [[0.6, 0.8], [0, -1]])


def test_unbiased_square_is_the_paired_correction():
    rng = np.random.default_rng(0)
    X = geometry.normalise(rng.standard_normal((9, 4)))
    Y = geometry.normalise(rng.standard_normal((9, 4)))
    vector = geometry.gap_vector(X, Y)
    square = vector @ vector
    expected = square - (np.mean(np.sum((X - Y) ** 2, axis=1)) - square) / 8
    influence = geometry.gap_influence(X, Y, np.arange(9))
    assert geometry.unbiased_square(vector, influence) == pytest.approx(expected)


def test_unbiased_square_averages_to_the_truth_with_several_texts():
    """The plain square overshoots by tr Cov/n; the corrected one does not, near a closed gap."""
    rng = np.random.default_rng(0)
    plain, corrected = [], []
    for _ in range(3000):
        owner = np.repeat(np.arange(10), rng.integers(1, 4, 10))
        noise = rng.standard_normal((10, 3))
        X, Y = noise + np.array([0.1, 0, 0]), noise[owner] + rng.standard_normal((len(owner), 3))
        vector = geometry.gap_vector(X, Y)
        plain.append(vector @ vector)
        corrected.append(geometry.unbiased_square(vector, geometry.gap_influence(X, Y, owner)))
    assert np.mean(plain) > 0.15
    # The influence is a linearisation of a ratio, hence a bias of order 1/n² of the spread.
    assert np.mean(corrected) == pytest.approx(0.01, abs=0.02)


def test_influence_is_the_derivative_by_the_weight_of_a_picture():
    X, Y, owner = captioned()
    n = len(X)

    def weighted_gap(weights):
        text_weights = weights[owner]
        return weights @ X / weights.sum() - text_weights @ Y / text_weights.sum()

    influence = geometry.gap_influence(X, Y, owner)
    np.testing.assert_allclose(influence.sum(axis=0), 0, atol=1e-12)
    step = 1e-6
    for picture in range(n):
        weights = np.ones(n)
        weights[picture] += step
        derivative = n * (weighted_gap(weights) - weighted_gap(np.ones(n))) / step
        np.testing.assert_allclose(influence[picture], derivative, atol=1e-4)


def test_alignment_splits_into_centre_and_residual():
    X, Y, owner = captioned()
    alignment = geometry.alignment(geometry.mean_matched_cosine(X, Y, owner)[0])
    assert alignment == pytest.approx(np.mean(np.sum((X[owner] - Y) ** 2, axis=1)))
    difference, _ = geometry.pair_difference(X, Y, owner)
    residual, _ = geometry.alignment_residual(X, Y, owner)
    assert alignment == pytest.approx(difference @ difference + residual)


def test_centre_part_of_the_alignment_is_the_gap_with_one_text_a_picture():
    X, Y, _ = captioned()
    Y = Y[: len(X)]
    difference, influence = geometry.pair_difference(X, Y, np.arange(len(X)))
    np.testing.assert_allclose(difference, geometry.gap_vector(X, Y), atol=1e-15)
    np.testing.assert_allclose(
        influence, geometry.gap_influence(X, Y, np.arange(len(X))), atol=1e-15
    )


def test_relative_modality_gap_of_simple_cases():
    assert geometry.relative_modality_gap(1.0, 0.2, 0.4) == 0
    assert geometry.relative_modality_gap(0.3, 0.3, 0.3) == pytest.approx(0.5)
    assert geometry.relative_modality_gap(-1.0, 1.0, 1.0) == 1


def test_margin_is_negative_where_the_modalities_overlap():
    X = np.array([[1.0, 0.0], [-1.0, 0.0], [1.0, 0.0]])
    Y = np.array([[-1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]])
    assert geometry.gap_margin(X, Y) == -2


def test_effective_rank_of_equal_directions_and_of_one():
    corners = np.concatenate([np.eye(4), -np.eye(4)])
    assert geometry.effective_rank(corners, np.arange(8), 8)[0] == pytest.approx(4)
    line = np.outer([-2.0, -1.0, 0.5, 2.5], [1.0, 0.0, 0.0])
    assert geometry.effective_rank(line, np.arange(4), 4)[0] == pytest.approx(1)


def test_effective_rank_is_centred():
    rows = np.random.default_rng(0).standard_normal((30, 4))
    rank = geometry.effective_rank(rows, np.arange(30), 30)[0]
    assert geometry.effective_rank(rows + 100, np.arange(30), 30)[0] == pytest.approx(rank)


def test_effective_rank_of_equal_rows_is_undefined():
    rows = np.full((5, 3), 1 / np.sqrt(3))
    assert np.isnan(geometry.effective_rank(rows, np.arange(5), 5)[0])


def test_effective_rank_influence_is_the_derivative_by_the_weight_of_a_picture():
    rng = np.random.default_rng(0)
    owner = np.repeat(np.arange(10), 2)
    rows = rng.standard_normal((20, 4))
    rank, influence = geometry.effective_rank(rows, owner, 10)
    step = 1e-6
    for picture in range(10):
        weights = np.ones(20)
        weights[owner == picture] += step
        weights /= weights.sum()
        centred = rows - weights @ rows
        values = np.linalg.eigvalsh((centred * weights[:, None]).T @ centred)
        shares = values / values.sum()
        changed = -(shares * np.log(shares)).sum()
        derivative = 10 * (changed - np.log(rank)) / step
        assert influence[picture] == pytest.approx(derivative, abs=1e-4)


def off_diagonal_mean(x):
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    return (unit @ unit.T)[~np.eye(len(x), dtype=bool)].mean()


def total_of(x, groups, sizes=None):
    total = GroupedCosine(groups, x.shape[1])
    for batch in np.split(x, np.cumsum(sizes or [len(x)])[:-1]):
        total.add(batch)
    return total.result()


@pytest.mark.parametrize("sizes", [[37], [10, 20, 7], [1] * 37])
def test_result_does_not_depend_on_the_batches(sizes):
    x = np.random.default_rng(1).normal(0.5, 1, (37, 9))
    result = total_of(x, 5, sizes)
    assert result["value"] == pytest.approx(off_diagonal_mean(x), abs=1e-14)
    assert (result["n"], result["dim"]) == (37, 9)
    for group, value in enumerate(result["left_out"]):
        kept = np.arange(37) % 5 != group
        assert value == pytest.approx(off_diagonal_mean(x[kept]), abs=1e-14)


def test_jackknife_over_groups_covers():
    rng = np.random.default_rng(2)
    truth = off_diagonal_mean(rng.normal(0.5, 1, (4000, 6)))
    covered = 0
    for _ in range(300):
        result = total_of(rng.normal(0.5, 1, (100, 6)), 20)
        low, high = jackknife_interval(result["value"], np.array(result["left_out"]))
        covered += low <= truth <= high
    assert 270 <= covered <= 298


def test_more_groups_than_items():
    x = np.random.default_rng(0).normal(0.5, 1, (3, 4))
    result = total_of(x, 20)
    assert result["value"] == pytest.approx(off_diagonal_mean(x))
    assert len(result["left_out"]) == 3


def test_zeros_are_undefined_and_some_zeros_an_error():
    total = GroupedCosine(4, 3)
    total.add(np.zeros((10, 3)))
    assert np.isnan(total.result()["value"])
    total.add(np.ones((10, 3)))
    with pytest.raises(InputError, match="10 of 20"):
        total.result()


def test_vectors_of_zeros_are_not_normalised():
    with pytest.raises(InputError, match="embedding 1, 1 is all zeros"):
        geometry.normalise(np.ones((2, 3, 5)) * (np.arange(6) != 4).reshape(2, 3, 1))


@pytest.mark.parametrize("centred", [True, False])
def test_signed_axes_are_those_of_an_svd(centred):
    rows = np.random.default_rng(0).standard_normal((30, 5)) * [1, 2, 3, 4, 5] + 2
    about = rows - rows.mean(axis=0) if centred else rows
    _, lengths, axes = np.linalg.svd(about, full_matrices=False)
    for signs in ("axes", "coordinates"):
        found, coordinates, squares = geometry.signed_axes(rows, 3, centred=centred, signs=signs)
        np.testing.assert_allclose(np.abs(found), np.abs(axes[:3]), atol=1e-10)
        np.testing.assert_allclose(coordinates, about @ found.T, atol=1e-10)
        np.testing.assert_allclose(squares, lengths**2)
        ruling = found.T if signs == "axes" else coordinates
        assert (ruling.max(axis=0) == np.abs(ruling).max(axis=0)).all()


def test_influences_of_unpaired_rows_have_the_variance_of_two_means():
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((9, 4)), 3 * rng.standard_normal((30, 4))
    influence = geometry.unpaired_influence(X, Y)
    total = len(X) + len(Y)
    np.testing.assert_allclose(influence.sum(axis=0), 0, atol=1e-12)
    expected = X.var(axis=0, ddof=1).sum() / len(X) + Y.var(axis=0, ddof=1).sum() / len(Y)
    assert np.vdot(influence, influence) / (total * (total - 1)) == pytest.approx(expected)


def test_cosine_of_unpaired_centres_leaves_out_one_row_at_a_time():
    rng = np.random.default_rng(1)
    X, Y = rng.standard_normal((5, 3)) + 1, rng.standard_normal((7, 3)) + 1

    def cosine(first, second):
        x, y = first.mean(axis=0), second.mean(axis=0)
        return x @ y / np.linalg.norm(x) / np.linalg.norm(y)

    value, left_first, left_second = geometry.centre_cosine_unpaired(X, Y)
    assert value == pytest.approx(cosine(X, Y))
    for i in range(5):
        assert left_first[i] == pytest.approx(cosine(np.delete(X, i, axis=0), Y))
    for i in range(7):
        assert left_second[i] == pytest.approx(cosine(X, np.delete(Y, i, axis=0)))
