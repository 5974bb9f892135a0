"""Sums of exponentials of shifted cosines on the CPU, compiled by numba.

Shifts go to different threads, so results do not depend on the number of threads.
"""

import numpy as np
from numba import config, njit, prange, set_num_threads

# Tiles of X Y^T that stay in the cache, and columns worked on at once.
TILE_ROWS, TILE_COLUMNS = 512, 2048
CHUNK = 512

LOG2E = np.float32(1.4426950408889634)
# ln 2 in two parts: the first is exact in few bits, so n * LN2_HIGH has no rounding.
LN2_HIGH, LN2_LOW = np.float32(0.693359375), np.float32(-2.12194440e-4)
HALF, ONE = np.float32(0.5), np.float32(1.0)
# Taylor coefficients of exp(r) for |r| <= ln(2) / 2, relative error below 6e-9.
C2, C3, C4 = np.float32(1 / 2), np.float32(1 / 6), np.float32(1 / 24)
C5, C6, C7 = np.float32(1 / 120), np.float32(1 / 720), np.float32(1 / 5040)


def use_threads(count):
    """Use at most ``count`` threads for the sums."""
    set_num_threads(min(count, config.NUMBA_NUM_THREADS))


def sum_exponentials_cpu(first, second, factors, centres, plans):
    """Sums over rows and columns of exp(scale * (S_ij - centre)); (k, t, n) and (k, t, m).

    See ``modgap.shift.log_sums.shifted_log_sums`` for S and the factors; values beyond float32
    are 0 or inf.
    """
    first, second = np.float32(first), np.float32(second)
    a, p, b, q = (np.ascontiguousarray(factor, dtype=np.float32) for factor in factors)
    centres = centres.astype(np.float32)
    n_scales = sum(len(plan.outputs) for plan in plans)
    by_row = np.zeros((len(a), n_scales, len(first)))  # (k, t, n)
    by_column = np.zeros((len(a), n_scales, len(second)))  # (k, t, m)
    for i in range(0, len(first), TILE_ROWS):
        for j in range(0, len(second), TILE_COLUMNS):
            tile = first[i : i + TILE_ROWS] @ second[j : j + TILE_COLUMNS].T  # (rows, columns)
            for plan in plans:
                add_tile(
                    tile, i, j, a, p, b, q, centres,
                    np.float32(plan.base), plan.steps, plan.outputs, by_row, by_column,
                )  # fmt: skip
    return by_row, by_column


@njit(fastmath={"contract", "nnan", "nsz"}, cache=True)
def fill_exponentials(products, a, scale, b, q, shift, out):
    """out[j] = exp((products[j] + a + b[j]) * q[j] * scale - shift)."""
    for j in range(len(products)):
        x = (products[j] + (a + b[j])) * (q[j] * scale) - shift
        # Below, the result is 0 for every purpose; above, 2**128 is infinite.
        x = min(max(x, np.float32(-87.0)), np.float32(89.0))
        n = np.floor(x * LOG2E + HALF)
        r = (x - n * LN2_HIGH) - n * LN2_LOW
        poly = C7
        poly = poly * r + C6
        poly = poly * r + C5
        poly = poly * r + C4
        poly = poly * r + C3
        poly = poly * r + C2
        poly = poly * r + ONE
        poly = poly * r + ONE
        power = np.int32((np.int32(n) + np.int32(127)) << np.int32(23))  # bits of 2**n
        out[j] = poly * power.view(np.float32)


# Lines are numbers of rows here: a slice a call, whose references numba counts, is a third slower.
@njit(fastmath={"contract", "nsz"}, cache=True)
def multiply_lines(registers, left, right, out, width):
    """Fill line ``out`` with the product of two lines, element by element."""
    for j in range(width):
        registers[out, j] = registers[left, j] * registers[right, j]


@njit(fastmath={"reassoc", "contract", "nsz"}, cache=True)
def add_line(registers, line, columns, out, width):
    """Add a float32 line to line ``out`` of the float64 sums of columns; return its float64 sum."""
    total = 0.0
    for j in range(width):
        value = np.float64(registers[line, j])
        columns[out, j] += value
        total += value
    return total


@njit(parallel=True, cache=True)
def add_tile(tile, i0, j0, a, p, b, q, centres, base, steps, outputs, by_row, by_column):
    """Add one tile of X Y^T to the sums of every shift and of every temperature of one plan."""
    n_rows, n_columns = tile.shape
    for d in prange(len(centres)):
        registers = np.empty((len(steps) + 1, CHUNK), dtype=np.float32)  # (s + 1, chunk)
        columns = np.empty((len(outputs), CHUNK))  # (o, chunk)
        shift = base * centres[d]
        for c0 in range(0, n_columns, CHUNK):
            width = min(CHUNK, n_columns - c0)
            columns[:] = 0.0
            for i in range(n_rows):
                fill_exponentials(
                    tile[i, c0 : c0 + width], a[d, i0 + i], base * p[d, i0 + i],
                    b[d, j0 + c0 : j0 + c0 + width], q[d, j0 + c0 : j0 + c0 + width], shift,
                    registers[0, :width],
                )  # fmt: skip
                for s in range(len(steps)):
                    multiply_lines(registers, steps[s, 0], steps[s, 1], s + 1, width)
                for o in range(len(outputs)):
                    by_row[d, outputs[o, 1], i0 + i] += add_line(
                        registers, outputs[o, 0], columns, o, width
                    )
            for o in range(len(outputs)):
                for j in range(width):
                    by_column[d, outputs[o, 1], j0 + c0 + j] += columns[o, j]
