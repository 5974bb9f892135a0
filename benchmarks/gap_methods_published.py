"""Recall of methods on the published CLIP pairs beside gap-methods §7.1, 25 repeats.

    python benchmarks/gap_methods_published.py FOLDER/features_clip.npy

500 pairs; fitted on one half and scored on the other, both ways; recall@1 of the texts in galleries
of 250 pictures. The random vector is a mean of 20. Halves overlap, so the spread over repeats is of
the splits and no standard error.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from measuring import compare

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "helpers"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from published_halves import VALUES, halve_pairs, measure_halves, read_pairs


def rows(quick):
    """The time of one repeat, on random pairs; values are of the published ones and in README."""
    pairs = np.random.default_rng(0).standard_normal((2, 500, 64))
    halves = halve_pairs(list(pairs), 1)
    yield compare(
        "recall of every method in two halves, one repeat",
        "500 pairs of 64",
        lambda: [measure_halves(name, halves) for name in VALUES],
        rounds=1 if quick else 3,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("features", type=Path)
    parser.add_argument("--repeats", type=int, default=25)
    wanted = parser.parse_args()
    halves = halve_pairs(read_pairs(wanted.features), wanted.repeats)
    print("| method | recall@1 | sd over repeats | reference | difference |\n|---|---|---|---|---|")
    for name, known in VALUES.items():
        found = measure_halves(name, halves).reshape(-1, 2).mean(axis=1)
        mean = found.mean()
        print(
            f"| {name} | {mean:.3f} | {found.std(ddof=1):.3f} | {known.recall:.3f} "
            f"| {mean - known.recall:+.3f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
