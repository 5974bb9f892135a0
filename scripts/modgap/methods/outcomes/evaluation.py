"""What a transform does to each task on held-out pictures: outcomes of every query.

Every task gives, for each measure, a ``Result``: outcomes of single queries with the group that
each belongs to, the value, and the values without each part of the pictures (for the jackknife).

    first   (n, dim) unit rows of test pictures
    second  (m, dim) unit rows of their texts; owner (m,) picture of each
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from modgap.methods.fits.calibration import FIRST, SECOND
from modgap.methods.fits.transforms import (
    QUERY,
    apply_transform,
    gate_terms,
    item_terms,
    mix_terms,
    score_items,
)
from modgap.methods.outcomes.search import (
    CUTOFFS,
    DEPTH,
    Relevance,
    count_appearances,
    query_outcomes,
    rank_items,
    removal_effects,
    skewness,
    summarise_ranking,
)

# Shares of pictures in a mixed gallery.
SHARES_OF_PICTURES = (0.0, 0.25, 0.5, 0.75, 1.0)
N_PARTS = 50


class TestPairs(NamedTuple):
    """Held-out pictures and texts; shapes above.

    codes, kind : what is relevant, see ``modgap.statistics.retrieval``. groups, parts : (n,) group
    (equal embeddings) and part (of the jackknife) of each picture. labels : (n,) int, or None.
    draws : (n,) uniform numbers; a picture stands in a mixed gallery as itself where its number is
    below the share of pictures.
    """

    first: np.ndarray
    second: np.ndarray
    owner: np.ndarray
    codes: np.ndarray
    kind: np.ndarray
    groups: np.ndarray
    parts: np.ndarray
    labels: np.ndarray | None
    draws: np.ndarray


class Result(NamedTuple):
    """Outcomes (q,) of queries and their groups (q,), None where the value is no mean of them;
    the value; the values (k,) without each part, None where there is no jackknife; the first items
    (q, 10) of each query with what the outcome changes by without each, None where items stay.
    """

    outcomes: np.ndarray | None
    groups: np.ndarray | None
    value: float
    left_out: np.ndarray | None = None
    effects: tuple | None = None


@dataclass(frozen=True)
class Moved:
    """A test set after a transform: rows of pictures, of texts as documents and as queries.

    kept : what several tasks need of these rows, by name; see ``keep_first``.
    """

    first: np.ndarray
    documents: np.ndarray
    queries: np.ndarray
    kept: dict = field(default_factory=dict, init=False, repr=False, compare=False)

    def keep_first(self, name, make):
        """What ``make`` gives, called the first time only."""
        if name not in self.kept:
            self.kept[name] = make()
        return self.kept[name]


def move_held_out(transform, test, dtype=np.float32):
    """Apply a transform to all rows once."""
    documents = apply_transform(transform, test.second, SECOND).astype(dtype)
    queries = documents
    if SECOND + QUERY in transform.stages:
        queries = apply_transform(transform, test.second, SECOND, query=True).astype(dtype)
    return Moved(apply_transform(transform, test.first, FIRST).astype(dtype), documents, queries)


def score_pictures(moved):
    """Similarities of all texts (rows) to all pictures, (m, n)."""
    return moved.keep_first("texts, pictures", lambda: moved.queries @ moved.first.T)


def score_texts(moved):
    """Similarities of all pictures (rows) to all texts, (n, m)."""
    if moved.queries is moved.documents:
        return np.ascontiguousarray(score_pictures(moved).T)
    return moved.first @ moved.documents.T


def score_some_texts(moved, queries, documents):
    """Similarities of some texts (rows) to some texts, (q, d)."""
    name = "texts, texts", queries.tobytes(), documents.tobytes()
    return moved.keep_first(name, lambda: moved.queries[queries] @ moved.documents[documents].T)


def picture_terms(transform, moved, query_side):
    """``ItemTerms`` of all pictures, without a gate."""
    n = len(moved.first)
    return moved.keep_first(
        ("terms of pictures", query_side),
        lambda: item_terms(
            transform, moved.first, np.zeros(n, dtype=bool), query_side, gated=False
        ),
    )


def text_terms(transform, moved, texts, query_side):
    """``ItemTerms`` of some texts, without a gate."""
    return moved.keep_first(
        ("terms of texts", texts.tobytes(), query_side),
        lambda: item_terms(
            transform,
            moved.documents[texts],
            np.ones(len(texts), dtype=bool),
            query_side,
            gated=False,
        ),
    )


def add_results(found, task, ranking, groups, *, brief=False):
    """Put results of all measures of a ranking into ``found``."""
    if brief:
        outcomes, left_out, effects = query_outcomes(ranking.relevant, ranking.total), {}, {}
    else:
        outcomes, left_out = summarise_ranking(ranking)
        first = ranking.items[:, : max(CUTOFFS)].astype(np.int32)
        effects = {name: (first, values) for name, values in removal_effects(ranking).items()}
    for name, values in outcomes.items():
        value = float(np.nanmean(values))
        found[task, name] = Result(values, groups, value, left_out.get(name), effects.get(name))


def measure_retrieval(transform, test, moved, *, brief=False):
    """Retrieval both ways: dict from (task, measure) to ``Result``.

    brief : values alone, without the jackknife: for refits and choices.
    """
    n, m = len(test.first), len(test.second)
    pictures = np.arange(n)
    of_texts = test.parts[test.owner]
    depth = list_depth(brief)
    found = {}
    texts = Relevance(test.codes, test.owner, pictures, test.kind)
    terms = gate_terms(transform, moved.first, picture_terms(transform, moved, SECOND), SECOND)
    scores = score_items(transform, score_pictures(moved), terms)
    ranking = rank_items(scores, texts, of_texts, test.parts, depth=depth)
    task = "text to picture"
    add_results(found, task, ranking, test.groups[test.owner], brief=brief)
    found[task, "skewness10"] = hub_result(ranking)
    images = Relevance(test.codes, pictures, test.owner, test.kind, by_item=True)
    terms = text_terms(transform, moved, np.arange(m), FIRST)
    terms = gate_terms(transform, moved.documents, terms, FIRST)
    scores = score_items(transform, score_texts(moved), terms)
    ranking = rank_items(scores, images, test.parts, of_texts, depth=depth)
    task = "picture to text"
    add_results(found, task, ranking, test.groups, brief=brief)
    found[task, "skewness10"] = hub_result(ranking)
    return found


def list_depth(brief):
    """Length of the lists: no part leaves where values alone are asked for."""
    return max(CUTOFFS) if brief else DEPTH


def hub_result(ranking):
    """Skewness of N_10 over all items of the gallery."""
    return Result(None, None, skewness(count_appearances(ranking)))


class Mixture(NamedTuple):
    """Queries and documents of the mixed search, rows of the texts.

    queries (q,), documents (n,) the text that stands for each picture; own : whether a query's
    picture is represented by the query itself, which is then left out of its gallery.
    """

    queries: np.ndarray
    documents: np.ndarray
    own: bool


def choose_mixture(test):
    """Which texts ask and which stand for pictures, or None where no query would find anything.

    With several texts a picture, the first asks and the second is the document. With one, the text
    asks and is the document of other queries; relevant is then what the text is also true of.
    """
    n = len(test.first)
    order = np.argsort(test.owner, kind="stable")
    counts = np.bincount(test.owner, minlength=n)
    starts = np.cumsum(counts) - counts
    if counts.min() >= 2:
        return Mixture(order[starts], order[starts + 1], own=False)
    codes = test.codes[test.kind[order[starts]]]
    own = codes[np.arange(n), np.arange(n)]
    if ((codes == own[:, None]).sum(axis=1) > 1).mean() < 0.5:
        return None
    return Mixture(order[starts], order[starts], own=True)


def measure_mixed(transform, test, moved, shares=SHARES_OF_PICTURES, *, brief=False):
    """Mixed search by text: dict from (task, measure) to ``Result``; {} where there is none.

    Each picture is in the gallery once, as itself or as a text. Measures: recall, NDCG@10 and the
    share of pictures among the first ten.
    """
    mixture = choose_mixture(test)
    if mixture is None:
        return {}
    n = len(test.first)
    documents = moved.documents[mixture.documents]
    of_pictures, of_texts = match_mixture(moved, mixture)
    relevance = mixed_relevance(test, mixture)
    pictures = picture_terms(transform, moved, SECOND)
    texts = text_terms(transform, moved, mixture.documents, SECOND)
    found = {}
    for share in shares:
        is_text = test.draws >= share
        items = np.where(is_text[:, None], documents, moved.first)
        similarity = np.where(is_text, of_texts, of_pictures)
        terms = gate_terms(transform, items, mix_terms(is_text, pictures, texts), SECOND)
        scores = score_items(transform, similarity, terms)
        excluded = np.where(is_text, np.arange(n), -1) if mixture.own else None
        ranking = rank_items(
            scores,
            relevance,
            test.parts,
            test.parts,
            excluded=excluded,
            depth=list_depth(brief),
        )
        task = name_mixed(share)
        add_results(found, task, ranking, test.groups, brief=brief)
        add_share(found, task, ranking, is_text, test.groups)
    return found


def match_mixture(moved, mixture):
    """Similarities of the queries of a mixture to all pictures and to its texts, (q, n) each."""
    of_pictures = score_pictures(moved)
    if not np.array_equal(mixture.queries, np.arange(len(of_pictures))):
        of_pictures = of_pictures[mixture.queries]
    return of_pictures, score_some_texts(moved, mixture.queries, mixture.documents)


def add_share(found, task, ranking, is_text, groups):
    """Put the share of pictures among the first ten into ``found``."""
    pictures = (~is_text[ranking.items[:, :10]]).mean(axis=1)
    found[task, "pictures10"] = Result(pictures, groups, float(pictures.mean()))


def mixed_relevance(test, mixture):
    """``Relevance`` of a query to pictures, whichever way they stand in the gallery."""
    pictures = np.arange(len(test.first))
    return Relevance(test.codes, pictures, pictures, test.kind[mixture.queries])


def name_mixed(share):
    """Name of the mixed search at a share of pictures."""
    return f"mixed, {round(100 * share)} % pictures"


def measure_merged(test, moved, shares=SHARES_OF_PICTURES, *, brief=False):
    """The baseline of mixed search: ranked within each modality, then merged place by place.

    Scores of two modalities are never compared: the item at place r of its own modality gets the
    score −r, and which modality goes first is drawn for each query. Results as
    ``measure_mixed``.
    """
    mixture = choose_mixture(test)
    if mixture is None:
        return {}
    n = len(test.first)
    of_pictures, of_texts = match_mixture(moved, mixture)
    relevance = mixed_relevance(test, mixture)
    first = np.random.default_rng(0).random(n) < 0.5
    found = {}
    for share in shares:
        is_text = test.draws >= share
        scores = merge_scores(np.where(is_text, of_texts, of_pictures), is_text, first)
        excluded = np.where(is_text, np.arange(n), -1) if mixture.own else None
        ranking = rank_items(scores, relevance, test.parts, test.parts, excluded=excluded)
        task = name_mixed(share)
        add_results(found, task, ranking, test.groups, brief=brief)
        add_share(found, task, ranking, is_text, test.groups)
    return found


def merge_scores(similarity, is_text, pictures_first):
    """−place of each item within its modality, half a place later for the one that comes second."""
    scores = np.empty(similarity.shape, dtype=np.float32)
    for texts in (False, True):
        columns = np.flatnonzero(is_text == texts)
        if len(columns):
            order = np.argsort(-similarity[:, columns], axis=1, kind="stable")
            places = np.empty(order.shape, dtype=np.float32)
            np.put_along_axis(
                places, order, np.arange(len(columns), dtype=np.float32)[None], axis=1
            )
            later = pictures_first == texts
            scores[:, columns] = -places - 0.5 * later[:, None]
    return scores


def measure_alike(transform, test, moved, *, brief=False):
    """Search within a modality by label: dict from (task, measure) to ``Result``.

    {} without labels. The query itself is left out; a text asks once for each picture (its first).
    """
    if test.labels is None:
        return {}
    n = len(test.first)
    pictures = np.arange(n)
    first_texts = np.unique(test.owner, return_index=True)[1]
    labels = np.unique(test.labels, return_inverse=True)[1]
    relevance = Relevance(labels[None], pictures, pictures, np.zeros(n, dtype=int))
    found = {}
    for task, side in (("picture to picture", FIRST), ("text to text", SECOND)):
        if side == FIRST:
            items, similarity = moved.first, moved.first @ moved.first.T
            terms = picture_terms(transform, moved, FIRST)
        else:
            items = moved.documents[first_texts]
            similarity = score_some_texts(moved, first_texts, first_texts)
            terms = text_terms(transform, moved, first_texts, SECOND)
        scores = score_items(transform, similarity, gate_terms(transform, items, terms, side))
        ranking = rank_items(
            scores,
            relevance,
            test.parts,
            test.parts,
            excluded=pictures,
            depth=list_depth(brief),
        )
        add_results(found, task, ranking, test.groups, brief=brief)
    return found
