"""Ranks, ties, relevance, chance and ceiling against enumeration."""

from itertools import combinations, permutations

import numpy as np
import pandas as pd
import pytest

from modgap.statistics import geometry, retrieval


def counts_of(similarity, relevant):
    """``rank_counts`` of a given similarity matrix: the queries are its rows in the unit basis."""
    similarity = np.asarray(similarity, dtype=float)
    relevant = np.asarray(relevant, dtype=bool)
    return retrieval.rank_counts(
        similarity, np.eye(similarity.shape[1]), lambda rows: relevant[rows], block=2
    )


def enumerated(similarity, relevant, k):
    """Hit probability and expected rank of one query over every order of the tied items."""
    hits, ranks = [], []
    for order in permutations(range(len(similarity))):
        ranked = sorted(order, key=lambda item: -similarity[item])
        rank = 1 + min(place for place, item in enumerate(ranked) if relevant[item])
        hits.append(rank <= k)
        ranks.append(rank)
    return np.mean(hits), np.mean(ranks)


@pytest.mark.parametrize("seed", range(8))
def test_random_tie_breaking_equals_every_order(seed):
    rng = np.random.default_rng(seed)
    similarity = rng.integers(0, 3, size=(3, 6)) / 4
    relevant = rng.random((3, 6)) < 0.4
    relevant[:, 0] = True
    counts = counts_of(similarity, relevant)
    for k in range(1, 7):
        hits = retrieval.expected_hits(counts, k)
        for query in range(3):
            expected, rank = enumerated(similarity[query], relevant[query], k)
            assert hits[query] == pytest.approx(expected, abs=1e-9)
            assert retrieval.expected_ranks(counts)[query] == pytest.approx(rank)


def test_strict_ranks_count_strictly_larger_similarities():
    similarity = [[0.5, 0.9, 0.5, 0.1], [0.3, 0.3, 0.3, 0.3]]
    counts = counts_of(similarity, [[1, 0, 0, 0], [0, 0, 0, 1]])
    np.testing.assert_array_equal(retrieval.strict_ranks(counts), [2, 1])
    np.testing.assert_array_equal(retrieval.strict_hits(counts, 1), [0, 1])
    np.testing.assert_allclose(retrieval.expected_hits(counts, 2), [0.5, 0.5])


def test_a_collapsed_space_retrieves_at_chance_and_strict_ranks_hide_it():
    rows = np.tile([[0.6, 0.8]], (8, 1))
    codes, kind = retrieval.own_relevance(np.arange(8), 8)
    counts, _ = retrieval.ranks_both_ways(rows, rows, np.arange(8), codes, kind, block=3)
    np.testing.assert_allclose(retrieval.expected_hits(counts, 1), 1 / 8)
    assert retrieval.chance_recall(counts, 8, 1) == pytest.approx(1 / 8)
    np.testing.assert_array_equal(retrieval.strict_hits(counts, 1), 1)


def test_rounding_does_not_break_ties():
    similarity = [[0.5, 0.5 + 3e-16, 0.5 - 3e-16]]
    for item in range(3):
        counts = counts_of(similarity, np.arange(3)[None] == item)
        np.testing.assert_array_equal(counts, [[0, 3, 1, 1]])


def obvious_ranks(X, Y, relevant):
    """Strict ranks of the best relevant item, one query at a time."""
    ranks = []
    for similarity, wanted in zip(X @ Y.T, relevant, strict=True):
        ranks.append(1 + np.sum(similarity > similarity[wanted].max() + 1e-9))
    return ranks


@pytest.mark.parametrize("block", [1, 5, 1000])
def test_several_captions_an_image(block):
    rng = np.random.default_rng(0)
    owner = rng.permutation(np.repeat(np.arange(20), rng.integers(1, 5, 20)))
    X = geometry.normalise(rng.standard_normal((20, 4)))
    Y = geometry.normalise(X[owner] + rng.standard_normal((len(owner), 4)))
    codes, kind = retrieval.own_relevance(owner, 20)
    forward, backward = retrieval.ranks_both_ways(X, Y, owner, codes, kind, block=block)
    relevant = np.arange(20)[:, None] == owner
    np.testing.assert_array_equal(retrieval.strict_ranks(forward), obvious_ranks(X, Y, relevant))
    np.testing.assert_array_equal(retrieval.strict_ranks(backward), obvious_ranks(Y, X, relevant.T))
    assert len(forward) == 20
    assert len(backward) == len(owner)
    np.testing.assert_array_equal(forward[:, 3], np.bincount(owner))
    np.testing.assert_array_equal(backward[:, 3], 1)


@pytest.mark.parametrize("block", [1, 4, 1000])
def test_every_picture_consistent_with_the_caption_is_a_hit(block):
    rng = np.random.default_rng(0)
    pictures = pd.DataFrame(
        {"colour": rng.choice(["red", "blue"], 15), "shape": rng.choice(["disc", "star"], 15)}
    )
    owner = np.arange(15)
    mentioned = [["colour", "shape", "colour+shape", None][index % 4] for index in range(15)]
    codes, kind = retrieval.mentioned_relevance(pictures, mentioned)

    expected = np.zeros((15, 15), dtype=bool)
    for text in range(15):
        for picture in range(15):
            if mentioned[text] is None:
                expected[picture, text] = picture == text
            else:
                names = mentioned[text].split("+")
                expected[picture, text] = (
                    pictures.loc[picture, names] == pictures.loc[text, names]
                ).all()
    X = geometry.normalise(rng.standard_normal((15, 3)))
    Y = geometry.normalise(rng.standard_normal((15, 3)))
    forward, backward = retrieval.ranks_both_ways(X, Y, owner, codes, kind, block=block)
    np.testing.assert_array_equal(forward[:, 3], expected.sum(axis=1))
    np.testing.assert_array_equal(backward[:, 3], expected.sum(axis=0))
    np.testing.assert_array_equal(retrieval.strict_ranks(forward), obvious_ranks(X, Y, expected))
    np.testing.assert_array_equal(retrieval.strict_ranks(backward), obvious_ranks(Y, X, expected.T))


def test_chance_is_what_random_orders_give():
    counts = counts_of(np.zeros((3, 6)), [[1, 0, 0, 0, 0, 0], [1, 1, 0, 0, 0, 0], [1] * 6])
    one, two, every = 1 / 6, 1 - 4 * 3 / (6 * 5), 1
    assert retrieval.chance_recall(counts, 6, 1) == pytest.approx((1 / 6 + 2 / 6 + 1) / 3)
    assert retrieval.chance_recall(counts[:1], 6, 1) == pytest.approx(one)
    assert retrieval.chance_recall(counts[1:2], 6, 2) == pytest.approx(two)
    assert retrieval.chance_recall(counts[2:], 6, 1) == every
    assert retrieval.chance_recall(counts, 6, 10) == 1
    assert retrieval.chance_median_rank(counts[:1], 6) == 3


def best_expected_recall(text, relevant, k):
    """Ceiling of one direction by trying every order of the groups of interchangeable items."""
    groups = sorted(set(text))
    best = 0.0
    for order in permutations(groups):
        similarity = [-float(order.index(name)) for name in text]
        counts = counts_of([similarity], [relevant])
        best = max(best, retrieval.expected_hits(counts, k)[0])
    return best


@pytest.mark.parametrize("k", [1, 2, 3])
def test_ceiling_with_repeated_captions(k):
    text = np.array(["a dog", "a dog", "a dog", "a cat", "a cat", "a red car"])
    owner = np.array([0, 1, 2, 3, 3, 4])
    codes, kind = retrieval.own_relevance(owner, 5)
    pictures = [best_expected_recall(list(text), owner == picture, k) for picture in range(5)]
    forward = retrieval.ceiling_first_to_second(owner, codes, kind, text, k)
    assert forward == pytest.approx(np.mean(pictures))
    # Three pictures share "a dog": k of its three texts can have their own among the first k.
    backward = retrieval.ceiling_second_to_first(owner, codes, kind, text, k)
    assert backward == pytest.approx((min(k, 3) + 2 + 1) / 6)


def test_ceiling_is_one_where_every_consistent_picture_counts():
    pictures = pd.DataFrame({"label": ["dog", "dog", "cat"]})
    codes, kind = retrieval.mentioned_relevance(pictures, ["label"] * 3)
    text = np.array(["a dog", "a dog", "a cat"])
    for ceiling in (retrieval.ceiling_first_to_second, retrieval.ceiling_second_to_first):
        assert ceiling(np.arange(3), codes, kind, text, 1) == 1


def test_no_embedding_of_the_captions_exceeds_the_ceiling():
    rng = np.random.default_rng(0)
    text = rng.integers(0, 6, 20)
    owner = np.repeat(np.arange(10), 2)
    codes, kind = retrieval.own_relevance(owner, 10)
    for _ in range(50):
        X, captions = rng.standard_normal((10, 3)), rng.standard_normal((6, 3))
        counts = retrieval.ranks_both_ways(X, captions[text], owner, codes, kind, block=50)
        ceilings = (retrieval.ceiling_first_to_second, retrieval.ceiling_second_to_first)
        for direction, ceiling in zip(counts, ceilings, strict=True):
            for k in (1, 2, 5):
                reached = retrieval.expected_hits(direction, k).mean()
                assert reached <= ceiling(owner, codes, kind, text, k) + 1e-9


def test_equal_rows_share_a_number():
    rows = np.array([[1.0, 2.0], [0.0, 1.0], [1.0, 2.0]])
    first, second, third = retrieval.label_equal_rows(rows)
    assert first == third != second


def test_the_share_with_another_true_text_is_that_of_all_batches():
    rng = np.random.default_rng(3)
    n, batch = 8, 3
    pictures = pd.DataFrame(
        {"colour": rng.choice(["a", "b"], n), "shape": rng.choice(list("xyz"), n)}
    )
    mentioned = [["colour", "shape", "colour+shape", None][index % 4] for index in range(n)]
    codes, kind = retrieval.mentioned_relevance(pictures, mentioned)
    true = codes[kind] == codes[kind, np.arange(n)][:, None]  # text, picture
    found = [
        any(true[j, i] for j in others)
        for i in range(n)
        for others in combinations([j for j in range(n) if j != i], batch - 1)
    ]
    share = retrieval.share_with_another(np.arange(n), codes, kind, batch)
    assert share == pytest.approx(np.mean(found))
    assert 0 < share < 1
    codes, kind = retrieval.own_relevance(np.arange(n), n)
    assert retrieval.share_with_another(np.arange(n), codes, kind, 50) == 0


def test_every_two_equal_keys_are_matched():
    rng = np.random.default_rng(0)
    own, keys = rng.integers(0, 12, 30).astype(np.uint64), rng.integers(0, 15, 40).astype(np.uint64)
    here, there = retrieval.match_keys(own, keys)
    found = set(zip(here.tolist(), there.tolist(), strict=True))
    assert found == {(i, j) for i in range(30) for j in range(40) if own[i] == keys[j]}
    assert len(found) == len(here)
    assert [len(part) for part in retrieval.match_keys(own, keys + np.uint64(99))] == [0, 0]


@pytest.mark.parametrize("block", [1, 9, 100])
def test_ranks_of_parts_of_a_gallery_add_up_to_those_of_the_whole(block):
    rng = np.random.default_rng(1)
    owner = np.sort(np.concatenate([np.arange(25), rng.integers(0, 25, 30)]))
    # Few values a coordinate: many ties, within a picture too.
    X, Y = rng.integers(1, 3, (25, 3)).astype(float), rng.integers(1, 3, (55, 3)).astype(float)
    tables = []
    for texts, pictures in ((slice(0, 20), slice(0, 7)), (slice(20, 55), slice(7, 25))):
        own, best = retrieval.partner_scores(X, Y, owner)
        forward = retrieval.count_above(X, best, np.arange(25), Y[texts], owner[texts], block)
        keys = np.arange(25)[pictures]
        backward = retrieval.count_above(Y, own, owner, X[pictures], keys, block)
        gallery = len(Y[texts]), len(keys)
        tables.append(retrieval.tabulate_ranks((X, Y, owner), forward, backward, gallery))
    total = retrieval.add_ranks(tables)
    ranks = retrieval.ranks_both_ways(X, Y, owner, *retrieval.own_relevance(owner, 25), block=30)
    for direction, expected in enumerate(ranks):
        table = dict(zip(retrieval.RANKED, total[total[:, 0] == direction].T, strict=True))
        np.testing.assert_array_equal(table["above"], expected[:, 0])
        np.testing.assert_array_equal(table["tied"] + table["relevant_tied"], expected[:, 1])
        np.testing.assert_array_equal(table["relevant_tied"], expected[:, 2])
        np.testing.assert_array_equal(table["relevant"], expected[:, 3])
        np.testing.assert_array_equal(table["picture"], (np.arange(25), owner)[direction])
        assert set(table["gallery"]) == {(55, 25)[direction]}
    assert (ranks[0][:, 2] > 1).any()
