"""Runs that draw calibration pictures, queries and gallery anew: both intervals of a change."""

import numpy as np

from modgap.methods.comparing import N_REFITS, change_intervals, change_of, picture_variance
from modgap.methods.fits.registry import fit_method
from modgap.methods.outcomes.evaluation import N_PARTS, TestPairs, measure_retrieval, move_held_out
from modgap.methods.splits import deal_groups, draw_refits
from modgap.statistics.retrieval import own_relevance
from planted_pairs import draw_calibration, draw_gap_pairs

METHODS = {"mean_removal": {}, "nnn": {"k": 8, "alpha": 0.75}, "procrustes": {}}
TASKS = ("text to picture", "picture to text")


def measure_both(transform, test, *, brief):
    """Recall@1 both ways, by task."""
    found = measure_retrieval(transform, test, move_held_out(transform, test), brief=brief)
    return {task: found[task, "recall1"] for task in TASKS}


def simulate_run(seed, n_calibration, n_test, methods=METHODS, **planted):
    """One draw of everything: a row for each method and task."""
    calibration = draw_calibration(n_calibration, **planted, seed=[seed, 0])
    X, Y, owner = draw_gap_pairs(n_test, **planted, seed=[seed, 1])
    pictures = np.arange(n_test)
    parts = deal_groups(pictures, N_PARTS, seed)
    test = TestPairs(X, Y, owner, *own_relevance(owner, n_test), pictures, parts, None, parts * 0.0)
    refitted = draw_refits(np.arange(n_calibration), N_REFITS, seed)
    raw = measure_both(fit_method("raw", calibration), test, brief=False)
    rows = []
    for name, parameters in methods.items():
        result = measure_both(fit_method(name, calibration, parameters), test, brief=False)
        refits = [
            measure_both(fit_method(name, calibration.keep(rows), parameters), test, brief=True)
            for rows in refitted
        ]
        for task in TASKS:
            change = change_of(result[task], raw[task])[0]
            values = np.array([again[task].value for again in refits])
            row = change_intervals(change, picture_variance(result[task], raw[task]), values)
            row.pop("interval_method")
            rows.append({"run": seed, "method": name, "task": task, "change": change, **row})
    return rows
