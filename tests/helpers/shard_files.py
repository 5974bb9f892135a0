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


def write_folder(folder, first, second, parts, layout="npy"):
    """Write both sides as ``parts`` shards; the entry of a configuration that names them."""
    folder.mkdir(parents=True, exist_ok=True)
    pieces = list(
        enumerate(zip(*(np.array_split(side, parts) for side in (first, second)), strict=False))
    )
    if layout == "npy":
        for side, name in enumerate(("img_emb", "text_emb")):
            (folder / name).mkdir()
            for number, piece in pieces:
                np.save(folder / name / f"{name}_{number}.npy", piece[side])
        return {"kind": "embeddings", "folder": str(folder)}
    for number, (images, texts) in pieces:
        if layout == "npz":
            np.savez(folder / f"{number:08d}.npz", b32_img=images, b32_txt=texts, l14_img=images)
            continue
        columns = [embedding_column(images), embedding_column(texts)]
        if layout == "lists":
            columns = [column.cast(pa.list_(column.type.value_type)) for column in columns]
        table = pa.table(columns, names=["b32_img", "b32_txt"])
        # Row groups end where they like.
        pq.write_table(table, folder / f"part-{number}.parquet", row_group_size=17)
    columns = {"image": "b32_img", "text": "b32_txt"}
    return {"kind": "embeddings", "folder": str(folder), "columns": columns}
