"""The contrastive loss of pairs under shifts along the gap, for many temperatures at once.

With S_ij the cosine of image i and text j after the shift and tau the temperature (paper,
section 2): image to text, term i is log sum_j exp(S_ij / tau) - S_ii / tau; text to image sums
over the images instead. The loss is the mean over pairs, the symmetric loss the mean of both.
Batches are consecutive; pairs beyond the last full batch are left out.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from modgap.errors import InputError
from modgap.fused import log_sums
from modgap.shift import check_grid, cosine_factors

# Up to this many cosines per shift (2,000 pairs against each other) everything is float64.
EXACT_ENTRIES = 2000**2

# exp(-x) is a normal float64 for x up to about 700.
SAFE_EXPONENT = 600.0


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


def check_temperatures(temperatures):
    """Inverse temperatures (logit scales) as an array, or an InputError for a bad temperature."""
    temperatures = np.atleast_1d(np.asarray(temperatures, dtype=np.float64))
    for tau in temperatures:
        if not (np.isfinite(tau) and tau > 0):
            raise InputError(f"temperature {tau:g}: must be above 0, as CLIP's 0.01")
    return 1 / temperatures


def temperature(given):
    """A temperature from the configuration: a number, or a fraction as "1/30"."""
    try:
        return float(Fraction(str(given)))
    except (ValueError, ZeroDivisionError):
        raise InputError(f"temperature {given!r}: give a number, or a fraction as 1/30") from None


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
    sides : which modality moves, see ``modgap.shift.offsets``.
    device : "cpu" (numba) or "cuda" (torch), for sets too large for the float64 path.
    exact : force (True) or forbid (False) the float64 path; by default it serves every set with
        n * batch_size up to 2,000 squared.
    """
    deltas, scales = check_grid(deltas), check_temperatures(temperatures)
    check_batch(batch_size, len(first))
    n = len(first) // batch_size * batch_size
    first, second = first[:n], second[:n]
    factors = cosine_factors(first @ u, second @ u, deltas, sides)
    if exact is None:
        exact = n * batch_size <= EXACT_ENTRIES
    if exact:
        return exact_terms(first, second, factors, scales, batch_size)
    return fused_terms(first, second, factors, scales, batch_size, device)


def matched_cosines(first, second, factors):
    """Cosine of each pair after each shift; (k, n)."""
    a, p, b, q = factors
    return (np.einsum("nd,nd->n", first, second) + a + b) * p * q


def exact_terms(first, second, factors, scales, batch_size):
    """``loss_terms`` in float64, many small batches at a time."""
    a, p, b, q = factors
    k, n = a.shape
    rows, columns = np.empty((2, k, len(scales), n))
    step = max(1, EXACT_ENTRIES // batch_size**2) * batch_size
    for start in range(0, n, step):
        part = slice(start, min(n, start + step))
        left, right = first[part], second[part]
        left = left.reshape(-1, batch_size, left.shape[1])
        right = right.reshape(-1, batch_size, right.shape[1])
        products = left @ right.transpose(0, 2, 1)  # (batches, batch, batch)
        shape = products.shape[:2]
        for d in range(k):
            cosines = products + a[d, part].reshape(shape)[:, :, None]
            cosines += b[d, part].reshape(shape)[:, None, :]
            cosines *= p[d, part].reshape(shape)[:, :, None]
            cosines *= q[d, part].reshape(shape)[:, None, :]
            matched = np.diagonal(cosines, axis1=1, axis2=2)
            for t, scale in enumerate(scales):
                by_row, by_column = log_sum_exp_both(cosines, scale)
                rows[d, t, part] = (by_row - scale * matched).ravel()
                columns[d, t, part] = (by_column - scale * matched).ravel()
    return Terms(rows, columns)


def log_sum_exp_both(cosines, scale):
    """Log-sum-exp of ``scale * cosines`` over the last axis and over the one before it."""
    if scale * np.ptp(cosines) < SAFE_EXPONENT:
        shift = scale * cosines.max()
        exponentials = np.multiply(cosines, scale)
        exponentials -= shift
        np.exp(exponentials, out=exponentials)
        return (
            np.log(exponentials.sum(axis=-1)) + shift,
            np.log(exponentials.sum(axis=-2)) + shift,
        )
    return log_sum_exp(cosines, scale, -1), log_sum_exp(cosines, scale, -2)


def log_sum_exp(cosines, scale, axis):
    """Log-sum-exp of ``scale * cosines`` along an axis, shifted by each line's own maximum."""
    largest = cosines.max(axis=axis, keepdims=True)
    sums = np.exp(scale * (cosines - largest)).sum(axis=axis)
    return np.log(sums) + scale * largest.squeeze(axis)


def fused_terms(first, second, factors, scales, batch_size, device):
    """``loss_terms`` from float32 cosines and float64 sums, one batch at a time."""
    a, p, b, q = factors
    matched = matched_cosines(first, second, factors)[:, None, :] * scales[:, None]
    rows, columns = np.empty((2, *matched.shape))
    for start in range(0, len(first), batch_size):
        part = slice(start, start + batch_size)
        rows[:, :, part], columns[:, :, part] = log_sums(
            first[part],
            second[part],
            (a[:, part], p[:, part], b[:, part], q[:, part]),
            scales,
            device=device,
        )
    rows -= matched
    columns -= matched
    return Terms(rows, columns)
