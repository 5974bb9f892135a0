"""How a method changes with the rows it is fitted on, and with how much of it is applied."""

import numpy as np
import pandas as pd

from modgap.methods.contrasts import interval_around
from modgap.methods.fits.registry import SHARES, fit_method
from modgap.methods.outcomes.evaluation import measure_mixed, measure_retrieval, move_held_out
from modgap.methods.outcomes.remaining_gap import measure_left

# Methods whose calibration curves are drawn: one of each family.
CURVED = (
    "shift",
    "mean_removal",
    "whitening",
    "procrustes_shrunk",
    "nnn",
    "mean_score_z",
)
# Methods whose path from nothing to everything is drawn.
PATHS = ("shift", "mean_removal")
HALF = 0.5
TESTED = (
    ("text to picture", "recall1"),
    ("picture to text", "recall1"),
    ("mixed, 50 % pictures", "ndcg10"),
)
INTERVAL = "t, over test pictures in a fixed gallery and over draws of the calibration pictures"


def measure_few(transform, test):
    """Results of ``TESTED`` alone; a task that there is none of is left out."""
    moved = move_held_out(transform, test)
    found = measure_retrieval(transform, test, moved, brief=True)
    found |= measure_mixed(transform, test, moved, (HALF,), brief=True)
    return {key: found[key] for key in TESTED if key in found}


def take_calibration(calibration, n, seed, draw):
    """``n`` pictures of a calibration set with their texts, drawn at random."""
    rng = np.random.default_rng([seed, n, draw])
    return calibration.keep(np.sort(rng.permutation(calibration.n_pictures)[:n]))


def change_variance(changes, groups):
    """Variance of the mean of changes of queries (q,), whose groups stay together, and how many
    groups there are; a change of nan counts for nothing.
    """
    known = ~np.isnan(changes)
    centred = changes[known] - changes[known].mean()
    names, place = np.unique(groups[known], return_inverse=True)
    sums = np.bincount(place, weights=centred, minlength=len(names))
    k = len(names)
    return float(k / (k - 1) * (sums**2).sum() / np.count_nonzero(known) ** 2), k


def measure_curve(name, parameters, setting, sources, sizes, *, n_draws, seed):
    """Change over raw of one method by the number of calibration pictures.

    Parameters
    ----------
    parameters : of the method, as chosen with all calibration pictures.
    sources : dict from "in domain" (or another name) to a ``Calibration``.
    sizes : numbers of pictures; of those that a source has, and all of it, each is measured.
    n_draws : random parts of a source for each number, one where it is all of it.

    Returns
    -------
    DataFrame with a row for each source, number and task: method, source, n_calibration, task,
    measure, change, low, high, n, seed, interval_method.
    """
    raw = measure_few(fit_method("raw", setting.calibration), setting.test)
    rows = []
    for source, calibration in sources.items():
        most = calibration.n_pictures
        for size in [*(size for size in sizes if size < most), most]:
            found = [
                measure_few(
                    fit_method(name, take_calibration(calibration, size, seed, draw), parameters),
                    setting.test,
                )
                for draw in range(1 if size == most else n_draws)
            ]
            told = {"method": name, "source": source, "n_calibration": size}
            rows += [
                {**told, **curve_row(key, raw[key], [results[key] for results in found])}
                for key in raw
            ]
    return pd.DataFrame(rows).assign(seed=seed)


def curve_row(key, raw, results):
    """One row of ``measure_curve``: mean change of several draws, with its interval."""
    changes = np.array([result.value - raw.value for result in results])
    single = np.mean([result.outcomes - raw.outcomes for result in results], axis=0)
    variance, groups = change_variance(single, raw.groups)
    variances, freedoms = [variance], [groups - 1]
    if len(changes) > 1:
        variances.append(changes.var(ddof=1) / len(changes))
        freedoms.append(len(changes) - 1)
    low, high, _ = interval_around(changes.mean(), variances, freedoms)
    row = {"task": key[0], "measure": key[1], "change": float(changes.mean())}
    return row | {"low": low, "high": high, "n": len(single), "interval_method": INTERVAL}


def measure_paths(setting):
    """What is left of the gap and what a task changes by, from nothing to the whole method.

    Returns
    -------
    DataFrame with a row for each of ``PATHS``, share and task: method, share, gap_share (of the
    gap of raw embeddings), task, measure, change.
    """
    test, rows = setting.test, []
    n_calibration = setting.calibration.n_pictures
    for name in PATHS:
        for share in SHARES:
            transform = fit_method(name, setting.calibration, {"share": share})
            moved = move_held_out(transform, test)
            gap = measure_left(moved.first, moved.documents, test.owner, n_calibration).gap
            results = measure_few(transform, test)
            if share == 0:
                raw_gap, raw = gap, results
            rows += [
                {
                    "method": name,
                    "share": share,
                    "gap_share": gap / raw_gap,
                    "task": task,
                    "measure": measure,
                    "change": result.value - raw[task, measure].value,
                }
                for (task, measure), result in results.items()
            ]
    return pd.DataFrame(rows)
