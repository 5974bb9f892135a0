"""Differences between two embedding sets on the same pictures, paired over the pictures.

``before`` and ``after`` are two sets of the same n pictures in the same order; their dimensions and
their texts may differ. A difference is always after minus before, and the unit that is drawn at
random is the picture, which both sets share: what makes a picture hard for both sets cancels.
"""

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from modgap.errors import InputError
from modgap.statistics import geometry, inference, retrieval
from modgap.statistics.clouds import sample_pictures
from modgap.statistics.separability import separability

COLUMNS = [
    "comparison",
    "statistic",
    "side",
    "before",
    "after",
    "difference",
    "low",
    "high",
    "p",
    "p_holm",
    "method",
    "n",
    "seed",
]

RECALL_AT = (1, 5, 10)

GAP = "MOVER of the two intervals with their correlation over pictures"
JACKKNIFE = "jackknife of the difference over pictures"
COUNTS = "Bonett and Price, exact McNemar test"
CLUSTERED = "Bonett and Price with the variance over pictures, and its Wald test"
UNDEFINED = "none: undefined, nothing varies"

# What float64 leaves of sums over unit vectors that are equal; its error is as small.
ROUNDING = 1e-13

# Leaving one picture out must leave pairs, and so must each half of a held-out split.
FEWEST = 4

# Ids that the import gives to rows without any: equal ids then mean equal row numbers.
NUMBERED = "item-{:06d}"


def match_pictures(before, after, names):
    """Positions (k,) of the shared pictures in both, in the order of ``before``.

    before, after : the sample_id of each set's pictures. names : of the two sets, for messages.
    Rows without ids of their own (``item-000000``, …) pair by number.

    Raises
    ------
    InputError : nothing shared, or other numbers of rows without ids.
    """
    numbered = [
        all(given == NUMBERED.format(i) for i, given in enumerate(ids)) for ids in (before, after)
    ]
    if any(numbered) and len(before) != len(after):
        lacking = names[numbered.index(True)]
        raise InputError(
            f"{names[0]} has {len(before)} pictures and {names[1]} has {len(after)}, and those of "
            f"{lacking} have no ids, so nobody can say which belong together; give them ids"
        )
    places = pd.Series(np.arange(len(after)), index=pd.Index(after)).reindex(before).to_numpy()
    kept = np.flatnonzero(~np.isnan(places))
    if not len(kept):
        raise InputError(
            f"{names[0]} and {names[1]} share no picture: {before[0]!r} and {after[0]!r} stand "
            "first; compare sets of the same pictures (equal sample_id)"
        )
    return kept, places[kept].astype(np.int64)


def compare_pairs(pairs, captions, samples, sets, *, exact_rows, n_resamples, seed, block):
    """Everything that differs between two sets of pairs on the pictures that both have.

    Parameters
    ----------
    pairs : both ``clouds.Pair``. captions : of each, which texts enter the geometry. samples : the
        samples table of each, or None. sets : what to call them. exact_rows : of more pictures so
        many are drawn. n_resamples, seed, block : as for one set.

    Returns
    -------
    rows : of ``compare_sides``. shared : number of pictures that both have. notes : lines on what
    was left out.

    Raises
    ------
    InputError : nothing or too little is shared, see ``match_pictures``.
    """
    ids = [pd.Series(pair.ids) for pair in pairs]
    places = match_pictures(*ids, sets)
    shared = n = len(places[0])
    if n > exact_rows:
        # The same pictures of both: what compares all pairs would take hours on many.
        chosen = sample_pictures(n, exact_rows, seed)
        places, n = [place[chosen] for place in places], exact_rows
    if n < FEWEST:
        raise InputError(f"{sets[0]} and {sets[1]} share {n} pictures; a comparison needs {FEWEST}")
    sides = []
    for whole, place, caption, table in zip(pairs, places, captions, samples, strict=True):
        pair = whole.keep(place)
        chosen = pair.choose(caption)
        sides.append(
            measure_side(
                geometry.normalise(pair.first),
                geometry.normalise(chosen.second),
                chosen.owner,
                gallery=(geometry.normalise(pair.second), pair.owner),
                relevance=retrieval.caption_relevance(pair.texts, pair.owner, table),
                n_resamples=n_resamples,
                seed=seed,
                block=block,
            )
        )
    notes = [
        f"{len(own) - shared:,} of {len(own):,} pictures of {name} are left out: the other set "
        "does not have them"
        for name, own in zip(sets, ids, strict=True)
        if len(own) > shared
    ]
    if n < shared:
        notes.append(f"{n:,} of the {shared:,} shared pictures, drawn at random")
    return compare_sides(*sides), shared, notes


def measure_side(X, Y, owner, *, gallery, relevance, n_resamples, seed, block):
    """What ``compare_sides`` needs of one set.

    Parameters
    ----------
    X, Y, owner : unit rows of both modalities, see ``statistics.geometry``.
    gallery : unit texts and owners for retrieval. relevance : codes and kinds for it; own picture
        only if None. n_resamples, seed : of the gap's interval and of the held-out half.

    Returns
    -------
    dict: ``gap`` (value, low, high, influence (n,)); ``smooth``, (statistic, side) -> (value,
    (n,) values without each picture); ``shares``, (statistic, side) -> (values (k,) of each
    picture that counts, whether each is one hit or miss).
    """
    n = len(X)
    own = np.arange(n)
    matched = geometry.mean_matched_cosine(X, Y, owner)
    first = geometry.mean_pairwise_cosine(X, own, n)
    second = geometry.mean_pairwise_cosine(Y, owner, n)
    relative = [
        geometry.relative_modality_gap(*values)
        for values in zip(matched, first, second, strict=True)
    ]
    texts, text_owner = gallery
    codes, kind = retrieval.own_relevance(text_owner, n) if relevance is None else relevance
    forward, backward = retrieval.ranks_both_ways(X, texts, text_owner, codes, kind, block=block)
    shares = {
        (f"recall{k}", side): picture_shares(retrieval.expected_hits(counts, k), asked_by, n)
        for side, counts, asked_by in (
            ("first_to_second", forward, own),
            ("second_to_first", backward, text_owner),
        )
        for k in RECALL_AT
    }
    accuracy, influence = separability(X, Y, owner, seed=seed)["accuracy"]
    shares["separability_accuracy", "both"] = accuracy + influence, False
    return {
        "gap": measure_gap_length(X, Y, owner, n_resamples, seed),
        "smooth": {
            ("rmg", "both"): relative,
            ("mean_cosine", "first"): first,
            ("mean_cosine", "second"): second,
            ("mean_matched_cosine", "both"): matched,
        },
        "shares": shares,
    }


def measure_gap_length(X, Y, owner, n_resamples, seed):
    """The gap without its upward bias, its interval, and each picture's influence (n,) on it."""
    vector, influence = geometry.gap_vector(X, Y), geometry.gap_influence(X, Y, owner)
    value = np.sqrt(max(geometry.unbiased_square(vector, influence), 0))
    low, high = inference.norm_interval(vector, influence, n_resamples=n_resamples, seed=seed)
    return value, low, high, influence @ geometry.direction(vector)


def picture_shares(hits, owner, n_pictures):
    """Each picture's share (n,) of a mean of hits, which is their mean; and whether it is a hit.

    hits : (m,) in [0, 1], one a query; owner : (m,) picture of the query. The share is the mean
    plus the picture's influence, with one query a picture the hit itself.
    """
    if len(hits) == n_pictures and len(np.unique(owner)) == n_pictures:
        by_picture = np.empty(n_pictures)
        by_picture[owner] = hits
        return by_picture, bool(np.isin(by_picture, (0, 1)).all())
    return hits.mean() + inference.mean_influence(hits, owner, n_pictures), False


def compare_sides(before, after):
    """Rows (dicts without the columns of a whole comparison) from two ``measure_side``."""
    rows = [gap_difference_row(before["gap"], after["gap"])]
    for (statistic, side), values in before["smooth"].items():
        rows.append(
            jackknife_difference_row(statistic, side, values, after["smooth"][statistic, side])
        )
    for (statistic, side), values in before["shares"].items():
        rows.append(share_difference_row(statistic, side, values, after["shares"][statistic, side]))
    return rows


def difference_row(statistic, side, values, interval, p, method, n):
    """One row; ``values`` and ``interval`` are (before, after) and (low, high)."""
    before, after = map(float, values)
    return {
        "statistic": statistic,
        "side": side,
        "before": before,
        "after": after,
        "difference": after - before,
        "low": float(interval[0]),
        "high": float(interval[1]),
        "p": float(p),
        "method": method,
        "n": n,
    }


def gap_difference_row(before, after):
    """Difference of two gaps; ``before`` and ``after`` of ``measure_gap_length``.

    A length is not smooth where it is zero, so the jackknife would miss a gap that closes. The
    interval comes from those of the two gaps, which are right there too. Where one of them reaches
    zero its error is one-sided, and the reaches are added up (as for a correlation of −1): the
    interval is then wider than it need be.
    """
    near_zero = min(before[1], after[1]) == 0
    correlation = -1.0 if near_zero else correlate(before[3], after[3])
    low, high = combine_intervals(before[:3], after[:3], correlation)
    difference = after[0] - before[0]
    # The test that rejects where the interval leaves out zero.
    reach = difference - low if difference > 0 else high - difference
    error = reach / ndtri((1 + inference.LEVEL) / 2)
    p = two_sided(difference, error)
    return difference_row(
        "gap_unbiased", "both", (before[0], after[0]), (low, high), p, GAP, len(before[3])
    )


def correlate(first, second):
    """Correlation of two influences (n,); 0 where one of them does not vary."""
    lengths = np.linalg.norm(first) * np.linalg.norm(second)
    return first @ second / lengths if lengths > 0 else 0.0


def combine_intervals(before, after, correlation):
    """Interval of the difference of two estimates from an interval of each (MOVER).

    Zou & Donner 2008, with the covariance term: (low, high). ``before`` and ``after`` are (value,
    low, high); for symmetric intervals this is the usual one of a difference.
    """
    (b, b_low, b_high), (a, a_low, a_high) = before, after
    down = (a - a_low) ** 2 + (b_high - b) ** 2 - 2 * correlation * (a - a_low) * (b_high - b)
    up = (a_high - a) ** 2 + (b - b_low) ** 2 - 2 * correlation * (a_high - a) * (b - b_low)
    return a - b - np.sqrt(max(down, 0)), a - b + np.sqrt(max(up, 0))


def two_sided(difference, error, freedom=None):
    """Two-sided p-value of difference/error; 1 where nothing differs but the last digits.

    freedom : degrees of freedom of Student's t; None for the normal distribution.
    """
    if abs(difference) <= ROUNDING:
        return 1.0
    if error == 0:
        return 0.0
    below = -abs(difference) / error
    return 2 * (ndtr(below) if freedom is None else stdtr(freedom, below))


def jackknife_difference_row(statistic, side, before, after):
    """Difference of a smooth statistic; each a pair (value, (n,) values left out)."""
    n = len(before[1])
    value, left_out = after[0] - before[0], after[1] - before[1]
    if not np.isfinite(value):
        nothing = (np.nan, np.nan)
        return difference_row(statistic, side, (before[0], after[0]), nothing, np.nan, UNDEFINED, n)
    low, high = inference.jackknife_interval(value, left_out)
    error = (high - low) / 2 / stdtrit(n - 1, (1 + inference.LEVEL) / 2)
    p = two_sided((low + high) / 2, error, n - 1)
    return difference_row(statistic, side, (before[0], after[0]), (low, high), p, JACKKNIFE, n)


def share_difference_row(statistic, side, before, after):
    """Difference of two means of hits; each a pair (shares (n,), whether they are hits).

    Where a picture counts once, and is a hit or a miss, these are paired counts. Otherwise the
    same interval (Bonett & Price 2012) with the sum of squared differences in place of the number
    of discordant pictures, which is the same thing for hits.
    """
    n = len(before[0])
    change = after[0] - before[0]
    if before[1] and after[1]:
        lost, won = inference.count_discordant(before[0].astype(bool), after[0].astype(bool))
        p, method = inference.mcnemar(lost, won), COUNTS
    else:
        total, squares = change.sum(), change @ change
        lost, won = (squares - total) / 2, (squares + total) / 2
        p, method = None, CLUSTERED
    low, high = inference.paired_difference_interval(lost, won, n)
    if p is None:
        middle = (low + high) / 2
        p = two_sided(middle, (high - middle) / ndtri((1 + inference.LEVEL) / 2))
    means = (before[0].mean(), after[0].mean())
    return difference_row(statistic, side, means, (low, high), p, method, n)


def top_hits(X, T, labels):
    """Whether each picture (n, dim) is nearest to its own class prompt (n_classes, dim): bool (n,).

    A tie between the true class and another is a miss, as in the sweeps of zero-shot tasks.
    """
    cosines = X @ T.T
    own = np.take_along_axis(cosines, labels[:, None], axis=1)
    return (cosines >= own).sum(axis=1) == 1


def comparison_frame(rows, name, seed):
    """Rows of one comparison as a data frame with ``COLUMNS``; Holm over all of its tests."""
    frame = pd.DataFrame(rows).assign(comparison=name, seed=seed)
    return frame.assign(p_holm=inference.holm(frame["p"]))[COLUMNS]
