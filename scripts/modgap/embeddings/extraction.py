"""Batched embedding of pictures and captions, of one shard or of the first items of a dataset.

Every batch of pictures has ``batch_size`` rows; the last one is filled up with copies of its last
row, to a multiple of ``FILL``. Captions go through in the order of their lengths, in batches that
are as long as their longest caption; the rows stay in their order. Embeddings do not depend on the
number of shards (to 1e-6 after normalisation in fp32).
"""

from functools import partial

import numpy as np
import pandas as pd
import torch

from modgap.data.arrays import open_array
from modgap.embeddings.forward.batch_sizes import choose_batch_size, is_out_of_memory
from modgap.embeddings.forward.picture_tower import picture_function
from modgap.embeddings.forward.precision import describe_cosines
from modgap.embeddings.forward.transfer import send
from modgap.errors import InputError
from modgap.job import LOG, progress
from modgap.tables import read_table

FILL = 32  # rows; from 8 on, a processor takes the same time per picture
ROUNDING = 8  # tokens that lengths are rounded up to on a GPU, which likes few shapes


def embed_images(model, pixels, batch_size, *, bar=True):
    """Embed (n, size, size, 3) pictures, uint8 or float32 noise: (n, dim) float32, raw."""
    if bar and model.precision != "fp32" and len(pixels):
        embed_few = partial(embed_images, batch_size=FILL, bar=False)
        LOG.info("pictures, %s", describe_cosines(model, embed_few, pixels))
    encode = picture_function(model, len(pixels))
    with torch.inference_mode(), model.autocast():
        batch_size = choose_batch_size(batch_size, encode, pixels, model.device, bar=bar)
        parts = batches(range(len(pixels)), batch_size)
        take = partial(take_filled, pixels, batch_size)
        return embed(encode, take, parts, model, what="pictures", bar=bar)


def embed_captions(model, captions, batch_size):
    """Embed a sequence of n captions: (n, dim) float32, raw. Equal captions are embedded once."""
    rows, unique = pd.factorize(np.asarray(captions, dtype=object))
    if len(unique) == 0:
        return np.empty((0, model.dim), np.float32)
    return embed_tokens(model, model.tokenize(list(unique)), batch_size)[rows]


def embed_tokens(model, tokens, batch_size, *, bar=True):
    """Embed (n, context_length) int64 token ids: (n, dim) float32, raw."""
    lengths = model.text_lengths(tokens)
    if bar and len(tokens):
        LOG.info("%s", describe_lengths(lengths, tokens.shape[1]))
        if model.precision != "fp32":
            embed_few = partial(embed_tokens, batch_size=FILL, bar=False)
            LOG.info("captions, %s", describe_cosines(model, embed_few, tokens))
    if model.device.type == "cuda":
        lengths = np.minimum(-(-lengths // ROUNDING) * ROUNDING, tokens.shape[1])
    order = np.argsort(lengths, kind="stable")

    def take(part):
        return tokens[part, : lengths[part].max()]

    with torch.inference_mode(), model.autocast():
        batch_size = choose_batch_size(batch_size, model.embed_texts, tokens, model.device, bar=bar)
        parts = batches(order, batch_size)
        return embed(model.embed_texts, take, parts, model, what="captions", bar=bar)


def describe_lengths(lengths, context):
    """A line for the log: how many tokens of the context the text tower runs on."""
    if lengths.min() == context:
        return f"captions: each takes all {context} tokens, on which this text tower depends"
    return f"captions: {lengths.mean():.1f} of {context} tokens each, on average"


def noise_tokens(indices, seed, context_length, vocab_size):
    """Uniformly random token ids, the text side of the noise control.

    Sample i has its own generator (seed, i), so its tokens do not depend on shards. Towers that
    pool at the highest token id (CLIP's) thus pool at a random position.

    Returns
    -------
    (n, context_length) int64 in [0, vocab_size).
    """
    rows = [
        # 1 keeps the stream apart from that of the pixels, which is (seed, i).
        np.random.default_rng([seed, i, 1]).integers(vocab_size, size=context_length)
        for i in indices
    ]
    return np.array(rows, dtype=np.int64).reshape(len(rows), context_length)


def embed(encode, take, parts, model, *, what, bar=True):
    """Embed items in batches, on a GPU without waiting for any of them but the last.

    Parameters
    ----------
    encode : tensor of a batch on the model's device -> (rows, dim) tensor on the device
    take : rows of a part -> array of the batch, which may have more rows at its end
    parts : list of the rows of each batch, sequences of int that together are 0 ... n - 1
    model : has ``dim`` and ``device``
    what : the items' name in progress and errors. bar : whether to show progress.

    Returns
    -------
    (n, dim) float32, in the order of the rows.

    Raises
    ------
    InputError : out of memory; values that are not finite (fp16 overflows).
    """
    n = sum(map(len, parts))
    coming = (
        (part, take(part)) for part in (progress(parts, total=n, what=what) if bar else parts)
    )
    found = []
    try:
        for part, batch in send(coming, model.device):
            found.append(encode(batch)[: len(part)].float())
        found = torch.cat(found).cpu().numpy() if found else np.empty((0, model.dim), np.float32)
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        raise InputError(
            f"embeddings.batch_size: {len(parts[0])} {what} at once do not fit into memory; "
            "set a smaller batch_size"
        ) from error
    embeddings = np.empty((n, model.dim), np.float32)
    if n:
        embeddings[np.concatenate(parts)] = found
    finite = np.isfinite(embeddings).all(axis=1)
    if not finite.all():
        raise InputError(
            f"embeddings.precision: row {int(np.argmin(finite))} of the {what} has values that "
            "are not finite; use fp32, and if that is set already, other weights"
        )
    return embeddings


def batches(rows, size):
    """Cut ``rows`` into batches of ``size``, the last one as long as it is."""
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def filled_rows(n):
    """The next multiple of ``FILL``: 50 pictures need not run as 256."""
    return -(-n // FILL) * FILL


def take_filled(items, batch_size, part):
    """The items of a range of rows, filled up to ``filled_rows``, ``batch_size`` at most."""
    filled = min(batch_size, filled_rows(len(part)))
    return fill_batch(items[part.start : part.stop], filled)


def fill_batch(batch, batch_size):
    """``batch`` with copies of its last row up to ``batch_size`` rows."""
    missing = batch_size - len(batch)
    return np.concatenate([batch, np.repeat(batch[-1:], missing, axis=0)]) if missing else batch


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
        blocks.append(open_array(array)[: len(kept)])
        sample_ids += list(kept)
    return sample_ids, np.concatenate(blocks)


def first_tokens(loaded, samples, sample_ids, entry):
    """Token ids of each picture's first caption, random ids for the noise control.

    Parameters
    ----------
    loaded : modgap.embeddings.loaded.LoadedModel with a text tower
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


def embed_items(loaded, pixels, tokens, batch_size):
    """Embeddings of the same items by the towers of one network: {modality: (n, dim) float32}.

    tokens : (n, context_length), or None for a model without a text tower
    """
    found = {"images": embed_images(loaded, pixels, batch_size, bar=False)}
    if tokens is not None:
        found["texts"] = embed_tokens(loaded, tokens, batch_size, bar=False)
    return found
