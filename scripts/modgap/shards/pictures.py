"""Pictures with all their texts, streamed from shards whose rows have ids: moments, sample, ranks.

A folder may repeat a picture once for each of its captions; the ids of the rows tell which. Rows of
a picture stand together, copies of its vector count once, and its group is a hash of its id, which
no shard and no order changes. ``index`` is that of ``modgap.shards.blocks``, with a column ``ids``
of ``modgap.shards.ids``; ``about`` its metadata: ``arrays`` and ``pictures`` (``column``,
``single``).
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from modgap.embeddings.ready import COPY_TOLERANCE
from modgap.errors import InputError
from modgap.shards.ids import Pictures, locate_pictures, pick_ids
from modgap.shards.streams import add_blocks, count_pairs_of, read_numbered, stream_pairs
from modgap.statistics.moments.groups import (
    GROUPS,
    group_keys,
    group_pictures,
    keeps_rows,
    mix_bits,
    mix_seeded,
)
from modgap.statistics.moments.sums import merge_range
from modgap.statistics.retrieval import count_above, partner_scores


class PictureBlock(NamedTuple):
    """Whole pictures: number of the first row of each (n,), hash of its id (n,), unit rows X
    (n, dim), those of its texts Y (m, dim), picture of each text (m,) or None where text i is of
    picture i, and the lengths of the shortest and the longest row of each modality so far.
    """

    numbers: np.ndarray
    keys: np.ndarray
    X: np.ndarray
    Y: np.ndarray
    owner: np.ndarray | None
    norms: tuple


def locate_in(row, about):
    """``Pictures`` of a shard of an index."""
    named = about["pictures"]
    return locate_pictures(row, named["column"], single=named["single"])


def stream_pictures(index, about, chosen):
    """Each ``PictureBlock`` of some shards (positions in the index); none holds half a picture.

    Raises
    ------
    InputError : of ``locate_pictures`` and ``stream_pairs``; rows of one picture that are not
        copies of one vector.
    """
    for place in chosen:
        row = index[place]
        pictures = locate_in(row, about)
        ends = pictures.starts + pictures.counts
        begun, held, seen = 0, None, None
        for numbers, X, Y, norms in stream_pairs(index, about["arrays"], [place], copies=2):
            if held is not None:
                X, Y = (np.concatenate(sides) for sides in zip(held, (X, Y), strict=True))
            # A block may hold no end of a picture, and its lengths count all the same.
            seen = norms if seen is None else tuple(map(merge_range, seen, norms))
            stop = np.searchsorted(ends, numbers[-1] + 1 - row["start"], side="right")
            whole = ends[stop - 1] - pictures.starts[begun] if stop > begun else 0
            # A view would keep the whole block in memory.
            held = (X[whole:].copy(), Y[whole:].copy()) if whole < len(X) else None
            if stop > begun:
                here = Pictures(*(values[begun:stop] for values in pictures))
                yield take_pictures(row, about, here, X[:whole], Y[:whole], seen)
            begun = stop


def take_pictures(row, about, pictures, X, Y, norms):
    """The ``PictureBlock`` of some pictures of a shard, from all their rows."""
    numbers, owner = row["start"] + pictures.starts, None
    if len(X) > len(pictures.keys):
        owner = np.repeat(np.arange(len(pictures.keys)), pictures.counts)
        first = pictures.starts - pictures.starts[0]
        check_copies(row, about, pictures, X, first[owner])
        X = X[first]
    return PictureBlock(numbers, pictures.keys, X, Y, owner, norms)


def check_copies(row, about, pictures, X, first):
    """Raise an InputError for a row of X (m, dim) that is no copy of that of its picture.

    first : (m,) place of the first row of its picture.
    """
    again = np.flatnonzero(first != np.arange(len(X)))
    differs = np.linalg.norm(X[again] - X[first[again]], axis=1) > COPY_TOLERANCE
    if differs.any():
        place = again[np.argmax(differs)]
        rows = pictures.starts[0] + np.array([first[place], place])
        column = about["pictures"]["column"]
        name = pick_ids(row["ids"], column, rows[:1])[0]
        raise InputError(
            f"{row['first']}: rows {rows[0]} and {rows[1]} have {column} {name!r} and differ; a "
            "picture has one vector, which its rows repeat, and several texts"
        )


def collect_pictures(index, about, chosen, seed):
    """``PairMoments`` of some shards of an index; see ``stream_pictures``. seed : of the groups.

    How many pictures there are is known where every row is one; they are dealt then as everywhere.
    """
    n = count_pairs_of(index)
    by_row = about["pictures"]["single"] and n <= GROUPS
    blocks = (
        (
            block.X,
            block.Y,
            block.owner,
            *(
                group_pictures(block.numbers, n, seed)
                if by_row
                else (group_keys(block.keys, seed), GROUPS)
            ),
            block.norms,
        )
        for block in stream_pictures(index, about, chosen)
    )
    return add_blocks(blocks, kept=keeps_rows(n, index[0]["dim"]))


def draw_pictures(index, about, limit, seed):
    """At most ``limit`` pictures of all shards, those of smallest hash of their id and the seed.

    Returns
    -------
    DataFrame : ``sample_id``, ``number`` (of its first row in all shards), ``rows``, one picture a
        row, in the order of the shards. n : how many pictures there are.

    Raises
    ------
    InputError : of ``locate_pictures``; a picture that is drawn and lies in two shards.
    """
    drawn, n = [], 0
    for place, row in enumerate(index):
        pictures = locate_in(row, about)
        order = mix_bits(mix_seeded(pictures.keys, seed))
        found = {"order": order, "key": pictures.keys, "shard": place, "start": pictures.starts}
        drawn.append(pd.DataFrame({**found, "rows": pictures.counts}))
        n += len(order)
        if sum(map(len, drawn)) > 4 * limit:
            drawn = [keep_smallest(drawn, limit)]
    drawn = keep_smallest(drawn, limit).sort_values(["shard", "start"], ignore_index=True)
    ids = [
        pick_ids(index[place]["ids"], about["pictures"]["column"], part["start"].to_numpy())
        for place, part in drawn.groupby("shard")
    ]
    drawn["sample_id"] = np.concatenate(ids)
    refuse_split_pictures(index, about, drawn)
    starts = np.array([row["start"] for row in index])
    drawn["number"] = starts[drawn["shard"]] + drawn["start"]
    return drawn[["sample_id", "number", "rows"]], n


def keep_smallest(drawn, limit):
    """The rows of smallest ``order`` of several frames."""
    frame = pd.concat(drawn, ignore_index=True)
    if len(frame) <= limit:
        return frame
    return frame.iloc[np.argpartition(frame["order"].to_numpy(), limit)[:limit]]


def refuse_split_pictures(index, about, drawn):
    """Raise an InputError for a picture that is drawn and lies in two shards."""
    again = drawn["sample_id"].duplicated()
    if again.any():
        name = drawn["sample_id"][again].iloc[0]
        both = drawn[drawn["sample_id"] == name]
        first, second = (index[shard]["ids"] for shard in both["shard"].iloc[:2])
        column, rows = about["pictures"]["column"], both["start"].iloc[:2].tolist()
        raise InputError(
            f"{second}: {column} {name!r} of row {rows[1]} is in row {rows[0]} of {first} too; "
            "all rows of a picture belong into one shard"
        )


def read_drawn(index, about, side, drawn):
    """Ids and raw rows of one modality of pictures of ``draw_pictures``.

    side : 0, one row a picture; 1, all its texts, numbered by ``caption_index`` where any picture
    has several.
    """
    if side == 0:
        rows = read_numbered(index, about["arrays"], side, drawn["number"].to_numpy())
        return drawn[["sample_id"]], rows
    texts = drawn.loc[drawn.index.repeat(drawn["rows"])].reset_index(drop=True)
    within = texts.groupby("number").cumcount()
    rows = read_numbered(index, about["arrays"], side, (texts["number"] + within).to_numpy())
    ids = texts[["sample_id"]]
    return (ids.assign(caption_index=within) if within.any() else ids), rows


def rank_pictures(index, about, chosen, queries, keys, block):
    """Where the best text of a picture stands among the texts of some shards, and the picture of a
    text among their pictures.

    Parameters
    ----------
    queries : unit rows X (q, dim) of pictures, Y (m, dim) of all their texts, picture of each (m,).
    keys : (q,) hash of the id of each picture. block : see ``count_above``.

    Returns
    -------
    forward (q, 2), backward (m, 2) : counts of ``count_above``. gallery : texts and pictures there.
    """
    X, Y, owner = queries
    own, best = partner_scores(X, Y, owner)
    forward, backward = (np.zeros((len(rows), 2), dtype=np.int64) for rows in (X, Y))
    gallery = np.zeros(2, dtype=np.int64)
    for part in stream_pictures(index, about, chosen):
        of_texts = part.keys if part.owner is None else part.keys[part.owner]
        forward += count_above(X, best, keys, part.Y, of_texts, block)
        backward += count_above(Y, own, keys[owner], part.X, part.keys, block)
        gallery += len(part.Y), len(part.X)
    return forward, backward, gallery
