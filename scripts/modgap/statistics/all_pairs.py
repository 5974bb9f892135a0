"""Measurements that compare every picture with every other, as rows of the same columns.

Their time grows with the square of the number of pictures, so that of very many only a random
sample is compared (``modgap.statistics.clouds.sample_pairs``). What needs no pairs is in
``modgap.statistics.measurements`` and always over all of them.
"""

import numpy as np
import pandas as pd

from modgap.statistics import distributions, geometry, inference, pairwise, retrieval
from modgap.statistics.clouds import describe_sample, sample_pairs
from modgap.statistics.measurements import (
    EXTREME,
    centre_norm_interval,
    centre_norm_row,
    jackknife_row,
    mark_sampled,
    measure_linear,
    measurement_row,
    moment_rows,
    rank_row,
    swap_row,
    tidy_frame,
)
from modgap.statistics.moments.sums import collect_side

QUANTILES = {
    "q01_cosine": 0.01,
    "q05_cosine": 0.05,
    "q25_cosine": 0.25,
    "median_cosine": 0.5,
    "q75_cosine": 0.75,
    "q95_cosine": 0.95,
    "q99_cosine": 0.99,
}

RECALL_AT = (1, 5, 10)

RECALL = "Wilson, clustered by picture, gallery fixed"
QUANTILE = "none: a quantile over dependent pairs"
EXACT = "none: exact for these captions"


def measure_pair(name, X, Y, owner, *, n_resamples, seed, block, **retrieved):
    """Everything there is to measure about two modalities.

    Both tables of an embedding set, one below the other: ``measure_linear`` and
    ``measure_all_pairs``, which say what the arguments are.
    """
    return pd.concat(
        [
            measure_linear(name, X, Y, owner, n_resamples=n_resamples, seed=seed),
            measure_all_pairs(name, X, Y, owner, seed=seed, block=block, **retrieved),
        ],
        ignore_index=True,
    )


def measure_sampled(
    name, pair, samples, *, caption, exact_rows, seed, block, total=None, ranks=None, threads=1
):
    """``measure_all_pairs`` of a pair, or of a sample of very many, and what was drawn (metadata).

    Parameters
    ----------
    pair : ``clouds.Pair``, with all its texts. samples : the samples table it is of, or None.
    caption : which texts enter the geometry; retrieval always ranks every one, as CLIP's
        evaluation does. exact_rows : most pictures that are compared. total : pictures that those
        of the pair were drawn from; they are all if None. ranks : of some of them among all, see
        ``streamed_rows``; retrieval is among those that are compared if None. threads : see
        ``threads.map_threads``.
    """
    total = len(pair.first) if total is None else total
    pair = sample_pairs(pair, exact_rows, seed)
    sampled = describe_sample(len(pair.first), total)
    chosen = pair.choose(caption)
    frame = measure_all_pairs(
        name,
        pair.first,
        chosen.second,
        chosen.owner,
        gallery=(pair.second, pair.owner),
        captions=None if samples is None else pair.texts["caption"].to_numpy(),
        relevance=retrieval.caption_relevance(pair.texts, pair.owner, samples),
        seed=seed,
        block=block,
        sampled_from=total if sampled else None,
        ranks=ranks,
        threads=threads,
    )
    return frame, sampled


def measure_all_pairs(
    name,
    X,
    Y,
    owner,
    *,
    gallery=None,
    captions=None,
    relevance,
    seed,
    block,
    sampled_from=None,
    ranks=None,
    threads=1,
):
    """What compares every picture with every other: spread of the cosines, uniformity, retrieval.

    Parameters
    ----------
    X, Y, owner : as for ``measure_linear``.
    gallery : texts and owners for retrieval, which ranks every text there is, as CLIP's evaluation
        does; Y and owner if None.
    captions : one string for each text of the gallery, equal ones being interchangeable; if None,
        equal embeddings are.
    relevance : codes and kinds for the gallery, of ``retrieval.caption_relevance``; None: a text
        is about its own picture only.
    seed, block : seed that the rows name, largest side of a tile of similarities.
    sampled_from : number of pictures that those of X were drawn from; None where they are all.
    ranks : of some pictures and texts among all, see ``streamed_rows``; of those of X if None.
    threads : see ``threads.map_threads``.

    Returns
    -------
    DataFrame with ``COLUMNS``.
    """
    X, Y, owner = geometry.normalise(X), geometry.normalise(Y), np.asarray(owner)
    texts, text_owner = (Y, owner) if gallery is None else gallery
    texts, text_owner = geometry.normalise(texts), np.asarray(text_owner)
    n, tiles = len(X), {"block": block, "threads": threads}
    rows = [
        *(
            row
            for side, cloud, of in (("first", X, np.arange(n)), ("second", Y, owner))
            for row in spread_rows(
                side, cloud, of, n, pairwise.within_pairs(cloud, of, bins=1, **tiles)
            )
        ),
        *unmatched_rows(X, Y, owner, **tiles),
        *mmd_rows(X, Y, owner, seed, **tiles),
    ]
    if ranks is None:
        rows += retrieval_rows(X, texts, text_owner, captions, relevance, **tiles)
    rows = mark_sampled(rows, n, sampled_from)
    if ranks is not None:
        rows += streamed_rows(ranks)
    return tidy_frame(rows, name, X.shape[1], seed)


def measure_cloud(
    name, X, *, owner=None, bins, n_resamples, seed, block, compared=None, cloud=None, threads=1
):
    """Everything there is to measure about one tower.

    Parameters
    ----------
    X : (m, dim), raw or normalised. owner : (m,) picture of each row; its own if None.
    bins : cells of the histogram over [−1, 1].
    compared : pictures that are compared with each other, increasing; all of them if None.
    cloud : ``SideMoments`` of all rows where X is a sample of them; of X if None.
    threads : see ``threads.map_threads``.

    Returns
    -------
    DataFrame with ``COLUMNS`` (side ``both``), and the histogram of the cosines of all ordered
    pairs: ``embeddings``, ``low``, ``high``, ``pairs``.
    """
    X = geometry.normalise(X)
    owner = np.arange(len(X)) if owner is None else np.asarray(owner)
    n = int(owner.max()) + 1
    compared = np.arange(n) if compared is None else compared
    cloud = collect_side(X, owner, n, seed) if cloud is None else cloud
    total = cloud.pictures
    here = np.isin(owner, compared)
    rows, of = X[here], np.searchsorted(compared, owner[here])
    pairs = pairwise.within_pairs(rows, of, bins=bins, block=block, threads=threads)
    spread = spread_rows("both", rows, of, len(compared), pairs)
    measured = [
        *moment_rows("both", cloud),
        *mark_sampled(spread, len(compared), total if len(compared) < total else None),
        rank_row("both", cloud),
        centre_norm_row("both", cloud, centre_norm_interval(cloud, n_resamples, seed), n_resamples),
    ]
    edges, counts = pairwise.histogram(pairs["counts"], bins)
    table = {"embeddings": name, "low": edges[:-1], "high": edges[1:], "pairs": counts}
    return tidy_frame(measured, name, X.shape[1], seed), pd.DataFrame(table)


def spread_rows(side, rows, owner, n_pictures, pairs):
    """Extremes, quantiles and uniformity of one cloud, from its ``pairwise.within_pairs``."""
    n = len(rows)
    quantiles = pairwise.quantiles(pairs, list(QUANTILES.values()))
    return [
        measurement_row("min_cosine", side, pairs["min"], None, EXTREME, n),
        measurement_row("max_cosine", side, pairs["max"], None, EXTREME, n),
        *(
            measurement_row(statistic, side, value, None, QUANTILE, n)
            for statistic, value in zip(QUANTILES, quantiles, strict=True)
        ),
        jackknife_row("uniformity", side, pairwise.uniformity(pairs, owner, n_pictures), n),
    ]


def unmatched_rows(X, Y, owner, block, threads):
    """Extremes and uniformity of the cosines of pictures with the texts of others."""
    m = len(Y)
    pairs = pairwise.cross_pairs(X, Y, owner, block=block, threads=threads)
    return [
        measurement_row("min_unmatched_cosine", "both", pairs["min"], None, EXTREME, m),
        measurement_row("max_unmatched_cosine", "both", pairs["max"], None, EXTREME, m),
        jackknife_row("uniformity_cross", "both", pairwise.uniformity_cross(pairs, owner), m),
    ]


def mmd_rows(X, Y, owner, seed, block, threads):
    """Squared MMD between pictures and texts, and its p-value under swaps within pairs."""
    measured, p = distributions.paired_mmd(X, Y, owner, seed=seed, block=block, threads=threads)
    return [
        jackknife_row("mmd_squared", "both", measured, len(X)),
        swap_row(p, "swaps within pairs", len(X)),
    ]


def retrieval_rows(X, Y, owner, captions, relevance, block, threads=1):
    """Recall@k and median rank both ways, with chance and ceiling beside them."""
    n = len(X)
    codes, kind = retrieval.own_relevance(owner, n) if relevance is None else relevance
    text = retrieval.label_equal_rows(Y) if captions is None else np.asarray(captions)
    forward, backward = retrieval.ranks_both_ways(
        X, Y, owner, codes, kind, block=block, threads=threads
    )
    return [
        *direction_rows(
            "first_to_second",
            forward,
            np.arange(n),
            len(Y),
            [retrieval.ceiling_first_to_second(owner, codes, kind, text, k) for k in RECALL_AT],
        ),
        *direction_rows(
            "second_to_first",
            backward,
            owner,
            n,
            [retrieval.ceiling_second_to_first(owner, codes, kind, text, k) for k in RECALL_AT],
        ),
    ]


def streamed_rows(ranks):
    """``retrieval_rows`` of some pictures and all their texts as queries, among all of a gallery.

    ranks : of ``retrieval.tabulate_ranks``, of all parts. What equal captions allow at best is not
    known without all captions.
    """
    rows = []
    for direction, side in enumerate(("first_to_second", "second_to_first")):
        _, picture, relevant, own, above, tied, gallery = ranks[ranks[:, 0] == direction].T
        counts = np.column_stack([above, tied + own, own, relevant])
        n, ceilings = int(gallery[0]), [np.nan] * len(RECALL_AT)
        note = f"; {len(counts):,} queries, drawn at random, among all {n:,}"
        rows += [
            {**row, "interval_method": row["interval_method"] + note}
            for row in direction_rows(side, counts, picture, n, ceilings)
            if not row["statistic"].endswith("_ceiling")
        ]
    return rows


def direction_rows(side, counts, owner, n_gallery, ceilings):
    """Recall and median rank of one direction; ``counts`` of ``retrieval.rank_counts``."""
    n, n_pictures = len(counts), owner.max() + 1
    rows = []
    for k, ceiling in zip(RECALL_AT, ceilings, strict=True):
        for variant, hits in (
            ("", retrieval.expected_hits(counts, k)),
            ("_published", retrieval.strict_hits(counts, k)),
        ):
            influence = inference.mean_influence(hits, owner, n_pictures)
            interval = inference.proportion_interval(hits.mean(), influence, n)
            rows.append(
                measurement_row(f"recall{k}{variant}", side, hits.mean(), interval, RECALL, n)
            )
        chance = retrieval.chance_recall(counts, n_gallery, k)
        rows.append(measurement_row(f"recall{k}_chance", side, chance, None, EXACT, n))
        rows.append(measurement_row(f"recall{k}_ceiling", side, ceiling, None, EXACT, n))
    for variant, ranks in (
        ("", retrieval.expected_ranks(counts)),
        ("_published", retrieval.strict_ranks(counts)),
    ):
        interval = inference.median_interval(ranks, owner, n_pictures)
        method = "Woodruff, clustered by picture, gallery fixed"
        rows.append(
            measurement_row(f"median_rank{variant}", side, np.median(ranks), interval, method, n)
        )
    chance = retrieval.chance_median_rank(counts, n_gallery)
    rows.append(measurement_row("median_rank_chance", side, chance, None, EXACT, n))
    return rows
