"""Temperatures of the loss: as the configuration spells them, and as the sums use them."""

from fractions import Fraction

import numpy as np

from modgap.errors import InputError


def logit_scales(temperatures):
    """Inverse temperatures (logit scales) as an array, or an InputError for a bad temperature."""
    temperatures = np.atleast_1d(np.asarray(temperatures, dtype=np.float64))
    for tau in temperatures:
        if not (np.isfinite(tau) and tau > 0):
            raise InputError(f"temperature {tau:g}: must be above 0, as CLIP's 0.01")
    return 1 / temperatures


def parse_temperature(given):
    """A temperature from the configuration: a number, or a fraction as "1/30"."""
    try:
        return float(Fraction(str(given)))
    except (ValueError, ZeroDivisionError):
        raise InputError(f"temperature {given!r}: give a number, or a fraction as 1/30") from None
