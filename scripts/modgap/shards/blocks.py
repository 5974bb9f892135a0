"""Shards of embeddings, read in blocks: never whole, never mapped (mapped pages count as memory).

An array lies in an ``.npy`` (read by offset), in a member of an ``.npz`` (through zipfile's stream)
or in a column of vectors of a parquet file (by row group). Rows are float16, float32 or float64, in
C order; nothing is unpickled.
"""

import os
import zipfile
import zlib
from typing import NamedTuple

import numpy as np

from modgap.embeddings.formats.arrays import choose_list_column, is_list, stack_lists
from modgap.embeddings.formats.naming import choose_name, unreadable
from modgap.errors import InputError
from modgap.inputs import check_file
from modgap.tables import check_rows, load_arrow

# Most bytes that are read at a time.
BLOCK_BYTES = 64 << 20


class Header(NamedTuple):
    """What an array is: its shape, its dtype as text, and where its numbers begin in the file."""

    rows: int
    dim: int
    dtype: str
    offset: int = 0


def read_header(path, array=None):
    """The ``Header`` of an array; of a parquet file its first vector is looked at as well.

    Raises
    ------
    InputError : no such file or array, damaged or of another length than its header says, a shape
        other than (n, dim), another dtype or order, pickled objects.
    """
    check_file(path)
    readers = {".npy": npy_header, ".npz": npz_header, ".parquet": parquet_header}
    try:
        header = readers[os.path.splitext(path)[1]](path, array)
    except InputError:
        raise
    except Exception as error:  # header parsers raise anything on damaged bytes
        raise unreadable(path, "array", error) from error
    dtype = np.dtype(header.dtype)
    if dtype.kind != "f" or dtype.itemsize > 8:
        raise InputError(f"{path}: dtype {dtype}, expected float16, float32 or float64")
    if 0 in (header.rows, header.dim):
        raise InputError(f"{path}: no rows in it (shape {header.rows} x {header.dim})")
    return header


def npy_header(path, array=None):
    """``read_header`` of an ``.npy``."""
    with open(path, "rb") as stream:
        header = parse_header(path, stream)
    expected = header.offset + header.rows * header.dim * np.dtype(header.dtype).itemsize
    return match_extent(path, header, os.path.getsize(path), expected)


def npz_header(path, array):
    """``read_header`` of an array of an ``.npz``."""
    with zipfile.ZipFile(path) as archive:
        member = choose_member(path, archive, array)
        with archive.open(member) as stream:
            header = parse_header(path, stream)
        expected = header.offset + header.rows * header.dim * np.dtype(header.dtype).itemsize
        return match_extent(path, header, archive.getinfo(member).file_size, expected)


def choose_member(path, archive, array):
    """Name in the archive of the array that is meant; an error lists those that there are."""
    names = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
    return f"{choose_name(path, array, names)}.npy"


def parse_header(path, stream):
    """The ``Header`` at the start of the bytes of an ``.npy``."""
    shape, fortran, dtype = parse_shape(stream)
    if len(shape) != 2:
        raise InputError(f"{path}: shape {shape}, expected (n, dim)")
    if fortran and 1 not in shape:
        raise InputError(
            f"{path}: its numbers lie column by column (Fortran order); save it again in C order, "
            "as numpy.ascontiguousarray makes it"
        )
    return Header(*shape, dtype.str, stream.tell())


def parse_shape(stream):
    """Shape, whether it is in Fortran order, and dtype of an ``.npy``; never one of objects."""
    version = np.lib.format.read_magic(stream)
    parsers = {(1, 0): np.lib.format.read_array_header_1_0}
    parse = parsers.get(version, np.lib.format.read_array_header_2_0)
    shape, fortran, dtype = parse(stream)
    if dtype.hasobject:
        raise ValueError("Object arrays cannot be loaded")
    return shape, fortran, dtype


def match_extent(path, header, found, expected):
    """The header, if the file is as long as it says."""
    if found != expected:
        what = "cut short" if found < expected else "longer than its header says"
        raise InputError(
            f"{path}: {what}, {found:,} bytes and not {expected:,} for {header.rows:,} rows; "
            "fetch or save it again"
        )
    return header


def parquet_header(path, array):
    """``read_header`` of a column of vectors."""
    with open_vectors(path) as stored:
        column = choose_list_column(path, array, stored.schema_arrow)
        rows, kind = stored.metadata.num_rows, stored.schema_arrow.field(column).type
        if not (is_list(kind) and load_arrow().types.is_floating(kind.value_type)):
            raise InputError(f"{path}: column {column!r} is {kind}, expected lists of floats")
        dtype = np.dtype(kind.value_type.to_pandas_dtype()).str
        if rows == 0:
            return Header(0, 0, dtype)
        first = next(stored.iter_batches(batch_size=1, columns=[column])).column(0)
        return Header(rows, stack_lists(path, column, first).shape[1], dtype)


def open_vectors(path):
    """A ParquetFile that reads its pages one after the other, not whole row groups at once."""
    return load_arrow().parquet.ParquetFile(path, pre_buffer=False, buffer_size=1 << 20)


def read_blocks(path, array=None, *, rows=None, header=None):
    """Blocks (k, dim) of an array in their order, of the dtype of the file.

    rows : of a block; as many as ``BLOCK_BYTES`` hold if None. header : of the array, if it was
        read before.

    Raises
    ------
    InputError : see ``read_header``; numbers that end too early, missing vectors.
    """
    header = header or read_header(path, array)
    rows = rows or block_rows(header)
    readers = {".npy": npy_blocks, ".npz": npz_blocks, ".parquet": parquet_blocks}
    start = 0
    try:
        for block in readers[os.path.splitext(path)[1]](path, array, header, rows):
            yield block
            start += len(block)
    except InputError:
        raise
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise unreadable(f"{path}, after row {start:,}", "array", error) from error


def block_rows(header, most=BLOCK_BYTES):
    """Rows of a block of at most ``most`` bytes, one at least."""
    return max(1, most // (header.dim * np.dtype(header.dtype).itemsize))


def npy_blocks(path, array, header, rows):
    """``read_blocks`` of an ``.npy``."""
    with open(path, "rb") as stream:
        stream.seek(header.offset)
        yield from stream_blocks(path, stream, header, rows)


def npz_blocks(path, array, header, rows):
    """``read_blocks`` of an ``.npz``; at its end zipfile compares the checksum."""
    with (
        zipfile.ZipFile(path) as archive,
        archive.open(choose_member(path, archive, array)) as stream,
    ):
        stream.read(header.offset)
        yield from stream_blocks(path, stream, header, rows)
        stream.read(1)


def stream_blocks(path, stream, header, rows):
    """Blocks of an array from a stream that stands where its numbers begin."""
    dtype = np.dtype(header.dtype)
    for start in range(0, header.rows, rows):
        size = min(rows, header.rows - start) * header.dim * dtype.itemsize
        content = stream.read(size)
        if len(content) < size:
            raise InputError(f"{path}: ends within the {rows:,} rows from row {start:,}")
        yield np.frombuffer(content, dtype=dtype).reshape(-1, header.dim)


def parquet_blocks(path, array, header, rows):
    """``read_blocks`` of a column of vectors."""
    with open_vectors(path) as stored:
        column, start = choose_list_column(path, array, stored.schema_arrow), 0
        for group in range(stored.num_row_groups):
            for batch in stored.iter_batches(rows, row_groups=[group], columns=[column]):
                block = stack_lists(f"{path}, from row {start}", column, batch.column(0))
                if block.shape[1] != header.dim:
                    raise InputError(
                        f"{path}: row {start} of column {column!r} has {block.shape[1]} numbers, "
                        f"not {header.dim}"
                    )
                yield block
                start += len(block)


def read_rows(path, array, numbers):
    """Some rows (k, dim) of an array, of the file's dtype; of an ``.npy`` nothing else is read.

    numbers : (k,) increasing.
    """
    header = read_header(path, array)
    if path.endswith(".npy"):
        return seek_rows(path, header, numbers)
    chosen, start = [], 0
    for block in read_blocks(path, array, header=header):
        here = numbers[(numbers >= start) & (numbers < start + len(block))]
        chosen.append(block[here - start])
        start += len(block)
    return np.concatenate(chosen)


def seek_rows(path, header, numbers):
    """``read_rows`` of an ``.npy``, one read a row."""
    dtype = np.dtype(header.dtype)
    size = header.dim * dtype.itemsize
    result = np.empty((len(numbers), header.dim), dtype=dtype)
    with open(path, "rb") as stream:
        for place, number in enumerate(numbers):
            stream.seek(header.offset + int(number) * size)
            content = stream.read(size)
            if len(content) < size:
                raise InputError(f"{path}: ends before row {number:,}")
            result[place] = np.frombuffer(content, dtype=dtype)
    return result


def unit_rows(block, where, start=0):
    """Rows of a block divided by their lengths, float64, and the lengths (n,).

    where : the file, for messages. start : number of the first row in it, or of each row (n,).

    Raises
    ------
    InputError : a row that is not finite, or all zeros.
    """
    rows = block.astype(np.float64)
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    if not np.isfinite(lengths).all() or not lengths.all():
        check_numbered(block, where, start)
        # Numbers of float64 whose squares are none.
        row = number_row(start, int(np.argmin(np.isfinite(lengths) & (lengths > 0))))
        raise InputError(f"{where}: row {row} is too long or too short to have a direction")
    rows /= lengths[:, None]
    return rows, lengths


def check_numbered(block, where, start):
    """``tables.check_rows`` of a block, ``start`` as of ``unit_rows``."""
    bad = ~(np.isfinite(block).all(axis=1) & block.any(axis=1))
    if bad.any():
        row = int(np.argmax(bad))
        try:
            check_rows(block[row : row + 1], where)
        except InputError as error:
            raise InputError(
                str(error).replace("row 0 ", f"row {number_row(start, row)} ", 1)
            ) from None


def number_row(start, place):
    """Number in its file of a row of a block, ``start`` as of ``unit_rows``."""
    return start + place if isinstance(start, int) else int(start[place])


def index_shards(shards, arrays):
    """Headers of the shards of both modalities.

    Parameters
    ----------
    shards : list of (file of the first, file of the second). arrays : of each modality, see
        ``read_header``.

    Returns
    -------
    list of dicts: ``first`` and ``second`` (files), ``rows``, ``start`` (number of the first row
    in all), ``dim``, ``dtype``.

    Raises
    ------
    InputError : of ``read_header``; modalities of other rows, shards of other widths or dtypes.
    """
    index, start = [], 0
    for first, second in shards:
        headers = [
            read_header(path, array) for path, array in zip((first, second), arrays, strict=True)
        ]
        row = {"first": first, "second": second, "start": start, **headers[0]._asdict()}
        row.pop("offset")
        names = [first, second if second != first else f"{second}, {arrays[1]}"]
        check_alike(headers[1], names[1], headers[0], names[0], ("rows", "dim", "dtype"))
        if index:
            check_alike(row, first, index[0], index[0]["first"], ("dim", "dtype"))
        index.append(row)
        start += row["rows"]
    return index


WORDS = {"rows": "rows", "dim": "dimensions", "dtype": "numbers"}


def check_alike(header, path, other, other_path, keys):
    """Raise an InputError where two arrays differ that must not; Headers or dicts."""
    here, there = (item._asdict() if isinstance(item, Header) else item for item in (header, other))
    for key in keys:
        if here[key] != there[key]:
            own, its = (
                np.dtype(item[key]).name if key == "dtype" else f"{item[key]:,}"
                for item in (here, there)
            )
            raise InputError(f"{path}: {own} {WORDS[key]}, but {other_path} has {its}")
