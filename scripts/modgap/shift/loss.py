"""The contrastive loss of pairs under shifts along the gap, and its slope at no shift.

With S_ij the cosine of image i and text j after the shift and tau the temperature (paper,
section 2): image to text, term i is log sum_j exp(S_ij / tau) - S_ii / tau; text to image sums
over the images instead. The loss is the mean over pairs, the symmetric loss the mean of both.
Batches are consecutive; pairs beyond the last full batch are left out.

With h_x = c_x delta and h_y = c_y delta the cosine changes at delta = 0 by
D_ij = c_y a_i - c_x b_j + C_ij (c_x a_i - c_y b_j),  a_i = x_i.u, b_j = y_j.u, C_ij = x_i.y_j,
so D_ij = (a_i - b_j)(1 + C_ij) / 2 when both modalities move. The derivative of term i (image to
text) is (sum_j P_ij D_ij - D_ii) / tau with P the softmax of row i: the first part repels the
pairs, the second attracts them. A positive derivative means that descending the loss opens the gap.
"""

from dataclasses import dataclass

import numpy as np

from modgap.errors import InputError
from modgap.shift.log_sums import plan_powers, shifted_log_sums
from modgap.shift.moves import check_grid, cosine_factors, side_offsets
from modgap.shift.temperatures import logit_scales

# Up to this many cosines per shift (2,000 pairs against each other) everything is float64.
EXACT_ENTRIES = 2000**2

# exp(-2 * scale), the smallest exponential with the shift by a cosine of 1, is a normal float64.
SAFE_SCALE = 300.0

# Float64 entries worked on at once: 1 MiB, which stays in the cache.
BLOCK_ENTRIES = 2**17

# Lines of a batch whose slopes are worked on at once.
GRADIENT_ROWS = 256


@dataclass(frozen=True)
class Terms:
    """Loss terms per pair for every shift and temperature; each array (k, t, n) float64.

    ``first_to_second`` and ``second_to_first`` average to the loss of that direction.
    """

    first_to_second: np.ndarray
    second_to_first: np.ndarray

    def side(self, name):
        """Terms of one direction, or of the symmetric loss (``both``)."""
        if name == "both":
            return (self.first_to_second + self.second_to_first) / 2
        return getattr(self, name)


def check_batch(batch_size, n):
    """Raise an InputError for a batch that the pairs cannot fill or that has no negatives."""
    if batch_size > n:
        raise InputError(
            f"batch of {batch_size} is larger than the {n} pairs; "
            "name smaller ones in shift.batch_sizes"
        )
    if batch_size < 2:
        raise InputError(f"batch of {batch_size} has no negatives; choose 2 or more")


def loss_terms(
    first, second, u, deltas, temperatures, *, batch_size, sides="both", device="cpu", exact=None
):
    """Loss terms per pair after each shift.

    Parameters
    ----------
    first, second : (n, dim) unit rows, row i of both is a pair. u : (dim,) unit gap vector.
    deltas : (k,) shifts along u, increasing. temperatures : (t,) above 0.
    batch_size : pairs that are each other's negatives.
    sides : which modality moves, see ``modgap.shift.moves.side_offsets``.
    device : "cpu" (numba) or "cuda" (torch), for sets too large for the float64 path.
    exact : force (True) or forbid (False) the float64 path; by default it serves every set with
        n * batch_size up to 2,000 squared.
    """
    deltas, scales = check_grid(deltas), logit_scales(temperatures)
    check_batch(batch_size, len(first))
    n = len(first) // batch_size * batch_size
    first, second = first[:n], second[:n]
    factors = cosine_factors(first @ u, second @ u, deltas, sides)
    if exact is None:
        exact = n * batch_size <= EXACT_ENTRIES
    if exact:
        return exact_terms(first, second, factors, scales, batch_size)
    return float32_terms(first, second, factors, scales, batch_size, device)


def matched_cosines(first, second, factors):
    """Cosine of each pair after each shift; (k, n)."""
    a, p, b, q = factors
    return (np.einsum("nd,nd->n", first, second) + a + b) * p * q


def exact_terms(first, second, factors, scales, batch_size):
    """``loss_terms`` in float64, a cache-sized block of cosines at a time."""
    a, p, b, q = factors
    k, n = a.shape
    rows, columns = np.empty((2, k, len(scales), n))  # (k, t, n) each
    matched = matched_cosines(first, second, factors)[:, None, :] * scales[:, None]  # (k, t, n)
    step = max(1, BLOCK_ENTRIES // batch_size**2) * batch_size
    for start in range(0, n, step):
        part = slice(start, min(n, start + step))
        shape = (-1, batch_size)
        left = first[part].reshape(*shape, first.shape[1])  # (g, m, dim)
        right = second[part].reshape(*shape, second.shape[1])  # (g, m, dim)
        products = left @ right.transpose(0, 2, 1)  # (g, m, m)
        for d in range(k):
            of_rows = (a[d, part].reshape(shape), p[d, part].reshape(shape))
            of_columns = (b[d, part].reshape(shape), q[d, part].reshape(shape))
            by_row, by_column = log_sums_float64(products, of_rows, of_columns, scales)  # (t, g, m)
            rows[d, :, part] = by_row.reshape(len(scales), -1)
            columns[d, :, part] = by_column.reshape(len(scales), -1)
    rows -= matched
    columns -= matched
    return Terms(rows, columns)


def log_sums_float64(products, of_rows, of_columns, scales):
    """Log-sum-exp over rows and columns of a stack of batches for one shift.

    Parameters
    ----------
    products : (g, m, m) cosines before the shift.
    of_rows, of_columns : offsets and scalings after the shift, each (g, m).
    scales : (t,) inverse temperatures. Up to ``SAFE_SCALE`` the shift by the largest possible
        cosine, 1, is safe; beyond it every row and column is shifted by its own maximum.

    Returns
    -------
    by_row, by_column : (t, g, m).
    """
    try:
        from modgap.shift.log_sums_float64 import add_powers
    except ImportError:  # numba is an extra
        add_powers = add_powers_plain
    (a, p), (b, q) = of_rows, of_columns
    by_row, by_column = np.zeros((2, len(scales), *a.shape))
    safe = np.flatnonzero(scales <= SAFE_SCALE)
    for plan in plan_powers(scales[safe]):
        # A power of up to 128 rounds as the product of so large a scale and a cosine does.
        places = np.column_stack([plan.outputs[:, 0], safe[plan.outputs[:, 1]]])
        add_powers(products, a, p, b, q, plan.base, plan.steps, places, by_row, by_column)
    by_row[safe] = np.log(by_row[safe]) + scales[safe, None, None]
    by_column[safe] = np.log(by_column[safe]) + scales[safe, None, None]
    for t in np.flatnonzero(scales > SAFE_SCALE):
        cosines = (products + a[:, :, None] + b[:, None, :]) * p[:, :, None] * q[:, None, :]
        by_row[t] = log_sum_exp(cosines, scales[t], -1)  # (g, m)
        by_column[t] = log_sum_exp(cosines, scales[t], -2)  # (g, m)
    return by_row, by_column


def add_powers_plain(products, a, p, b, q, base, steps, outputs, by_row, by_column):
    """``log_sums_float64.add_powers`` without numba, in two to three times the time."""
    step = max(1, BLOCK_ENTRIES // a.size)
    for start in range(0, a.shape[1], step):
        lines = slice(start, start + step)
        moved = (products[:, lines] + a[:, lines, None] + b[:, None]) * p[:, lines, None]
        registers = [np.exp(base * (moved * q[:, None] - 1))]  # (g, lines, m) each
        for i, j in steps:
            registers.append(registers[i] * registers[j])
        for register, t in outputs:
            by_row[t, :, lines] = registers[register].sum(axis=2)
            by_column[t] += registers[register].sum(axis=1)


def log_sum_exp(cosines, scale, axis):
    """Log-sum-exp of ``scale * cosines`` along an axis, shifted by each line's own maximum."""
    largest = cosines.max(axis=axis, keepdims=True)
    sums = np.exp(scale * (cosines - largest)).sum(axis=axis)
    return np.log(sums) + scale * largest.squeeze(axis)


def float32_terms(first, second, factors, scales, batch_size, device):
    """``loss_terms`` from float32 cosines and float64 sums, one batch at a time."""
    a, p, b, q = factors
    matched = matched_cosines(first, second, factors)[:, None, :] * scales[:, None]  # (k, t, n)
    rows, columns = np.empty((2, *matched.shape))
    for start in range(0, len(first), batch_size):
        part = slice(start, start + batch_size)
        rows[:, :, part], columns[:, :, part] = shifted_log_sums(
            first[part],
            second[part],
            (a[:, part], p[:, part], b[:, part], q[:, part]),
            scales,
            device=device,
        )
    rows -= matched
    columns -= matched
    return Terms(rows, columns)


def gradient_terms(first, second, u, temperatures, *, batch_size, sides="both"):
    """Derivative of each pair's loss terms by the shift at shift 0.

    Parameters as for ``loss_terms``.

    Returns
    -------
    repulsion, attraction : two ``Terms`` of arrays (t, n); the derivative of the loss is their sum.
    """
    scales = logit_scales(temperatures)
    check_batch(batch_size, len(first))
    n = len(first) // batch_size * batch_size
    first, second = first[:n], second[:n]
    c_x, c_y = (float(c) for c in side_offsets(1.0, sides))
    a, b = first @ u, second @ u  # (n,) each
    images = (first, c_y * a, c_x * a)
    texts = (second, -c_x * b, -c_y * b)
    matched = np.einsum("nd,nd->n", first, second)  # (n,)
    slope = c_y * a - c_x * b + matched * (c_x * a - c_y * b)
    attraction = -scales[:, None] * slope  # (t, n)
    return (
        Terms(
            weighted_slopes(images, texts, scales, batch_size),
            weighted_slopes(texts, images, scales, batch_size),
        ),
        Terms(attraction, attraction),
    )


def weighted_slopes(lines, others, scales, batch_size):
    """sum_j P_ij D_ij / tau for every line i, with j over the others of its batch; (t, n)."""
    vectors, added, multiplied = lines
    other_vectors, other_added, other_multiplied = others
    result = np.empty((len(scales), len(vectors)))  # (t, n)
    for begin in range(0, len(vectors), batch_size):
        batch = slice(begin, begin + batch_size)
        for start in range(begin, begin + batch_size, GRADIENT_ROWS):
            rows = slice(start, min(start + GRADIENT_ROWS, begin + batch_size))
            cosines = vectors[rows] @ other_vectors[batch].T  # (rows, batch)
            slopes = cosines * (multiplied[rows, None] + other_multiplied[batch])
            slopes += added[rows, None] + other_added[batch]
            cosines -= cosines.max(axis=1, keepdims=True)
            for t, scale in enumerate(scales):
                weights = np.exp(scale * cosines)  # P_ij without its sum
                average = np.einsum("ij,ij->i", weights, slopes) / weights.sum(axis=1)  # (rows,)
                result[t, rows] = scale * average
    return result
