"""Shifts along the gap: closed forms against moving the embeddings, published distances."""

import json

import numpy as np
import pytest
from sklearn.decomposition import PCA

from modgap.errors import InputError
from modgap.shift import moves
from modgap.statistics.geometry import normalise
from moved_pairs import move_rows

GRID = np.arange(-5, 5, 0.25)
FILES = [
    f"features_{name}{state}"
    for name in ("clip", "videoclip", "convirt", "clasp")
    for state in ("", "_random")
]


@pytest.fixture(scope="module")
def clouds():
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(2, 12))
    first = normalise(rng.normal(size=(40, 12)) + centres[0])
    second = normalise(rng.normal(size=(40, 12)) + centres[1])
    return first, second, *moves.gap_direction(first, second)


def published(shared, name):
    reference = json.loads(shared("reference/reference_published_features.json").read_text())
    features = np.load(shared(f"data/published/{name}.npy"), allow_pickle=False)
    return normalise(features[0]), normalise(features[1]), reference["files"][name]


@pytest.mark.parametrize("sides", ["both", "first", "second"])
def test_closed_forms_equal_moving_the_embeddings(clouds, sides):
    first, second, u, _ = clouds
    a, p, b, q = moves.cosine_factors(first @ u, second @ u, GRID, sides)
    distances = moves.remaining_gap(first, second, u, GRID, sides)
    for d, delta in enumerate(GRID):
        x, y = move_rows(first, second, u, delta, sides)
        cosines = (first @ second.T + a[d][:, None] + b[d]) * p[d][:, None] * q[d]
        np.testing.assert_allclose(cosines, x @ y.T, atol=1e-13)
        difference = x.mean(axis=0) - y.mean(axis=0)
        expected = np.linalg.norm(difference) * np.sign(difference @ u)
        np.testing.assert_allclose(distances[d], expected, atol=1e-13)


def test_sides_move_by_the_whole_or_half_the_shift():
    deltas = np.array([-1.0, 0.6])
    np.testing.assert_array_equal(moves.side_offsets(deltas, "both"), [deltas / 2, deltas / 2])
    np.testing.assert_array_equal(moves.side_offsets(deltas, "first"), [deltas, [0, 0]])
    np.testing.assert_array_equal(moves.side_offsets(deltas, "second"), [[0, 0], deltas])


def test_conventions_of_sign(clouds):
    first, second, u, gap = clouds
    distances = moves.signed_distances(first, second, u, GRID)
    np.testing.assert_allclose(distances["gap"][20], gap)
    assert (np.diff(distances["gap"]) < 0).all()
    axes = PCA(1).fit(np.concatenate([first, second])).components_[0]
    for d, delta in enumerate(GRID):
        x, y = move_rows(first, second, u, delta)
        sign = np.sign((y @ axes).mean() - (x @ axes).mean())
        np.testing.assert_allclose(distances["pca"][d], sign * abs(distances["gap"][d]))
    smallest = np.abs(distances["gap"]).argmin()
    assert (distances["smallest"][: smallest + 1] > 0).all()
    assert (distances["smallest"][smallest + 1 :] < 0).all()


@pytest.mark.parametrize("name", FILES)
def test_published_distances(shared, name):
    first, second, reference = published(shared, name)
    u, gap = moves.gap_direction(first, second)
    assert gap == pytest.approx(reference["gap"], abs=1e-12)
    distances = moves.signed_distances(first, second, u, GRID)
    np.testing.assert_allclose(
        distances["gap"], reference["landscape"]["signed_distance"], atol=1e-10
    )
    # The PCA sign mirrors two of the eight files.
    mirrored = name in ("features_videoclip_random", "features_clasp")
    assert np.sign(distances["pca"][20]) == (-1 if mirrored else 1)
    one_sided = reference["first_modality_only_shift"]
    left = moves.remaining_gap(first, second, u, one_sided["delta"], "first")
    np.testing.assert_allclose(left, one_sided["signed_distance"], atol=1e-10)


def test_projection_of_shifted_rows(clouds):
    first, second, u, _ = clouds
    mean, axes = moves.principal_axes(first, second, 2)
    moved, _ = move_rows(first, second, u, 1.5)
    expected = (moved - mean) @ axes.T
    points = moves.shifted_projection(first, first @ u, axes, u, mean, -0.75)
    np.testing.assert_allclose(points, expected, atol=1e-13)
    union = np.concatenate([first, second])
    np.testing.assert_allclose(axes, PCA(2).fit(union).components_, atol=1e-8)


def test_grid_includes_both_ends():
    np.testing.assert_array_equal(moves.shift_grid(-5, 4.75, 0.25), GRID)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: moves.check_grid([0, 0.5, 0.5]), "not increasing: 0.5 follows 0.5"),
        (lambda: moves.check_grid([]), "give a list of finite numbers"),
        (lambda: moves.check_grid([0, np.nan]), "give a list of finite numbers"),
        (lambda: moves.shift_grid(1, 0, 0.25), "not increasing; give first < last"),
        (lambda: moves.shift_grid(0, 1, -0.25), "not increasing; give first < last"),
        (lambda: moves.check_pairs(np.eye(3)[:1], np.eye(3)[1:2]), "at least 2"),
        (lambda: moves.gap_direction(np.eye(3), np.eye(3)), "the gap vector is zero"),
        (lambda: moves.check_pairs(np.eye(3), np.eye(3)[:2]), "a shift needs pairs"),
        (lambda: moves.side_offsets([1.0], "left"), "choose both, first or second"),
        (lambda: moves.inverse_norms(np.array([0.2, 1.0]), [-1.0]), "row 1 lies on the gap"),
    ],
)
def test_bad_input_is_one_clear_line(call, words):
    with pytest.raises(InputError, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)
