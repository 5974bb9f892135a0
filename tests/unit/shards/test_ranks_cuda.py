"""Ranks in single precision by torch, here on the CPU: the counts of double precision."""

import numpy as np
import pytest

from modgap.errors import InputError
from modgap.statistics.geometry import normalise
from modgap.statistics.retrieval import count_above

torch = pytest.importorskip("torch")
ranks_cuda = pytest.importorskip("modgap.shards.ranks_cuda")


def toy(n=700, dim=64, seed=0):
    """Queries, the score and number of the partner of each, and a gallery full of near ties."""
    rng = np.random.default_rng(seed)
    gallery = normalise(rng.normal(size=(n, dim)) + 0.5)
    own = rng.permutation(n)[:80]
    queries = normalise(gallery[own] + 0.4 * rng.normal(size=(80, dim)))
    # Copies of a partner, and rows that are above or below it by less than float32 can tell.
    for place, step in enumerate((0.0, 1e-8, -1e-8, 3e-7, -3e-7, 5e-6)):
        target = np.setdiff1d(np.arange(n), own)[place]
        gallery[target] = normalise(gallery[own[place]] + step * queries[place])
    return queries, np.einsum("ij,ij->i", queries, gallery[own]), own, gallery


@pytest.mark.parametrize("entries", [1 << 26, 80 * 90])
@pytest.mark.parametrize("again", [1 << 13, 3])
def test_counts_are_those_of_double_precision(monkeypatch, entries, again):
    monkeypatch.setattr(ranks_cuda, "ENTRIES", entries)
    monkeypatch.setattr(ranks_cuda, "AGAIN", again)
    queries, best, own, gallery = toy()
    counts, made = ranks_cuda.count_above_cuda(queries, best, own, gallery, 0, device="cpu")
    expected = count_above(queries, best, own, gallery, np.arange(len(gallery)), 32)
    np.testing.assert_array_equal(counts, expected)
    assert expected[:, 1].sum() >= 1
    # What was made again is what lies close, and little else.
    ahead = queries @ gallery.T - best[:, None]
    ahead[np.arange(len(own)), own] = np.inf
    near = [(np.abs(ahead) <= ranks_cuda.NEAR * share).sum() for share in (0.9, 1.1)]
    assert 5 <= near[0] <= made <= near[1] < 60


def test_parts_of_a_gallery_add_up():
    queries, best, own, gallery = toy(seed=1)
    parts = [(0, 250), (250, 700)]
    total = sum(
        ranks_cuda.count_above_cuda(queries, best, own, gallery[start:stop], start, device="cpu")[0]
        for start, stop in parts
    )
    np.testing.assert_array_equal(
        total, count_above(queries, best, own, gallery, np.arange(len(gallery)), 64)
    )


def test_scores_of_single_precision_alone_would_not_do(monkeypatch):
    """Without the second look some ranks differ, all where scores lie within 1e-6."""
    queries, best, own, gallery = toy()
    ahead = np.float32(queries) @ np.float32(gallery).T - np.float32(best)[:, None]
    ahead[np.arange(len(own)), own] = -np.inf
    above = (ahead > 0).sum(axis=1)
    expected = count_above(queries, best, own, gallery, np.arange(len(gallery)), 64)[:, 0]
    differ = np.flatnonzero(above != expected)
    assert len(differ)
    exact = np.abs(queries @ gallery.T - best[:, None])
    exact[np.arange(len(own)), own] = np.inf
    assert (exact.min(axis=1)[differ] < 1e-6).all()


def test_on_a_gpu():
    if not torch.cuda.is_available():
        pytest.skip("torch finds no GPU here")
    queries, best, own, gallery = toy(n=5000, dim=512)
    counts, _ = ranks_cuda.count_above_cuda(queries, best, own, gallery, 0)
    np.testing.assert_array_equal(
        counts, count_above(queries, best, own, gallery, np.arange(len(gallery)), 512)
    )


def test_without_a_gpu_it_is_one_line():
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(InputError, match=r"statistics.device is cuda, but torch finds no GPU"):
        ranks_cuda.count_above_cuda(*toy(), 0)
