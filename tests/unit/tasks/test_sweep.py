"""One task swept: curves and intervals in closed form, choices of the shift, what controls keep."""

import numpy as np
import pandas as pd
import pytest

from modgap.statistics.geometry import direction, gap_vector, normalise
from modgap.statistics.inference import wilson_interval
from modgap.tasks import rows as blocks
from modgap.tasks import sweep
from modgap.tasks.rows import rows_of
from moved_pairs import move_rows

DELTAS = np.arange(-2, 2.1, 0.5)
SIDES = ["both", "first", "second"]


def draw_task(n_classes=6, *, metric="accuracy", clouds=None, n=240):
    """Pictures near their prompts, across a gap."""
    rng = np.random.default_rng(n_classes)
    T = normalise(rng.normal(size=(n_classes, 12)) + 0.5)
    labels = np.arange(n) % n_classes
    X = normalise(T[labels] + 0.3 * rng.normal(size=(n, 12)) - 0.8)
    return sweep.Task(rows_of(X), T, labels, DELTAS, metric, clouds)


def whole(rows):
    """All of some ``UnitRows``, (n, dim)."""
    return np.concatenate([block for _, block in rows.blocks()])


def draw_clouds():
    rng = np.random.default_rng(9)
    return rows_of(rng.normal(size=(30, 12)) + 1), rows_of(rng.normal(size=(30, 12)) - 1)


def slow_hits(task, u, sides):
    """Whether the true class is the nearest after each shift, every embedding moved anew."""
    rows = []
    for delta in task.deltas:
        X, T = move_rows(whole(task.X), task.T, u, delta, sides)
        rows.append((X @ T.T).argmax(axis=1) == task.labels)
    return np.array(rows)


@pytest.mark.parametrize("sides", SIDES)
def test_a_sweep_moves_along_the_gap_of_the_rows_it_is_given(sides):
    task, rows = draw_task(), np.arange(0, 240, 3)
    along = sweep.sweep_along_gap(task, sides)
    u = direction(gap_vector(whole(task.X)[rows], task.T))
    np.testing.assert_allclose(sweep.task_direction(task, rows), u)
    np.testing.assert_array_equal(along(rows), slow_hits(task, u, sides))
    assert (along(rows) != along(None)).any()


def test_a_direction_from_elsewhere_ignores_the_rows():
    clouds = draw_clouds()
    task = draw_task(clouds=clouds)
    along = sweep.sweep_along_gap(task, "both")
    expected = slow_hits(task, direction(gap_vector(*map(whole, clouds))), "both")
    for rows in (np.arange(3), np.arange(240)):
        assert along(rows) is along(None)
        np.testing.assert_array_equal(along(rows), expected)


@pytest.mark.parametrize("sides", SIDES)
def test_curve_is_the_share_of_hits(sides):
    task = draw_task()
    table = sweep.curve_rows(task, sides).set_index("statistic")
    assert set(table.index) == {"top1", "top5", "mean_per_class"} | (
        {"top1_exact"} if sides == "first" else set()
    )
    hits = slow_hits(task, sweep.task_direction(task), sides)
    np.testing.assert_allclose(table.loc["top1", "value"], hits.mean(axis=1))
    # Classes of equal size: each counts alike in the accuracy as well.
    np.testing.assert_allclose(table.loc["mean_per_class", "value"], hits.mean(axis=1))
    assert (table.loc["top5", "value"] >= table.loc["top1", "value"].to_numpy()).all()
    assert set(table["n"]) == {240}


def test_top5_needs_more_than_five_classes():
    assert "top5" not in set(sweep.curve_rows(draw_task(5), "both")["statistic"])


def test_interval_of_hits_is_wilsons():
    hits = np.arange(50) < np.array([[0], [20], [50]])
    values, low, high, method = sweep.interval_of_hits(hits)
    np.testing.assert_allclose(values, [0, 0.4, 1])
    np.testing.assert_allclose([low, high], wilson_interval(values, 50))
    assert method == "Wilson"


def test_interval_of_recalls_weighs_classes_and_is_wider_where_one_is_small():
    rng = np.random.default_rng(0)
    hits = rng.random((1, 400)) < 0.7
    equal, few = np.arange(400) % 2, (np.arange(400) < 20).astype(int)
    widths = []
    for labels in (equal, few):
        value, low, high, _ = sweep.interval_of_recalls(hits, labels, 2)
        recalls = [hits[0, labels == c].mean() for c in (0, 1)]
        assert value[0] == pytest.approx(np.mean(recalls))
        assert low[0] < value[0] < high[0]
        widths.append(high[0] - low[0])
    assert widths[1] > 1.5 * widths[0]


def test_interval_of_auc_covers_it():
    rng = np.random.default_rng(1)
    positive = np.arange(80) < 30
    covered = 0
    for _ in range(300):
        # Normal scores a standard deviation apart: the AUC is Φ(1/√2).
        scores = (positive + rng.standard_normal(80))[None]
        _, low, high, _ = sweep.interval_of_auc(scores, positive)
        covered += low[0] <= 0.76025 <= high[0]
    assert 0.92 < covered / 300 <= 0.99


def test_every_choice_of_the_shift():
    task = draw_task()
    table = sweep.selection_rows(task, "first", n_draws=199, n_folds=4, seed=0)
    table = table.set_index("procedure")
    assert list(table.index) == ["published", "corrected", "cross-fitted, 4 folds", "exact optimum"]
    hits = slow_hits(task, sweep.task_direction(task), "first").mean(axis=1)
    published = table.loc["published"]
    assert published["before"] == pytest.approx(hits[DELTAS == 0][0])
    assert published["after"] == pytest.approx(hits.max())
    assert table.loc["exact optimum", "after"] >= published["after"]
    corrected = table.loc["corrected"]
    assert corrected["gain"] == pytest.approx(published["gain"])
    assert corrected["low"] < corrected["gain"] < corrected["high"]
    assert np.isfinite(table.loc["cross-fitted, 4 folds", "gain"])
    assert "199 sign flips" in corrected["test"]
    both = sweep.selection_rows(task, "both", n_draws=199, n_folds=4, seed=0)
    assert "exact optimum" not in set(both["procedure"])


def test_controls_of_each_kind_and_the_gap_itself():
    task = draw_task()
    given = list(sweep.control_moves(task, "both", n_directions=3, n_permutations=2, seed=0))
    assert [(name, draw) for name, draw, _ in given] == [
        ("gap", 0),
        *[("random direction", i) for i in range(3)],
        *[("permuted offsets", i) for i in range(2)],
        *[("swapped labels", i) for i in range(2)],
        ("second principal direction", 0),
        ("offset only", 0),
    ]
    zero = slow_hits(task, np.zeros(12), "both")[0]
    moves = [move for _, _, move in given]
    for move in moves:
        np.testing.assert_array_equal(sweep.outcomes_along(task, move)[DELTAS == 0][0], zero)
    # All of them in one pass over the pictures, or one after the other.
    alone = [sweep.outcomes_along(task, move).mean(axis=1) for move in moves]
    np.testing.assert_array_equal(sweep.measure_moves(task, moves), alone)


def test_offsets_of_other_classes_are_no_longer_the_gap():
    task = draw_task()
    gap = sweep.move_along(task, sweep.task_direction(task), "both")
    offsets = [
        move.class_along
        for name, _, move in sweep.control_moves(
            task, "both", n_directions=1, n_permutations=3, seed=0
        )
        if name == "permuted offsets"
    ]
    assert len(offsets) == 3
    for offset in offsets:
        np.testing.assert_array_equal(np.sort(offset), np.sort(gap.class_along))
        moved = sweep.outcomes_along(task, gap._replace(class_along=offset))
        assert (moved != sweep.outcomes_along(task, gap)).any()


def test_an_offset_alone_changes_hits_but_no_auc():
    task, pair = draw_task(), draw_task(2, metric="auc")
    u = sweep.task_direction(task)
    hits = sweep.outcomes_along(task, sweep.offset_move(task, u))
    offset = whole(task.X) @ task.T.T - DELTAS[:, None, None] / 2 * (task.T @ u)
    np.testing.assert_array_equal(hits, offset.argmax(axis=2) == task.labels)
    scores = sweep.outcomes_along(pair, sweep.offset_move(pair, u))
    margin = whole(pair.X) @ (pair.T[1] - pair.T[0])
    np.testing.assert_allclose(scores, np.tile(margin, (len(DELTAS), 1)))


def test_auc_of_many_moves_is_that_of_each(monkeypatch):
    task = draw_task(2, metric="auc")
    moves = [
        move
        for _, _, move in sweep.control_moves(
            task, "first", n_directions=4, n_permutations=2, seed=0
        )
    ]
    monkeypatch.setattr(sweep, "AUC_MOVES", 3)
    values = sweep.measure_moves(task, moves)
    for move, row in zip(moves, values, strict=True):
        expected = sweep.auc(sweep.outcomes_along(task, move), task.positive)
        np.testing.assert_allclose(row, expected, atol=1e-12)


@pytest.mark.parametrize("metric", ["accuracy", "auc"])
@pytest.mark.parametrize("apart", [False, True])
def test_blocks_of_pictures_change_no_number(monkeypatch, metric, apart):
    """The same tables whether the pictures come at once or eleven at a time."""
    tables = []
    for size in (blocks.BLOCK, 11):
        monkeypatch.setattr(blocks, "BLOCK", size)
        clouds = draw_clouds() if apart else None
        task = draw_task(2 if metric == "auc" else 6, metric=metric, clouds=clouds)
        numbers = {"n_directions": 3, "n_permutations": 2, "seed": 0}
        tables.append(
            [
                table
                for sides in SIDES
                for table in (
                    sweep.curve_rows(task, sides),
                    sweep.selection_rows(task, sides, n_draws=99, n_folds=3, seed=0),
                    sweep.control_rows(task, sides, **numbers),
                )
            ]
        )
        assert (len(task.X.kept) == 1) == (size != 11)
    for whole_table, table in zip(*tables, strict=True):
        pd.testing.assert_frame_equal(table, whole_table, rtol=1e-12, atol=1e-12)


def test_gains_of_controls_and_the_verdict_on_them():
    task = draw_task()
    table = sweep.control_rows(task, "both", n_directions=4, n_permutations=2, seed=0)
    gap = table[table["control"] == "gap"].iloc[0]
    chosen = sweep.selection_rows(task, "both", n_draws=199, n_folds=4, seed=0)
    assert gap["gain"] == chosen.set_index("procedure").loc["published", "gain"]
    assert len(table) == 1 + 4 + 2 + 2 + 1 + 1


@pytest.mark.parametrize(
    ("gap", "single", "percentile", "beats"),
    [(0.5, 0.1, 100, True), (0.5, 0.6, 100, False), (0.2, 0.1, 62.5, False), (0, 0.1, 0, False)],
)
def test_the_gap_beats_all_controls_or_does_not(gap, single, percentile, beats):
    drawn = [0.1, 0.15, 0.2, 0.3]
    rows = pd.DataFrame(
        {
            "control": ["gap", *["random direction"] * 4, "offset only"],
            "gain": [gap, *drawn, single],
        }
    )
    said = sweep.control_verdict(rows)
    assert said["percentile"] == percentile
    assert said["beats_controls"] == beats
    assert said["control_random_direction"] == pytest.approx(np.quantile(drawn, 0.95))
    assert said["control_offset_only"] == single
