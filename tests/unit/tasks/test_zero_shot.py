"""The sweep without re-embedding against shifting, normalising and multiplying anew."""

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from modgap.errors import InputError
from modgap.statistics.geometry import direction, gap_vector, normalise
from modgap.tasks.zero_shot import (
    auc,
    best_range,
    correct_intervals,
    exact_curve,
    gap_by_shift,
    hits_by_shift,
    margins_by_shift,
    mean_per_class,
    placements,
    predictions_by_shift,
    ranks_by_shift,
    sweep_products,
)
from moved_pairs import move_rows

DELTAS = np.arange(-3, 3, 0.25)
SIDES = ["both", "first", "second"]


@pytest.fixture(scope="module")
def task():
    """300 pictures near 7 prompts across a gap, with two prompts close together."""
    rng = np.random.default_rng(0)
    T = normalise(rng.normal(size=(7, 16)) + 0.8)
    T[6] = normalise((T[5] + 0.05 * rng.normal(size=16))[None])[0]
    labels = rng.integers(7, size=300)
    X = normalise(0.7 * T[labels] + 0.25 * rng.normal(size=(300, 16)) - 0.8)
    u = direction(gap_vector(X, T))
    return X, T, labels, u


def cosines_again(X, T, u, delta, sides):
    moved_x, moved_t = move_rows(X, T, u, delta, sides)
    return moved_x @ moved_t.T


@pytest.mark.parametrize("sides", SIDES)
def test_ranks_and_predictions_are_those_of_shifting_anew(task, sides):
    X, T, labels, u = task
    got = sweep_products(X, T, u)
    ranks = ranks_by_shift(got, labels, DELTAS, sides)
    predictions = predictions_by_shift(got, DELTAS, sides)
    for j, delta in enumerate(DELTAS):
        cosines = cosines_again(X, T, u, delta, sides)
        own = cosines[np.arange(len(X)), labels]
        assert (ranks[j] == (cosines > own[:, None]).sum(axis=1)).all()
        assert (predictions[j] == cosines.argmax(axis=1)).all()


@pytest.mark.parametrize("entries", [1, 250, 2000])
def test_blocks_do_not_change_ranks_or_predictions(task, monkeypatch, entries):
    """One shift of seven pictures a block, five shifts and at last four, all of more pictures."""
    X, T, labels, u = task
    got = sweep_products(X, T, u)
    ranks = ranks_by_shift(got, labels, DELTAS, "both")
    predictions = predictions_by_shift(got, DELTAS, "both")
    monkeypatch.setattr("modgap.tasks.zero_shot.BLOCK_ENTRIES", entries)
    monkeypatch.setattr("modgap.tasks.zero_shot.FEWEST_PICTURES", 7)
    assert (ranks_by_shift(got, labels, DELTAS, "both") == ranks).all()
    assert (predictions_by_shift(got, DELTAS, "both") == predictions).all()


def test_ranks_reach_the_number_of_classes():
    """Beyond 255 too, the most that a byte counts."""
    T = normalise(np.column_stack([np.ones(300), np.linspace(0, 1, 300)]))
    X = np.array([[1.0, 0.0], [0.0, 1.0]])
    got = sweep_products(X, T, np.array([0.0, 1.0]))
    for label, expected in ((0, [0, 299]), (299, [299, 0])):
        ranks = ranks_by_shift(got, np.full(2, label), np.array([0.0]), "second")
        assert ranks.tolist() == [expected]


def test_one_class_is_always_right(task):
    X, T, _, u = task
    got = sweep_products(X, T[:1], u)
    assert (ranks_by_shift(got, np.zeros(len(X), int), DELTAS, "both") == 0).all()


def test_blocks_do_not_change_where_pictures_are_right(task, monkeypatch):
    X, T, labels, u = task
    got = sweep_products(X, T, u)
    whole = correct_intervals(got, labels)
    monkeypatch.setattr("modgap.tasks.zero_shot.RIVAL_ENTRIES", 50)
    np.testing.assert_array_equal(correct_intervals(got, labels), whole)


@pytest.mark.parametrize("sides", SIDES)
def test_hits_are_ranks_of_zero(task, sides):
    X, T, labels, u = task
    got = sweep_products(X, T, u)
    expected = ranks_by_shift(got, labels, DELTAS, sides) == 0
    assert (hits_by_shift(got, labels, DELTAS, sides) == expected).all()


def test_equal_prompts_are_a_miss_everywhere(task):
    X, T, labels, u = task
    T = T.copy()
    T[6] = T[5]
    got = sweep_products(X, T, u)
    twins = np.isin(labels, [5, 6])
    for sides in SIDES:
        assert not hits_by_shift(got, labels, DELTAS, sides)[:, twins].any()


def test_exact_curve_has_the_sweeps_accuracy_between_its_edges(task):
    X, T, labels, u = task
    got = sweep_products(X, T, u)
    edges, accuracy = exact_curve(*correct_intervals(got, labels), (-3.0, 3.0))
    assert edges[0] == -3
    assert edges[-1] == 3
    assert (np.diff(edges) > 0).all()
    middles = (edges[1:] + edges[:-1]) / 2
    swept = (ranks_by_shift(got, labels, middles, "first") == 0).mean(axis=1)
    assert len(accuracy) > 100
    np.testing.assert_allclose(accuracy, swept, atol=1e-12)


def test_best_range_takes_the_best_segment_nearest_to_zero():
    edges = np.array([-3.0, -2.0, -1.0, 1.0, 1.5, 3.0])
    accuracy = np.array([0.9, 0.2, 0.5, 0.9, 0.1])
    assert best_range(edges, accuracy) == (0.9, 1.0, 1.5)


@pytest.mark.parametrize("sides", SIDES)
def test_auc_of_margins_is_that_of_the_softmax(task, sides):
    X, T, labels, u = task
    rows, T = labels < 2, T[:2]
    positive = labels[rows] == 1
    values = auc(margins_by_shift(sweep_products(X[rows], T, u), DELTAS, sides), positive)
    for j, delta in enumerate(DELTAS):
        cosines = 10 * cosines_again(X[rows], T, u, delta, sides)
        softmax = np.exp(cosines) / np.exp(cosines).sum(axis=1, keepdims=True)
        assert values[j] == pytest.approx(roc_auc_score(positive, softmax[:, 1]), abs=1e-12)


def test_placements_with_ties():
    scores = np.array([1.0, 2.0, 2.0, 3.0, 0.0])
    positive = np.array([False, True, False, True, True])
    got = placements(scores, positive)
    np.testing.assert_allclose(got, [2 / 3, 0.75, 0.5, 1.0, 0.0])
    assert got[positive].mean() == pytest.approx(roc_auc_score(positive, scores))


def test_mean_per_class_weighs_classes_equally():
    labels = np.array([0] * 90 + [1] * 10)
    predicted = np.zeros(100, dtype=int)
    hits = (predicted == labels)[None]
    expected = balanced_accuracy_score(labels, predicted)
    assert mean_per_class(hits, labels, 2)[0] == pytest.approx(expected) == pytest.approx(0.5)


@pytest.mark.parametrize("sides", SIDES)
def test_gap_is_measured_again_after_every_shift(task, sides):
    X, T, _, u = task
    measured = gap_by_shift(X, T, u, DELTAS, sides)
    for delta, value in zip(DELTAS, measured, strict=True):
        difference = gap_vector(*move_rows(X, T, u, delta, sides))
        assert abs(value) == pytest.approx(np.linalg.norm(difference))
        assert np.sign(value) == np.sign(difference @ u)
    assert measured[0] > measured[DELTAS == 0] > 0 > measured[-1]


def test_a_row_moved_to_the_origin_is_an_error(task):
    _, T, _, u = task
    X = np.vstack([u, T])
    with pytest.raises(InputError, match="row 0 lies on the gap direction"):
        ranks_by_shift(sweep_products(X, T, u), np.zeros(8, int), np.array([0.0, 2.0]), "both")
    # Pictures alone never need their norm: only the order of the classes counts.
    assert hits_by_shift(
        sweep_products(X, T, u), np.zeros(8, int), np.array([0.0, 1.0]), "first"
    ).any()
