"""Left and right of two clouds: what is mirrored, and what stays."""

import numpy as np
import pytest

from modgap.statistics.orientation import turn_to_first

APART = np.array([[-3.0, 2.0], [-1.0, 4.0], [3.0, -2.0], [1.0, -4.0], [2.0, 1.0]])


def test_the_first_cloud_comes_right_and_up():
    np.testing.assert_array_equal(turn_to_first(APART, 2), APART * [-1, 1])
    np.testing.assert_array_equal(turn_to_first(-APART, 2), APART * [-1, 1])


def test_an_axis_without_a_gap_keeps_its_sign():
    rows = np.array([[1.0, 5.0], [-1.0, 5.0], [1.0, 7.0], [-1.0, 7.0]])
    # Rounding may tell equal centres apart.
    rows[0, 0] += 1e-12
    for sign in (1, -1):
        np.testing.assert_array_equal(turn_to_first(rows * [sign, 1], 2), rows * [sign, -1])


def test_a_small_gap_counts_on_the_first_axis_only():
    """The sign of the second axis does not hang on where two centres happen to lie."""
    rows = np.array([[-5.01, -5.01], [4.99, 4.99], [-5.0, -5.0], [5.0, 5.0]])
    np.testing.assert_array_equal(turn_to_first(rows, 2), rows * [-1, 1])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_type_is_kept_and_points_in_one_place_stay(dtype):
    turned = turn_to_first(np.zeros((4, 2), dtype), 2)
    assert turned.dtype == dtype
    assert not turned.any()
