"""Log-sum-exp over rows and columns of the shifted cosines: all shifts and temperatures from one
pass over blocks of X Y^T.

Cosines and exponentials are float32, sums float64: a term carries about 1e-7 / tau of rounding,
the mean over thousands of pairs far less. One exponential per entry serves every
temperature whose inverse is an integer multiple of the smallest: the others are its powers. A
shift shared by all entries keeps the exponentials in range for all but outlying rows; sums that
left the range are found afterwards and made again in float64 with the row's own maximum, so
nothing underflows to log 0.
"""

from dataclasses import dataclass

import numpy as np

from modgap.extras import extra

# Powers beyond this would amplify the rounding of the base too much.
LARGEST_POWER = 128

# A float32 exponential is normal from exp(-87) to exp(88). Sums below exp(-57) may have lost
# terms that matter to more than 1e-9.
LOWEST_LOG_SUM = -57.0
CENTRE_BELOW_TYPICAL = 15.0

# Rows and columns looked at to choose the shared shift.
SAMPLED_LINES = 64

REPAIR_ROWS = 64


@dataclass(frozen=True)
class PowerPlan:
    """How to get the exponentials of one group of temperatures.

    Register 0 is exp(base * (cosine - centre)); step s fills register s + 1 with the product of
    two earlier ones; ``outputs`` are (register, position of the temperature).
    """

    base: float
    steps: np.ndarray  # (s, 2) int64
    outputs: np.ndarray  # (o, 2) int64


def plan_powers(scales):
    """Group inverse temperatures by a common base; every scale is an output of one plan."""
    scales = np.asarray(scales, dtype=np.float64)
    left = list(np.argsort(scales, kind="stable"))
    plans = []
    while left:
        base = scales[left[0]]
        powers = {i: power_of(scales[i], base) for i in left}
        members = [i for i in left if powers[i]]
        registers, steps = {1: 0}, []
        for i in members:
            add_power(powers[i], registers, steps)
        outputs = [(registers[powers[i]], i) for i in members]
        plans.append(
            PowerPlan(
                float(base),
                np.array(steps, dtype=np.int64).reshape(-1, 2),
                np.array(outputs, dtype=np.int64),
            )
        )
        left = [i for i in left if not powers[i]]
    return plans


def power_of(scale, base):
    """The integer p with scale = p * base, or 0 where there is none small enough."""
    power = round(scale / base)
    fits = 1 <= power <= LARGEST_POWER and abs(scale / base - power) < 1e-9 * power
    return power if fits else 0


def add_power(power, registers, steps):
    """Append the multiplications that make ``power`` from the powers in ``registers``."""
    if power in registers:
        return
    for known in sorted(registers, reverse=True):
        if power - known in registers:
            break
    else:
        known = power // 2
        add_power(known, registers, steps)
        add_power(power - known, registers, steps)
    steps.append((registers[known], registers[power - known]))
    registers[power] = len(steps)


def shifted_log_sums(first, second, factors, scales, *, device="cpu"):
    """Log-sum-exp of scale * S over rows and over columns, S_ij = (x_i.y_j + A_i + B_j) P_i Q_j.

    Parameters
    ----------
    first, second : (n, dim) and (m, dim) unit rows.
    factors : A, P of shape (k, n) and B, Q of shape (k, m); one line per shift.
    scales : (t,) inverse temperatures.
    device : "cpu" or "cuda".

    Returns
    -------
    by_row (k, t, n), by_column (k, t, m) : float64.
    """
    if device == "cuda":
        from modgap.shift.log_sums_cuda import sum_exponentials_cuda as sum_exponentials
    else:
        with extra("numba"):
            from modgap.shift.log_sums_cpu import sum_exponentials_cpu as sum_exponentials

    centres = shared_centres(first, second, factors, scales.max())
    by_row, by_column = sum_exponentials(first, second, factors, centres, plan_powers(scales))
    a, p, b, q = factors
    finish_log_sums(by_row, centres, scales, (first, a, p), (second, b, q))
    finish_log_sums(by_column, centres, scales, (second, b, q), (first, a, p))
    return by_row, by_column


def shared_centres(first, second, factors, largest_scale):
    """A cosine per shift around which most rows and columns have their largest entries; (k,)."""
    a, p, b, q = factors
    largest = np.concatenate(
        [
            largest_cosines((first, a, p), (second, b, q)),
            largest_cosines((second, b, q), (first, a, p)),
        ],
        axis=1,
    )  # (k, 2 sampled)
    centres = np.median(largest, axis=1)
    centres -= CENTRE_BELOW_TYPICAL / largest_scale
    # A float32 value: the same number is subtracted before and added after the exponentials.
    return np.float64(np.float32(centres))


def largest_cosines(lines, others):
    """Largest shifted cosine of some lines spread over a modality, for every shift; (k, sampled).

    ``lines`` and ``others`` are (rows, offsets, scalings) of that modality and of the other one.
    """
    vectors, offsets, scalings = lines
    other_vectors, other_offsets, other_scalings = others
    chosen = np.unique(np.linspace(0, len(vectors) - 1, SAMPLED_LINES).astype(int))
    products = vectors[chosen] @ other_vectors.T  # (sampled, m)
    cosines = np.empty_like(products)
    largest = np.empty((len(offsets), len(chosen)))
    for d in range(len(offsets)):
        np.add(products, other_offsets[d], out=cosines)
        cosines += offsets[d, chosen, None]
        cosines *= other_scalings[d]
        largest[d] = cosines.max(axis=1)
    return largest * scalings[:, chosen]


def finish_log_sums(sums, centres, scales, lines, others):
    """Turn sums of exponentials into log-sum-exp in place, making unsafe lines again.

    ``lines`` and ``others`` are (rows, offsets, scalings) of the modality that the sums belong to
    and of the one summed over.
    """
    with np.errstate(divide="ignore"):
        np.log(sums, out=sums)  # (k, t, n)
    unsafe = ~((sums > LOWEST_LOG_SUM) & (sums < np.inf))
    sums += centres[:, None, None] * scales[:, None]
    damaged = np.flatnonzero(unsafe.any(axis=(0, 1)))  # lines of any shift and temperature
    vectors, offsets, scalings = lines
    other_vectors, other_offsets, other_scalings = others
    for start in range(0, len(damaged), REPAIR_ROWS):
        chosen = damaged[start : start + REPAIR_ROWS]
        products = vectors[chosen] @ other_vectors.T  # (chosen, m)
        for d, t in np.argwhere(unsafe[:, :, chosen].any(axis=2)):
            cosines = products + offsets[d, chosen, None] + other_offsets[d]  # (chosen, m)
            cosines *= scalings[d, chosen, None] * other_scalings[d]
            largest = cosines.max(axis=1)  # (chosen,)
            total = np.exp(scales[t] * (cosines - largest[:, None])).sum(axis=1)  # (chosen,)
            exact = np.log(total) + scales[t] * largest
            hit = unsafe[d, t, chosen]
            sums[d, t, chosen[hit]] = exact[hit]
