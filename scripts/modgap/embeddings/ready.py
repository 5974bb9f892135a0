"""Ready-made embeddings, read from the user's files: pairs, their labels, their class prompts.

Pairs: one ``.npy`` of shape (2, n, dim), or two files of (n, dim), each a ``.npy`` or a parquet
with a list column ``embedding`` and optionally ``sample_id``. Row i of both is one pair. For
zero-shot classification, a table of labels and the embedded prompts of the classes come with them.
"""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from modgap.errors import InputError
from modgap.files import sha256_of
from modgap.tables import SAMPLE_COLUMNS, check_rows, open_parquet


def read_pair(entry):
    """Both modalities of an ``embeddings`` dataset.

    Returns
    -------
    ids : DataFrame, n rows: sample_id.
    first, second : (n, dim) float32 or float16.

    Raises
    ------
    InputError : files that cannot be read, pickled objects, wrong shapes, lengths or widths that
        differ, values that are not floating point or not finite, zero vectors, sample_id that
        disagree or occur twice.
    """
    if "file" in entry:
        both = read_npy(entry["file"])
        if both.ndim != 3 or both.shape[0] != 2 or 0 in both.shape:
            raise InputError(
                f"{entry['file']}: shape {both.shape}, expected (2, n, dim) with both modalities"
            )
        names = [f"{entry['file']}, modality {number} of 2" for number in (1, 2)]
        blocks, ids = list(both), [None, None]
    else:
        names = [entry["first"], entry["second"]]
        blocks, ids = zip(*map(read_modality, names), strict=True)
    check_same_shape(names, blocks)
    first, second = (as_storage(block, name) for block, name in zip(blocks, names, strict=True))
    return pd.DataFrame({"sample_id": pair_ids(ids, names, len(first))}), first, second


def source_digest(entry):
    """Sha256 over the content of the files of an ``embeddings`` dataset."""
    paths = [entry[key] for key in ("file", "first", "second") if key in entry]
    return hashlib.sha256("".join(map(sha256_of, paths)).encode()).hexdigest()


def read_modality(path):
    """One modality: (n, dim) array and its sample_id (a list, or None for ``.npy``)."""
    if Path(path).suffix == ".parquet":
        return read_parquet(path)
    block = read_npy(path)
    if block.ndim != 2 or 0 in block.shape:
        raise InputError(f"{path}: shape {block.shape}, expected (n, dim)")
    return block, None


def read_npy(path):
    """An array of floating point numbers from a ``.npy`` file."""
    if Path(path).suffix != ".npy":
        raise InputError(f"{path}: embeddings are read from .npy or .parquet")
    check_exists(path)
    try:
        # Unlike numpy.load this never looks into a pickle or an .npz archive.
        with open(path, "rb") as stream:
            array = np.lib.format.read_array(stream, allow_pickle=False)
    except Exception as error:  # numpy's header parser raises anything on damaged bytes
        if "Object arrays" in str(error):
            raise InputError(
                f"{path}: holds pickled objects, which are never loaded; "
                "save it again with a floating dtype"
            ) from error
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: not a readable .npy array ({reason})") from error
    if not np.issubdtype(array.dtype, np.floating):
        raise InputError(f"{path}: dtype {array.dtype}, expected floating point numbers")
    return array


def read_parquet(path):
    """The ``embedding`` column as (n, dim), and ``sample_id`` as a list or None."""
    check_exists(path)
    table = open_parquet(path).read()
    if "embedding" not in table.column_names:
        raise InputError(f"{path}: no column 'embedding' (found: {', '.join(table.column_names)})")
    column = table.column("embedding").combine_chunks()
    kind = column.type
    if not (
        (
            pa.types.is_list(kind)
            or pa.types.is_large_list(kind)
            or pa.types.is_fixed_size_list(kind)
        )
        and pa.types.is_floating(kind.value_type)
    ):
        raise InputError(f"{path}: column 'embedding' is {kind}, expected lists of floats")
    if len(column) == 0:
        raise InputError(f"{path}: no rows")
    lengths = column.value_lengths().to_numpy(zero_copy_only=False)
    # A missing list has length NaN, which differs from any other.
    if not (lengths == lengths[0]).all():
        row = int(np.argmin(lengths == lengths[0])) if lengths[0] == lengths[0] else 0
        raise InputError(
            f"{path}: row {row} of column 'embedding' is missing or differs in length from row 0"
        )
    block = column.flatten().to_numpy(zero_copy_only=False).reshape(len(column), -1)
    if block.shape[1] == 0:
        raise InputError(f"{path}: column 'embedding' holds empty lists")
    if "sample_id" not in table.column_names:
        return block, None
    return block, [str(value) for value in table.column("sample_id").to_pylist()]


def check_exists(path):
    if not Path(path).is_file():
        raise InputError(f"{path}: no such file")


def check_same_shape(names, blocks):
    """Raise an InputError when the two modalities differ in length or width."""
    for axis, what in ((0, "rows"), (1, "dimensions")):
        counts = [block.shape[axis] for block in blocks]
        if counts[0] != counts[1]:
            raise InputError(
                f"{names[1]}: {counts[1]} {what}, but {names[0]} has {counts[0]}; "
                "row i of both must be one pair in one space"
            )


def as_storage(block, name):
    """The block as float16 (kept) or float32, after the checks of every row."""
    dtype = np.float16 if block.dtype.itemsize == 2 else np.float32
    with np.errstate(over="ignore", under="ignore"):  # what overflows is not finite below
        block = np.ascontiguousarray(block, dtype=dtype)
    check_rows(block, name)
    return block


def pair_ids(ids, names, n):
    """The sample_id of the pairs: the files' own where they have them, else numbers."""
    given = [(column, name) for column, name in zip(ids, names, strict=True) if column is not None]
    if not given:
        return [f"item-{i:06d}" for i in range(n)]
    if len(given) == 2:
        for row, (one, other) in enumerate(zip(given[0][0], given[1][0], strict=True)):
            if one != other:
                raise InputError(
                    f"{names[1]}: row {row} has sample_id {other!r}, but {names[0]} has {one!r}; "
                    "sort both in the same order"
                )
    column, name = given[0]
    seen = {}
    for row, value in enumerate(column):
        if value in seen:
            raise InputError(
                f"{name}: sample_id {value!r} is in row {seen[value]} and in row {row}; "
                "every pair needs its own"
            )
        seen[value] = row
    return column


def read_labels(path, ids):
    """Samples table of ready embeddings: their sample_id and every column of the labels file.

    Parameters
    ----------
    path : the labels file. ids : list of the n sample_id of the embeddings.

    Raises
    ------
    InputError : no column ``label``, another number of rows, an empty label, sample_id that differ.
    """
    labels = read_label_columns(path)
    if "label" not in labels:
        raise InputError(f"{path}: no column 'label' (found: {', '.join(labels.columns)})")
    if len(labels) != len(ids):
        raise InputError(
            f"{path}: {len(labels)} rows, but there are {len(ids)} pairs; give one label each"
        )
    empty = labels["label"].isna() | (labels["label"] == "")
    if empty.any():
        raise InputError(f"{path}: row {int(np.argmax(empty))} has no label")
    if "sample_id" in labels:
        for row, (given, own) in enumerate(zip(labels["sample_id"], ids, strict=True)):
            if given != own:
                raise InputError(
                    f"{path}: row {row} has sample_id {given!r}, but the embeddings have {own!r}; "
                    "sort both in the same order"
                )
    missing = {"caption_index": 0, "split": "all"}
    table = labels.assign(sample_id=ids)
    for column in SAMPLE_COLUMNS:
        if column not in table:
            table[column] = missing.get(column)
    return table[SAMPLE_COLUMNS + [name for name in table if name not in SAMPLE_COLUMNS]]


def read_label_columns(path):
    """Every column of a ``.csv`` or ``.parquet`` file as strings; missing values stay missing."""
    check_exists(path)
    if Path(path).suffix == ".parquet":
        frame = open_parquet(path).read().to_pandas()
    elif Path(path).suffix == ".csv":
        try:
            frame = pd.read_csv(path, dtype=str)
        except (ValueError, UnicodeDecodeError) as error:  # pandas' parser errors are ValueErrors
            raise InputError(f"{path}: not readable ({' '.join(str(error).split())})") from error
    else:
        raise InputError(f"{path}: labels are read from .csv or .parquet")
    return frame.astype(object).map(lambda value: value if pd.isna(value) else str(value))


def read_class_prompts(path, classes, dim):
    """Labels of the classes and their embedded prompts.

    Parameters
    ----------
    path : the class prompts. classes : labels of the rows of a ``.npy``; None for ``.parquet``.
    dim : width of the embeddings they are compared with.

    Returns
    -------
    labels : list of n_classes strings. vectors : (n_classes, dim) float32 or float16.

    Raises
    ------
    InputError : labels that are missing or occur twice, another width, values that are not finite.
    """
    vectors = as_storage(read_modality(path)[0], path)
    labels = classes
    if Path(path).suffix == ".parquet":
        table = open_parquet(path)
        if "label" not in table.schema_arrow.names:
            names = ", ".join(table.schema_arrow.names)
            raise InputError(f"{path}: no column 'label' (found: {names})")
        labels = table.read(columns=["label"]).column(0).cast(pa.string()).to_pylist()
    elif classes is None:
        raise InputError(f"{path}: a .npy has no class names; list them in 'classes', in its order")
    if len(labels) != len(vectors):
        raise InputError(f"{path}: {len(vectors)} rows, but {len(labels)} classes are listed")
    for row, label in enumerate(labels):
        if label is None or label in labels[:row]:
            what = "has no label" if label is None else f"has label {label!r} again"
            raise InputError(f"{path}: row {row} {what}; every class needs one row of its own")
    if vectors.shape[1] != dim:
        raise InputError(f"{path}: {vectors.shape[1]} dimensions, but the embeddings have {dim}")
    return labels, vectors
