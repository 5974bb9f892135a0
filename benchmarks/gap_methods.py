"""All methods and controls on drawn pairs of a size: seconds and memory.

    python benchmarks/gap_methods.py [--pairs 5000] [--dim 512] [--classes 50]

Pictures of ``--classes`` classes with a caption each, and a gap between them; the tasks are
retrieval both ways, mixed search, zero-shot and search within a modality by label. What is timed is
what a job of the workflow does (``scripts/compare_methods.py``) with refits, jackknife and sign
flips, without calibration curves.
"""

import argparse
import os
import resource
import sys
import time
from pathlib import Path

import numpy as np
from measuring import compare, judge_goal

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))


from modgap.methods.comparing import (
    measure_baseline,
    prepare_setting,
    tabulate_changes,
    tabulate_methods,
)
from modgap.methods.fits.registry import list_methods
from modgap.methods.side_by_side import measure_methods
from modgap.statistics.geometry import normalise


def draw_labelled(n, dim, n_classes, seed=0):
    """Unit rows X, Y (n, dim) of pairs of ``n_classes`` classes with a gap, and labels (n,)."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(n_classes, size=n)
    content = rng.standard_normal((n_classes, dim))[labels] + rng.standard_normal((n, dim))
    offset = 2 * rng.standard_normal(dim)
    sides = [normalise(content + sign * offset + rng.standard_normal((n, dim))) for sign in (1, -1)]
    return *sides, labels


def draw_setting(n, dim, n_classes):
    """``Setting`` of drawn pairs with all tasks."""
    X, Y, labels = draw_labelled(n, dim, n_classes)
    prompts = normalise(np.stack([Y[labels == c].mean(axis=0) for c in range(n_classes)]))
    # A caption is true of every picture of its class: so there is a mixed search.
    return prepare_setting(
        X,
        Y,
        np.arange(n),
        labels[None],
        np.zeros(n, dtype=int),
        labels=labels,
        classes={"zero-shot": (X[: n // 2], labels[: n // 2], prompts)},
    )


def compare_all(n, dim, n_classes, *, processes=1):
    """Everything that a job does with drawn pairs, in so many processes.

    Returns
    -------
    (changes, methods), the two tables.
    """
    setting = draw_setting(n, dim, n_classes)
    measured = measure_methods(list_methods(paired=True), setting, processes)
    baseline = measure_baseline(setting)
    changes = tabulate_changes(measured, n_draws=2_000, seed=0, baseline=baseline)
    return changes, tabulate_methods(measured, setting)


def rows(quick):
    """For ``make bench``; the goals are of the full size, 300 s on two cores and 2 GiB."""
    if quick:
        yield compare(
            "methods that move or close the gap: all, with controls and refits",
            "1,000 × 64",
            lambda: compare_all(1_000, 64, 20),
            rounds=1,
            note="the goal is of 5,000 × 512, see --full",
        )
        return
    row = compare(
        "methods that move or close the gap: all, with controls and refits",
        "5,000 × 512",
        lambda: compare_all(5_000, 512, 50),
        rounds=1,
        memory=False,
    )
    # Of this process: once more, in a process of its own, would take as long again.
    row["mb"] = largest_memory()
    yield {**row, **judge_goal(row, {"most": 600, "most_mb": 2_048})}


def largest_memory():
    """Largest resident set so far of this process or one that it started, MB."""
    whose = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
    return max(resource.getrusage(who).ru_maxrss for who in whose) / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=5_000)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--classes", type=int, default=50)
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    start, before = time.perf_counter(), os.times()
    _, methods = compare_all(given.pairs, given.dim, given.classes, processes=given.processes)
    clock, after = time.perf_counter() - start, os.times()
    spent = sum(after[:4]) - sum(before[:4])
    print(f"{given.pairs} × {given.dim}: {len(methods)} methods and controls in")
    print(
        f"{clock:.0f} s, {spent:.0f} s of processors, {largest_memory():.0f} MB a process at most"
    )


if __name__ == "__main__":
    main()
