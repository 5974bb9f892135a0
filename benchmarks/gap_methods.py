"""All methods and controls on drawn pairs of a size: seconds and memory.

    python benchmarks/gap_methods.py [--pairs 5000] [--dim 512] [--classes 50]

Pictures of ``--classes`` classes with a caption each, and a gap between them; the tasks are
retrieval both ways, mixed search, zero-shot and search within a modality by label. What is timed is
what a job of the workflow does (``scripts/compare_methods.py``) with refits, jackknife and sign
flips, without calibration curves.
"""

import argparse
import resource
import time

import numpy as np

from modgap.methods.comparing import (
    measure_method,
    prepare_setting,
    tabulate_changes,
    tabulate_methods,
)
from modgap.methods.registry import METHODS, list_methods
from modgap.statistics.geometry import normalise


def draw_labelled(n, dim, n_classes, seed=0):
    """Unit rows X, Y (n, dim) of pairs of ``n_classes`` classes with a gap, and labels (n,)."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(n_classes, size=n)
    content = rng.standard_normal((n_classes, dim))[labels] + rng.standard_normal((n, dim))
    offset = 2 * rng.standard_normal(dim)
    sides = [normalise(content + sign * offset + rng.standard_normal((n, dim))) for sign in (1, -1)]
    return *sides, labels


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=5_000)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--classes", type=int, default=50)
    given = parser.parse_args()
    X, Y, labels = draw_labelled(given.pairs, given.dim, given.classes)
    half = given.pairs // 2
    prompts = normalise(np.stack([Y[labels == c].mean(axis=0) for c in range(given.classes)]))
    # A caption is true of every picture of its class: so there is a mixed search.
    codes, kind = labels[None], np.zeros(given.pairs, dtype=int)
    start = time.perf_counter()
    setting = prepare_setting(
        X,
        Y,
        np.arange(given.pairs),
        codes,
        kind,
        labels=labels,
        classes={"zero-shot": (X[:half], labels[:half], prompts)},
    )
    measured = {}
    for name in list_methods(paired=True):
        began = time.process_time()
        measured[name] = measure_method(name, setting)
        spent = time.process_time() - began
        print(f"{METHODS[name].label:40s} {spent:7.1f} s of processors", flush=True)
    tabulate_changes(measured, n_draws=2_000, seed=0)
    tabulate_methods(measured, setting)
    spent = time.process_time()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{given.pairs} × {given.dim}: {len(measured)} methods and controls in")
    print(f"{time.perf_counter() - start:.0f} s, {spent:.0f} s of processors, {memory:.2f} GiB")


if __name__ == "__main__":
    main()
