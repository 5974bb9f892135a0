"""Pairs of embeddings streamed from shards: their moments, and a random sample of them.

Row i of a shard's first modality and row i of its second are a pair, and every pair a picture of
its own, numbered through all shards. ``index`` is that of ``modgap.shards.blocks``.
"""

import numpy as np

from modgap.errors import InputError
from modgap.job import LOG
from modgap.shards.blocks import block_rows, read_blocks, read_header, read_rows, unit_rows
from modgap.statistics.moments.groups import GROUPS, group_pictures, keeps_rows
from modgap.statistics.moments.sums import take_pairs
from modgap.statistics.retrieval import count_above

# Most bytes of a block in double precision.
DOUBLE_BYTES = 128 << 20


def count_pairs_of(index):
    """Number of pairs in all shards of an index."""
    return index[-1]["start"] + index[-1]["rows"]


def stream_pairs(index, arrays, chosen, *, copies=1):
    """Blocks of unit rows of both modalities of some shards.

    Parameters
    ----------
    arrays : the array or column of each modality. chosen : positions of shards in the index.
    copies : how many of a block there is to be room for.

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
            max(1, DOUBLE_BYTES // copies // (8 * row["dim"])),
            *(block_rows(header) for header in headers),
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


def collect_shards(index, arrays, chosen, seed, device="cpu"):
    """``PairMoments`` of some shards of an index; see ``stream_pairs``. seed : of the groups.

    device : "cpu", in double precision; "cuda", in single precision on a GPU, but of so few pairs
    that their rows are kept.
    """
    n, dim = count_pairs_of(index), index[0]["dim"]
    if device != "cpu" and not keeps_rows(n, dim):
        from modgap.statistics.moments.sums_cuda import sum_pairs_cuda

        blocks = (
            (group_pictures(numbers, n, seed)[0], X, Y, norms)
            for numbers, X, Y, norms in stream_pairs(index, arrays, chosen)
        )
        return sum_pairs_cuda(blocks, GROUPS, dim, device)
    blocks = (
        (X, Y, None, *group_pictures(numbers, n, seed), norms)
        for numbers, X, Y, norms in stream_pairs(index, arrays, chosen)
    )
    return add_blocks(blocks, kept=keeps_rows(n, dim))


def add_blocks(blocks, *, kept):
    """``PairMoments`` of blocks of whole pictures.

    blocks : X, Y, owner, groups, n_groups, norms of each, see ``take_pairs``. kept : whether the
        squares of all are kept as rows.
    """
    total = None
    for X, Y, owner, groups, n_groups, norms in blocks:
        # Squares of a block are added to those there are, and never held twice.
        rows_kept = total is not None or kept
        block = take_pairs(X, Y, owner, groups, n_groups, kept=rows_kept, norms=norms)
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
    n = count_pairs_of(index)
    numbers = np.arange(n)
    if n > limit:
        rng = np.random.default_rng(seed)
        numbers = np.sort(rng.choice(n, limit, replace=False, shuffle=False))
    return numbers, read_numbered(index, arrays, side, numbers)


def read_numbered(index, arrays, side, numbers):
    """Raw rows (k, dim) of one modality by their numbers (k,) in all shards, increasing."""
    key, parts = ("first", "second")[side], []
    for row in index:
        here = numbers[(numbers >= row["start"]) & (numbers < row["start"] + row["rows"])]
        if len(here):
            places = here - row["start"]
            parts.append(read_rows(row[key], arrays[side], places))
            unit_rows(parts[-1], row[key], places)
    return np.concatenate(parts)


def rank_queries(index, arrays, chosen, queries, numbers, block, device="cpu"):
    """Where the partner of each query stands among the rows of some shards.

    Parameters
    ----------
    queries : (q, dim) unit rows of the first modality, and of the second, of the same pairs.
    numbers : (q,) numbers of those pairs in all shards. block : see ``count_above``.
    device : "cpu" or "cuda"; the counts are the same.

    Returns
    -------
    forward, backward (q, 2) : counts of ``count_above``, of queries of the first modality among
    rows of the second, and the other way round.
    """
    first, second = queries
    best = np.einsum("ij,ij->i", first, second)
    counts, again = np.zeros((2, len(numbers), 2), dtype=np.int64), 0
    for rows, X, Y, _ in stream_pairs(index, arrays, chosen):
        for direction, asked, gallery in ((0, first, Y), (1, second, X)):
            given = asked, best, numbers, gallery
            if device == "cpu":
                counts[direction] += count_above(*given, rows, block)
            else:
                from modgap.shards.ranks_cuda import count_above_cuda

                found, close = count_above_cuda(*given, rows[0], device)
                counts[direction] += found
                again += close
    if device != "cpu":
        LOG.info("%d scores lay too close for single precision and were made again", again)
    return counts
