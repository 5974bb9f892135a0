"""Moments in single precision by torch, here on the CPU, against those in double precision."""

import numpy as np
import pytest

from modgap.statistics.geometry import normalise
from modgap.statistics.measurements import cross_rows, frechet_rows, gap_rows, moment_rows, rank_row
from modgap.statistics.moments.files import read_moments, write_moments
from modgap.statistics.moments.groups import GROUPS, group_pictures
from modgap.statistics.moments.sums import take_pairs

torch = pytest.importorskip("torch")
sums_cuda = pytest.importorskip("modgap.statistics.moments.sums_cuda")

N, DIM = 6000, 24


def clouds(n=N, dim=DIM):
    rng = np.random.default_rng(0)
    base = rng.normal(size=(n, dim))
    return normalise(base + 0.5), normalise(base + 0.7 * rng.normal(size=(n, dim)) - 0.3)


def blocks(X, Y, size):
    """As shards are read, with lengths that the rows had."""
    for start in range(0, len(X), size):
        here = np.arange(start, min(start + size, len(X)))
        groups, _ = group_pictures(here, len(X), 3)
        yield groups, X[here], Y[here], ((0.5, 1 + start), (2.0, 3.0))


def everything(pairs):
    """Every row that moments tell, by statistic and side."""
    sides = (("first", pairs.first), ("second", pairs.second))
    rows = [
        *gap_rows(pairs, 100, 0),
        *(row for side in sides for row in (*moment_rows(*side), rank_row(*side))),
        *cross_rows(pairs, 100, 0),
        *frechet_rows(pairs, 0),
    ]
    return {(row["statistic"], row["side"]): row for row in rows}


def compare(pairs, X, Y):
    groups, n_groups = group_pictures(np.arange(len(X)), len(X), 3)
    expected = take_pairs(X, Y, None, groups, n_groups, kept=False)
    n = len(X)
    for name in ("matched", "matched_squares", "owned", "cross"):
        found, right = getattr(pairs, name), getattr(expected, name)
        np.testing.assert_allclose(found / n, right / n, atol=1e-6)
    for side in ("first", "second"):
        found, right = getattr(pairs, side), getattr(expected, side)
        assert found.pictures == n
        for name in ("counts", "sums", "own", "repeats", "within", "weighted"):
            np.testing.assert_allclose(getattr(found, name), getattr(right, name), atol=2e-5)
        for name in ("squares", "sums", "counts"):
            given = getattr(found.squares, name), getattr(right.squares, name)
            np.testing.assert_allclose(given[0] / n, given[1] / n, atol=1e-6)
    rows, right = everything(pairs), everything(expected)
    assert rows.keys() == right.keys()
    for key, row in rows.items():
        for what in ("value", "low", "high"):
            wanted = pytest.approx(right[key][what], abs=1e-6, rel=1e-5, nan_ok=True)
            assert row[what] == wanted, (key, what)
    assert rows["gap", "both"]["value"] == pytest.approx(right["gap", "both"]["value"], abs=1e-6)


@pytest.mark.parametrize(("size", "chunk"), [(N, 4096), (700, 64)])
def test_moments_are_those_of_double_precision_to_1e_6(monkeypatch, tmp_path, size, chunk):
    monkeypatch.setattr(sums_cuda, "CHUNK", chunk)
    X, Y = clouds()
    pairs = sums_cuda.sum_pairs_cuda(blocks(X, Y, size), GROUPS, DIM, device="cpu")
    compare(pairs, X, Y)
    assert pairs.first.norms.tolist() == [0.5, 1 + (N - 1) // size * size]
    assert pairs.second.norms.tolist() == [2.0, 3.0]
    # They are stored, read and added to others like any.
    write_moments(tmp_path / "moments.npz", pairs, {})
    stored, _ = read_moments(tmp_path / "moments.npz")
    stored.add(pairs)
    assert stored.first.pictures == 2 * N
    np.testing.assert_allclose(stored.cross, 2 * pairs.cross)


def test_on_a_gpu():
    if not torch.cuda.is_available():
        pytest.skip("torch finds no GPU here")
    X, Y = clouds(40_000, 256)
    compare(sums_cuda.sum_pairs_cuda(blocks(X, Y, 9000), GROUPS, 256), X, Y)
