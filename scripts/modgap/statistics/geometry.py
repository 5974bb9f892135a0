"""Geometry of clouds of unit vectors: gap, cone, alignment, margin, rank, principal axes.

Arrays used throughout:

    X      (n, dim) unit rows, first modality, one row per picture
    Y      (m, dim) unit rows, second modality (texts)
    owner  (m,) row of X that each text belongs to; every picture owns at least one text

A statistic is about pictures drawn at random, and the texts of a picture come with it. Functions
named in plain words return ``(value, left_out)``: the statistic, and the (n,) values it takes when
one picture and its texts are left out, which is what the jackknife of
``modgap.statistics.inference`` needs.

``normalise``, ``signed_axes`` and ``mean_cosine_from_sum`` know nothing of pictures and texts;
every package takes them from here.
"""

import numpy as np
from scipy import sparse

from modgap.errors import InputError


def normalise(rows, dtype=np.float64):
    """Divide each vector by its Euclidean norm; (..., dim) of ``dtype``.

    Raises
    ------
    InputError : a vector of zeros.
    """
    rows = np.asarray(rows, dtype=dtype)
    norms = np.linalg.norm(rows, axis=-1, keepdims=True)
    if not norms.all():
        place = ", ".join(map(str, np.argwhere(norms[..., 0] == 0)[0]))
        raise InputError(f"embedding {place} is all zeros, which has no direction; leave it out")
    return rows / norms


def sum_by_picture(values, owner, n_pictures):
    """Add up the rows (or numbers) of ``values`` that belong to the same picture."""
    if values.ndim == 1:
        return np.bincount(owner, weights=values, minlength=n_pictures)
    members = sparse.csr_matrix(
        (np.ones(len(owner)), (owner, np.arange(len(owner)))), shape=(n_pictures, len(owner))
    )
    return members @ values


def gap_vector(X, Y):
    """Δ = mean of X minus mean of Y, (dim,); paper §4.2."""
    return X.mean(axis=0) - Y.mean(axis=0)


def direction(vector):
    """``vector`` scaled to length one; the zero vector has no direction and stays zero."""
    length = np.linalg.norm(vector)
    return vector / length if length > 0 else vector


def gap_influence(X, Y, owner):
    """What each picture with its texts adds to n·(Δ̂ − Δ): (n, dim), columns sum to zero.

    With one text a picture this is (xᵢ − yᵢ) − Δ̂. With several, the text centre is a ratio of two
    sums over pictures and the influence is that of the ratio.
    """
    return centre_influence(X, np.arange(len(X)), len(X)) - centre_influence(Y, owner, len(X))


def centre_influence(rows, owner, n_pictures):
    """What each picture adds to n·(centre − its expectation): (n, dim), columns sum to zero."""
    deviations = rows - rows.mean(axis=0)
    return sum_by_picture(deviations, owner, n_pictures) * (n_pictures / len(rows))


def unbiased_square(vector, influence):
    """Unbiased estimate of ‖E vector‖², which may be negative.

    ‖v̂‖² overshoots by tr Cov(v̂) = Σ‖influence‖² / (n(n−1)). For pairs this is the correction
    (mean‖xᵢ−yᵢ‖² − ‖Δ̂‖²)/(n−1).
    """
    n = len(influence)
    return vector @ vector - np.vdot(influence, influence) / (n * (n - 1))


def unpaired_influence(X, Y):
    """What each row of either modality adds to Δ̂ − Δ, of rows drawn independently.

    (n + m, dim), columns sum to zero, in the unit of ``gap_influence``: N = n + m rows are the
    items, and what one adds is divided by N. The factors make N/(N−1) of ``unbiased_square`` the
    n/(n−1) and m/(m−1) of the two samples, so that Σ‖influence‖²/(N(N−1)) = tr Cov(x̄) + tr Cov(ȳ).
    """
    total = len(X) + len(Y)

    def spread(rows):
        factor = np.sqrt(total * (total - 1) / (len(rows) * (len(rows) - 1)))
        return (rows - rows.mean(axis=0)) * factor

    return np.concatenate([spread(X), -spread(Y)])


def centre_norm(rows):
    """‖mean of the rows‖."""
    return np.linalg.norm(rows.mean(axis=0))


def centre_cosine(X, Y, owner):
    """Cosine between the two centres; undefined (nan) where a centre is zero."""
    texts = sum_by_picture(Y, owner, len(X))
    total_x, total_y = X.sum(axis=0), Y.sum(axis=0)
    left_dot = total_x @ total_y - X @ total_y - texts @ total_x + np.einsum("ij,ij->i", X, texts)
    lengths = np.linalg.norm(total_x) * np.linalg.norm(total_y)
    left_lengths = np.sqrt(left_out_squares(X, total_x) * left_out_squares(texts, total_y))
    with np.errstate(divide="ignore", invalid="ignore"):
        return total_x @ total_y / lengths, left_dot / left_lengths


def centre_cosine_unpaired(X, Y):
    """Cosine between the two centres of independently drawn rows: (value, (n,), (m,)) with the
    values without each row of X, and without each row of Y.
    """
    total_x, total_y = X.sum(axis=0), Y.sum(axis=0)

    def leave_out(rows, own, other):
        lengths = np.sqrt(left_out_squares(rows, own)) * np.linalg.norm(other)
        return (own @ other - rows @ other) / lengths

    lengths = np.linalg.norm(total_x) * np.linalg.norm(total_y)
    with np.errstate(divide="ignore", invalid="ignore"):
        left_first, left_second = leave_out(X, total_x, total_y), leave_out(Y, total_y, total_x)
        return total_x @ total_y / lengths, left_first, left_second


def left_out_squares(parts, total):
    """‖total − part‖² for each row of ``parts``, (n,)."""
    squares = total @ total - 2 * parts @ total + np.einsum("ij,ij->i", parts, parts)
    return np.maximum(squares, 0)


def mean_pairwise_cosine(rows, owner, n_pictures):
    """Mean cosine over pairs of rows of different pictures.

    (‖Σ rows‖² − Σ over pictures ‖sum of its rows‖²) / number of ordered pairs; with one row a
    picture (‖Σ x‖² − n)/(n(n−1)). Two captions of one picture are no pair: they would measure
    agreement between annotators, not the cone.
    """
    sums = sum_by_picture(rows, owner, n_pictures)
    own = np.einsum("ij,ij->i", sums, sums)
    total = sums.sum(axis=0)
    return mean_over_pairs(sums @ total - own, owner, n_pictures)


def within_picture_squares(rows, owner, n_pictures):
    """Σ (yⱼ·yₖ)² over all j, k of the same picture (j = k included), (n,)."""
    order = np.argsort(owner, kind="stable")
    rows, owner = rows[order], owner[order]
    squares = np.einsum("ij,ij->i", rows, rows) ** 2
    result = np.bincount(owner, weights=squares, minlength=n_pictures)
    for step in range(1, np.bincount(owner).max()):
        same = np.flatnonzero(owner[:-step] == owner[step:])
        dots = np.einsum("ij,ij->i", rows[same], rows[same + step])
        result += 2 * np.bincount(owner[same], weights=dots**2, minlength=n_pictures)
    return result


def count_pairs(owner, n_pictures):
    """Ordered pairs of rows of different pictures: all, and with one picture left out (n,)."""
    counts = np.bincount(owner, minlength=n_pictures).astype(float)
    pairs = counts.sum() ** 2 - (counts**2).sum()
    return pairs, pairs - 2 * counts * (counts.sum() - counts)


def mean_over_pairs(cross, owner, n_pictures):
    """Mean over ordered pairs of different pictures, from each picture's sum with all others."""
    pairs, left_pairs = count_pairs(owner, n_pictures)
    return cross.sum() / pairs, (cross.sum() - 2 * cross) / left_pairs


def mean_matched_cosine(X, Y, owner):
    """Mean cosine of a text with its own picture."""
    own = matched_sums(X, Y, owner)
    counts = np.bincount(owner, minlength=len(X))
    return own.sum() / len(Y), (own.sum() - own) / (len(Y) - counts)


def matched_sums(X, Y, owner):
    """Σ of the cosines of a picture with its own texts, (n,)."""
    return np.einsum("ij,ij->i", X, sum_by_picture(Y, owner, len(X)))


def mean_unmatched_cosine(X, Y, owner):
    """Mean cosine of a text with the pictures that are not its own."""
    total_x, total_y = X.sum(axis=0), Y.sum(axis=0)
    own = matched_sums(X, Y, owner)
    texts = sum_by_picture(Y, owner, len(X))
    return mean_over_unmatched(
        total_x @ total_y - own.sum(), X @ total_y - own, texts @ total_x - own, owner
    )


def mean_over_unmatched(total, by_picture, by_own_texts, owner):
    """Mean over unmatched (picture, text) pairs, whole and with one picture left out.

    total : sum over all unmatched pairs; by_picture : (n,) sums with the picture;
    by_own_texts : (n,) sums with the picture's texts.
    """
    n = len(by_picture)
    counts = np.bincount(owner, minlength=n)
    value = total / ((n - 1) * len(owner))
    return value, (total - by_picture - by_own_texts) / ((n - 2) * (len(owner) - counts))


def relative_modality_gap(matched, within_first, within_second):
    """RMG of Schrodi et al. 2025 from mean cosines (numbers or arrays).

    Mean matched distance over itself plus the mean of the two within-modality distances, with
    d(a, b) = (1 − cos)/2. 0: closed; ½: matched pairs as far apart as two items of one modality.
    """
    apart = 1 - matched
    spread = (1 - within_first + 1 - within_second) / 2
    with np.errstate(invalid="ignore"):
        return np.divide(apart, apart + spread)


def alignment(matched):
    """mean‖x − y‖² over matched pairs = 2(1 − mean matched cosine); Wang & Isola 2020."""
    return 2 * (1 - matched)


def pair_difference(X, Y, owner):
    """Mean of x − y over matched pairs (dim,) and its influence by picture (n, dim).

    The square of its norm is the centre part of the alignment, tr Cov(x − y) the rest. With equally
    many texts a picture it is the gap vector.
    """
    differences = X[owner] - Y
    return differences.mean(axis=0), centre_influence(differences, owner, len(X))


def alignment_residual(X, Y, owner):
    """tr Cov(x − y) over matched pairs: the alignment that moving the centres cannot remove."""
    matched, left_matched = mean_matched_cosine(X, Y, owner)
    sums = sum_by_picture(X[owner] - Y, owner, len(X))
    total = sums.sum(axis=0)
    counts = np.bincount(owner, minlength=len(X))
    left_centre = left_out_squares(sums, total) / (len(Y) - counts) ** 2
    return alignment(matched) - total @ total / len(Y) ** 2, alignment(left_matched) - left_centre


def gap_margin(X, Y):
    """Room between the modalities along the gap: min of X·u minus max of Y·u, u = Δ/‖Δ‖.

    Positive: one threshold on the gap axis separates them.
    """
    axis = direction(gap_vector(X, Y))
    return (X @ axis).min() - (Y @ axis).max()


def effective_rank(rows, owner, n_pictures):
    """exp(entropy of the eigenvalue shares of the centred covariance); Roy & Vetterli 2007.

    Returns the effective rank and the (n,) influence of each picture on its logarithm: the
    derivative of the entropy H by an eigenvalue is −(log pₖ + H)/Σλ, that of the eigenvalue by a
    row's weight (vₖ·z)² − λₖ. At most min(dim, rows − 1), and below the population's value by an
    amount that depends on the number of rows. Undefined (nan) when all rows are equal.
    """
    centred = rows - rows.mean(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred / len(rows))
    # Rows of length one carry rounding of this size; directions below it are empty.
    kept = values > max(values[-1] * 1e-12, 1e-20)
    if not kept.any():
        return np.nan, np.full(n_pictures, np.nan)
    shares = values[kept] / values[kept].sum()
    entropy = -(shares * np.log(shares)).sum()
    slopes = -(np.log(shares) + entropy) / values[kept].sum()
    by_row = (centred @ vectors[:, kept]) ** 2 @ slopes
    return np.exp(entropy), sum_by_picture(by_row, owner, n_pictures) * (n_pictures / len(rows))


def signed_axes(rows, n_axes, *, centred, signs="axes"):
    """First principal axes of the rows, each with a sign that does not hang on chance.

    Parameters
    ----------
    rows : (n, dim).
    n_axes : how many axes, at most dim.
    centred : take the mean off the rows first (PCA), or leave them (SVD).
    signs : which entry of largest magnitude is made positive, that of each axis ("axes", as
        scikit-learn's PCA that the authors used) or that of its coordinates ("coordinates").

    Returns
    -------
    axes : (n_axes, dim) orthogonal unit rows.
    coordinates : (n, n_axes) of the rows, centred if asked, on the axes.
    squares : (dim,) squares of all singular values, falling; rounding may make the last negative.
    """
    if centred:
        rows = rows - rows.mean(axis=0)
    axes, squares = scatter_axes(rows.T @ rows, n_axes)
    coordinates = rows @ axes.T
    if signs == "coordinates":
        turns = largest_signs(coordinates)
        axes, coordinates = axes * turns[:, None], coordinates * turns
    return axes, coordinates, squares


def scatter_axes(scatter, n_axes):
    """First principal axes (n_axes, dim) from Σ z·zᵀ (dim, dim), and the squares of all singular
    values (dim,), falling; the entry of largest magnitude of each axis is positive.
    """
    squares, vectors = np.linalg.eigh(scatter)
    axes = vectors[:, ::-1][:, :n_axes]
    return (axes * largest_signs(axes)).T, squares[::-1]


def largest_signs(columns):
    """Sign of the entry of largest magnitude of each column, (k,)."""
    return np.sign(columns[np.abs(columns).argmax(axis=0), np.arange(columns.shape[1])])


def mean_cosine_from_sum(total, n):
    """Mean cosine over pairs of different vectors, from the sum (dim,) of the n unit vectors.

    (‖Σ x‖² − n)/(n(n − 1)): ``mean_pairwise_cosine`` where every row is a picture of its own.
    """
    return float((total @ total - n) / (n * (n - 1)))


class GroupedCosine:
    """Mean pairwise cosine of vectors that arrive in batches, without keeping them.

    The items are dealt into groups in turn; only each group's sum of unit vectors is kept, which
    is enough for the mean and for the means without one group that a jackknife needs.
    """

    def __init__(self, groups, dim):
        self.sums = np.zeros((groups, dim))
        self.counts = np.zeros(groups, dtype=np.int64)
        self.zeros = 0

    def add(self, vectors):
        """Take in the rows of ``vectors`` (n, dim); all-zero rows are only counted."""
        groups = len(self.counts)
        group = (self.counts.sum() + self.zeros + np.arange(len(vectors))) % groups
        norms = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
        kept = norms > 0
        member = np.arange(groups)[:, None] == group[kept]
        self.sums += (member / norms[kept]) @ vectors[kept]
        self.counts += np.bincount(group[kept], minlength=groups)
        self.zeros += int((~kept).sum())

    def result(self):
        """Dict: ``value``, ``left_out`` (the value without each group), ``n`` and ``dim``.

        The value is nan, and nothing left out, below two vectors that are not zero.

        Raises
        ------
        InputError : some but not all vectors are zero.
        """
        n, dim = int(self.counts.sum()), self.sums.shape[1]
        if n and self.zeros:
            raise InputError(f"{self.zeros} of {n + self.zeros} outputs of a layer are all zeros")
        if n < 2:
            return {"value": np.nan, "left_out": [], "n": n, "dim": dim}
        total = self.sums.sum(axis=0)
        value = mean_cosine_from_sum(total, n)
        left_out = [
            mean_cosine_from_sum(total - group_sum, n - count)
            for group_sum, count in zip(self.sums, self.counts, strict=True)
            if count and n - count > 1
        ]
        return {"value": value, "left_out": left_out, "n": n, "dim": dim}
