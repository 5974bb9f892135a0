"""Statistics from moments alone, each with what its interval needs.

Those called ``grouped_…`` return ``(value, left_out)`` as in ``modgap.statistics.geometry``: the
values (G,) without one group of pictures and all their texts. Where every picture is its own group
they are the values without one picture, and equal the formulas on rows there, which the tests hold
them against. First-order statistics have the groups of the sums, others those of the squares.
"""

import numpy as np

from modgap.statistics.distributions import gaussian_distance
from modgap.statistics.geometry import alignment, left_out_squares, unbiased_square


def group_influence(side):
    """What each group adds to the centre of a cloud: (G, dim), columns sum to zero.

    As ``geometry.centre_influence``, with groups for pictures: clusters of random size.
    """
    scale = len(side.counts) / side.n
    return (side.sums - side.counts[:, None] * side.centre) * scale


def gap_moments(pairs):
    """The gap vector (dim,), the influence of each group (G, dim), and its unbiased square."""
    vector = pairs.first.centre - pairs.second.centre
    influence = group_influence(pairs.first) - group_influence(pairs.second)
    if pairs.first.by_picture:
        return vector, influence, unbiased_square(vector, influence)
    n = pairs.first.pictures
    return vector, influence, vector @ vector - spread_of_gap(pairs) / (n * (n - 1))


def spread_of_gap(pairs):
    """Σ over pictures of ‖influence on the gap vector‖², over pictures and not over groups.

    With t the sum of a picture's c texts the influence is (x − x̄) − (t − c·ȳ)·n/m.
    """
    first, second, n = pairs.first, pairs.second, pairs.first.pictures
    ratio, x, y = n / second.n, first.centre, second.centre
    own = first.own.sum() - n * (x @ x)
    texts = second.own.sum() - 2 * (y @ second.weighted) + second.repeats.sum() * (y @ y)
    both = (
        pairs.matched.sum()
        - pairs.owned.sum(axis=0) @ y
        - x @ second.sums.sum(axis=0)
        + second.n * (x @ y)
    )
    return own + ratio**2 * texts - 2 * ratio * both


def grouped_centre_cosine(pairs):
    """Cosine between the two centres; undefined (nan) where a centre is zero."""
    X, Y = pairs.first.sums, pairs.second.sums
    total_x, total_y = X.sum(axis=0), Y.sum(axis=0)
    left_dot = total_x @ total_y - X @ total_y - Y @ total_x + np.einsum("ij,ij->i", X, Y)
    lengths = np.linalg.norm(total_x) * np.linalg.norm(total_y)
    left_lengths = np.sqrt(left_out_squares(X, total_x) * left_out_squares(Y, total_y))
    with np.errstate(divide="ignore", invalid="ignore"):
        return total_x @ total_y / lengths, left_dot / left_lengths


def left_pairs(counts, repeats):
    """Ordered pairs of rows of different pictures: all, and without each group (G,)."""
    rows, repeated = counts.sum(), repeats.sum()
    return rows**2 - repeated, (rows - counts) ** 2 - (repeated - repeats)


def grouped_mean_cosine(side):
    """Mean cosine over pairs of rows of different pictures (``mean_pairwise_cosine``)."""
    return mean_cosine_by_group(side.sums, side.own, side.counts, side.repeats)


def mean_cosine_by_group(sums, own, counts, repeats):
    """``grouped_mean_cosine`` from the arrays by group."""
    cross = sums @ sums.sum(axis=0) - own
    pairs, left = left_pairs(counts, repeats)
    # Pairs between two pictures of one group: none where every picture is a group.
    inside = np.einsum("ij,ij->i", sums, sums) - own
    return cross.sum() / pairs, (cross.sum() - 2 * cross + inside) / left


def grouped_sd_cosine(side):
    """Standard deviation (ddof 1) of the cosines over ordered pairs of different pictures.

    Σ (yᵢ·yⱼ)² over all i, j is ‖M‖² with M = Σ y·yᵀ; with M_g that of a group, ‖M − M_g‖² without
    it, and Σ ⟨M, M_g⟩ = ‖M‖². Pairs within a picture are taken off.
    """
    squares = side.squares
    sums, own, counts, repeats, within = map(
        squares.fold, (side.sums, side.own, side.counts, side.repeats, side.within)
    )
    mean, left_mean = mean_cosine_by_group(sums, own, counts, repeats)
    total = squares.scatter(np.zeros(sums.shape[1]))
    shared = squares.forms(total, np.zeros(len(total)))
    whole = (shared - within).sum()
    pairs, left = left_pairs(counts, repeats)
    second = whole / pairs
    left_second = (whole - 2 * (shared - within) + (squares.lengths() - within)) / left
    return (
        np.sqrt(max(second - mean**2, 0) * pairs / (pairs - 1)),
        np.sqrt(np.maximum(left_second - left_mean**2, 0) * left / (left - 1)),
    )


def grouped_matched_cosine(pairs):
    """Mean cosine of a text with its own picture."""
    own, counts = pairs.matched, pairs.second.counts
    n = counts.sum()
    return own.sum() / n, (own.sum() - own) / (n - counts)


def grouped_unmatched_cosine(pairs):
    """Mean cosine of a text with the pictures that are not its own."""
    return unmatched_by_group(
        pairs.first.sums, pairs.second.sums, pairs.matched, pairs.first.counts, pairs.second.counts
    )


def unmatched_by_group(X, Y, own, pictures, texts):
    """``grouped_unmatched_cosine`` from the arrays by group."""
    total_x, total_y = X.sum(axis=0), Y.sum(axis=0)
    n, m = pictures.sum(), texts.sum()
    crossed = np.einsum("ij,ij->i", total_x - X, total_y - Y)
    value = (total_x @ total_y - own.sum()) / ((n - 1) * m)
    return value, (crossed - (own.sum() - own)) / ((n - pictures - 1) * (m - texts))


def grouped_sd_unmatched_cosine(pairs):
    """Standard deviation (ddof 1) of the cosines of texts with the pictures that are not their own.

    Σ (xᵢ·yⱼ)² over all i, j is ⟨Σ x·xᵀ, Σ y·yᵀ⟩ (Frobenius), as in ``grouped_sd_cosine``; those of
    texts with their own pictures are taken off.
    """
    first, second = pairs.first.squares, pairs.second.squares
    fold = second.fold
    pictures, texts, matched, own = map(
        fold, (pairs.first.counts, pairs.second.counts, pairs.matched, pairs.matched_squares)
    )
    X, Y = fold(pairs.first.sums), fold(pairs.second.sums)
    mean, left_mean = unmatched_by_group(X, Y, matched, pictures, texts)
    zero = np.zeros(X.shape[1])
    crossed = second.forms(first.scatter(zero), zero)
    back = first.forms(second.scatter(zero), zero)
    n, m = pictures.sum(), texts.sum()
    number, left = (n - 1) * m, (n - pictures - 1) * (m - texts)
    whole = crossed.sum() - own.sum()
    left_whole = whole - crossed - back + first.products(second) + own
    return (
        np.sqrt(max(whole / number - mean**2, 0) * number / (number - 1)),
        np.sqrt(np.maximum(left_whole / left - left_mean**2, 0) * left / (left - 1)),
    )


def matched_difference(pairs):
    """Mean of x − y over matched pairs (dim,) and the influence of each group (G, dim)."""
    differences, texts = pairs.owned - pairs.second.sums, pairs.second.counts
    mean = differences.sum(axis=0) / texts.sum()
    scale = len(texts) / texts.sum()
    return mean, (differences - texts[:, None] * mean) * scale


def grouped_alignment_residual(pairs):
    """tr Cov(x − y) over matched pairs: the alignment that moving the centres cannot remove."""
    matched, left_matched = grouped_matched_cosine(pairs)
    differences, texts = pairs.owned - pairs.second.sums, pairs.second.counts
    total, m = differences.sum(axis=0), texts.sum()
    left_centre = left_out_squares(differences, total) / (m - texts) ** 2
    return alignment(matched) - total @ total / m**2, alignment(left_matched) - left_centre


def grouped_effective_rank(side):
    """Effective rank, and the influence of each group on its logarithm (``effective_rank``)."""
    n, centre, squares = side.n, side.centre, side.squares
    values, vectors = np.linalg.eigh(squares.scatter(centre) / n)
    # Rows of length one carry rounding of this size; directions below it are empty.
    kept = values > max(values[-1] * 1e-12, 1e-20)
    groups = len(squares.fold(side.counts))
    if not kept.any():
        return np.nan, np.full(groups, np.nan)
    shares = values[kept] / values[kept].sum()
    entropy = -(shares * np.log(shares)).sum()
    slopes = -(np.log(shares) + entropy) / values[kept].sum()
    weighted = (vectors[:, kept] * slopes) @ vectors[:, kept].T
    return np.exp(entropy), squares.forms(weighted, centre) * (groups / n)


def grouped_frechet(pairs):
    """Squared Fréchet distance, and the influence of each group on it (``frechet``)."""
    sides = pairs.first, pairs.second
    delta = sides[0].centre - sides[1].centre
    value, *factors = gaussian_distance(delta, *map(covariance, sides))
    on = [
        pull_of_group(side, delta, factor, sign)
        for side, factor, sign in zip(sides, factors, (1, -1), strict=True)
    ]
    return value, on[0] - on[1]


def covariance(side, chosen=None):
    """Covariance (dim, dim) of the rows over n − 1; of the ``chosen`` groups of squares only."""
    counts, sums = map(side.squares.fold, (side.counts, side.sums))
    chosen = np.ones(len(counts), dtype=bool) if chosen is None else chosen
    n = counts[chosen].sum()
    return side.squares.scatter(sums[chosen].sum(axis=0) / n, chosen) / (n - 1)


def pull_of_group(side, delta, factor, sign):
    """What each group adds to a cloud's part of ``grouped_frechet``, (G,), centred and scaled."""
    counts, sums = map(side.squares.fold, (side.counts, side.sums))
    bent = side.squares.forms(np.eye(len(delta)) - factor @ factor.T, side.centre)
    pull = 2 * sums @ delta + sign * bent
    return (pull - counts * pull.sum() / side.n) * (len(counts) / side.n)


def frechet_of_halves(pairs, seed):
    """Squared Fréchet distances of two random halves of the groups."""
    groups = len(pairs.first.squares.fold(pairs.first.counts))
    side = np.random.default_rng(seed).permutation(groups) < groups // 2
    return [frechet_of_groups(pairs, chosen) for chosen in (side, ~side)]


def frechet_of_groups(pairs, chosen):
    """Squared Fréchet distance of the pictures and texts of some groups of squares (mask)."""
    centres = []
    for side in (pairs.first, pairs.second):
        counts, sums = map(side.squares.fold, (side.counts, side.sums))
        centres.append(sums[chosen].sum(axis=0) / counts[chosen].sum())
    spreads = [covariance(side, chosen) for side in (pairs.first, pairs.second)]
    return gaussian_distance(centres[0] - centres[1], *spreads)[0]
