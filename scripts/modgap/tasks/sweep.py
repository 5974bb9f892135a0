"""One zero-shot task swept over shifts: the curve, the selections and the controls as tidy rows."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from modgap.shift.moves import side_offsets
from modgap.statistics.geometry import direction
from modgap.statistics.inference import proportion_interval, wilson_interval
from modgap.tasks import controls
from modgap.tasks.rows import UnitRows, rows_of
from modgap.tasks.selection import (
    cross_fitted_gain,
    gain_at_best,
    select_corrected,
    select_published,
)
from modgap.tasks.zero_shot import (
    Products,
    auc,
    best_range,
    correct_intervals,
    exact_curve,
    gap_by_shift,
    hits_by_shift,
    margins_by_shift,
    mean_per_class,
    placements,
    ranks_by_shift,
)

WILSON = "Wilson"
CLUSTERED = "Wilson, number of trials from the variance"
EXACT = "none: exact for these pictures"
CHI_SQUARE = "χ² without Yates' correction, unpaired"
MAX_T = "max T over all shifts, {} sign flips"
MAX_T_AUC = "max T over all shifts, {} sign flips of DeLong's placements"


# Directions along which the AUC is measured in one pass over the pictures.
AUC_MOVES = 16


class Task(NamedTuple):
    """Pictures, prompts and what moves them.

    X: ``UnitRows`` of n pictures; T (n_classes, dim) unit rows; labels (n,) int; deltas (k,) with a
    0; metric "accuracy" or "auc" (two classes, the second is the positive one); clouds:
    ``UnitRows`` of the two between which the gap is measured, or None for the task's own pictures
    and prompts.
    """

    X: UnitRows
    T: np.ndarray
    labels: np.ndarray
    deltas: np.ndarray
    metric: str
    clouds: tuple | None

    @property
    def positive(self):
        """Which pictures are of the second class; None where the metric is the accuracy."""
        return self.labels == 1 if self.metric == "auc" else None


class Move(NamedTuple):
    """One way to move: pictures along u (dim,), and what it adds to the classes (n_classes,).

    The second is T·u, or what a control puts in its place. deltas (k,), sides : how far, and what.
    """

    u: np.ndarray
    class_along: np.ndarray
    deltas: np.ndarray
    sides: str


def move_along(task, u, sides):
    """The ``Move`` along a unit direction."""
    return Move(u, task.T @ u, task.deltas, sides)


def clouds_of(task):
    """The two clouds that give a direction."""
    return (task.X, rows_of(task.T)) if task.clouds is None else task.clouds


def task_direction(task, rows=None):
    """Unit gap vector between the clouds of the task, with only ``rows`` of its own pictures."""
    if task.clouds is None:
        return direction(task.X.centre(rows) - task.T.mean(axis=0))
    first, second = task.clouds
    return direction(first.centre() - second.centre())


def outcomes_of(task, move, products, labels):
    """Hits or, for the AUC, scores of the second class of some pictures: (k, n)."""
    if task.metric == "auc":
        return margins_by_shift(products, move.deltas, move.sides)
    return hits_by_shift(products, labels, move.deltas, move.sides)


def outcomes_along(task, move):
    """``outcomes_of`` all pictures."""

    def of_block(rows, block):
        products = Products(block @ task.T.T, block @ move.u, move.class_along)
        return outcomes_of(task, move, products, task.labels[rows])

    return task.X.collect(of_block)


def measure_moves(task, moves):
    """Accuracy or AUC at every shift of each of m moves: (m, k)."""
    if task.metric == "auc":
        return np.concatenate(
            [
                auc_of_moves(task, moves[start : start + AUC_MOVES])
                for start in range(0, len(moves), AUC_MOVES)
            ]
        )
    directions = np.stack([move.u for move in moves])

    def count_hits(rows, block):
        cosines, along, labels = block @ task.T.T, directions @ block.T, task.labels[rows]
        return np.stack(
            [
                outcomes_of(task, move, Products(cosines, t, move.class_along), labels).sum(axis=1)
                for move, t in zip(moves, along, strict=True)
            ]
        )

    return task.X.add_up(count_hits) / len(task.labels)


def auc_of_moves(task, moves):
    """``measure_moves`` of few moves for two classes; one shift's scores are held at a time."""
    vectors = np.concatenate([task.T, np.stack([move.u for move in moves])])
    products = task.X.collect(lambda _, block: vectors @ block.T)
    cosines, values = products[: len(task.T)].T, []
    for move, along in zip(moves, products[len(task.T) :], strict=True):
        given = Products(cosines, along, move.class_along)
        scores = (margins_by_shift(given, [delta], move.sides) for delta in move.deltas)
        values.append([auc(row, task.positive)[0] for row in scores])
    return np.array(values)


def sweep_along_gap(task, sides):
    """The sweep of ``modgap.tasks.selection`` along the gap of some rows.

    A direction that does not depend on the task's pictures is swept once.
    """
    if task.clouds is None:
        return lambda rows: outcomes_along(
            task, move_along(task, task_direction(task, rows), sides)
        )
    outcomes = outcomes_along(task, move_along(task, task_direction(task), sides))
    return lambda rows: outcomes


def curve_rows(task, sides):
    """Every measure at every shift, as a frame: delta, distance, statistic, value, low, high, ...

    For shifts of the pictures alone also ``top1_exact``: the accuracy from this delta to the next.
    """
    u = task_direction(task)
    move = move_along(task, u, sides)
    n, n_classes = len(task.labels), len(task.T)

    def first_ranks(rows, block):
        products = Products(block @ task.T.T, block @ u, move.class_along)
        ranks = ranks_by_shift(products, task.labels[rows], task.deltas, sides)
        return np.minimum(ranks, 5).astype(np.int8)

    ranks = task.X.collect(first_ranks)
    measures = {"top1": interval_of_hits(ranks == 0)}
    if n_classes > 5:
        measures["top5"] = interval_of_hits(ranks < 5)
    measures["mean_per_class"] = interval_of_recalls(ranks == 0, task.labels, n_classes)
    if task.metric == "auc":
        measures["auc"] = interval_of_auc(outcomes_along(task, move), task.positive)
    distance = gap_by_shift(task.X, task.T, u, task.deltas, sides)
    frames = [
        pd.DataFrame(
            {
                "delta": task.deltas,
                "distance": distance,
                "statistic": name,
                "value": value,
                "low": low,
                "high": high,
                "interval_method": method,
            }
        )
        for name, (value, low, high, method) in measures.items()
    ]
    if sides == "first":
        edges, accuracy = exact_accuracy(task, move)
        frames.append(pd.DataFrame({"delta": edges[:-1], "value": accuracy}))
        frames[-1] = frames[-1].assign(
            distance=np.nan, statistic="top1_exact", low=np.nan, high=np.nan, interval_method=EXACT
        )
    return pd.concat(frames, ignore_index=True).assign(side=sides, n=n)


def exact_accuracy(task, move):
    """``exact_curve`` of the pictures alone along a direction."""

    def of_block(rows, block):
        products = Products(block @ task.T.T, block @ move.u, move.class_along)
        return np.stack(correct_intervals(products, task.labels[rows]))

    return exact_curve(*task.X.collect(of_block), (task.deltas[0], task.deltas[-1]))


def interval_of_hits(hits):
    """Share of hits (k, n) with Wilson's interval."""
    counts, n = hits.sum(axis=1), hits.shape[1]
    return counts / n, *wilson_interval(counts / n, n), WILSON


def interval_of_recalls(hits, labels, n_classes):
    """Mean over classes of the recall, with an interval from the variance within classes."""
    values = mean_per_class(hits, labels, n_classes)
    sizes = np.bincount(labels, minlength=n_classes)
    scale = len(labels) / (n_classes * sizes[labels])
    intervals = []
    for value, row in zip(values, hits, strict=True):
        recall = np.bincount(labels, weights=row, minlength=n_classes) / sizes
        influence = (row - recall[labels]) * scale
        intervals.append(proportion_interval(value, influence, len(labels)))
    return values, *np.transpose(intervals), CLUSTERED


def interval_of_auc(scores, positive):
    """AUC of each row of scores (k, n), with an interval from DeLong's variance."""
    values = auc(scores, positive)
    scale = len(positive) / np.where(positive, positive.sum(), (~positive).sum())
    intervals = [
        proportion_interval(value, (placements(row, positive) - value) * scale, len(positive))
        for value, row in zip(values, scores, strict=True)
    ]
    return values, *np.transpose(intervals), CLUSTERED


def selection_rows(task, sides, *, owner=None, n_draws, n_folds, seed):
    """Published, corrected, cross-fitted and exact choices of the shift.

    owner : (n,) which picture each row belongs to, see ``modgap.tasks.bands``.
    """
    sweep = sweep_along_gap(task, sides)
    whole = sweep(None)
    counts = task.metric == "accuracy"
    corrected = select_corrected(
        whole, task.deltas, n_draws=n_draws, seed=seed, positive=task.positive, owner=owner
    )
    rows = [
        {
            "procedure": "published",
            **select_published(whole, task.deltas, task.positive)._asdict(),
            "test": CHI_SQUARE if counts else "none: χ² is for counts",
        },
        {
            "procedure": "corrected",
            **corrected._asdict(),
            "test": (MAX_T if counts else MAX_T_AUC).format(f"{n_draws:,}"),
        },
    ]
    gain = cross_fitted_gain(
        sweep, task.deltas, len(task.labels), n_folds, seed, task.positive, owner
    )
    rows.append({"procedure": f"cross-fitted, {n_folds} folds", "gain": gain, "test": "none"})
    if sides == "first" and task.metric == "accuracy":
        best, low, high = best_range(
            *exact_accuracy(task, move_along(task, task_direction(task), sides))
        )
        rows.append(
            {
                "procedure": "exact optimum",
                "delta": (low + high) / 2,
                "after": best,
                "gain": best - rows[0]["before"],
                "test": "none",
            }
        )
    return pd.DataFrame(rows).assign(side=sides, n=len(task.labels))


def control_moves(task, sides, *, n_directions, n_permutations, seed):
    """Yield (control, draw, ``Move``) of the gap direction and of everything that is not it."""
    u = task_direction(task)
    gap = move_along(task, u, sides)
    yield "gap", 0, gap
    for i, v in enumerate(controls.matched_directions(task.T, u, n_directions, seed)):
        yield "random direction", i, move_along(task, v, sides)
    # The gap's offsets handed to other classes.
    orders = controls.class_permutations(len(task.T), n_permutations, seed)
    for i, order in enumerate(orders):
        yield "permuted offsets", i, gap._replace(class_along=gap.class_along[order])
    rngs = [np.random.default_rng([seed, i]) for i in range(n_permutations)]
    for i, v in enumerate(controls.swapped_directions(*clouds_of(task), rngs)):
        yield "swapped labels", i, move_along(task, v, sides)
    second = controls.second_principal_direction(*clouds_of(task))
    yield "second principal direction", 0, move_along(task, second, sides)
    if sides == "both":
        yield "offset only", 0, offset_move(task, u)


def offset_move(task, u):
    """A two-sided shift without its geometry.

    Only the offset −½δ u·t is left; the changed length of the prompts and the term that differs
    between pictures are dropped. The same as moving only the pictures by half the shift. An AUC
    does not feel it: between two classes the offset is the same number for every picture.
    """
    if task.metric == "auc":
        still = np.zeros(len(u))
        return Move(still, task.T @ still, np.zeros(len(task.deltas)), "both")
    return Move(u, task.T @ u, side_offsets(task.deltas, "both")[0], "first")


def control_rows(task, sides, *, n_directions, n_permutations, seed):
    """Gain of each control at its own best shift, chosen on the same pictures as the gap's."""
    names, draws, moves = zip(
        *control_moves(
            task, sides, n_directions=n_directions, n_permutations=n_permutations, seed=seed
        ),
        strict=True,
    )
    gains = [gain_at_best(values, task.deltas) for values in measure_moves(task, moves)]
    return pd.DataFrame({"control": names, "draw": draws, "gain": gains}).assign(side=sides)


def control_verdict(rows):
    """Where the gap direction's gain stands among its controls, as a dict.

    rows : of one task and side, from ``control_rows``. ``percentile``: share of random directions
    with a smaller gain, ties counting half, in percent. ``beats_controls``: whether the gain is
    above the 95th percentile of every random family and above every single control.
    """
    by_control = {name: part["gain"].to_numpy() for name, part in rows.groupby("control")}
    gain = by_control.pop("gap")[0]
    drawn = by_control["random direction"]
    below = (drawn < gain).mean() + 0.5 * (drawn == gain).mean()
    bars = {name: np.quantile(gains, 0.95) for name, gains in by_control.items()}
    return {
        "percentile": 100 * below,
        "beats_controls": bool(all(gain > bar for bar in bars.values())),
        **{f"control_{name.replace(' ', '_')}": bar for name, bar in bars.items()},
    }
