"""Exponentials beside NumPy's, over the whole range of a float64."""

import numpy as np
import pytest

pytest.importorskip("numba", reason="the landscape needs numba")

from modgap.shift.exponentials import CHUNK, exponentials


@pytest.mark.parametrize("shape", [(1,), (3, CHUNK), (2, 5, 700), (2 * CHUNK + 1,), (0,)])
def test_they_are_numpys_to_two_units_in_the_last_place(shape):
    values = np.random.default_rng(0).uniform(-7, 7, shape)
    given = values.copy()
    np.testing.assert_allclose(exponentials(values, 100.0), np.exp(100 * values), rtol=4.5e-16)
    np.testing.assert_array_equal(values, given)


def test_a_view_is_taken_as_it_looks():
    values = np.arange(12.0).reshape(3, 4).T
    np.testing.assert_allclose(exponentials(values, -0.5), np.exp(-0.5 * values), rtol=4.5e-16)


def test_the_ends_of_the_range():
    values = np.array([0.0, -0.0, -1e9, -708.0, 709.0, 1e9])
    found = exponentials(values, 1.0)
    assert found[:2].tolist() == [1.0, 1.0]
    np.testing.assert_allclose(found[2:4], np.exp(-708.0), rtol=4.5e-16)
    np.testing.assert_allclose(found[4:], np.exp(709.0), rtol=4.5e-16)
