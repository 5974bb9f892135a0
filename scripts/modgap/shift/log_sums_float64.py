"""Sums of exponentials of shifted cosines in float64, compiled by numba.

NumPy has vectors for float64 exponentials with AVX-512 alone; these are vectors of any processor,
and a line of cosines never leaves the cache between its exponentials and its sums.
"""

import numpy as np
from numba import njit

from modgap.shift.log_sums_cpu import add_line, multiply_lines

CHUNK = 512  # columns worked on at once

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


@njit(fastmath={"contract", "nnan", "nsz"}, cache=True)
def fill_exponentials_float64(x, out):
    """out = exp(x) to 2 units in the last place; outside of ±708 it stays there. Both (n,)."""
    for j in range(len(x)):
        bounded = min(max(x[j], LOWEST), HIGHEST)
        rounded = bounded * LOG2E + ROUNDER
        n = rounded - ROUNDER
        r = (bounded - n * LN2_HIGH) - n * LN2_LOW
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
        power = np.int64((np.float64(rounded).view(np.int64) + 1023) << 52)  # bits of 2**n
        out[j] = poly * power.view(np.float64)


@njit(fastmath={"contract", "nsz"}, cache=True)
def fill_below(products, a, p, b, q, base, out):
    """out[j] = base * (the shifted cosine - 1)."""
    for j in range(len(products)):
        out[j] = ((products[j] + (a + b[j])) * (p * q[j]) - 1.0) * base


@njit(cache=True)
def add_powers(products, a, p, b, q, base, steps, outputs, by_row, by_column):
    """Add sums over rows and columns of exp(scale * (S_ij - 1)), S_ij = (C_ij + a_i + b_j) p_i q_j.

    Parameters
    ----------
    products : (g, m, m) cosines C of g batches. a, p, b, q : (g, m).
    base, steps, outputs : of a ``modgap.shift.log_sums.PowerPlan``.
    by_row, by_column : (t, g, m), changed in place.
    """
    n_batches, n_rows, n_columns = products.shape
    registers = np.empty((len(steps) + 1, CHUNK))  # (s + 1, chunk)
    columns = np.empty((len(outputs), CHUNK))  # (o, chunk)
    x = np.empty(CHUNK)
    for g in range(n_batches):
        for c0 in range(0, n_columns, CHUNK):
            c1 = min(c0 + CHUNK, n_columns)
            width = c1 - c0
            columns[:] = 0.0
            for i in range(n_rows):
                fill_below(
                    products[g, i, c0:c1], a[g, i], p[g, i], b[g, c0:c1], q[g, c0:c1], base,
                    x[:width],
                )  # fmt: skip
                fill_exponentials_float64(x[:width], registers[0, :width])
                for s in range(len(steps)):
                    multiply_lines(registers, steps[s, 0], steps[s, 1], s + 1, width)
                for o in range(len(outputs)):
                    by_row[outputs[o, 1], g, i] += add_line(
                        registers, outputs[o, 0], columns, o, width
                    )
            for o in range(len(outputs)):
                for j in range(width):
                    by_column[outputs[o, 1], g, c0 + j] += columns[o, j]
