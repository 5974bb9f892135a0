"""Every task against loops over queries and items, and its jackknife against real removals."""

from dataclasses import replace

import numpy as np
import pytest

from modgap.methods.fits.registry import fit_method
from modgap.methods.fits.transforms import apply_transform, item_terms, score_items
from modgap.methods.outcomes.evaluation import (
    TestPairs as HeldOutPairs,
)
from modgap.methods.outcomes.evaluation import (
    choose_mixture,
    measure_alike,
    measure_merged,
    measure_mixed,
    measure_retrieval,
    merge_scores,
    mixed_relevance,
    move_held_out,
    name_mixed,
)
from modgap.methods.outcomes.search import skewness
from modgap.statistics.retrieval import own_relevance
from planted_pairs import draw_calibration, draw_gap_pairs

N, PARTS = 60, 5
RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 6, N)
CALIBRATION = draw_calibration(150, captions=2, seed=9)
METHODS = ("raw", "mean_removal", "nnn", "role_means", "score_z")


def hold(captions, *, by_label=False):
    """Held-out pictures; ``by_label``: a text is true of all pictures of its label."""
    X, Y, owner = draw_gap_pairs(N, captions=captions, own=0.9, seed=captions)
    codes, kind = own_relevance(owner, N)
    if by_label:
        codes = LABELS[None]
    parts, draws = np.arange(N) % PARTS, np.random.default_rng(1).random(N)
    return HeldOutPairs(X, Y, owner, codes, kind, np.arange(N) // 2, parts, LABELS, draws)


def score_one(transform, query, query_side, item, item_side):
    """A score of one pair of rows."""
    q = apply_transform(transform, query[None], query_side, query=True)
    x = apply_transform(transform, item[None], item_side)
    terms = item_terms(transform, x, np.array([item_side == "second"]), query_side)
    return float(score_items(transform, q @ x.T, terms)[0, 0])


def slow_search(scores, relevant, exclude=None):
    """Recall@1, 5, 10, NDCG@10 of each query (nan where nothing is relevant) and appearances."""
    outcomes, appeared = [], np.zeros(scores.shape[1])
    for q, row in enumerate(scores):
        items = [i for i in range(len(row)) if exclude is None or i != exclude[q]]
        order = sorted(items, key=lambda i, row=row: -row[i])
        appeared[order[:10]] += 1
        hits = [bool(relevant[q, i]) for i in order]
        if not any(hits):
            outcomes.append([np.nan] * 4)
            continue
        gain = sum(
            1 / np.log2(place + 2) for place in range(10) if place < len(hits) and hits[place]
        )
        ideal = sum(1 / np.log2(place + 2) for place in range(min(10, sum(hits))))
        outcomes.append([any(hits[:1]), any(hits[:5]), any(hits[:10]), gain / ideal])
    return np.array(outcomes, dtype=float), appeared


def all_scores(transform, queries, query_side, items, item_sides):
    return np.array(
        [
            [
                score_one(transform, q, query_side, x, side)
                for x, side in zip(items, item_sides, strict=True)
            ]
            for q in queries
        ]
    )


def check(found, task, outcomes):
    for column, measure in enumerate(("recall1", "recall5", "recall10", "ndcg10")):
        np.testing.assert_allclose(found[task, measure].outcomes, outcomes[:, column])
        assert found[task, measure].value == pytest.approx(np.nanmean(outcomes[:, column]))


@pytest.mark.parametrize("name", METHODS)
def test_retrieval_both_ways_with_two_captions(name):
    test, transform = hold(2), fit_method(name, CALIBRATION)
    found = measure_retrieval(transform, test, move_held_out(transform, test))
    scores = all_scores(transform, test.second, "second", test.first, ["first"] * N)
    outcomes, appeared = slow_search(scores, test.owner[:, None] == np.arange(N))
    check(found, "text to picture", outcomes)
    assert found["text to picture", "skewness10"].value == pytest.approx(skewness(appeared))
    scores = all_scores(transform, test.first, "first", test.second, ["second"] * 2 * N)
    outcomes, appeared = slow_search(scores, np.arange(N)[:, None] == test.owner)
    check(found, "picture to text", outcomes)
    assert found["picture to text", "skewness10"].value == pytest.approx(skewness(appeared))


def remove_part(test, part):
    """The held-out pictures without a part, and with their texts gone."""
    kept = np.flatnonzero(test.parts != part)
    place = np.full(len(test.first), -1)
    place[kept] = np.arange(len(kept))
    texts = np.flatnonzero(place[test.owner] >= 0)
    return HeldOutPairs(
        test.first[kept],
        test.second[texts],
        place[test.owner[texts]],
        test.codes[:, kept],
        test.kind[texts],
        test.groups[kept],
        test.parts[kept],
        test.labels[kept],
        test.draws[kept],
    )


@pytest.mark.parametrize("captions", [1, 2])
def test_the_jackknife_is_what_is_left_without_the_pictures_and_their_texts(captions):
    test = hold(captions, by_label=captions == 1)
    transform = fit_method("mean_removal", CALIBRATION)

    def measure(held_out, brief):
        moved = move_held_out(transform, held_out)
        return {
            key: result
            for function in (measure_retrieval, measure_mixed, measure_alike)
            for key, result in function(transform, held_out, moved, brief=brief).items()
        }

    whole = measure(test, False)
    without = [measure(remove_part(test, part), True) for part in range(PARTS)]
    checked = [key for key, result in whole.items() if result.left_out is not None]
    assert len(checked) == 4 * (2 + 5 + 2)
    for key in checked:
        expected = [found[key].value for found in without]
        np.testing.assert_allclose(whole[key].left_out, expected, err_msg=str(key))


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("captions", [1, 2])
def test_mixed_search_by_loops(name, captions):
    """Of two captions the second is the document; a lone text leaves its own gallery."""
    test, transform = hold(captions, by_label=captions == 1), fit_method(name, CALIBRATION)
    found = measure_mixed(transform, test, move_held_out(transform, test), shares=(0.4,))
    is_text = test.draws >= 0.4
    assert 0 < is_text.sum() < N
    queries, documents = test.second[::captions], test.second[captions - 1 :: captions]
    items = np.where(is_text[:, None], documents, test.first)
    sides = np.where(is_text, "second", "first")
    scores = all_scores(transform, queries, "second", items, sides)
    codes = test.codes[0]
    exclude = np.where(is_text, np.arange(N), -1) if captions == 1 else None
    outcomes, _ = slow_search(scores, codes[:, None] == codes, exclude)
    check(found, "mixed, 40 % pictures", outcomes)
    shown = []
    for q, row in enumerate(scores):
        left = [i for i in range(N) if exclude is None or i != exclude[q]]
        best = sorted(left, key=lambda i, row=row: -row[i])[:10]
        shown.append(np.mean([not is_text[i] for i in best]))
    np.testing.assert_allclose(found["mixed, 40 % pictures", "pictures10"].outcomes, shown)


def test_the_share_of_pictures_is_what_it_says():
    test, raw = hold(2), fit_method("raw", CALIBRATION)
    moved = move_held_out(raw, test)
    found = measure_mixed(raw, test, moved)
    shares = [found[name_mixed(s), "pictures10"].value for s in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert shares[0] == 0
    assert shares[-1] == 1
    # All pictures: the search of the first captions among them.
    alone = measure_retrieval(raw, test, moved)["text to picture", "recall1"].outcomes[::2]
    np.testing.assert_array_equal(found[name_mixed(1.0), "recall1"].outcomes, alone)


def test_texts_crowd_pictures_out_of_a_mixed_gallery_until_means_are_gone():
    test = hold(2)
    at = (name_mixed(0.5), "pictures10")
    shown = {}
    for name in ("raw", "mean_removal"):
        transform = fit_method(name, CALIBRATION)
        shown[name] = measure_mixed(transform, test, move_held_out(transform, test))[at].value
    assert shown["raw"] < 0.25
    assert 0.3 < shown["mean_removal"] < 0.7


def test_which_texts_ask():
    mixture = choose_mixture(hold(2))
    np.testing.assert_array_equal(mixture.queries, np.arange(N) * 2)
    np.testing.assert_array_equal(mixture.documents, np.arange(N) * 2 + 1)
    assert not mixture.own
    alone = choose_mixture(hold(1, by_label=True))
    assert alone.own
    np.testing.assert_array_equal(alone.queries, alone.documents)
    # A lone text that is true of its own picture only would find nothing once that is the text.
    assert choose_mixture(hold(1)) is None
    raw, test = fit_method("raw", CALIBRATION), hold(1)
    assert measure_mixed(raw, test, move_held_out(raw, test)) == {}
    assert measure_merged(test, move_held_out(raw, test)) == {}
    relevance = mixed_relevance(hold(2), mixture)
    np.testing.assert_array_equal(relevance.of(np.arange(N)[:, None])[:, 0], np.ones(N, dtype=bool))


def test_merging_takes_turns():
    similarity = np.array([[0.1, 0.9, 0.5, 0.3, 0.7]])
    is_text = np.array([False, True, False, True, True])
    for pictures_first, order in ((True, [2, 1, 0, 4, 3]), (False, [1, 2, 4, 0, 3])):
        scores = merge_scores(similarity, is_text, np.array([pictures_first]))
        np.testing.assert_array_equal(np.argsort(-scores[0]), order)


def test_the_merge_baseline_does_not_see_the_gap():
    """However far apart the modalities lie: scores of two are never compared."""
    test, raw = hold(2), fit_method("raw", CALIBRATION)
    moved = move_held_out(raw, test)
    far = replace(moved, documents=moved.documents * 7)
    near, apart = measure_merged(test, moved), measure_merged(test, far)
    for key, result in near.items():
        np.testing.assert_array_equal(result.outcomes, apart[key].outcomes)
    assert near[name_mixed(0.5), "pictures10"].value == pytest.approx(0.5, abs=0.01)
    plain = measure_mixed(raw, test, moved)
    for share in (0.0, 1.0):
        np.testing.assert_array_equal(
            near[name_mixed(share), "recall1"].outcomes,
            plain[name_mixed(share), "recall1"].outcomes,
        )


@pytest.mark.parametrize("name", ["raw", "nnn"])
def test_search_within_a_modality_by_label(name):
    test, transform = hold(2), fit_method(name, CALIBRATION)
    found = measure_alike(transform, test, move_held_out(transform, test))
    alike = LABELS[:, None] == LABELS
    for task, rows, side in (
        ("picture to picture", test.first, "first"),
        ("text to text", test.second[::2], "second"),
    ):
        scores = all_scores(transform, rows, side, rows, [side] * N)
        outcomes, _ = slow_search(scores, alike, np.arange(N))
        check(found, task, outcomes)
    assert measure_alike(transform, test._replace(labels=None), None) == {}


def test_brief_values_are_the_values():
    test, transform = hold(2), fit_method("mean_removal", CALIBRATION)
    moved = move_held_out(transform, test)
    for function in (measure_retrieval, measure_mixed, measure_alike):
        whole = function(transform, test, moved)
        for key, result in function(transform, test, moved, brief=True).items():
            assert result.value == whole[key].value
            assert result.left_out is None
