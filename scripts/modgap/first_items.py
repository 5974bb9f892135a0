"""The first pictures of a dataset, with their captions, for repeated passes over a few items."""

import numpy as np
import pyarrow as pa

from modgap.errors import InputError
from modgap.extract import noise_tokens
from modgap.tables import read_table


def first_pixels(arrays, indices, items):
    """Crops of the first ``items`` good pictures; all where there are fewer.

    Parameters
    ----------
    arrays, indices : the shards that ``decode_pixels`` wrote, in order

    Returns
    -------
    sample_ids : list of n str
    pixels : (n, size, size, 3) uint8, or float32 for noise
    """
    sample_ids, blocks = [], []
    for array, index in zip(arrays, indices, strict=True):
        good = read_table(index).query("row >= 0").sort_values("row")
        kept = good["sample_id"].head(items - len(sample_ids))
        blocks.append(np.load(array, mmap_mode="r", allow_pickle=False)[: len(kept)])
        sample_ids += list(kept)
    return sample_ids, np.concatenate(blocks)


def first_tokens(loaded, samples, sample_ids, entry):
    """Token ids of each picture's first caption, random ids for the noise control.

    Parameters
    ----------
    loaded : modgap.models.LoadedModel with a text tower
    samples : path of the samples table
    sample_ids : n pictures
    entry : the dataset's description

    Returns
    -------
    (n, context_length) int64

    Raises
    ------
    InputError : a picture has no caption.
    """
    first = read_table(samples).drop_duplicates("sample_id").set_index("sample_id").loc[sample_ids]
    if entry["kind"] == "noise":
        places = [int(image.removeprefix("noise#")) for image in first["image"]]
        return noise_tokens(places, entry["seed"], loaded.context_length, loaded.vocab_size)
    if first["caption"].isna().any():
        lonely = first.index[first["caption"].isna()][0]
        raise InputError(
            f"{samples}: {lonely} has no caption, which the text tower needs; "
            "give it one, or choose another dataset"
        )
    return loaded.tokenize(list(first["caption"]))


def embedded(loaded, labels, sample_ids, pixels, tokens, batch_size):
    """Embeddings of the items by the towers of one network.

    Parameters
    ----------
    loaded : modgap.models.LoadedModel
    labels : dict of columns that tell this network from others
    sample_ids, pixels, tokens : of n items; tokens None for a model without a text tower

    Returns
    -------
    pyarrow.Table : the labels, ``modality`` (images, texts), ``sample_id``, ``embedding``.
    """
    tables = []
    for modality, encode, items in [
        ("images", loaded.encode_images, pixels),
        ("texts", loaded.encode_texts, tokens),
    ]:
        if items is None:
            continue
        values = np.concatenate([encode(part) for part in batches(items, batch_size)])
        n, dim = values.shape
        columns = {key: pa.array([value] * n) for key, value in labels.items()}
        flat = pa.array(values.reshape(-1))
        columns |= {
            "modality": [modality] * n,
            "sample_id": sample_ids,
            "embedding": pa.FixedSizeListArray.from_arrays(flat, dim),
        }
        tables.append(pa.table(columns))
    return pa.concat_tables(tables)


def batches(rows, size):
    """Cut ``rows`` into batches of ``size``, the last one as long as it is."""
    return [rows[start : start + size] for start in range(0, len(rows), size)]
