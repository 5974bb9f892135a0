"""Do the intervals of a method's change hold the true change? Everything is drawn anew.

    python benchmarks/gap_methods_coverage.py --runs 1000 --csv runs.csv
    python benchmarks/gap_methods_coverage.py --own 0.5 --gap 0.8 --csv little.csv

A run draws calibration pictures, and test pictures that are queries and gallery together, from a
planted population (``tests/helpers/planted_pairs.py``: 48 dimensions, a gap, content shared by
pairs), fits mean removal, NNN and Procrustes, and makes both intervals of the change in recall@1 as
the comparison does. True is the mean change over all runs: what the method does with so many
calibration pictures in galleries of that size. By default 40 calibrate, fewer than dimensions. The
frozen interval does not claim to hold it; its share is shown beside. Runs that are in the CSV
already are not repeated.
"""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import numpy as np
import pandas as pd
from measuring import compare

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "helpers"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from planted_runs import simulate_run

BLOCK = 10


def simulate_block(first, wanted):
    """Rows of ``BLOCK`` runs."""
    planted = {"dim": wanted.dim, "own": wanted.own, "gap": wanted.gap}
    return [
        row
        for seed in range(first, first + BLOCK)
        for row in simulate_run(seed, wanted.calibration, wanted.test, **planted)
    ]


def tabulate_coverage(frame):
    """A row for each method and task: true change, spread, mean error, shares that hold it."""
    rows = []
    for (method, task), runs in frame.groupby(["method", "task"], sort=False):
        true = runs["change"].mean()
        row = {"method": method, "task": task, "runs": len(runs), "true": true}
        row |= {"sd": runs["change"].std(), "error": np.sqrt((runs["se"] ** 2).mean())}
        for name, ends in (
            ("held", ("low_refitted", "high_refitted")),
            ("held, frozen", ("low", "high")),
        ):
            low, high = (runs[end] for end in ends)
            row[name] = ((low <= true) & (true <= high)).mean()
        rows.append(row)
    return pd.DataFrame(rows)


def rows(quick):
    """The time of one run; coverage over 1,000 takes hours and is in README."""
    yield compare(
        "three methods, both intervals of the change, one run",
        "40 pictures calibrate, 200 are tested",
        lambda: simulate_run(0, 40, 200),
        rounds=1 if quick else 3,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--calibration", type=int, default=40)
    parser.add_argument("--test", type=int, default=150)
    parser.add_argument("--dim", type=int, default=48)
    parser.add_argument("--own", type=float, default=0.9, help="what a pair does not share")
    parser.add_argument("--gap", type=float, default=1.5)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--csv", type=Path, required=True, help="every run goes there")
    wanted = parser.parse_args()
    done = set(pd.read_csv(wanted.csv)["run"]) if wanted.csv.exists() else set()
    blocks = [first for first in range(0, wanted.runs, BLOCK) if first not in done]
    with ProcessPoolExecutor(wanted.processes) as pool:
        for made in as_completed([pool.submit(simulate_block, b, wanted) for b in blocks]):
            rows = pd.DataFrame(made.result())
            rows.to_csv(wanted.csv, mode="a", header=not wanted.csv.exists(), index=False)
    print(tabulate_coverage(pd.read_csv(wanted.csv)).round(4).to_string(index=False))


if __name__ == "__main__":
    main()
