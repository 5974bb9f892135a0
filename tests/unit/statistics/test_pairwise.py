"""Blocked passes over pairs against the whole matrix, and their memory."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from modgap.statistics import pairwise
from toy_pairs import captioned, cosines_between_pictures, unmatched, without

LEVELS = [0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1]


@pytest.mark.parametrize("block", [1, 3, 7, 100])
def test_within_pairs_equals_the_whole_matrix(block):
    X, Y, owner = captioned()
    pairs = pairwise.within_pairs(Y, owner, bins=10, block=block)
    cosines = cosines_between_pictures(Y, owner)
    assert pairs["min"] == pytest.approx(cosines.min(), abs=1e-12)
    assert pairs["max"] == pytest.approx(cosines.max(), abs=1e-12)
    np.testing.assert_allclose(
        pairwise.quantiles(pairs, LEVELS), np.quantile(cosines, LEVELS), atol=5e-7
    )
    edges, counts = pairwise.histogram(pairs["counts"], 10)
    np.testing.assert_array_equal(counts, np.histogram(cosines, edges)[0])
    value, left_out = pairwise.uniformity(pairs, owner, len(X))
    assert value == pytest.approx(np.log(np.exp(-2 * (2 - 2 * cosines)).mean()))
    for picture in range(len(X)):
        _, rows, rest = without(X, Y, owner, picture)
        cosines = cosines_between_pictures(rows, rest)
        assert left_out[picture] == pytest.approx(np.log(np.exp(4 * cosines - 4).mean()))


@pytest.mark.parametrize("block", [1, 3, 7, 100])
def test_cross_pairs_equals_the_whole_matrix(block):
    X, Y, owner = captioned()
    pairs = pairwise.cross_pairs(X, Y, owner, block=block)
    cosines = unmatched(X, Y, owner)
    assert pairs["min"] == pytest.approx(cosines.min(), abs=1e-12)
    assert pairs["max"] == pytest.approx(cosines.max(), abs=1e-12)
    value, left_out = pairwise.uniformity_cross(pairs, owner)
    assert value == pytest.approx(np.log(np.exp(4 * cosines - 4).mean()))
    for picture in range(len(X)):
        cosines = unmatched(*without(X, Y, owner, picture))
        assert left_out[picture] == pytest.approx(np.log(np.exp(4 * cosines - 4).mean()))


def test_large_blocks_are_cut_into_tiles_that_fit_a_cache(monkeypatch):
    X, Y, owner = captioned()
    kernel, seen = pairwise.gaussian_kernel, []
    monkeypatch.setattr(pairwise, "gaussian_kernel", lambda x: seen.append(x.shape) or kernel(x))
    monkeypatch.setattr(pairwise, "CACHED_TILE", 5)
    for measure in (
        lambda: pairwise.within_pairs(Y, owner, bins=10, block=2000),
        lambda: pairwise.cross_pairs(X, Y, owner, block=2000),
    ):
        seen.clear()
        measure()
        assert max(seen) == (5, 5)


def test_equal_and_opposite_rows_stay_in_the_histogram():
    rows = np.array([[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]]) * (1 + 1e-15)
    pairs = pairwise.within_pairs(rows, np.arange(3), bins=4, block=2)
    np.testing.assert_array_equal(pairwise.histogram(pairs["counts"], 4)[1], [4, 0, 0, 2])


def test_quantiles_of_a_narrow_cone_stay_between_the_extremes():
    rng = np.random.default_rng(0)
    rows = np.array([1.0, 0, 0]) + 1e-5 * rng.standard_normal((40, 3))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    pairs = pairwise.within_pairs(rows, np.arange(40), bins=1, block=16)
    quantiles = pairwise.quantiles(pairs, LEVELS)
    assert (np.diff(quantiles) >= 0).all()
    assert pairs["min"] <= quantiles[0]
    assert quantiles[-1] <= pairs["max"]
    cosines = cosines_between_pictures(rows, np.arange(40))
    np.testing.assert_allclose(quantiles, np.quantile(cosines, LEVELS), atol=5e-7)


MEASURE = """
import re
import numpy as np
from modgap.statistics import geometry, pairwise

n = 20_000
rows = np.random.default_rng(0).standard_normal((n, 512))
rows = geometry.normalise(rows)
owner = np.arange(n)
pairs = pairwise.within_pairs(rows, owner, bins=200, block=2000)
pairwise.quantiles(pairs, [0.01, 0.5, 0.99])
pairwise.uniformity(pairs, owner, n)
geometry.mean_pairwise_cosine(rows, owner, n)
assert 2 * pairs["counts"].sum() == n * (n - 1)
print(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_twenty_thousand_rows_fit_in_two_gibibytes(root):
    """400 million pairs: a matrix of them alone would take 3 GiB.

    VmHWM, not getrusage: a process started from a larger one inherits that one's ru_maxrss.
    """
    done = subprocess.run(
        [sys.executable, "-c", MEASURE],
        cwd=root / "scripts",
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) * 1024 < 2 * 2**30
