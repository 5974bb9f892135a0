"""Compiled sums of exponentials: the library's exp, float32 rounding, tiles."""

import numpy as np
import pytest
from numba import config, get_num_threads

from modgap.shift import log_sums_cpu, moves
from modgap.shift.log_sums import plan_powers
from modgap.statistics.geometry import normalise


def single(values):
    return np.asarray(values, dtype=np.float32)


def fill(products, a, scale, b, q, shift):
    """``fill_exponentials`` into an array of its own."""
    out = np.empty(len(products), np.float32)
    given = [single(value)[()] for value in (a, scale, b, q, shift)]
    log_sums_cpu.fill_exponentials(single(products), *given, out)
    return out


def test_exponentials_are_those_of_the_library_to_float32():
    rng = np.random.default_rng(0)
    products, b, q = rng.uniform(-1, 1, 999), rng.uniform(-0.5, 0.5, 999), rng.uniform(0.5, 1, 999)
    out = fill(products, 0.25, 20.0, b, q, 3.0)
    expected = np.exp((products + 0.25 + b) * q * 20.0 - 3.0)
    np.testing.assert_allclose(out, expected, rtol=2e-5)


def test_exponentials_beyond_float32_are_nothing_or_infinite():
    out = fill([-200.0, 0.0, 200.0], 0.0, 1.0, np.zeros(3), np.ones(3), 0.0)
    assert out[0] < 1e-37
    assert out[1] == 1
    assert np.isinf(out[2])


def test_lines_are_multiplied_and_added_as_far_as_they_are_wide():
    lines = single([[1, 2, 3, 9], [4, 5, 6, 9], [0, 0, 0, 7]])
    columns = np.ones((2, 4))
    log_sums_cpu.multiply_lines(lines, 0, 1, 2, 3)
    np.testing.assert_array_equal(lines[2], [4, 10, 18, 7])
    assert log_sums_cpu.add_line(lines, 2, columns, 1, 3) == 32
    np.testing.assert_array_equal(columns, [[1, 1, 1, 1], [5, 11, 19, 1]])


@pytest.mark.parametrize("tile", [512, 3])
def test_sums_of_every_shift_and_temperature(monkeypatch, tile):
    monkeypatch.setattr(log_sums_cpu, "TILE_ROWS", tile)
    monkeypatch.setattr(log_sums_cpu, "TILE_COLUMNS", tile + 2)
    rng = np.random.default_rng(1)
    first, second = normalise(rng.normal(size=(8, 5))), normalise(rng.normal(size=(13, 5)))
    factors = moves.cosine_factors(first[:, 0], second[:, 0], [-1.0, 0.5])
    a, p, b, q = factors
    scales, centres = np.array([2.0, 6.0, 7.0]), np.array([0.25, -0.5])
    sums = log_sums_cpu.sum_exponentials_cpu(first, second, factors, centres, plan_powers(scales))
    for d in range(2):
        cosines = (first @ second.T + a[d][:, None] + b[d]) * p[d][:, None] * q[d] - centres[d]
        for t, scale in enumerate(scales):
            exponentials = np.exp(scale * cosines)
            np.testing.assert_allclose(sums[0][d, t], exponentials.sum(axis=1), rtol=1e-5)
            np.testing.assert_allclose(sums[1][d, t], exponentials.sum(axis=0), rtol=1e-5)


@pytest.mark.parametrize("asked", [1, 2, 10_000])
def test_at_most_the_threads_there_are(asked):
    before = get_num_threads()
    log_sums_cpu.use_threads(asked)
    used = get_num_threads()
    log_sums_cpu.use_threads(before)
    assert used == min(asked, config.NUMBA_NUM_THREADS)
