"""Temperatures: spelled as a number or a fraction, above 0, inverted."""

import numpy as np
import pytest

from modgap.errors import InputError
from modgap.shift.temperatures import logit_scales, parse_temperature


def test_temperatures_from_the_configuration():
    assert parse_temperature("1/30") == 1 / 30
    assert parse_temperature(0.07) == 0.07
    for bad in ("hot", "1/0", None):
        with pytest.raises(InputError, match="give a number, or a fraction"):
            parse_temperature(bad)


def test_scales_are_inverse_temperatures():
    np.testing.assert_allclose(logit_scales([0.01, 2]), [100, 0.5])
    assert logit_scales(0.5).shape == (1,)


@pytest.mark.parametrize("bad", [0, -1, np.nan, np.inf])
def test_a_temperature_that_is_not_above_zero_is_one_line(bad):
    with pytest.raises(InputError, match="must be above 0") as caught:
        logit_scales([0.01, bad])
    assert "\n" not in str(caught.value)
