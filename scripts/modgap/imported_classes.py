"""Labels and class prompts that come with ready embeddings, for zero-shot classification.

Labels: a ``.csv`` or ``.parquet`` with one row per pair, in the order of the embeddings, and a
column ``label``; where it has ``sample_id`` these must be the embeddings'. Class prompts: a
``.parquet`` with columns ``label`` and ``embedding``, one row per class, or a ``.npy`` of shape
(n_classes, dim) whose classes the configuration lists.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from modgap.errors import InputError
from modgap.imported import as_storage, check_exists, read_modality
from modgap.tables import SAMPLE_COLUMNS, open_parquet


def read_labels(path, ids):
    """Samples table of ready embeddings: their sample_id and every column of the labels file.

    Parameters
    ----------
    path : the labels file. ids : list of the n sample_id of the embeddings.

    Raises
    ------
    InputError : no column ``label``, another number of rows, an empty label, sample_id that differ.
    """
    labels = read_columns(path)
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


def read_columns(path):
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
