"""Which picture each row of a shard is of: ids read in blocks, never whole, and kept as hashes.

Ids lie in a column of a parquet file (read by row group) or in an array (n,) of an ``.npz``: texts
or whole numbers, which are the same id whether they are written as the one or the other. The rows
of a picture stand together in one shard.
"""

import zipfile
import zlib
from typing import NamedTuple

import numpy as np
import pandas as pd

from modgap.embeddings.formats.naming import check_named, unreadable
from modgap.errors import InputError
from modgap.inputs import check_file
from modgap.shards.blocks import Header, choose_member, match_extent, open_vectors, parse_shape
from modgap.tables import load_arrow

# Ids that are read at a time.
BLOCK_IDS = 65_536

# With more rows a column tells no pictures apart: LAION's "status" is the same in all of them.
MOST_TEXTS = 10_000


class Pictures(NamedTuple):
    """The pictures of a shard in their order: first row of each (n,), number of rows, hash (n,)."""

    starts: np.ndarray
    counts: np.ndarray
    keys: np.ndarray


def index_ids(index, candidates, column):
    """The file of the ids of each shard of an index, after its rows were counted.

    Parameters
    ----------
    index : of ``blocks.index_shards``. candidates : of each shard the files that may hold the ids,
        see ``modgap.data.shards.list_ids``. column : what they are called.

    Raises
    ------
    InputError : a file without the column, ids that are neither texts nor whole numbers, a file of
        other rows than the shard.
    """
    chosen = []
    for row, paths in zip(index, candidates, strict=True):
        path = next((path for path in paths if column in list_named(path)), paths[-1])
        count_ids(path, column, row)
        chosen.append(path)
    return chosen


def list_named(path):
    """Names of the columns of a parquet file or of the arrays of an ``.npz``."""
    check_file(path)
    try:
        if path.endswith(".npz"):
            with zipfile.ZipFile(path) as archive:
                return [name.removesuffix(".npy") for name in archive.namelist()]
        with open_vectors(path) as stored:
            return stored.schema_arrow.names
    except Exception as error:  # header parsers raise anything on damaged bytes
        raise unreadable(path, "file of ids", error) from error


def count_ids(path, column, row):
    """Raise an InputError where a file does not hold an id for each row of a shard (of an index).

    Its header is read and nothing else.
    """
    try:
        if path.endswith(".npz"):
            with zipfile.ZipFile(path) as archive:
                rows = ids_header(path, archive, column).rows
        else:
            with open_vectors(path) as stored:
                check_named(path, column, stored.schema_arrow.names)
                check_type(path, column, stored.schema_arrow.field(column).type)
                rows = stored.metadata.num_rows
    except InputError:
        raise
    except Exception as error:  # as above
        raise unreadable(path, "file of ids", error) from error
    if rows != row["rows"]:
        raise InputError(f"{path}: {rows:,} rows, but {row['first']} has {row['rows']:,}")


def check_type(path, column, kind):
    """Raise an InputError for an arrow type that holds no ids."""
    types = load_arrow().types
    if types.is_dictionary(kind):
        kind = kind.value_type
    if not (types.is_integer(kind) or types.is_string(kind) or types.is_large_string(kind)):
        raise InputError(
            f"{path}: column {column!r} is {kind}; ids of pictures are texts or whole numbers"
        )


def ids_header(path, archive, column):
    """``Header`` of the ids of an open ``.npz``: one a row."""
    member = choose_member(path, archive, column)
    with archive.open(member) as stream:
        shape, _, dtype = parse_shape(stream)
        offset = stream.tell()
    if len(shape) != 1 or dtype.kind not in "iuUS":
        raise InputError(
            f"{path}: {column!r} is {dtype} of shape {shape}; ids of pictures are texts or whole "
            "numbers, one a row"
        )
    header = Header(shape[0], 1, dtype.str, offset)
    expected = offset + header.rows * dtype.itemsize
    return match_extent(path, header, archive.getinfo(member).file_size, expected)


def read_ids(path, column):
    """Blocks (k,) of ids as texts (dtype object), in their order.

    Raises
    ------
    InputError : of ``count_ids``; a row without an id, a damaged file.
    """
    start = 0
    try:
        for block in npz_ids(path, column) if path.endswith(".npz") else arrow_ids(path, column):
            missing = block == ""
            if missing.any():
                raise InputError(f"{path}: row {start + int(np.argmax(missing))} has no {column}")
            yield block
            start += len(block)
    except InputError:
        raise
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise unreadable(f"{path}, after row {start:,}", "column of ids", error) from error


def npz_ids(path, column):
    """``read_ids`` of an ``.npz``; missing ones are empty."""
    with zipfile.ZipFile(path) as archive:
        header = ids_header(path, archive, column)
        dtype = np.dtype(header.dtype)
        with archive.open(choose_member(path, archive, column)) as stream:
            stream.read(header.offset)
            for start in range(0, header.rows, BLOCK_IDS):
                size = min(BLOCK_IDS, header.rows - start) * dtype.itemsize
                content = stream.read(size)
                if len(content) < size:
                    raise InputError(f"{path}: {column!r} ends after row {start:,}")
                block = np.frombuffer(content, dtype=dtype)
                block = np.char.decode(block, "utf-8") if dtype.kind == "S" else block.astype(str)
                np.char.encode(block, "utf-8")  # half a character is no text
                yield block.astype(object)
            stream.read(1)  # at its end zipfile compares the checksum


def arrow_ids(path, column):
    """``read_ids`` of a parquet file; missing ones are empty."""
    with open_vectors(path) as stored:
        check_named(path, column, stored.schema_arrow.names)
        check_type(path, column, stored.schema_arrow.field(column).type)
        for group in range(stored.num_row_groups):
            for batch in stored.iter_batches(BLOCK_IDS, row_groups=[group], columns=[column]):
                texts = batch.column(0)
                if load_arrow().types.is_dictionary(texts.type):
                    texts = texts.dictionary_decode()
                texts = texts.cast("string").fill_null("")
                yield texts.to_numpy(zero_copy_only=False).astype(object)


def hash_ids(texts):
    """64 bits (k,) uint64 of each id; SipHash of its letters, the same on every machine."""
    return pd.util.hash_array(np.asarray(texts, dtype=object), categorize=False)


def locate_pictures(row, column, *, single):
    """The ``Pictures`` of one shard of an index, from its ids.

    single : whether every row is a picture of its own.

    Raises
    ------
    InputError : of ``read_ids``; an id that comes back after another, that every row has, or, if
        ``single``, two rows have; a file that is not what the index says.
    """
    path, last, n = row["ids"], None, 0
    count_ids(path, column, row)
    starts, keys = [], []
    for texts in read_ids(path, column):
        begins = np.concatenate([[texts[0] != last], texts[1:] != texts[:-1]])
        places = np.flatnonzero(begins)
        if single and len(places) < len(texts):
            second = n + int(np.argmin(begins))
            raise InputError(
                f"{path}: {column} {texts[second - n]!r} is in row {second - 1} and in row "
                f"{second}; where a picture has several rows, name the column with 'groups'"
            )
        starts.append(n + places)
        keys.append(hash_ids(texts[places]))
        last, n = texts[-1], n + len(texts)
    starts, keys = np.concatenate(starts), np.concatenate(keys)
    counts = np.diff(starts, append=n)
    check_together(path, column, starts, keys, single=single)
    if counts.max() > MOST_TEXTS:
        place = int(np.argmax(counts))
        raise InputError(
            f"{path}: {counts[place]:,} rows from row {starts[place]} have {column} "
            f"{pick_ids(path, column, starts[[place]])[0]!r}, more than {MOST_TEXTS:,}; does it "
            "name pictures?"
        )
    return Pictures(starts, counts, keys)


def check_together(path, column, starts, keys, *, single):
    """Raise an InputError for the first id that comes back after another one's rows."""
    order = np.argsort(keys, kind="stable")
    again = np.flatnonzero(keys[order][1:] == keys[order][:-1])
    # Two ids may have one hash, though that is not to be expected.
    for place in again[np.argsort(starts[order[again + 1]])]:
        rows = starts[order[place : place + 2]]
        texts = pick_ids(path, column, rows)
        if texts[0] == texts[1]:
            raise InputError(
                f"{path}: {column} {texts[0]!r} of row {rows[0]} comes back in row {rows[1]}; "
                + ("every row needs its own" if single else f"sort the shard by {column}")
            )


def pick_ids(path, column, rows):
    """Ids (k,) of some rows (k,), increasing."""
    chosen, start = [], 0
    for texts in read_ids(path, column):
        here = rows[(rows >= start) & (rows < start + len(texts))]
        chosen.append(texts[here - start])
        start += len(texts)
    return np.concatenate(chosen)
