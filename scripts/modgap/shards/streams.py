"""Pairs of embeddings streamed from shards: their moments, and a random sample of them.

Row i of a shard's first modality and row i of its second are a pair, and every pair a picture of
its own, numbered through all shards. ``index`` is that of ``modgap.shards.blocks``.
"""

import numpy as np

from modgap.errors import InputError
from modgap.shards.blocks import block_rows, read_blocks, read_header, read_rows, unit_rows
from modgap.statistics.moments.groups import group_pictures, keeps_rows
from modgap.statistics.moments.sums import take_pairs
from modgap.statistics.retrieval import count_above

# Most bytes of a block in double precision.
DOUBLE_BYTES = 128 << 20


def count_pairs_of(index):
    """Number of pairs in all shards of an index."""
    return index[-1]["start"] + index[-1]["rows"]


def stream_pairs(index, arrays, chosen):
    """Blocks of unit rows of both modalities of some shards.

    Parameters
    ----------
    arrays : the array or column of each modality. chosen : positions of shards in the index.

    Yields
    ------
    numbers (k,), X (k, dim), Y (k, dim), norms: shortest and longest length of each modality.

    Raises
    ------
    InputError : a file that is not what the index says, and all of ``read_blocks`` and
        ``unit_rows``.
    """
    for place in chosen:
        row = index[place]
        paths = row["first"], row["second"]
        headers = [read_header(path, name) for path, name in zip(paths, arrays, strict=True)]
        for path, header in zip(paths, headers, strict=True):
            if (header.rows, header.dim) != (row["rows"], row["dim"]):
                raise InputError(
                    f"{path}: {header.rows:,} rows of {header.dim} numbers, but it had "
                    f"{row['rows']:,} of {row['dim']} before; give the same command again"
                )
        size = min(
            max(1, DOUBLE_BYTES // (8 * row["dim"])), *(block_rows(header) for header in headers)
        )
        sides = [
            rebatch(read_blocks(path, name, rows=size, header=header), size)
            for path, name, header in zip(paths, arrays, headers, strict=True)
        ]
        start = 0
        for blocks in zip(*sides, strict=True):
            (X, long), (Y, other) = (
                unit_rows(block, path, start) for block, path in zip(blocks, paths, strict=True)
            )
            norms = tuple((lengths.min(), lengths.max()) for lengths in (long, other))
            yield row["start"] + start + np.arange(len(X)), X, Y, norms
            start += len(X)


def rebatch(blocks, size):
    """The same rows in blocks of ``size`` (the last may have fewer): row groups end anywhere."""
    waiting, held = [], 0
    for block in blocks:
        waiting.append(block)
        held += len(block)
        while held >= size:
            rows = np.concatenate(waiting) if len(waiting) > 1 else waiting[0]
            yield rows[:size]
            waiting, held = [rows[size:]], held - size
    if held:
        yield np.concatenate(waiting)


def collect_shards(index, arrays, chosen, seed):
    """``PairMoments`` of some shards of an index; see ``stream_pairs``. seed : of the groups."""
    n, dim = count_pairs_of(index), index[0]["dim"]
    total = None
    for numbers, X, Y, norms in stream_pairs(index, arrays, chosen):
        groups, n_groups = group_pictures(numbers, n, seed)
        # Squares of a block are added to those there are, and never held twice.
        kept = total is not None or keeps_rows(n, dim)
        block = take_pairs(X, Y, None, groups, n_groups, kept=kept, norms=norms)
        if total is None:
            total = block
        else:
            total.add(block)
    return total


def draw_side_of(index, arrays, side, limit, seed):
    """At most ``limit`` raw rows of one modality of all shards, drawn without repetition.

    side : 0 or 1. The same arguments draw the same pairs for either.

    Returns
    -------
    numbers (k,) increasing, rows (k, dim) of the dtype of the files.

    Raises
    ------
    InputError : of ``read_rows``, and of ``unit_rows`` for a row that is drawn.
    """
    n, key = count_pairs_of(index), ("first", "second")[side]
    numbers = np.arange(n)
    if n > limit:
        rng = np.random.default_rng(seed)
        numbers = np.sort(rng.choice(n, limit, replace=False, shuffle=False))
    parts = []
    for row in index:
        here = numbers[(numbers >= row["start"]) & (numbers < row["start"] + row["rows"])]
        if len(here):
            places = here - row["start"]
            parts.append(read_rows(row[key], arrays[side], places))
            unit_rows(parts[-1], row[key], places)
    return numbers, np.concatenate(parts)


def rank_queries(index, arrays, chosen, queries, numbers, block):
    """Where the partner of each query stands among the rows of some shards.

    Parameters
    ----------
    queries : (q, dim) unit rows of the first modality, and of the second, of the same pairs.
    numbers : (q,) numbers of those pairs in all shards. block : see ``count_above``.

    Returns
    -------
    forward, backward (q, 2) : counts of ``count_above``, of queries of the first modality among
    rows of the second, and the other way round.
    """
    first, second = queries
    best = np.einsum("ij,ij->i", first, second)
    counts = np.zeros((2, len(numbers), 2), dtype=np.int64)
    for rows, X, Y, _ in stream_pairs(index, arrays, chosen):
        for direction, asked, gallery in ((0, first, Y), (1, second, X)):
            counts[direction] += count_above(asked, best, numbers, gallery, rows[0], block)
    return counts
