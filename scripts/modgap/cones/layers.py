"""The cone layer by layer in real networks: where along a tower the pairwise cosine rises.

Forward hooks reduce every layer's output to sums of unit vectors at once; nothing else is kept, so
memory does not grow with the number of pictures. Covers open_clip's own image and text towers and
torchvision's ResNets.

``kind`` tells the points apart: embedding (what enters the first block), normalisation, attention
and mlp (a branch before it is added), convolution, residual (the stream after an addition),
projection (what leaves the tower).
"""

from functools import partial
from typing import NamedTuple

import torch
from torch import nn

from modgap.errors import InputError
from modgap.statistics.geometry import GroupedCosine


class Point(NamedTuple):
    """A place in a network: what enters (``side`` "input") or leaves ("output") a module."""

    module: nn.Module
    side: str
    kind: str
    block: int  # 0 before the first block, then 1, 2, ...
    name: str


def transformer_points(blocks):
    """Points of open_clip's residual attention blocks, in the order of computing."""
    points = [Point(blocks[0], "input", "embedding", 0, "embedding")]
    for number, block in enumerate(blocks, start=1):
        points += [
            Point(block.ln_1, "output", "normalisation", number, "ln_1"),
            Point(block.attn, "output", "attention", number, "attn"),
            Point(block.ln_2, "input", "residual", number, "stream after attention"),
            Point(block.ln_2, "output", "normalisation", number, "ln_2"),
            Point(block.mlp, "output", "mlp", number, "mlp"),
            Point(block, "output", "residual", number, "stream after mlp"),
        ]
    return points


def convolution_points(tower):
    """Points of a torchvision ResNet or open_clip's modified one, in the order of computing."""
    blocks = [block for layer in range(1, 5) for block in getattr(tower, f"layer{layer}")]
    points = []
    for number, part in enumerate([tower, *blocks]):
        for layer in range(1, 4):
            for kind, name in (("convolution", f"conv{layer}"), ("normalisation", f"bn{layer}")):
                if hasattr(part, name):
                    points.append(Point(getattr(part, name), "output", kind, number, name))
        if number:
            points.append(Point(part, "output", "residual", number, "stream"))
    last = len(blocks) + 1
    if hasattr(tower, "attnpool"):
        points.append(Point(tower.attnpool, "output", "attention", last, "attnpool"))
    return points


def image_tower(model):
    """The image tower of an open_clip model, or the model itself if it has no other."""
    return getattr(model, "visual", model)


def text_tower(model):
    """What holds the text blocks of an open_clip model: its ``text`` or the model itself."""
    return getattr(model, "text", model)


def image_points(model):
    """Points of the image tower, but for the projection, which is the encoder's own output.

    Raises
    ------
    InputError : a tower whose layers are not known here.
    """
    tower = image_tower(model)
    if hasattr(tower, "layer4"):
        return convolution_points(tower)
    if hasattr(tower, "ln_post") and tower.attn_pool is None:
        points = transformer_points(tower.transformer.resblocks)
        before = Point(tower.ln_pre, "input", "embedding", 0, "before ln_pre")
        last = len(tower.transformer.resblocks) + 1
        return [
            before,
            *points,
            Point(tower.ln_post, "output", "normalisation", last, "ln_post"),
        ]
    raise InputError(
        f"image tower {type(tower).__name__}: its layers are not known; "
        "the curve by layer needs an open_clip ViT or ResNet, or a torchvision ResNet"
    )


def text_points(model):
    """Points of the text tower, but for the projection, which is the encoder's own output."""
    tower = text_tower(model)
    if not hasattr(tower, "ln_final") or getattr(tower, "cls_emb", None) is not None:
        raise InputError(
            f"text tower {type(tower).__name__}: its layers are not known; "
            "the curve by layer needs an open_clip text transformer"
        )
    last = len(tower.transformer.resblocks) + 1
    return [
        *transformer_points(tower.transformer.resblocks),
        Point(tower.ln_final, "output", "normalisation", last, "ln_final"),
    ]


def pooled_positions(model, texts):
    """Index (n,) of the token that an open_clip text tower reads out (its text_global_pool).

    texts : (n, context) token ids.
    """
    tower = text_tower(model)
    pool = tower.pool_type if hasattr(tower, "pool_type") else model.text_pool_type
    if pool == "argmax":
        return texts.argmax(dim=-1)  # (n, context) -> (n,)
    if pool == "eos":
        eos = tower.eos_token_id if hasattr(tower, "eos_token_id") else model.text_eos_id
        return (texts == eos).int().argmax(dim=-1)  # (n, context) -> (n,)
    if pool in ("first", "last"):
        index = 0 if pool == "first" else texts.shape[1] - 1
        return torch.full((len(texts),), index, device=texts.device)  # (n,)
    raise InputError(f"text tower: pooling {pool!r} reads out no single token")


def read_vectors(output, positions):
    """The vectors of one layer output, one per item: dict from read-out to (n, width).

    Tokens (n, tokens, width) give the pooled token, at ``positions`` (n,) or the first where that
    is None, and the mean over the tokens (up to the pooled one in texts: what follows is padding).
    Maps (n, channels, height, width) give their mean over places. Vectors are taken as they are.
    """
    if isinstance(output, tuple):
        output = output[0]
    if output.ndim == 2:
        return {"vector": output}  # (n, width)
    if output.ndim == 4:
        return {"mean over places": output.mean(dim=(2, 3))}  # (n, channels)
    if positions is None:
        return {"pooled token": output[:, 0], "token mean": output.mean(dim=1)}  # (n, width) each
    tokens = torch.arange(output.shape[1], device=output.device)  # (tokens,)
    kept = (tokens <= positions[:, None]).to(output.dtype)  # (n, tokens)
    mean = torch.einsum("ntd,nt->nd", output, kept) / kept.sum(dim=1, keepdim=True)  # (n, width)
    pooled = output[torch.arange(len(output)), positions]  # (n, width)
    return {"pooled token": pooled, "token mean": mean}


def layer_cosines(model, modality, encode, batches, *, groups=20):
    """Mean pairwise cosine after every layer of one tower, in one pass.

    Parameters
    ----------
    model : open_clip model, or torchvision ResNet (pictures only), in eval mode
    modality : "images" or "texts"
    encode : function that passes one batch through that tower and returns (n, dim) embeddings
    batches : iterable of what ``encode`` takes
    groups : the items are dealt into this many groups, for intervals that leave out one at a time

    Returns
    -------
    list of dict, one per layer and read-out in the order of computing: ``layer`` (0, 1, ...),
    ``block``, ``name``, ``kind``, ``readout``, ``dim``, ``n``, ``value`` and ``left_out`` (the
    value without each group). ``value`` is nan where every output is zero, as behind the
    BatchNorms that open_clip initialises with zeros.
    """
    points = image_points(model) if modality == "images" else text_points(model)
    last = Point(model, "output", "projection", points[-1].block, "projection")
    sums, handles = {}, []
    read_at = {"positions": None}

    def collect(layer, output):
        for readout, vectors in read_vectors(output, read_at["positions"]).items():
            if (layer, readout) not in sums:
                sums[layer, readout] = GroupedCosine(groups, vectors.shape[1])
            sums[layer, readout].add(vectors.detach().double().cpu().numpy())

    def note_positions(_, inputs):
        read_at["positions"] = pooled_positions(model, inputs[0])

    try:
        if modality == "texts":
            embedding = text_tower(model).token_embedding
            handles.append(embedding.register_forward_pre_hook(note_positions))
        for layer, point in enumerate(points):
            handles.append(add_hook(point, partial(collect, layer)))
        for batch in batches:
            embeddings = torch.as_tensor(encode(batch))  # (n, dim)
            if points[-1].kind == "normalisation":  # a transformer, which ends in a projection
                collect(len(points), embeddings)
    finally:
        for handle in handles:
            handle.remove()
    points = [*points, last]
    return [
        {
            "layer": layer,
            "block": points[layer].block,
            "name": points[layer].name,
            "kind": points[layer].kind,
            "readout": readout,
            **total.result(),
        }
        for (layer, readout), total in sorted(sums.items())
    ]


def add_hook(point, collect):
    """Call ``collect`` with what passes at ``point``; returns the handle that undoes it."""
    if point.side == "output":
        return point.module.register_forward_hook(lambda _, __, output: collect(output))

    def before(_, inputs, named):
        collect(inputs[0] if inputs else next(iter(named.values())))

    return point.module.register_forward_pre_hook(before, with_kwargs=True)
