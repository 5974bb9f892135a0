"""Does the extrapolated Fréchet distance meet the true one, and its interval hold it?

    python benchmarks/frechet_coverage.py

Pairs of unit vectors with a common part, unequal spreads and a planted gap; the truth is the
distance of 300,000 of them (extrapolated). Prints means over draws, and how many intervals hold it.
"""

import sys
from pathlib import Path

import numpy as np
from measuring import compare
from scipy import linalg

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from modgap.statistics import distributions, geometry, inference

# Pairs, dimensions, gap before normalisation, draws.
CASES = [
    (40, 8, 1.0, 500), (100, 8, 1.0, 500), (64, 32, 1.0, 300), (100, 32, 1.0, 300),
    (500, 32, 1.0, 200), (130, 64, 0.0, 200), (200, 64, 0.5, 200), (1000, 64, 0.0, 100),
    (300, 256, 1.0, 20), (600, 256, 1.0, 20), (2000, 256, 1.0, 15),
]  # fmt: skip


def draw(rng, n, dim, gap):
    content = rng.standard_normal((n, dim))
    X = content * np.linspace(1, 0.2, dim) + 0.3 * rng.standard_normal((n, dim))
    Y = content * np.linspace(0.3, 1, dim) + 0.5 * rng.standard_normal((n, dim))
    return geometry.normalise(X + gap * np.eye(dim)[0]), geometry.normalise(Y)


def measure(X, Y, seed):
    """The distance as it is and extrapolated, and the interval."""
    owner = np.arange(len(X))
    value, first, second = distributions.frechet(X, Y, influence=True)
    extrapolated = distributions.extrapolated_frechet(value, X, Y, owner, seed)
    influence = geometry.gap_influence(first[:, None], second[:, None], owner)[:, 0]
    return value, extrapolated, *inference.influence_interval(extrapolated, influence)


def root_distance(X, Y):
    """The distance as FID programs have it: SciPy's root of the product of the covariances."""
    delta = X.mean(axis=0) - Y.mean(axis=0)
    spread, other = np.cov(X, rowvar=False), np.cov(Y, rowvar=False)
    root = linalg.sqrtm(spread @ other)
    return delta @ delta + np.trace(spread + other - 2 * root.real)


def rows(quick):
    n, dim = 5000, 512
    X, Y = draw(np.random.default_rng(0), n, dim, 1.0)
    assert abs(distributions.frechet(X, Y) - root_distance(X, Y)) < 1e-6
    yield compare(
        "Fréchet distance",
        f"{n:,} pairs of {dim}",
        lambda: distributions.frechet(X, Y),
        lambda: root_distance(X, Y),
        by="SciPy: sqrtm of the product",
        rounds=3,
        gflop=4 * n * dim**2 / 1e9,
        megabytes=16 * n * dim / 1e6,
    )


def main():
    rng = np.random.default_rng(0)
    for n, dim, gap, draws in CASES:
        truth = measure(*draw(rng, 300_000 if dim < 100 else 100_000, dim, gap), 0)[1]
        rows = np.array([measure(*draw(rng, n, dim, gap), seed) for seed in range(draws)])
        held = np.mean((rows[:, 2] <= truth) & (truth <= rows[:, 3]))
        raw, extrapolated = rows[:, :2].mean(axis=0)
        print(
            f"{n} pairs, {dim} dimensions: true {truth:.4f}, as it is {raw:.4f}, "
            f"extrapolated {extrapolated:.4f}, held by {100 * held:.1f} % of {draws}",
            flush=True,
        )


if __name__ == "__main__":
    main()
