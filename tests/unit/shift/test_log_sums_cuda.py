"""Sums of exponentials by torch, here on the CPU, against those compiled by numba."""

import numpy as np
import pytest

from modgap.errors import InputError
from modgap.shift import log_sums, log_sums_cpu, moves
from modgap.statistics.geometry import normalise

torch = pytest.importorskip("torch")
log_sums_cuda = pytest.importorskip("modgap.shift.log_sums_cuda")


def given(first, second, u, deltas, scales):
    """Arguments of both functions."""
    factors = moves.cosine_factors(first @ u, second @ u, np.array(deltas))
    centres = log_sums.shared_centres(first, second, factors, scales.max())
    return first, second, factors, centres, log_sums.plan_powers(scales)


@pytest.mark.parametrize("tile", [4096, 7])
def test_torch_agrees_with_numba_whatever_the_tiles(monkeypatch, tile):
    monkeypatch.setattr(log_sums_cuda, "TILE", tile)
    rng = np.random.default_rng(0)
    first, second = normalise(rng.normal(size=(20, 6)) + 0.4), normalise(rng.normal(size=(17, 6)))
    arguments = given(first, second, np.eye(6)[0], [-5, 0, 0.75], np.array([100.0, 50, 14.3, 1]))
    on_torch = log_sums_cuda.sum_exponentials_cuda(*arguments, device="cpu")
    on_numba = log_sums_cpu.sum_exponentials_cpu(*arguments)
    for torch_sums, numba_sums in zip(on_torch, on_numba, strict=True):
        assert torch_sums.shape == numba_sums.shape
        assert torch_sums.dtype == np.float64
        assert np.abs(np.log(torch_sums) - np.log(numba_sums)).max() < 1e-4


def test_torch_agrees_with_numba_on_published_pairs(shared):
    features = np.load(shared("data/published/features_clip.npy"), allow_pickle=False)
    first, second = normalise(features[0]), normalise(features[1])
    u, _ = moves.gap_direction(first, second)
    scales = np.array([100, 50, 30, 20, 10, 1, 1 / 0.07])
    arguments = given(first, second, u, [-5, 0, 0.75, 5], scales)
    on_torch = log_sums_cuda.sum_exponentials_cuda(*arguments, device="cpu")
    on_numba = log_sums_cpu.sum_exponentials_cpu(*arguments)
    for torch_sums, numba_sums in zip(on_torch, on_numba, strict=True):
        difference = np.log(torch_sums) - np.log(numba_sums)
        assert np.abs(difference.mean(axis=-1)).max() < 1e-5
        assert np.abs(difference).max() < 1e-4


def test_without_a_gpu_is_one_line():
    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    rows = np.eye(3)
    arguments = given(rows, rows, rows[0], [0.0], np.array([1.0]))
    with pytest.raises(InputError, match=r"shift.device is cuda, but torch finds no GPU"):
        log_sums_cuda.sum_exponentials_cuda(*arguments)
