"""Parquet in and out: column names, provenance, and the checks every reader makes.

Samples table (one row per picture and caption):
    sample_id      string, one per picture
    image          where the picture is: ``FILE``, ``ARCHIVE.tar#MEMBER``, ``ARRAY.npy#INDEX``
                   or ``noise#INDEX``
    caption        string or null
    caption_index  0, 1, ... within the picture
    label          class name or null
    mentioned      attribute columns that the caption names, joined by "+", or null
    split          string
    ...            attribute columns (strings)

Embedding file: ``sample_id``, ``caption_index`` (texts only), ``embedding`` (fixed-size list of
float32 or float16, raw, not normalised); provenance as JSON in the file metadata.
"""

import json

import numpy as np
import pandas as pd

from modgap.digests import check_digest
from modgap.errors import InputError
from modgap.extras import extra
from modgap.files import atomic_path
from modgap.inputs import check_file

SAMPLE_COLUMNS = [
    "sample_id",
    "image",
    "caption",
    "caption_index",
    "label",
    "mentioned",
    "split",
]

METADATA_KEY = b"modgap"

# Two files that describe the same model on the same data must agree on these.
PROVENANCE_KEYS = [
    "model",
    "weights_sha256",
    "dataset",
    "dataset_sha256",
    "precision",
    "open_clip",
    "torch",
]

# What the ids of ready embeddings are (metadata ``joined``): the user's own, numbers of rows, or
# numbers of rows that belong to no row of another modality.
BY_ID, BY_ROW, UNPAIRED = "by id", "by row", "unpaired"

# Parts of a recall's name that follow its side in a table: recall1_first_to_second_published.
VARIANTS = ("_published", "_chance", "_ceiling")


def load_arrow():
    """The package pyarrow, loaded where files are read or written: arrays do without it."""
    with extra("files"):
        import pyarrow.parquet

    return pyarrow


def write_table(frame, path, metadata=None):
    """Write a data frame as parquet with ``metadata`` (a JSON-able dict) beside the schema."""
    table = load_arrow().Table.from_pandas(frame, preserve_index=False)
    write_arrow(table, path, metadata)


def write_arrow(table, path, metadata=None):
    """Write an arrow table atomically, with ``metadata`` under our key."""
    merged = {**(table.schema.metadata or {})}
    merged[METADATA_KEY] = json.dumps(metadata or {}, sort_keys=True).encode()
    with atomic_path(path) as temporary:
        load_arrow().parquet.write_table(table.replace_schema_metadata(merged), temporary)


def read_metadata(path):
    """The dict that ``write_table`` stored with the file; empty for foreign files."""
    stored = (open_own(path).schema_arrow.metadata or {}).get(METADATA_KEY, b"{}")
    return json.loads(stored)


def data_provenance(path):
    """Which data a samples table or pixel index is of: what embeddings take over from it."""
    stored = read_metadata(path)
    return {key: stored[key] for key in ("dataset", "dataset_sha256")}


def open_parquet(path, **options):
    """A ParquetFile with these options of its own, or an InputError that names the file."""
    pa = load_arrow()
    try:
        return pa.parquet.ParquetFile(check_file(path), **options)
    except (OSError, pa.ArrowInvalid) as error:
        raise InputError(f"{path}: not a readable parquet file ({error})") from error


def open_own(path):
    """A ParquetFile that the pipeline wrote, after its content was compared with its digest."""
    return open_parquet(check_digest(path))


def read_table(path, columns=None):
    """Read a parquet table of the pipeline's own as a data frame."""
    return open_own(path).read(columns=columns).to_pandas()


def read_tables(paths, columns=None):
    """Read several tables of one schema, one below the other."""
    return pd.concat([read_table(path, columns) for path in paths], ignore_index=True)


def write_embeddings(path, ids, embeddings, provenance):
    """Write one shard of embeddings.

    Parameters
    ----------
    ids : DataFrame with ``sample_id`` and, for texts, ``caption_index``; n rows.
    embeddings : (n, dim) array, float32 or float16, raw.
    provenance : dict, see ``PROVENANCE_KEYS``.
    """
    table = load_arrow().Table.from_pandas(ids, preserve_index=False)
    write_arrow(table.append_column("embedding", embedding_column(embeddings)), path, provenance)


def embedding_column(embeddings):
    """An (n, dim) array as an arrow column of n fixed-size lists."""
    pa = load_arrow()
    flat = pa.array(np.ascontiguousarray(embeddings).reshape(-1))
    return pa.FixedSizeListArray.from_arrays(flat, embeddings.shape[1])


def read_embeddings(paths):
    """Read the shards of one modality.

    Returns
    -------
    ids : DataFrame, n rows: every column but the embedding.
    embeddings : (n, dim) raw, of the type they are stored in: float32 or float16.
    provenance : dict of the first shard.

    Raises
    ------
    InputError : shards whose provenance or width disagrees, rows that are not finite, zero vectors.
    """
    paths = [str(path) for path in paths]
    provenance = check_shards(paths)
    frames, blocks = [], []
    for path in paths:
        table = open_own(path).read()
        dim = read_width(path, table.schema)
        column = table.column("embedding").combine_chunks()
        block = column.values.to_numpy(zero_copy_only=False).reshape(len(column), dim)
        check_rows(block, path)
        blocks.append(block)
        frames.append(table.drop_columns(["embedding"]).to_pandas())
        check_width(path, dim, paths[0], blocks[0].shape[1])
    return pd.concat(frames, ignore_index=True), np.concatenate(blocks), provenance


def check_shards(paths):
    """Provenance of the first shard, after the others were compared with it."""
    provenances = [read_metadata(path) for path in paths]
    for path, provenance in zip(paths[1:], provenances[1:], strict=True):
        check_same_provenance(paths[0], provenances[0], path, provenance)
    return provenances[0]


def read_width(path, schema):
    """Width of the column of embeddings of a file."""
    if "embedding" not in schema.names:
        raise InputError(f"{path}: no column 'embedding'")
    kind = schema.field("embedding").type
    if not load_arrow().types.is_fixed_size_list(kind):
        raise InputError(f"{path}: column 'embedding' is not a fixed-size list")
    return kind.list_size


def check_width(path, dim, first, expected):
    """Raise an InputError where a shard has another width than the first."""
    if dim != expected:
        raise InputError(
            f"{path}: embeddings have {dim} dimensions, those of {first} have {expected}"
        )


def list_embeddings(paths):
    """``read_embeddings`` without the embeddings: ids, their width, provenance."""
    paths = [str(path) for path in paths]
    provenance, frames, widths = check_shards(paths), [], []
    for path in paths:
        stored = open_own(path)
        widths.append(read_width(path, stored.schema_arrow))
        check_width(path, widths[-1], paths[0], widths[0])
        names = [name for name in stored.schema_arrow.names if name != "embedding"]
        frames.append(stored.read(columns=names).to_pandas())
    return pd.concat(frames, ignore_index=True), widths[0], provenance


def read_embedding_blocks(paths, size):
    """Yield the raw rows of shards that ``list_embeddings`` has seen, at most ``size`` at a time.

    Raises
    ------
    InputError : rows that are not finite, zero vectors.
    """
    for path in paths:
        # Pages one after the other: a row group holds a million rows.
        options = {"pre_buffer": False, "buffer_size": 1 << 20}
        with open_parquet(path, **options) as stored:
            start = 0
            for batch in stored.iter_batches(size, columns=["embedding"]):
                column = batch.column(0)
                block = column.flatten().to_numpy(zero_copy_only=False)
                block = block.reshape(len(column), -1)
                check_rows(block, path, start)
                yield block
                start += len(block)


def check_rows(block, where, start=0):
    """Raise an InputError naming the first row of ``block`` that is not finite or all zero.

    start : number of the first row.
    """
    finite = np.isfinite(block).all(axis=1)
    if not finite.all():
        raise InputError(
            f"{where}: row {start + int(np.argmin(finite))} has values that are not finite"
        )
    nonzero = block.any(axis=1)
    if not nonzero.all():
        row = start + int(np.argmin(nonzero))
        raise InputError(f"{where}: row {row} is all zeros and has no direction; remove it")


def check_same_provenance(path, provenance, other_path, other, keys=PROVENANCE_KEYS):
    """Raise an InputError when two files disagree on what they were made from."""
    for key in keys:
        if key in provenance and key in other and provenance[key] != other[key]:
            raise InputError(
                f"{other_path}: {key} is {other[key]!r}, but {path} has {provenance[key]!r}; "
                "they were not made together, remove both and run again"
            )


def column_name(statistic, side):
    """Name of a measurement in a wide table; ``recall1_published`` keeps its variant last."""
    variant = next((end for end in VARIANTS if statistic.endswith(end)), "")
    stem = statistic.removesuffix(variant)
    return stem + variant if side == "both" else f"{stem}_{side}{variant}"
