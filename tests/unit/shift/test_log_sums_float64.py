"""Float64 exponentials beside NumPy's over their whole range; sums beside the plain ones."""

import numpy as np
import pytest

pytest.importorskip("numba", reason="the landscape needs numba")

from modgap.shift.log_sums import plan_powers
from modgap.shift.log_sums_float64 import CHUNK, add_powers, fill_exponentials_float64
from modgap.shift.loss import add_powers_plain


def exponentials(x):
    out = np.empty(len(x))
    fill_exponentials_float64(x, out)
    return out


@pytest.mark.parametrize("n", [0, 1, 7, 1003])
def test_exponentials_are_numpys_to_two_units_in_the_last_place(n):
    x = np.random.default_rng(0).uniform(-700, 700, n)
    np.testing.assert_allclose(exponentials(x), np.exp(x), rtol=4.5e-16)


def test_the_ends_of_the_range():
    found = exponentials(np.array([0.0, -0.0, -1e9, -708.0, 709.0, 1e9]))
    assert found[:2].tolist() == [1.0, 1.0]
    np.testing.assert_allclose(found[2:4], np.exp(-708.0), rtol=4.5e-16)
    np.testing.assert_allclose(found[4:], np.exp(709.0), rtol=4.5e-16)


@pytest.mark.parametrize("add", [add_powers, add_powers_plain])
@pytest.mark.parametrize("m", [1, 50, CHUNK + 3])
@pytest.mark.parametrize("scales", [[7.0], [1.0, 10.0, 20.0, 30.0, 50.0, 100.0]])
def test_sums_are_what_they_are_called(add, m, scales):
    rng = np.random.default_rng(1)
    products = rng.uniform(-1, 1, (2, m, m))
    a, b = rng.uniform(-0.1, 0.1, (2, 2, m))
    p, q = rng.uniform(0.5, 1, (2, 2, m))
    by_row, by_column = np.zeros((2, len(scales), 2, m))
    (plan,) = plan_powers(scales)
    add(products, a, p, b, q, plan.base, plan.steps, plan.outputs, by_row, by_column)
    moved = (products + a[:, :, None] + b[:, None, :]) * p[:, :, None] * q[:, None, :]
    for t, scale in enumerate(scales):
        terms = np.exp(scale * (moved - 1))
        np.testing.assert_allclose(by_row[t], terms.sum(axis=2), rtol=1e-13)
        np.testing.assert_allclose(by_column[t], terms.sum(axis=1), rtol=1e-13)
