"""How two clouds differ beyond their centres: Fréchet distance, MMD, and where the gap lies.

Arrays as in ``modgap.statistics.geometry``: X (n, dim) and Y (m, dim) unit rows, owner (m,).

* The Fréchet distance compares centres and covariances. It is biased upwards in finite samples.
* MMD compares whole distributions, with the kernel exp(−2‖a−b‖²) of the uniformity: one width for
  every model, so that values can be set beside each other.
* The concentration of the gap over coordinates is no property of the geometry: a rotation of both
  clouds changes it and no cosine. It is set beside what random rotations have.
"""

import numpy as np

from modgap.statistics.geometry import sum_by_picture
from modgap.statistics.pairwise import gaussian_kernel
from modgap.threads import map_threads

# Random relabellings behind a p-value of MMD, which is therefore never below 1/200.
SWAPS = 199
# Random rotations behind the expected concentration of the gap.
ROTATIONS = 2000
# Eigenvalues below this share of the largest are rounding.
EMPTY = 1e-10


def gap_share(vector, influence, k):
    """Share of ‖Δ‖² in the k coordinates of Δ of largest magnitude.

    vector : (dim,) Δ. influence : (n, dim) of each picture on it.

    Returns
    -------
    share : 1 where there are k coordinates or fewer, nan where Δ is zero.
    influence : (n,) on the share, the coordinates staying as chosen.
    """
    squares = vector**2
    total = squares.sum()
    if total == 0:
        return np.nan, np.full(len(influence), np.nan)
    largest = np.zeros(len(vector))
    largest[np.argsort(-squares, kind="stable")[:k]] = 1
    share = (squares * largest).sum() / total
    return share, influence @ (2 * vector * (largest - share) / total)


def rotated_shares(dim, k, *, draws, seed):
    """``gap_share`` of a gap after random rotations, (draws,).

    A randomly rotated vector is uniform on its sphere: the direction of standard normal numbers.
    """
    squares = np.random.default_rng(seed).standard_normal((draws, dim)) ** 2
    k = min(k, dim)
    return np.partition(squares, dim - k, axis=1)[:, dim - k :].sum(axis=1) / squares.sum(axis=1)


def frechet(X, Y, *, influence=False):
    """Squared Fréchet distance of two clouds, taken for Gaussians (Dowson & Landau 1982).

    ‖Δ‖² + tr(Σx + Σy − 2(Σx^½ Σy Σx^½)^½), with covariances over n − 1.

    Returns
    -------
    value, or with ``influence`` (value, first (n,), second (m,)): what the rows add to it to first
    order, up to constants; the value moves with the mean of ``first`` less the mean of ``second``.
    """
    delta = X.mean(axis=0) - Y.mean(axis=0)
    first, second = X - X.mean(axis=0), Y - Y.mean(axis=0)
    spread, other = (rows.T @ rows / (len(rows) - 1) for rows in (first, second))
    value, to_second, to_first = gaussian_distance(delta, spread, other)
    if not influence:
        return value
    moved, back = (first @ to_second) ** 2, (second @ to_first) ** 2
    on_first = np.einsum("ij,ij->i", first, first) - moved.sum(axis=1)
    on_second = np.einsum("ij,ij->i", second, second) - back.sum(axis=1)
    return value, 2 * X @ delta + on_first, 2 * Y @ delta - on_second


def gaussian_distance(delta, spread, other):
    """``frechet`` of Gaussians, and the optimal maps between them.

    delta : (dim,) difference of the centres. spread, other : (dim, dim) covariances of both.

    Returns
    -------
    value. to_second, to_first : factors F of the maps T = F·Fᵀ (dim, dim); by a covariance the
    derivative of the value is I − T (Rippl, Munk & Sturm 2016).
    """
    values, vectors = np.linalg.eigh(spread)
    roots = np.sqrt(np.maximum(values, 0))
    scaled = vectors * roots
    shared, turns = np.linalg.eigh(scaled.T @ other @ scaled)
    lengths = np.sqrt(np.maximum(shared, 0))
    value = delta @ delta + np.trace(spread) + np.trace(other) - 2 * lengths.sum()
    inverse = vectors / np.where(values > EMPTY * values[-1], roots, np.inf)
    there = lengths > np.sqrt(EMPTY) * lengths[-1]
    halves = np.sqrt(np.where(there, lengths, 1)) * there
    to_first = scaled @ turns / np.where(there, halves, np.inf)
    return max(value, 0.0), inverse @ turns * halves, to_first


def extrapolated_frechet(value, X, Y, owner, seed):
    """Squared Fréchet distance with its bias of order 1/n taken off, see ``extrapolate``.

    value : ``frechet`` of all rows. owner : picture of each row of Y; None where rows are no pairs.
    """
    rng = np.random.default_rng(seed)
    side = rng.permutation(len(X)) < len(X) // 2
    other = rng.permutation(len(Y)) < len(Y) // 2 if owner is None else side[owner]
    return extrapolate(value, [frechet(X[side], Y[other]), frechet(X[~side], Y[~other])])


def extrapolate(value, halves):
    """A value without its bias of order 1/n, from that of all rows and those of two random halves.

    The bias of half the rows is twice that of all: 2·F(all) − mean of F over the halves (Quenouille
    1956; Chong & Forsyth 2020 extrapolate the same way from more points). It may be negative.
    """
    return 2 * value - np.mean(halves)


def kernel_forms(rows, group, weights, vectors, *, block, threads=1):
    """Quadratic forms and products with the kernel exp(−2‖a−b‖²) over pairs of different groups.

    rows : (N, dim) unit rows. group : (N,) two rows of one group are no pair. weights : (N, B).
    vectors : (N, v). Kernels are single precision, sums of a tile's products as well. block : rows
    and columns of a tile; threads : see ``map_threads``.

    Returns
    -------
    forms (B,): Σ over ordered pairs of wᵢ·wⱼ·k(i, j) for every column of ``weights``; products
    (N, v): Σⱼ k(i, j)·vⱼ.
    """
    rows, weights = rows.astype(np.float32), weights.astype(np.float32)
    vectors = vectors.astype(np.float32)

    def pass_stripe(top):
        """Forms of a row of tiles, and products from ``top`` on."""
        forms, products = np.zeros(weights.shape[1]), np.zeros((len(rows) - top, vectors.shape[1]))
        here = slice(top, top + block)
        for left in range(top, len(rows), block):
            there = slice(left, left + block)
            kernel = gaussian_kernel(rows[here] @ rows[there].T)
            kernel[group[here, None] == group[None, there]] = 0
            seen = np.einsum("ib,ib->b", weights[here], kernel @ weights[there], dtype=np.float64)
            products[: len(kernel)] += kernel @ vectors[there]
            forms += seen if left == top else 2 * seen
            if left != top:
                products[left - top : left - top + block] += kernel.T @ vectors[here]
        return forms, products

    forms, products = np.zeros(weights.shape[1]), np.zeros(vectors.shape)
    tops = range(0, len(rows), block)
    for top, added in zip(tops, map_threads(pass_stripe, tops, threads), strict=True):
        forms += added[0]
        products[top:] += added[1]
    return forms, products


def paired_mmd(X, Y, owner, *, seed, block, threads=1):
    """Squared maximum mean discrepancy of pairs, unbiased, and its test.

    With φ the feature map of the kernel and dᵢ = φ(xᵢ) − the mean of φ over the picture's texts,
    the mean of ⟨dᵢ, dⱼ⟩ over pairs of different pictures (Gretton et al. 2012, eq. 3, for pairs).
    Swapping picture and text of pair i turns the sign of dᵢ: with one text a picture and no
    difference between the modalities that changes nothing in distribution, so that the p-value of
    random swaps is exact; with several texts it is so in large samples.

    Returns
    -------
    (value, left_out (n,)), p
    """
    n = len(X)
    counts = np.bincount(owner, minlength=n)
    signs = np.random.default_rng(seed).integers(0, 2, size=(n, SWAPS + 1)) * 2 - 1
    signs[:, 0] = 1
    weights = np.concatenate([signs, -signs[owner] / counts[owner, None]])
    group = np.concatenate([np.arange(n), owner])
    forms, products = kernel_forms(
        np.concatenate([X, Y]), group, weights, weights[:, :1], block=block, threads=threads
    )
    cross = sum_by_picture(weights[:, 0] * products[:, 0], group, n)
    value = cross.sum() / (n * (n - 1))
    left_out = (cross.sum() - 2 * cross) / ((n - 1) * (n - 2))
    return (value, left_out), relabelled_p(forms / (n * (n - 1)))


def unpaired_mmd(X, Y, *, seed, block):
    """Squared maximum mean discrepancy of rows drawn independently, unbiased, and its test.

    Mean kernel within X, plus that within Y, less twice that across (Gretton et al. 2012, eq. 3).
    The p-value is over random exchanges of all rows between the modalities.

    Returns
    -------
    (value, left_first (n,), left_second (m,)), p
    """
    n, m = len(X), len(Y)
    rng = np.random.default_rng(seed)
    first = np.arange(n + m) < n
    labels = np.column_stack([first, *(rng.permutation(first) for _ in range(SWAPS))])
    within, products = kernel_forms(
        np.concatenate([X, Y]),
        np.arange(n + m),
        labels,
        np.column_stack([first, ~first]),
        block=block,
    )
    by_row = products.sum(axis=1)
    mixed = by_row @ labels - within
    values = discrepancy(within, mixed, by_row.sum() - within - 2 * mixed, n, m)
    to_first, to_second = products.T
    across = to_first[n:].sum()
    sums = to_first[:n].sum(), to_second[n:].sum()
    left_first = discrepancy(sums[0] - 2 * to_first[:n], across - to_second[:n], sums[1], n - 1, m)
    left_second = discrepancy(sums[0], across - to_first[n:], sums[1] - 2 * to_second[n:], n, m - 1)
    value = discrepancy(sums[0], across, sums[1], n, m)
    return (value, left_first, left_second), relabelled_p(values)


def discrepancy(first, across, second, n, m):
    """MMD² from kernel sums over ordered pairs within and pairs across n and m rows."""
    return first / (n * (n - 1)) + second / (m * (m - 1)) - 2 * across / (n * m)


def relabelled_p(values):
    """p-value of the first value among all, large ones speaking against no difference.

    (1 + relabelled values at least as large) / (1 + relabellings), Phipson & Smyth 2010.
    """
    # Equal values may differ by the rounding of single-precision kernels.
    return float(np.mean(values >= values[0] - 1e-7))
