"""Sums of unit vectors that arrive in batches, against the matrix of cosines."""

import numpy as np
import pytest

from modgap.errors import InputError
from modgap.grouped import GroupedCosine
from modgap.inference import jackknife_interval


def off_diagonal_mean(x):
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    return (unit @ unit.T)[~np.eye(len(x), dtype=bool)].mean()


def total_of(x, groups, sizes=None):
    total = GroupedCosine(groups, x.shape[1])
    for batch in np.split(x, np.cumsum(sizes or [len(x)])[:-1]):
        total.add(batch)
    return total.result()


@pytest.mark.parametrize("sizes", [[37], [10, 20, 7], [1] * 37])
def test_result_does_not_depend_on_the_batches(sizes):
    x = np.random.default_rng(1).normal(0.5, 1, (37, 9))
    result = total_of(x, 5, sizes)
    assert result["value"] == pytest.approx(off_diagonal_mean(x), abs=1e-14)
    assert (result["n"], result["dim"]) == (37, 9)
    for group, value in enumerate(result["left_out"]):
        kept = np.arange(37) % 5 != group
        assert value == pytest.approx(off_diagonal_mean(x[kept]), abs=1e-14)


def test_jackknife_over_groups_covers():
    rng = np.random.default_rng(2)
    truth = off_diagonal_mean(rng.normal(0.5, 1, (4000, 6)))
    covered = 0
    for _ in range(300):
        result = total_of(rng.normal(0.5, 1, (100, 6)), 20)
        low, high = jackknife_interval(result["value"], np.array(result["left_out"]))
        covered += low <= truth <= high
    assert 270 <= covered <= 298


def test_more_groups_than_items():
    x = np.random.default_rng(0).normal(0.5, 1, (3, 4))
    result = total_of(x, 20)
    assert result["value"] == pytest.approx(off_diagonal_mean(x))
    assert len(result["left_out"]) == 3


def test_zeros_are_undefined_and_some_zeros_an_error():
    total = GroupedCosine(4, 3)
    total.add(np.zeros((10, 3)))
    assert np.isnan(total.result()["value"])
    total.add(np.ones((10, 3)))
    with pytest.raises(InputError, match="10 of 20"):
        total.result()
