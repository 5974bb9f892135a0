"""Exponentials of float64 numbers, compiled by numba: vectors of any processor serve them.

NumPy has vector instructions for them with AVX-512 alone, and takes four times as long without.
"""

import numpy as np
from numba import njit

CHUNK = 1024  # numbers worked on at once: scratch memory that stays in the cache

LOG2E = 1.4426950408889634
# ln 2 in two parts: the first is exact in few bits, so n * LN2_HIGH has no rounding.
LN2_HIGH, LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
# Adding it leaves the nearest whole number in the last bits of a float64.
ROUNDER = 1.5 * 2.0**52
LOWEST, HIGHEST = -708.0, 709.0  # the exponential is a normal float64
# Taylor coefficients of exp(r) for |r| <= ln(2) / 2, relative error below 1e-17.
C2, C3, C4, C5, C6, C7, C8, C9, C10, C11, C12, C13 = (
    1 / float(np.prod(np.arange(1.0, k + 1))) for k in range(2, 14)
)


def exponentials(values, scale):
    """exp(scale * values) to 2 units in the last place; outside of ±708 it stays there.

    values : array, any shape, float64. Returns a new array.
    """
    values = np.ascontiguousarray(values)
    out = np.empty_like(values)
    fill_lines(values.reshape(-1), scale, out.reshape(-1))
    return out


@njit(fastmath={"contract", "nnan", "nsz"}, cache=True)
def fill_mantissas(values, scale, whole, out):
    """out = exp(r) and whole = n, in the last bits, for scale * values = n ln 2 + r."""
    for j in range(len(values)):
        x = min(max(values[j] * scale, LOWEST), HIGHEST)
        rounded = x * LOG2E + ROUNDER
        n = rounded - ROUNDER
        r = (x - n * LN2_HIGH) - n * LN2_LOW
        poly = C13
        poly = poly * r + C12
        poly = poly * r + C11
        poly = poly * r + C10
        poly = poly * r + C9
        poly = poly * r + C8
        poly = poly * r + C7
        poly = poly * r + C6
        poly = poly * r + C5
        poly = poly * r + C4
        poly = poly * r + C3
        poly = poly * r + C2
        poly = poly * r + 1.0
        poly = poly * r + 1.0
        out[j] = poly
        whole[j] = rounded


@njit(cache=True)
def move_to_exponents(bits):
    """Last bits n of each int64 to those of the float64 2**n."""
    for j in range(len(bits)):
        bits[j] = (bits[j] + 1023) << 52


@njit(cache=True)
def multiply_by(factors, out):
    for j in range(len(out)):
        out[j] *= factors[j]


@njit(cache=True)
def fill_lines(values, scale, out):
    """out = exp(scale * values), both (n,), a chunk at a time."""
    scratch = np.empty(CHUNK)
    bits = scratch.view(np.int64)  # the same memory
    for start in range(0, len(values), CHUNK):
        stop = min(start + CHUNK, len(values))
        width = stop - start
        fill_mantissas(values[start:stop], scale, scratch[:width], out[start:stop])
        move_to_exponents(bits[:width])
        multiply_by(scratch[:width], out[start:stop])
