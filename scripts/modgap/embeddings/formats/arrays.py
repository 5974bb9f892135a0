"""Arrays of embeddings in the files that people have: one modality of a file, nothing unpickled.

    .npy            (n, dim), or (2, n, dim) of which one block is read
    .npz            arrays by name
    .parquet        a column of lists, or one column a dimension (``img_*``)
    .csv, .tsv      one column a dimension
    .pt, .pth       a tensor, or a dict of tensors (``torch.load`` with ``weights_only``)
    .safetensors    tensors by name

Every reader takes the file, the name of the array in it (None where there is one only) and names of
further columns, and returns the (n, dim) floats and those columns as lists of texts.
"""

import csv
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import pandas as pd

from modgap.embeddings.formats.naming import as_texts, check_named, choose_name, unreadable
from modgap.errors import InputError
from modgap.inputs import LARGEST_TABLE, check_file, open_input
from modgap.tables import load_arrow, open_parquet

# What a missing number is written as.
MISSING = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "#N/A"]


def read_array(path, name=None, further=()):
    """One modality of a file of embeddings.

    Parameters
    ----------
    path : the file; its suffix tells the format. name : block, array, column or tensor in it, or a
        pattern of columns with ``*``. further : names of columns to read beside it.

    Returns
    -------
    block : (n, dim) of a floating dtype. columns : name -> list of n texts.

    Raises
    ------
    InputError : a file that cannot be read, another suffix, no such array or column, a wrong shape
        or dtype, pickled objects.
    """
    suffix = Path(path).suffix
    if suffix not in READERS:
        raise InputError(f"{path}: embeddings are read from {', '.join(READERS)}")
    check_file(path)
    block, columns = READERS[suffix](path, name, further)
    where = f"{path}, {name}" if isinstance(name, str) else path
    if not np.issubdtype(block.dtype, np.floating):
        raise InputError(f"{where}: dtype {block.dtype}, expected floating point numbers")
    if block.ndim != 2 or 0 in block.shape:
        raise InputError(f"{where}: shape {block.shape}, expected (n, dim)")
    for column, values in columns.items():
        if len(values) != len(block):
            raise InputError(f"{path}: {len(values)} values of {column!r}, but {len(block)} rows")
    return block, columns


def read_npy(path, name=None, further=()):
    """An array of a ``.npy``, or block ``name`` (0 or 1) of one of shape (2, n, dim)."""
    if further:
        raise InputError(
            f"{path}: an .npy has no column {further[0]!r}; use .parquet, .csv or .npz, or leave "
            "it out where row i belongs to row i"
        )
    array = read_plain_npy(path)
    if name is None:
        return array, {}
    if array.ndim != 3 or array.shape[0] != 2 or 0 in array.shape:
        raise InputError(f"{path}: shape {array.shape}, expected (2, n, dim) with both modalities")
    return array[name], {}


def read_plain_npy(path):
    """The array of a ``.npy`` of whatever shape and numeric dtype."""
    try:
        # Unlike numpy.load this never looks into a pickle or an .npz archive.
        with open_input(path, limit=None) as stream:
            array = np.lib.format.read_array(stream, allow_pickle=False)
            if stream.read(1):
                raise InputError(
                    f"{path}: longer than its header says ({array.shape}); save it again"
                )
    except InputError:
        raise
    except Exception as error:  # numpy's header parser raises anything on damaged bytes
        raise unreadable(path, ".npy array", error) from error
    if array.dtype.kind not in "biuf":
        raise InputError(f"{path}: dtype {array.dtype}, expected numbers")
    return array


def read_npz(path, name=None, further=()):
    """The named array of a ``.npz``, or the only one beside the further columns."""
    try:
        with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as archive:
            name = choose_name(path, name, [key for key in archive.files if key not in further])
            for key in further:
                check_named(path, key, archive.files)
            return archive[name], {key: as_texts(archive[key]) for key in further}
    except InputError:
        raise
    except Exception as error:  # zipfile and numpy raise anything on damaged bytes
        raise unreadable(path, ".npz archive", error) from error


def read_parquet(path, name=None, further=()):
    """A column of lists (``embedding``, or the only one), or the columns that fit a pattern."""
    stored = open_parquet(path)
    schema = stored.schema_arrow
    for key in further:
        check_named(path, key, schema.names)
    if name is not None and "*" in name:
        chosen = match_columns(path, name, schema.names)
        for key in chosen:
            check_named(path, key, schema.names)
        table = stored.read(columns=[*chosen, *further])
        block = table.select(chosen).to_pandas().to_numpy()
    else:
        chosen = choose_list_column(path, name, schema)
        table = stored.read(columns=[chosen, *further])
        block = stack_lists(path, chosen, table.column(chosen).combine_chunks())
    return block, {key: as_texts(table.column(key).to_pylist()) for key in further}


def read_arrow(path, name=None, further=()):
    """A column of lists of an ``.arrow`` file, as ``read_parquet``."""
    table = open_arrow(path)
    for key in further:
        check_named(path, key, table.column_names)
    chosen = choose_list_column(path, name, table.schema)
    block = stack_lists(path, chosen, table.column(chosen).combine_chunks())
    return block, {key: as_texts(table.column(key).to_pylist()) for key in further}


def open_arrow(path):
    """The table of an arrow file, written as a stream or for random access."""
    arrow = load_arrow()
    try:
        # The two layouts differ in their first bytes.
        with open(check_file(path), "rb") as stream:
            is_stream = stream.read(6) != b"ARROW1"
            stream.seek(0)
            opened = arrow.ipc.open_stream(stream) if is_stream else arrow.ipc.open_file(stream)
            return opened.read_all()
    except (OSError, arrow.ArrowInvalid) as error:
        raise unreadable(path, ".arrow file", error) from error


def match_columns(path, pattern, names):
    """Columns that fit a pattern, in the order of the file."""
    chosen = [name for name in names if fnmatchcase(name, pattern)]
    if not chosen:
        raise InputError(f"{path}: no column fits {pattern!r} (found: {', '.join(names)})")
    return chosen


def choose_list_column(path, name, schema):
    """Which column holds the embeddings where none or one is named."""
    if name is not None:
        return check_named(path, name, schema.names)
    lists = [field.name for field in schema if is_list(field.type)]
    if "embedding" in schema.names:
        return check_named(path, "embedding", schema.names)
    if len(set(lists)) == 1:
        return check_named(path, lists[0], schema.names)
    raise InputError(
        f"{path}: no column 'embedding' (found: {', '.join(schema.names)}); say which with "
        "'columns: {modality: NAME}', or 'img_*' for one column a dimension"
    )


def is_list(kind):
    types = load_arrow().types
    return types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)


def stack_lists(path, name, column):
    """A column of equally long lists of floats as (n, dim)."""
    if not (is_list(column.type) and load_arrow().types.is_floating(column.type.value_type)):
        raise InputError(f"{path}: column {name!r} is {column.type}, expected lists of floats")
    if len(column) == 0:
        raise InputError(f"{path}: no rows")
    lengths = column.value_lengths().to_numpy(zero_copy_only=False)
    # A missing list has length NaN, which differs from any other.
    if not (lengths == lengths[0]).all():
        row = int(np.argmin(lengths == lengths[0])) if lengths[0] == lengths[0] else 0
        raise InputError(
            f"{path}: row {row} of column {name!r} is missing or differs in length from row 0"
        )
    block = column.flatten().to_numpy(zero_copy_only=False).reshape(len(column), -1)
    if block.shape[1] == 0:
        raise InputError(f"{path}: column {name!r} holds empty lists")
    return block


def read_csv(path, name=None, further=()):
    """The columns that fit a pattern, or all that are not named otherwise.

    A first line of numbers that do not count the columns is a row, as ``numpy.savetxt`` writes it.
    """
    try:
        layout = {"sep": "\t" if Path(path).suffix == ".tsv" else ","}
        header = read_first_row(check_file(path, LARGEST_TABLE), layout["sep"])
        if has_no_header(header):
            layout |= {"header": None}
        elif twice := [name for name in header if name and header.count(name) > 1]:
            check_named(path, twice[0], header)
        # An id may be called NA or null; only an empty cell is a missing one.
        missing = dict.fromkeys(further, "") | {
            name: MISSING for name in header if name not in further
        }
        layout |= {"keep_default_na": False, "na_values": missing}
        if "header" in layout:
            layout |= {"na_values": MISSING}
        frame = pd.read_csv(path, dtype=dict.fromkeys(further, str), encoding="utf-8", **layout)
        frame.columns = frame.columns.astype(str)
    except (ValueError, UnicodeDecodeError, csv.Error) as error:  # pandas' are ValueErrors
        raise InputError(f"{path}: not readable ({' '.join(str(error).split())})") from error
    names = list(frame.columns)
    for key in further:
        check_named(path, key, names)
    chosen = match_columns(path, name or "*", [key for key in names if key not in further])
    if name is None:
        check_dimensions(path, frame[chosen])
    numbers = frame[chosen].select_dtypes("number").columns
    for key in chosen:
        if key not in numbers:
            raise InputError(
                f"{path}: column {key!r} holds no numbers; name those that are dimensions with "
                "'columns: {modality: \"img_*\"}', and the column of ids with 'id'"
            )
    return frame[chosen].to_numpy(dtype=np.float64), {
        key: frame[key].fillna("").tolist() for key in further
    }


def read_first_row(path, separator):
    """The cells of the first row, as they are: pandas would number those that are alike."""
    with open_input(path, "r", encoding="utf-8-sig", newline="") as stream:
        cells = next((row for row in csv.reader(stream, delimiter=separator) if row), [])
    return [cell.strip() for cell in cells]


def has_no_header(names):
    """Whether the first line of a table is a row: numbers, but not 0, 1, ... or 1, 2, ..."""
    try:
        numbers = [float(name) for name in names]
    except ValueError:
        return False
    return not any(numbers == list(range(start, start + len(numbers))) for start in (0, 1))


def check_dimensions(path, frame):
    """Raise an InputError for a column that is an index or an id and no dimension."""
    remedy = (
        "name those that are with 'columns: {modality: \"img_*\"}', and the column of ids with 'id'"
    )
    floats = frame.select_dtypes("floating").columns
    for column in frame:
        if column.startswith("Unnamed: "):
            raise InputError(
                f"{path}: a column without a name, such as an index, is no dimension; write the "
                f"file without it, or {remedy}"
            )
        if len(floats) and pd.api.types.is_integer_dtype(frame[column]):
            raise InputError(
                f"{path}: column {column!r} has whole numbers and others have not, so it is "
                f"perhaps no dimension; {remedy}"
            )


def read_tensors(path, name=None, further=()):
    """A tensor of a file that takes torch, which the environment of the other formats has not."""
    from modgap.embeddings.formats.tensors_torch import read_pt, read_safetensors

    read = read_safetensors if Path(path).suffix == ".safetensors" else read_pt
    return read(path, name, further)


READERS = {
    ".npy": read_npy,
    ".npz": read_npz,
    ".parquet": read_parquet,
    ".arrow": read_arrow,
    ".csv": read_csv,
    ".tsv": read_csv,
    ".pt": read_tensors,
    ".pth": read_tensors,
    ".safetensors": read_tensors,
}
