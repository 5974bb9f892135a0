"""Folders of embeddings in shards, in every layout that is read."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from modgap.tables import embedding_column


def toy_sides(n=300, dim=6, seed=0, dtype=np.float32):
    """Raw rows (n, dim) of two modalities of which row i of both is a pair."""
    rng = np.random.default_rng(seed)
    shared = rng.standard_normal((n, dim))
    first = shared + rng.standard_normal((n, dim)) + 1
    second = shared + rng.standard_normal((n, dim)) - 0.5
    return first.astype(dtype), second.astype(dtype)


def toy_pictures(n=300, dim=6, seed=0, dtype=np.float32):
    """As ``toy_sides``, n pictures of 1 to 4 texts each, and the id of each row (m,) as text."""
    rng = np.random.default_rng(seed + 1)
    owner = np.repeat(np.arange(n), rng.integers(1, 5, n))
    first, _ = toy_sides(n, dim, seed, dtype)
    second = first[owner] - 1.5 + rng.standard_normal((len(owner), dim))
    ids = np.array([f"{number:x}.jpg" for number in rng.permutation(n)])
    return first[owner], second.astype(dtype), ids[owner]


def cut_rows(n, parts, ids=None):
    """Slices of n rows, about as long as each other; no picture is cut through."""
    edges = np.cumsum([0, *map(len, np.array_split(np.arange(n), parts))])
    if ids is not None:
        starts = np.append(np.flatnonzero(np.append(True, ids[1:] != ids[:-1])), n)
        edges = starts[np.searchsorted(starts, edges)]
    return [slice(*edges[part : part + 2]) for part in range(parts)]


def write_folder(folder, first, second, parts, layout="npy", ids=None):
    """Write both sides as ``parts`` shards; the entry of a configuration that names them.

    ids : (n,) texts or numbers of the pictures of the rows, as column ``key``; none if None.
    """
    folder.mkdir(parents=True, exist_ok=True)
    entry = {"kind": "embeddings", "folder": str(folder)}
    if layout != "npy":
        entry["columns"] = {"image": "b32_img", "text": "b32_txt"}
    if ids is not None:
        entry["groups"] = "key"
    for number, rows in enumerate(cut_rows(len(first), parts, ids)):
        named = {} if ids is None else {"key": ids[rows]}
        write_shard(folder, number, first[rows], second[rows], layout, named)
    return entry


def write_shard(folder, number, images, texts, layout, named):
    """One shard of ``write_folder``, with further columns by name."""
    if layout == "npy":
        for name, rows in (("img_emb", images), ("text_emb", texts)):
            (folder / name).mkdir(exist_ok=True)
            np.save(folder / name / f"{name}_{number}.npy", rows)
        if named:
            (folder / "metadata").mkdir(exist_ok=True)
            path = folder / "metadata" / f"metadata_{number}.parquet"
            pq.write_table(pa.table(named), path, row_group_size=13)
    elif layout == "npz":
        arrays = {"b32_img": images, "b32_txt": texts, "l14_img": images}
        np.savez(folder / f"{number:08d}.npz", **arrays, **named)
    else:
        columns = [embedding_column(images), embedding_column(texts)]
        if layout == "lists":
            columns = [column.cast(pa.list_(column.type.value_type)) for column in columns]
        table = pa.table({"b32_img": columns[0], "b32_txt": columns[1], **named})
        # Row groups end where they like.
        pq.write_table(table, folder / f"part-{number}.parquet", row_group_size=17)
