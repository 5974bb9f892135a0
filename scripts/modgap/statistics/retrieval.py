"""Recall@k and median rank between pictures and texts, from blocks of similarities.

Relevance is given by integer codes, never as an n × m array:

    codes     (kinds, n) a code for each picture; pictures with equal codes of a kind are alike
    kind      (m,) which row of ``codes`` a text speaks about
    owner     (m,) the picture a text was written for

Text j is relevant to picture i when ``codes[kind[j], i] == codes[kind[j], owner[j]]``. With one
kind and codes 0 … n−1 that is the text's own picture. Both directions follow CLIP's evaluation: a
picture ranks all texts and hits with any relevant one; a text ranks all pictures.
"""

import numpy as np
import pandas as pd
from scipy.special import gammaln

from modgap.digests import check_digest
from modgap.errors import InputError
from modgap.threads import map_threads

# Similarities closer than this are tied: equal rows differ by rounding of this order at most, and
# nothing that float32 embeddings can tell apart is that close.
TIE = 1e-9


def own_relevance(owner, n_pictures):
    """Codes and kinds that make a text relevant to its own picture only."""
    return np.arange(n_pictures)[None], np.zeros(len(owner), dtype=int)


def mentioned_relevance(pictures, mentioned):
    """Codes and kinds that make a text relevant to every picture it is true of.

    pictures : DataFrame (n rows) of attributes; mentioned : (m,) names of the attributes a text
    mentions, joined by "+", or null for a text about its own picture only.
    """
    mentioned = pd.Series(mentioned).astype(object)
    kind, kinds = pd.factorize(mentioned.where(mentioned.notna(), ""))
    codes = []
    for names in kinds:
        columns = names.split("+") if names else []
        alike = np.arange(len(pictures))
        if columns:
            alike = pictures.groupby(columns, dropna=False, sort=False).ngroup().to_numpy()
        codes.append(alike)
    return np.stack(codes), kind


def caption_relevance(texts, owner, samples):
    """Codes and kinds from what captions say they mention: what decides a hit in every table.

    texts : DataFrame (m rows) with the samples table's columns; without a column ``mentioned``, as
    of ready embeddings, a text is about its own picture only. owner : (m,) picture of each text,
    0 … n−1. samples : where the texts are from, for messages.

    Raises
    ------
    InputError : a caption that mentions an attribute without a column.
    """
    if "mentioned" not in texts:
        return own_relevance(owner, int(np.max(owner)) + 1)
    for mentioned in texts["mentioned"].dropna().unique():
        for column in mentioned.split("+"):
            if column not in texts.columns:
                raise InputError(
                    f"{samples}: a caption mentions {mentioned!r}, but there is no column "
                    f"{column!r}; add it or empty the column 'mentioned'"
                )
    # Attributes are the picture's, so any of its texts has them.
    pictures = texts.iloc[np.unique(owner, return_index=True)[1]]
    return mentioned_relevance(pictures, texts["mentioned"])


def share_with_another(owner, codes, kind, batch_size):
    """Share of pictures of which a second caption is true in a batch, one caption a picture.

    Expected over all batches of ``batch_size`` pictures that hold the picture. A contrastive loss
    pushes such a caption away as if it were false.
    """
    true = np.zeros(codes.shape[1], dtype=int)
    for row, alike in enumerate(codes):
        written = alike[owner[kind == row]]
        true += np.bincount(written, minlength=alike.max() + 1)[alike]
    n = len(true)
    return float(hit_probability(n - 1, true - 1, min(batch_size, n) - 1).mean())


def ranks_both_ways(X, Y, owner, codes, kind, *, block, threads=1):
    """``rank_counts`` of pictures among texts and of texts among pictures."""
    wanted = codes[kind, owner]

    def texts_of(pictures):
        return codes[:, pictures].T[:, kind] == wanted

    def pictures_of(texts):
        return codes[kind[texts]] == wanted[texts, None]

    options = {"block": block, "threads": threads}
    return rank_counts(X, Y, texts_of, **options), rank_counts(Y, X, pictures_of, **options)


def rank_counts(queries, gallery, relevant_to, *, block, threads=1):
    """Where the best relevant item of each query stands.

    relevant_to : takes a slice of queries, returns the (queries, gallery) boolean relevance.
    block : block² similarities are held at a time, by each thread. threads : see ``map_threads``.

    Returns
    -------
    (q, 4) integers: items above the best relevant one, items tied with it (itself included),
    relevant ones among the tied, relevant ones in the whole gallery.
    """
    rows = max(1, block**2 // len(gallery))

    def count_block(start):
        """Those of some queries."""
        here = slice(start, min(start + rows, len(queries)))
        similarity = queries[here] @ gallery.T
        query, item = divmod(np.flatnonzero(relevant_to(here)), len(gallery))
        to_relevant = similarity[query, item]
        best = np.full(len(similarity), -np.inf)
        np.maximum.at(best, query, to_relevant)
        similarity -= best[:, None]
        above = count_by_row(similarity > TIE)
        not_below = count_by_row(similarity >= -TIE)
        tied = np.bincount(query[to_relevant - best[query] >= -TIE], minlength=len(best))
        relevant = np.bincount(query, minlength=len(best))
        return np.column_stack([above, not_below - above, tied, relevant])

    return np.concatenate(list(map_threads(count_block, range(0, len(queries), rows), threads)))


def count_by_row(flags):
    """How many of each row are true, (rows,): quicker than along an axis where rows are long."""
    return np.array([np.count_nonzero(row) for row in flags])


def count_above(queries, best, own, gallery, keys, block):
    """Where the best relevant item of each query stands among some items of a gallery.

    Counts of all parts of a gallery add up to those of ``rank_counts``.

    Parameters
    ----------
    queries : (q, dim). best : (q,) similarity of each to its best relevant item.
    own : (q,) key of each. gallery, keys : (k, dim) items and the key of each; an item is relevant
        to the queries of its key. block : block² similarities are held at a time.

    Returns
    -------
    (q, 2) integers: items above the best relevant one, and others tied with it, of those that
    are not relevant.
    """
    result = np.zeros((len(queries), 2), dtype=np.int64)
    items = max(1, block**2 // len(queries))
    for start in range(0, len(gallery), items):
        similarity = queries @ gallery[start : start + items].T
        similarity[match_keys(own, keys[start : start + items])] = -np.inf
        similarity -= best[:, None]
        above = np.count_nonzero(similarity > TIE, axis=1)
        result[:, 0] += above
        result[:, 1] += np.count_nonzero(similarity >= -TIE, axis=1) - above
    return result


# Columns of a table of ranks: 0 for pictures among texts and 1 for texts among pictures; the
# picture of the query; items that are relevant to it, and those tied with the best of them; and
# what adds up over the parts of a gallery: irrelevant items above and tied, and all items.
RANKED = ("direction", "picture", "relevant", "relevant_tied", "above", "tied", "gallery")
ADDED = 4


def tabulate_ranks(queries, forward, backward, gallery):
    """A row of ``RANKED`` for each picture and then for each text, int64.

    queries : X (q, dim), Y (m, dim), owner (m,), unit rows. forward (q, 2), backward (m, 2) :
    counts of ``count_above``. gallery : texts and pictures that there were.
    """
    X, Y, owner = queries
    own, best = partner_scores(X, Y, owner)
    texts, ones = np.bincount(owner, minlength=len(X)), np.ones_like(owner)
    tied = np.bincount(owner, weights=own >= best[owner] - TIE, minlength=len(X))
    columns = [
        (np.zeros(len(X)), np.arange(len(X)), texts, tied, *forward.T, np.full(len(X), gallery[0])),
        (ones, owner, ones, ones, *backward.T, np.full(len(Y), gallery[1])),
    ]
    return np.concatenate([np.column_stack(rows) for rows in columns]).astype(np.int64)


def partner_scores(X, Y, owner):
    """Cosine of each text with its picture (m,), and of each picture with its best text (n,)."""
    own = np.einsum("ij,ij->i", X[owner], Y)
    best = np.full(len(X), -np.inf)
    np.maximum.at(best, owner, own)
    return own, best


def add_ranks(tables):
    """Tables of the same queries among the parts of a gallery, as one."""
    total = tables[0].copy()
    for table in tables[1:]:
        total[:, ADDED:] += table[:, ADDED:]
    return total


def read_ranks(paths):
    """``tabulate_ranks`` of all parts of a gallery; None where nothing was ranked."""
    tables = [read_own_array(path) for path in paths]
    return add_ranks(tables) if tables and len(tables[0]) else None


def read_own_array(path):
    """An array that the pipeline wrote, after it was compared with its digest."""
    return np.load(check_digest(path), allow_pickle=False)


def match_keys(own, keys):
    """Positions (p,), (p,) in ``own`` and in ``keys`` of every two that are equal."""
    order = np.argsort(own, kind="stable")
    first, last = (np.searchsorted(own, keys, side, sorter=order) for side in ("left", "right"))
    counts = last - first
    places = np.repeat(np.arange(len(keys)), counts)
    within = np.arange(len(places)) - np.repeat(np.cumsum(counts) - counts, counts)
    return order[np.repeat(first, counts) + within], places


def log_choose(n, k):
    """log of the binomial coefficient."""
    return gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)


def hit_probability(size, relevant, drawn):
    """Probability that ``drawn`` of ``size`` items, taken at random, hold one of the relevant ones.

    1 − C(size − relevant, drawn)/C(size, drawn), elementwise.
    """
    size, relevant, drawn = np.broadcast_arrays(size, relevant, drawn)
    drawn = np.clip(drawn, 0, size)
    rest = size - relevant
    certain = drawn > rest
    drawn_or_none = np.where(certain, 0, drawn)
    missed = np.exp(log_choose(rest, drawn_or_none) - log_choose(size, drawn_or_none))
    return np.where(certain & (relevant > 0), 1.0, np.where(drawn > 0, 1 - missed, 0.0))


def expected_hits(counts, k):
    """Probability (q,) of a relevant item within the first k when ties are broken at random."""
    above, tied, relevant_tied, _ = counts.T
    return hit_probability(tied, relevant_tied, k - above)


def strict_hits(counts, k):
    """1.0 where fewer than k items are strictly above the best relevant one, else 0.0; (q,).

    Ties count in the query's favour, as in the published numbers.
    """
    return (counts[:, 0] < k).astype(float)


def expected_ranks(counts):
    """Expected rank (q,), from 1, of the best relevant item when ties are broken at random."""
    above, tied, relevant_tied, _ = counts.T
    return above + (tied + 1) / (relevant_tied + 1)


def strict_ranks(counts):
    """Rank (q,), from 1, that counts strictly larger similarities only."""
    return counts[:, 0] + 1.0


def chance_recall(counts, n_gallery, k):
    """Recall@k of a gallery in random order."""
    return hit_probability(n_gallery, counts[:, 3], k).mean()


def chance_median_rank(counts, n_gallery):
    """Smallest k at which a gallery in random order gives recall@k of at least one half."""
    low, high = 1, n_gallery
    while low < high:
        middle = (low + high) // 2
        if chance_recall(counts, n_gallery, middle) >= 0.5:
            high = middle
        else:
            low = middle + 1
    return low


def ceiling_first_to_second(owner, codes, kind, text, k):
    """Best recall@k of pictures among texts that any embedding can expect.

    text : (m,) equal for equal captions. Equal captions have equal embeddings, so they are tied
    and ordered at random. The best an embedding can do for a picture is to put first the caption
    whose copies are most often relevant to it.
    """
    frame = pd.DataFrame({"text": text, "kind": kind, "code": codes[kind, owner]})
    copies = frame.groupby("text")["code"].transform("size")
    relevant = frame.groupby(["text", "kind", "code"])["code"].transform("size")
    hits = hit_probability(copies.to_numpy(), relevant.to_numpy(), k)
    best = np.zeros(codes.shape[1])
    for row, alike in enumerate(codes):
        by_code = np.zeros(alike.max() + 1)
        here = kind == row
        np.maximum.at(by_code, frame["code"].to_numpy()[here], hits[here])
        best = np.maximum(best, by_code[alike])
    return best.mean()


def ceiling_second_to_first(owner, codes, kind, text, k):
    """Best recall@k of texts among pictures that any embedding can expect.

    Equal captions rank the pictures alike: of those written for different sets of pictures, the
    first k places serve the k commonest sets.
    """
    frame = pd.DataFrame({"text": text, "kind": kind, "code": codes[kind, owner]})
    sizes = frame.groupby(["text", "kind", "code"]).size()
    place = sizes.groupby(level=["text", "kind"]).rank(method="first", ascending=False)
    return sizes[place <= k].sum() / len(owner)


def label_equal_rows(rows):
    """(m,) integers, equal for equal rows: stands for the captions where only embeddings exist."""
    return np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1)
