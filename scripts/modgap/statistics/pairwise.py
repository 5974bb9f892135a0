"""Statistics that need every pair of rows, in blocks: memory O(block²), never n × n."""

from threading import Lock

import numpy as np

from modgap.statistics.geometry import mean_over_pairs, mean_over_unmatched, sum_by_picture
from modgap.threads import map_threads

# Width of a cell below 5e-7: quantiles read off the counts are exact to that, at any n.
FINE_CELLS = 1 << 22

UNIFORMITY_T = 2

# Most rows and columns of a tile: its cosines take 3 MB, which a processor's cache holds. Of 5,000
# rows of 512, tiles of 400 to 800 took the same time to 5 %, tiles of 2,000 1.4 times as long.
CACHED_TILE = 640


def within_pairs(rows, owner, *, bins, block, threads=1):
    """One pass over the unordered pairs of rows that belong to different pictures.

    rows : (m, dim) unit rows; owner : (m,) picture of each row; bins : cells of the coarse
    histogram over [−1, 1]; block : most rows and columns of a tile; threads : see ``map_threads``.

    Returns
    -------
    dict with ``min`` and ``max`` of the cosine, ``counts`` (cells of equal width over [−1, 1], a
    multiple of ``bins`` of them), ``kernel`` (m,): Σ over the other rows of exp(−2‖a−b‖²).
    """
    order = np.argsort(owner, kind="stable")
    rows, owner = rows[order], owner[order]
    counts = np.zeros(bins * -(-FINE_CELLS // bins), dtype=np.int64)
    lock, block = Lock(), min(block, CACHED_TILE)

    def pass_stripe(top):
        """Least and largest cosine, and the kernel of rows from ``top`` on, of a row of tiles."""
        kernel, extremes = np.zeros(len(rows) - top), []
        rows_here = slice(top, min(top + block, len(rows)))
        for left in range(top, len(rows), block):
            columns_here = slice(left, min(left + block, len(rows)))
            cosines = rows[rows_here] @ rows[columns_here].T
            weights = gaussian_kernel(cosines)
            if owner[left] <= owner[rows_here.stop - 1]:
                # Rows are in picture order: a pair counts once, where the column comes later.
                pairs = owner[rows_here, None] < owner[None, columns_here]
                cosines = cosines[pairs]
                weights *= pairs
                if not len(cosines):
                    continue
            kernel[: len(weights)] += weights.sum(axis=1)
            kernel[left - top : columns_here.stop - top] += weights.sum(axis=0)
            extremes += [cosines.min(), cosines.max()]
            cells = number_cells(cosines, len(counts))
            with lock:
                np.add.at(counts, cells, 1)
        return extremes, kernel

    kernel, extremes = np.zeros(len(rows)), []
    tops = range(0, len(rows), block)
    for top, (seen, added) in zip(tops, map_threads(pass_stripe, tops, threads), strict=True):
        kernel[top:] += added
        extremes += seen
    unordered = np.empty(len(rows))
    unordered[order] = kernel
    lowest, highest = min(extremes, default=np.inf), max(extremes, default=-np.inf)
    return {"min": lowest, "max": highest, "counts": counts, "kernel": unordered}


def gaussian_kernel(cosines):
    """exp(−2‖a−b‖²) of unit rows, from their cosines: ‖a−b‖² = 2 − 2 a·b."""
    weights = cosines - 1
    weights *= 2 * UNIFORMITY_T
    return np.exp(weights, out=weights)


def number_cells(cosines, cells):
    """Cell of each of ``cosines``, which are overwritten, among equal ones over [−1, 1]; flat.

    What rounds beyond 1 is in the last cell, what rounds below −1 in the first.
    """
    cosines += 1
    cosines *= cells / 2
    index = cosines.ravel().astype(np.intp)
    return np.clip(index, 0, cells - 1, out=index)


def histogram(counts, bins):
    """Edges (bins + 1,) and counts (bins,) of ordered pairs, from the counts of unordered ones."""
    return np.linspace(-1, 1, bins + 1), 2 * counts.reshape(bins, -1).sum(axis=1)


def quantiles(pairs, levels):
    """Quantiles over ordered pairs, linear between neighbours, from a ``within_pairs`` result.

    An order statistic is placed inside its cell as if the cell's values were evenly spaced, so it
    is off by less than the cell's width, 5e-7.
    """
    counts = pairs["counts"]
    cumulative = np.cumsum(counts)
    # An unordered pair is two equal ordered ones.
    position = np.asarray(levels) * (2 * cumulative[-1] - 1)
    below, above = np.floor(position).astype(int), np.ceil(position).astype(int)
    low = order_statistic(below // 2, counts, cumulative)
    high = order_statistic(above // 2, counts, cumulative)
    return np.clip(low + (position - below) * (high - low), pairs["min"], pairs["max"])


def order_statistic(rank, counts, cumulative):
    """Value of the rank-th smallest (from 0) of values known by their cell over [−1, 1]."""
    cell = np.searchsorted(cumulative, rank, side="right")
    inside = rank - (cumulative[cell] - counts[cell])
    return -1 + 2 / len(counts) * (cell + (inside + 0.5) / counts[cell])


def uniformity(pairs, owner, n_pictures):
    """log mean exp(−2‖a−b‖²) over pairs of different pictures, whole and one picture left out.

    Wang & Isola 2020 with t = 2; −8 … 0, 0 when all rows are equal.
    """
    cross = sum_by_picture(pairs["kernel"], owner, n_pictures)
    value, left_out = mean_over_pairs(cross, owner, n_pictures)
    return np.log(value), np.log(left_out)


def cross_pairs(X, Y, owner, *, block, threads=1):
    """One pass over the unmatched (picture, text) pairs; block : most rows and columns of a tile.

    Returns a dict with ``min`` and ``max`` of the cosine and the sums of exp(−2‖x−y‖²):
    ``by_picture`` (n,) and ``by_text`` (m,). threads : see ``map_threads``.
    """
    block = min(block, CACHED_TILE)

    def pass_stripe(top):
        """Extremes of a row of tiles, and its sums."""
        rows, extremes = slice(top, min(top + block, len(X))), []
        by_picture, by_text = np.zeros(rows.stop - top), np.zeros(len(Y))
        for left in range(0, len(Y), block):
            columns = slice(left, left + block)
            cosines = X[rows] @ Y[columns].T
            weights = gaussian_kernel(cosines)
            place = owner[columns] - top
            column = np.flatnonzero((place >= 0) & (place < len(cosines)))
            own = place[column], column
            weights[own] = 0
            by_picture += weights.sum(axis=1)
            by_text[columns] = weights.sum(axis=0)
            cosines[own] = np.inf
            lowest = cosines.min()
            cosines[own] = -np.inf
            extremes.append((lowest, cosines.max()))
        return extremes, by_picture, by_text

    extremes, by_picture, by_text = [], [], np.zeros(len(Y))
    for seen, of_rows, added in map_threads(pass_stripe, range(0, len(X), block), threads):
        extremes += seen
        by_picture.append(of_rows)
        by_text += added
    lowest, highest = np.transpose(extremes)
    return {
        "min": lowest.min(),
        "max": highest.max(),
        "by_picture": np.concatenate(by_picture),
        "by_text": by_text,
    }


def uniformity_cross(pairs, owner):
    """log mean exp(−2‖x−y‖²) over unmatched pairs, whole and with one picture left out."""
    by_picture = pairs["by_picture"]
    by_own_texts = sum_by_picture(pairs["by_text"], owner, len(by_picture))
    value, left_out = mean_over_unmatched(by_picture.sum(), by_picture, by_own_texts, owner)
    return np.log(value), np.log(left_out)
