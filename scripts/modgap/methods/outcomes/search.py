"""Retrieval from ranked lists, and the lists without some of the pictures.

A query's list is its best items, deep enough that it still holds ten after a group of pictures has
left. Everything a list decides (recall, NDCG, share of modalities, hubs) is told from it, and the
delete-a-group jackknife tells it again without the items and the queries of each group.

    items     (q, depth) numbers of the best items of each query, best first
    relevant  (q, depth) bool
    parts     (q,) and (n,) part that a query and an item leave with, 0 … k − 1

Equal scores come in the order of the gallery, which the caller draws at random.
"""

from typing import NamedTuple

import numpy as np

DEPTH = 40
CUTOFFS = (1, 5, 10)


class Ranking(NamedTuple):
    """Lists of all queries; shapes above. total : (q,) relevant items in the gallery;
    total_parts : (q, k) those of each part.
    """

    items: np.ndarray
    relevant: np.ndarray
    total: np.ndarray
    total_parts: np.ndarray
    query_parts: np.ndarray
    item_parts: np.ndarray


def top_items(scores, depth=DEPTH):
    """Numbers of the ``depth`` highest scores of each row, highest first: (q, depth).

    Equal scores in the order of the gallery, also where the list ends within them.
    """
    n = scores.shape[1]
    depth = min(depth, n)
    # What reaches the depth-th highest maximum of some blocks holds all that is looked for, and is
    # seldom more than a tenth more.
    n_blocks = min(4 * depth, n)
    width = n // n_blocks
    blocks = scores[:, : n_blocks * width].reshape(len(scores), width, n_blocks).max(axis=1)
    least = np.partition(blocks, n_blocks - depth, axis=1)[:, n_blocks - depth, None]
    places = np.flatnonzero(scores >= least)
    rows, items = np.divmod(places, n)
    counts = np.bincount(rows, minlength=len(scores))
    columns = np.arange(len(places)) - np.repeat(np.cumsum(counts) - counts, counts)
    shape = len(scores), counts.max()
    highest, numbers = np.full(shape, -np.inf, dtype=scores.dtype), np.zeros(shape, dtype=int)
    highest[rows, columns], numbers[rows, columns] = scores[rows, items], items
    order = np.argsort(-highest, axis=1, kind="stable")[:, :depth]
    return np.take_along_axis(numbers, order, axis=1)


class Relevance(NamedTuple):
    """What is relevant, as in ``modgap.statistics.retrieval``: an item to a query where both have
    the same code of the kind that the text speaks about.

    codes (kinds, n) of the pictures; query_owner (q,) and item_owner (n_items,) the picture each
    belongs to; kind of each query, or (``by_item``) of each item.
    """

    codes: np.ndarray
    query_owner: np.ndarray
    item_owner: np.ndarray
    kind: np.ndarray
    by_item: bool = False

    def of(self, items):
        """Relevance of lists of items (q, depth)."""
        owner = self.item_owner[items]
        kind = self.kind[items] if self.by_item else self.kind[:, None]
        return self.codes[kind, owner] == self.codes[kind, self.query_owner[:, None]]

    def count(self, item_parts, n_parts):
        """Relevant items of each part for each query, (q, n_parts)."""
        result = np.zeros((len(self.query_owner), n_parts), dtype=np.int64)
        for kind, codes in enumerate(self.codes):
            chosen = self.kind == kind
            if not chosen.any():
                continue
            here = chosen if self.by_item else np.ones(len(self.item_owner), dtype=bool)
            shape = codes.max() + 1, n_parts
            cells = np.ravel_multi_index((codes[self.item_owner[here]], item_parts[here]), shape)
            table = np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape)
            asking = slice(None) if self.by_item else chosen
            result[asking] += table[codes[self.query_owner[asking]]]
        return result


def rank_items(scores, relevance, query_parts, item_parts, *, excluded=None, depth=DEPTH):
    """The ``Ranking`` of scores (q, n).

    depth : of the lists; ``max(CUTOFFS)`` is enough where no part leaves, and then what is relevant
        is counted in one part.
    excluded : (q,) an item that is not in this query's gallery, or −1; None for none.
    """
    if depth <= max(CUTOFFS):
        query_parts, item_parts = np.zeros_like(query_parts), np.zeros_like(item_parts)
    n_parts = int(max(query_parts.max(), item_parts.max())) + 1
    totals = relevance.count(item_parts, n_parts)
    if excluded is not None:
        some = np.flatnonzero(excluded >= 0)
        own = excluded[some]
        scores = scores.copy()
        scores[some, own] = -np.inf
        full = np.broadcast_to(np.maximum(excluded, 0)[:, None], (len(scores), 1))
        np.subtract.at(totals, (some, item_parts[own]), relevance.of(full)[some, 0])
    items = top_items(scores, depth)
    relevant = relevance.of(items)
    if excluded is not None:
        relevant &= items != excluded[:, None]
    return Ranking(items, relevant, totals.sum(axis=1), totals, query_parts, item_parts)


def recall_hits(relevant, k):
    """1.0 where one of the first k of a list is relevant, (q,)."""
    return relevant[:, :k].any(axis=1).astype(float)


def ndcg_of(relevant, total, k=10):
    """NDCG@k with the ideal of all relevant items in the gallery (q,), nan where there are none.

    Järvelin & Kekäläinen 2002, gains 0 and 1. The ideal of retrieved items alone would be too
    small wherever a relevant one was missed.
    """
    discounts = 1 / np.log2(np.arange(2, k + 2))
    gained = relevant[:, :k] @ discounts[: relevant.shape[1]]
    ideal = np.concatenate([[0.0], np.cumsum(discounts)])[np.minimum(total, k)]
    with np.errstate(invalid="ignore", divide="ignore"):
        return gained / ideal


def query_outcomes(relevant, total):
    """Outcomes of each query by measure: recall at 1, 5, 10 and NDCG@10, nan where nothing is
    relevant.
    """
    empty = np.asarray(total) == 0
    outcomes = {f"recall{k}": recall_hits(relevant, k) for k in CUTOFFS}
    outcomes["ndcg10"] = ndcg_of(relevant, total)
    return {name: np.where(empty, np.nan, values) for name, values in outcomes.items()}


def without_part(ranking, part):
    """Relevance of the lists (q', 10) and relevant items (q',) of the other queries, with the items
    of ``part`` gone; and which queries these are.
    """
    kept = np.flatnonzero(ranking.query_parts != part)
    items, relevant = ranking.items[kept], ranking.relevant[kept]
    stays = ranking.item_parts[items] != part
    # A stable sort brings what stays to the front, in its order.
    order = np.argsort(~stays, axis=1, kind="stable")[:, : max(CUTOFFS)]
    relevant = np.take_along_axis(relevant & stays, order, axis=1)
    return relevant, ranking.total[kept] - ranking.total_parts[kept, part], kept


def summarise_ranking(ranking):
    """Outcomes of each query and the means without each part.

    Returns
    -------
    outcomes : dict from measure to (q,).
    left_out : dict from measure to (k,).
    """
    outcomes = query_outcomes(ranking.relevant, ranking.total)
    left_out = {name: [] for name in outcomes}
    for part in range(ranking.total_parts.shape[1]):
        relevant, total, _ = without_part(ranking, part)
        for name, values in query_outcomes(relevant, total).items():
            left_out[name].append(np.nanmean(values))
    return outcomes, {name: np.array(values) for name, values in left_out.items()}


def removal_effects(ranking):
    """What the outcomes of each query change by without one of its first ten items.

    Returns
    -------
    dict from measure to (q, 10) float32; 0 where the item leaves with the query anyway.
    """
    before = query_outcomes(ranking.relevant, ranking.total)
    places = min(max(CUTOFFS), ranking.relevant.shape[1])
    lists = ranking.relevant[:, : places + 1]
    apart = ranking.item_parts[ranking.items[:, :places]] != ranking.query_parts[:, None]
    effects = {name: np.zeros((len(lists), places), dtype=np.float32) for name in before}
    for place in range(places):
        without = np.delete(lists, place, axis=1)
        after = query_outcomes(without, ranking.total - lists[:, place])
        for name, values in after.items():
            effects[name][:, place] = np.nan_to_num(values - before[name]) * apart[:, place]
    return effects


def count_appearances(ranking, k=10):
    """How often each item is among the first k, (n,): all items of the gallery count."""
    return np.bincount(ranking.items[:, :k].ravel(), minlength=len(ranking.item_parts))


def skewness(counts):
    """Third standardised moment of N_k (Radovanović et al. 2010): hubs make it large."""
    counts = np.asarray(counts, dtype=float)
    deviations = counts - counts.mean()
    spread = np.sqrt((deviations**2).mean())
    return float((deviations**3).mean() / spread**3) if spread > 0 else 0.0
