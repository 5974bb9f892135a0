"""Ranked lists against sorting everything; the jackknife against leaving groups out for real."""

import numpy as np
import pytest
from sklearn.metrics import ndcg_score

from modgap.methods.outcomes.search import (
    Relevance,
    count_appearances,
    ndcg_of,
    query_outcomes,
    rank_items,
    recall_hits,
    removal_effects,
    skewness,
    summarise_ranking,
    top_items,
    without_part,
)

RNG = np.random.default_rng(0)
N, PARTS = 90, 6
SCORES = RNG.standard_normal((N, N)) + 2 * np.eye(N)
PART = np.arange(N) % PARTS
CODES = np.stack([np.arange(N), RNG.integers(0, 8, N)])
KIND = RNG.integers(0, 2, N)


def relevance(by_item=False):
    return Relevance(CODES, np.arange(N), np.arange(N), KIND, by_item)


def is_relevant(query, item, by_item):
    kind = KIND[item] if by_item else KIND[query]
    return CODES[kind, query] == CODES[kind, item]


def slow_outcomes(queries, items, by_item, excluded=None):
    """Recall@1, 5, 10 and NDCG@10 by sorting."""
    found = []
    for q in queries:
        here = [i for i in items if excluded is None or i != excluded[q]]
        order = sorted(here, key=lambda item: -SCORES[q, item])
        hits = [is_relevant(q, item, by_item) for item in order]
        if not any(hits):
            found.append([np.nan] * 4)
            continue
        gained = sum(hit / np.log2(place + 2) for place, hit in enumerate(hits[:10]))
        ideal = sum(1 / np.log2(place + 2) for place in range(min(10, sum(hits))))
        found.append([any(hits[:1]), any(hits[:5]), any(hits[:10]), gained / ideal])
    return np.array(found, dtype=float)


@pytest.mark.parametrize("by_item", [False, True])
@pytest.mark.parametrize("exclude", [False, True])
def test_outcomes_and_left_out_values(by_item, exclude):
    excluded = np.where(RNG.random(N) < 0.5, np.arange(N), -1) if exclude else None
    ranking = rank_items(SCORES, relevance(by_item), PART, PART, excluded=excluded)
    outcomes, left_out = summarise_ranking(ranking)
    names = ["recall1", "recall5", "recall10", "ndcg10"]
    expected = slow_outcomes(range(N), range(N), by_item, excluded)
    np.testing.assert_allclose(np.transpose([outcomes[name] for name in names]), expected)
    for part in range(PARTS):
        rest = np.flatnonzero(part != PART)
        means = np.nanmean(slow_outcomes(rest, rest, by_item, excluded), axis=0)
        np.testing.assert_allclose([left_out[name][part] for name in names], means)


def test_top_items_sort_and_keep_the_order_of_ties():
    tied = np.round(RNG.standard_normal((20, 60)))
    expected = np.argsort(-tied, axis=1, kind="stable")[:, :60]
    np.testing.assert_array_equal(top_items(tied, 60), expected)
    for depth in (1, 7, 40):  # the list may end within equal scores
        np.testing.assert_array_equal(top_items(tied, depth), expected[:, :depth])
    hidden = np.where(RNG.random(tied.shape) < 0.9, -np.inf, tied)
    expected = np.argsort(-hidden, axis=1, kind="stable")
    np.testing.assert_array_equal(top_items(hidden, 11), expected[:, :11])
    first = top_items(SCORES, 7)
    np.testing.assert_array_equal(first, np.argsort(-SCORES, axis=1)[:, :7])


def test_ndcg_is_scikit_learns_with_the_whole_gallery_and_not_with_the_list_alone():
    """Two of three relevant items retrieved: the ideal of retrieved ones is too small."""
    truth = np.zeros((1, 30))
    truth[0, [0, 4, 20]] = 1
    scores = -np.arange(30.0)[None]
    ours = ndcg_of(truth.astype(bool), np.array([3]))
    np.testing.assert_allclose(ours, ndcg_score(truth, scores, k=10))
    wrong = ndcg_of(truth.astype(bool), np.array([2]))
    assert wrong[0] > ours[0] + 0.1
    assert np.isnan(ndcg_of(np.zeros((1, 30), dtype=bool), np.array([0])))[0]


def test_recall_and_queries_without_anything_relevant():
    relevant = np.array([[False, True, False], [False, False, False]])
    np.testing.assert_array_equal(recall_hits(relevant, 1), [0, 0])
    np.testing.assert_array_equal(recall_hits(relevant, 2), [1, 0])
    assert np.isnan(query_outcomes(relevant, np.array([1, 0]))["recall1"][1])


def test_a_part_takes_its_queries_and_items_along():
    ranking = rank_items(SCORES, relevance(), PART, PART)
    _, total, kept = without_part(ranking, 2)
    assert (PART[kept] != 2).all()
    for q, count in zip(kept[:20], total[:20], strict=True):
        assert count == sum(is_relevant(q, item, False) for item in np.flatnonzero(PART != 2))


def test_hubs():
    ranking = rank_items(SCORES, relevance(), PART, PART)
    counts = count_appearances(ranking)
    expected = np.zeros(N)
    for row in SCORES:
        for item in np.argsort(-row)[:10]:
            expected[item] += 1
    np.testing.assert_array_equal(counts, expected)
    assert skewness([0, 0, 0, 4]) == pytest.approx(2 / np.sqrt(3))
    assert skewness([3, 3]) == 0


@pytest.mark.parametrize("by_item", [False, True])
def test_effects_of_single_items_by_leaving_each_out(by_item):
    ranking = rank_items(SCORES, relevance(by_item), PART, PART)
    effects = removal_effects(ranking)
    whole = slow_outcomes(range(N), range(N), by_item)
    for q in range(0, N, 7):
        for place, item in enumerate(ranking.items[q, :10]):
            rest = [i for i in range(N) if i != item]
            expected = np.nan_to_num(slow_outcomes([q], rest, by_item)[0] - whole[q])
            expected *= PART[item] != PART[q]
            found = [
                effects[name][q, place] for name in ("recall1", "recall5", "recall10", "ndcg10")
            ]
            np.testing.assert_allclose(found, expected, atol=1e-6)
