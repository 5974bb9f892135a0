"""Ready-made embeddings, read from the user's files: clouds, their labels, their class prompts.

Every modality is a cloud of its own, with an id for each row. Where the files have ids, the clouds
are joined on them later; otherwise row i of all of them is one item. Several rows of one item
(texts of a picture) carry the id of the item that owns them. For zero-shot classification, a table
of labels and the embedded prompts of the classes come with the clouds.
"""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd

from modgap.embeddings.formats.arrays import read_array, read_first_row, read_plain_npy
from modgap.embeddings.formats.naming import as_texts, check_named
from modgap.errors import InputError
from modgap.files import sha256_of
from modgap.inputs import LARGEST_TABLE, check_file
from modgap.tables import (
    BY_ID,
    BY_ROW,
    SAMPLE_COLUMNS,
    UNPAIRED,
    check_rows,
    load_arrow,
    open_parquet,
)

# The column that a parquet file may have without its being named.
USUAL_ID = "sample_id"

# Rows of one item that differ by no more than this, of their length, are copies.
COPY_TOLERANCE = 1e-5


def read_cloud(part):
    """One modality of an ``embeddings`` dataset.

    Parameters
    ----------
    part : dict: ``path``, ``array`` (block, column or tensor, or None), ``id`` (column that names
        the items, or None), ``owner`` and ``groups`` (``{column: NAME}``, ``{file: PATH}``, None):
        the item of each row, where an item has several; ``paired``: whether rows of this modality
        belong to rows of others.

    Returns
    -------
    ids : DataFrame, n rows: ``sample_id`` and, with owners or groups, ``caption_index``.
    block : (n, dim) float32 or float16.
    joined : ``BY_ID``, ``BY_ROW`` or ``UNPAIRED``: what the ids are.

    Raises
    ------
    InputError : see ``read_array``; values that are not finite, zero vectors, ids that occur twice
        although no owner is named, owners of another number.
    """
    path, where = part["path"], name_part(part)
    id_column = part["id"] or usual_id(path)
    owner = part["groups"] or part["owner"]
    named = [id_column, owner.get("column")] if owner else [id_column]
    block, columns = read_array(
        path, part["array"], [name for name in dict.fromkeys(named) if name]
    )
    block = as_storage(block, where)
    if owner:
        return read_owned(part, owner, columns, block)
    if id_column is None or not part["paired"]:
        joined = BY_ROW if part["paired"] else UNPAIRED
        return pd.DataFrame({"sample_id": number_rows(range(len(block)))}), block, joined
    keys = check_keys(columns[id_column], id_column, path)
    check_single(keys, id_column, path)
    return pd.DataFrame({"sample_id": keys}), block, BY_ID


def name_part(part):
    """What messages call a modality: its file, and the block of it."""
    if isinstance(part["array"], int):
        return f"{part['path']}, modality {part['array'] + 1} of 2"
    return part["path"]


def usual_id(path):
    """``sample_id`` where a parquet file has such a column."""
    if Path(path).suffix != ".parquet" or not Path(path).is_file():
        return None
    return USUAL_ID if USUAL_ID in open_parquet(path).schema_arrow.names else None


def number_rows(rows):
    """Ids of items that have no other: the number of their row."""
    return [f"item-{row:06d}" for row in rows]


def unnumber_rows(ids):
    """Numbers (n,) of the rows that ``number_rows`` called so."""
    return np.array([int(name.removeprefix("item-")) for name in ids], dtype=np.int64)


def check_keys(keys, column, path):
    """The ids, or an InputError where one is missing."""
    for row, key in enumerate(keys):
        if pd.isna(key) or key == "":
            raise InputError(f"{path}: row {row} has no {column}")
    return list(keys)


def check_single(keys, column, path):
    """Raise an InputError when an id occurs twice."""
    seen = {}
    for row, value in enumerate(keys):
        if value in seen:
            raise InputError(
                f"{path}: {column} {value!r} is in row {seen[value]} and in row {row}; every item "
                "needs its own, and several texts of one picture an 'owner'"
            )
        seen[value] = row


def read_owned(part, owner, columns, block):
    """A cloud of which several rows may belong to one item; copies of one row are one."""
    path = owner.get("file", part["path"])
    what = owner.get("column", "owner")
    keys = columns[owner["column"]] if "column" in owner else read_owners(path)
    if len(keys) != len(block):
        raise InputError(f"{path}: {len(keys)} rows, but {part['path']} has {len(block)}")
    keys = check_keys(keys, what, path)
    joined = BY_ID if part["groups"] or part["id"] else BY_ROW
    if joined == BY_ROW:
        for row, key in enumerate(keys):
            if not key.isdecimal():
                raise InputError(
                    f"{path}: row {row} has owner {key!r}, which is no number of a row (from 0); "
                    "where owners are ids, name the column of the ids with 'id'"
                )
        keys = number_rows(map(int, keys))
    return *number_copies(keys, block, grouped=bool(part["groups"])), joined


def number_copies(keys, block, *, grouped):
    """Ids of rows (n, dim) of which several may belong to one item, and the rows that are kept.

    keys : (n,) ids of the items. grouped : copies of one row are one row.
    """
    frame = pd.DataFrame({"sample_id": keys})
    if grouped and are_copies(frame["sample_id"], block):
        kept = np.flatnonzero(~frame["sample_id"].duplicated())
        return frame.iloc[kept].reset_index(drop=True), block[kept]
    frame["caption_index"] = frame.groupby("sample_id", sort=False).cumcount()
    return frame, block


def are_copies(keys, block):
    """Whether all rows of an item are the same vector, for every item."""
    first = block[keys.drop_duplicates().index].astype(np.float64)
    codes = pd.factorize(keys)[0]
    distance = np.linalg.norm(block.astype(np.float64) - first[codes], axis=1)
    return bool((distance <= COPY_TOLERANCE * np.linalg.norm(first, axis=1)[codes]).all())


def read_owners(path):
    """The item of each row as texts: an ``.npy`` of n numbers, or the only column of a table."""
    check_file(path)
    if Path(path).suffix == ".npy":
        owners = read_plain_npy(path)
        if owners.ndim != 1 or not np.issubdtype(owners.dtype, np.integer):
            raise InputError(
                f"{path}: {owners.dtype} of shape {owners.shape}, expected (n,) whole numbers"
            )
        return as_texts(owners)
    frame = read_label_columns(path)
    if len(frame.columns) != 1:
        found = ", ".join(map(str, frame.columns))
        raise InputError(f"{path}: owners are one column, not {len(frame.columns)} ({found})")
    return frame.iloc[:, 0].tolist()


def file_digest(part):
    """Sha256 over the content of the file of one modality."""
    return hashlib.sha256(sha256_of(part["path"]).encode()).hexdigest()


def as_storage(block, name):
    """The block as float16 (kept) or float32, after the checks of every row."""
    dtype = np.float16 if block.dtype.itemsize == 2 else np.float32
    with np.errstate(over="ignore", under="ignore"):  # what overflows is not finite below
        block = np.ascontiguousarray(block, dtype=dtype)
    check_rows(block, name)
    return block


def read_labels(path, ids, id_column=None):
    """Samples table of ready embeddings: their sample_id and every column of the labels file.

    Parameters
    ----------
    path : the labels file. ids : list of the n sample_id of the embeddings. id_column : the column
        that joins both in any order; without it, or where the labels have none, row i is item i.

    Raises
    ------
    InputError : no column ``label``, another number of rows, an empty label, items without a label.
    """
    labels = read_label_columns(path)
    if "label" not in labels:
        raise InputError(f"{path}: no column 'label' (found: {', '.join(labels.columns)})")
    empty = labels["label"].isna() | (labels["label"] == "")
    if empty.any():
        raise InputError(f"{path}: row {int(np.argmax(empty))} has no label")
    joining = id_column or USUAL_ID
    if joining in labels:
        labels = order_labels(path, labels, joining, ids)
    elif len(labels) != len(ids):
        raise InputError(
            f"{path}: {len(labels)} rows, but there are {len(ids)} items; give one label each"
        )
    missing = {"caption_index": 0, "split": "all"}
    table = labels.assign(sample_id=ids)
    for column in SAMPLE_COLUMNS:
        if column not in table:
            table[column] = missing.get(column)
    return table[SAMPLE_COLUMNS + [name for name in table if name not in SAMPLE_COLUMNS]]


def order_labels(path, labels, column, ids):
    """The rows of a table of labels in the order of the embeddings' ids; surplus rows are left."""
    check_single(check_keys(labels[column], column, path), column, path)
    rows = pd.Series(np.arange(len(labels)), index=labels[column]).reindex(ids)
    if rows.isna().any():
        count, first = int(rows.isna().sum()), ids[int(np.argmax(rows.isna()))]
        raise InputError(f"{path}: no label for {count} of {len(ids)} items, the first {first!r}")
    return labels.iloc[rows.to_numpy(dtype=int)].reset_index(drop=True)


def read_label_columns(path):
    """Every column of a ``.csv`` or ``.parquet`` file as strings; missing values stay missing.

    A class may be called NA or null: of a CSV only an empty cell is missing.
    """
    check_file(path, LARGEST_TABLE)
    if Path(path).suffix == ".parquet":
        stored = open_parquet(path)
        for name in stored.schema_arrow.names:
            check_named(path, name, stored.schema_arrow.names)
        frame = stored.read().to_pandas()
    elif Path(path).suffix == ".csv":
        try:
            header = read_first_row(path, ",")
            for name in header:
                check_named(path, name, header)
            frame = pd.read_csv(
                path, dtype=str, keep_default_na=False, na_values=[""], encoding="utf-8"
            )
        except (ValueError, UnicodeDecodeError) as error:  # pandas' parser errors are ValueErrors
            raise InputError(f"{path}: not readable ({' '.join(str(error).split())})") from error
    else:
        raise InputError(f"{path}: labels are read from .csv or .parquet")
    try:
        return frame.astype(object).map(lambda value: value if pd.isna(value) else str(value))
    except ValueError as error:  # a list has no single answer to whether it is missing
        raise InputError(f"{path}: a cell holds a list; give one text or number a cell") from error


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
    vectors = as_storage(read_array(path)[0], path)
    labels = classes
    if Path(path).suffix == ".parquet":
        table = open_parquet(path)
        if "label" not in table.schema_arrow.names:
            names = ", ".join(table.schema_arrow.names)
            raise InputError(f"{path}: no column 'label' (found: {names})")
        check_named(path, "label", table.schema_arrow.names)
        column = table.read(columns=["label"]).column(0)
        pa = load_arrow()
        try:
            labels = column.cast("string").to_pylist()
        except pa.ArrowNotImplementedError as error:
            raise InputError(f"{path}: column 'label' is {column.type}, not text") from error
    elif classes is None:
        raise InputError(f"{path}: has no class names; list them in 'classes', in its order")
    if len(labels) != len(vectors):
        raise InputError(f"{path}: {len(vectors)} rows, but {len(labels)} classes are listed")
    for row, label in enumerate(labels):
        if label is None or label in labels[:row]:
            what = "has no label" if label is None else f"has label {label!r} again"
            raise InputError(f"{path}: row {row} {what}; every class needs one row of its own")
    if vectors.shape[1] != dim:
        raise InputError(f"{path}: {vectors.shape[1]} dimensions, but the embeddings have {dim}")
    return labels, vectors
