"""One zero-shot task swept over shifts: the curve, the selections and the controls as tidy rows."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from modgap.statistics.geometry import direction, gap_vector
from modgap.statistics.inference import proportion_interval, wilson_interval
from modgap.tasks import controls
from modgap.tasks.selection import cross_fitted_gain, select_corrected, select_published
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


class Task(NamedTuple):
    """Pictures, prompts and what moves them.

    X (n, dim), T (n_classes, dim) unit rows; labels (n,) int; cosines X·Tᵀ; deltas (k,) with a 0;
    metric "accuracy" or "auc" (two classes, the second is the positive one); clouds: the two
    clouds between which the gap is measured, or None for the task's own pictures and prompts.
    """

    X: np.ndarray
    T: np.ndarray
    labels: np.ndarray
    cosines: np.ndarray
    deltas: np.ndarray
    metric: str
    clouds: tuple | None

    @property
    def positive(self):
        """Which pictures are of the second class; None where the metric is the accuracy."""
        return self.labels == 1 if self.metric == "auc" else None


def clouds_of(task, rows):
    """The two clouds that give a direction; of the task's own pictures only ``rows``."""
    return (task.X[rows], task.T) if task.clouds is None else task.clouds


def task_direction(task, rows):
    """Unit gap vector between the clouds of the task, with only ``rows`` of its own pictures."""
    return direction(gap_vector(*clouds_of(task, rows)))


def products_of(task, u):
    """The three products of the task's pictures and prompts with the unit direction u."""
    return Products(task.cosines, task.X @ u, task.T @ u)


def outcomes_of(task, products, sides):
    """Hits or, for the AUC, scores of the second class: (k, n)."""
    if task.metric == "auc":
        return margins_by_shift(products, task.deltas, sides)
    return hits_by_shift(products, task.labels, task.deltas, sides)


def sweep_along(task, find, sides):
    """The sweep of ``modgap.tasks.selection`` along the direction that ``find`` makes of some rows.

    A direction that does not depend on the task's pictures is swept once.
    """
    if task.clouds is None:
        return lambda rows: outcomes_of(task, products_of(task, find(rows)), sides)
    return constant_sweep(outcomes_of(task, products_of(task, find(None)), sides))


def constant_sweep(outcomes):
    """The sweep along a direction that has nothing to do with the pictures."""
    return lambda rows: outcomes


def all_rows(task):
    """Numbers of all pictures of the task, (n,)."""
    return np.arange(len(task.labels))


def curve_rows(task, sides):
    """Every measure at every shift, as a frame: delta, distance, statistic, value, low, high, ...

    For shifts of the pictures alone also ``top1_exact``: the accuracy from this delta to the next.
    """
    u = task_direction(task, all_rows(task))
    products = products_of(task, u)
    n, n_classes = task.cosines.shape
    ranks = ranks_by_shift(products, task.labels, task.deltas, sides)
    measures = {"top1": interval_of_hits(ranks == 0)}
    if n_classes > 5:
        measures["top5"] = interval_of_hits(ranks < 5)
    measures["mean_per_class"] = interval_of_recalls(ranks == 0, task.labels, n_classes)
    if task.metric == "auc":
        measures["auc"] = interval_of_auc(outcomes_of(task, products, sides), task.positive)
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
        limits = (task.deltas[0], task.deltas[-1])
        edges, accuracy = exact_curve(*correct_intervals(products, task.labels), limits)
        frames.append(pd.DataFrame({"delta": edges[:-1], "value": accuracy}))
        frames[-1] = frames[-1].assign(
            distance=np.nan, statistic="top1_exact", low=np.nan, high=np.nan, interval_method=EXACT
        )
    return pd.concat(frames, ignore_index=True).assign(side=sides, n=n)


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
    sweep = sweep_along(task, lambda rows: task_direction(task, rows), sides)
    whole = sweep(all_rows(task))
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
        products = products_of(task, task_direction(task, all_rows(task)))
        limits = (task.deltas[0], task.deltas[-1])
        best, low, high = best_range(
            *exact_curve(*correct_intervals(products, task.labels), limits)
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


def control_sweeps(task, sides, *, n_directions, n_permutations, seed):
    """Yield (control, draw, sweep) of the gap direction and of everything that is not it."""

    def gap(rows):
        return task_direction(task, rows)

    yield "gap", 0, sweep_along(task, gap, sides)
    u = gap(all_rows(task))
    for i, v in enumerate(controls.matched_directions(task.T, u, n_directions, seed)):
        yield "random direction", i, constant_sweep(outcomes_of(task, products_of(task, v), sides))
    orders = controls.class_permutations(len(task.T), n_permutations, seed)
    for i, order in enumerate(orders):
        yield "permuted offsets", i, permuted_sweep(task, gap, order, sides)
    for i in range(n_permutations):
        yield "swapped labels", i, sweep_along(task, swapped_finder(task, seed, i), sides)

    def second(rows):
        return controls.second_principal_direction(*clouds_of(task, rows))

    yield "second principal direction", 0, sweep_along(task, second, sides)
    if sides == "both":
        yield "offset only", 0, offset_sweep(task, gap)


def permuted_sweep(task, find, order, sides):
    """The gap's offsets handed to other classes."""
    return lambda rows: outcomes_of(
        task, controls.permute_offsets(products_of(task, find(rows)), order), sides
    )


def swapped_finder(task, seed, i):
    """Finder of the direction after modality labels are swapped at random."""
    return lambda rows: controls.swapped_direction(
        *clouds_of(task, rows), np.random.default_rng([seed, i])
    )


def offset_sweep(task, find):
    """The two-sided shift reduced to its class offset; an AUC does not feel it."""
    if task.metric == "auc":
        still = margins_by_shift(products_of(task, np.zeros(task.X.shape[1])), [0.0], "both")
        return constant_sweep(np.repeat(still, len(task.deltas), axis=0))
    return lambda rows: controls.pure_offset_hits(
        products_of(task, find(rows)), task.labels, task.deltas
    )


def control_rows(task, sides, *, n_directions, n_permutations, seed):
    """Gain of each control at its own best shift, chosen on the same pictures as the gap's."""
    sweeps = control_sweeps(
        task, sides, n_directions=n_directions, n_permutations=n_permutations, seed=seed
    )
    rows = []
    for control, draw, sweep in sweeps:
        best = select_published(sweep(all_rows(task)), task.deltas, task.positive)
        rows.append({"control": control, "draw": draw, "gain": best.gain})
    return pd.DataFrame(rows).assign(side=sides)


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
