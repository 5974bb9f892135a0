"""The image tower of a vision transformer as plain matrix products, in the fastest exact form.

Where a tower of open_clip is a plain vision transformer read out at its class token (``is_plain``),
the same sums are made in another form:

* patches are cut from the bytes and multiplied with the kernel of the first convolution, which has
  a stride as long as itself;
* the last block makes its class token alone: of all others it takes only keys and values;
* queries, keys and values come from one product and go through fused attention; sums and
  activations are made in place;
* on a processor, pictures go through in pieces whose widest layer stays in the cache, and weights
  are laid out once for the matrix products of MKL, where torch has it.

Embeddings equal those of ``encode_image`` but for rounding. Other towers are left to open_clip.
"""

from dataclasses import dataclass
from functools import partial

import torch
from torch.nn import functional

from modgap.embeddings.networks.light_imports import open_clip

# Bytes of the widest layer of a piece: 16 pictures of ViT-B/32; 8 and 32 took 1 to 6 % longer.
PIECE_BYTES = 10_000_000
# Pictures from which on laying out the weights takes less time than it saves, and the most that
# the second copy of the weights may take.
WORTH_PACKING = 48
PACKED_BYTES = 2_000_000_000


def is_plain(tower):
    """Whether ``tower_function`` knows how to compute an image tower."""
    return (
        isinstance(tower, open_clip.transformer.VisionTransformer)
        and tower.pool_type == "tok"
        and tower.attn_pool is None
        and not tower.output_tokens
        and tower.transformer.batch_first
        and all(
            type(block) is open_clip.transformer.ResidualAttentionBlock
            for block in tower.transformer.resblocks
        )
    )


def piece_size(tower):
    """Pictures that a processor takes at a time, at least 1."""
    tokens = tower.positional_embedding.shape[0]
    widest = max(block.mlp.c_fc.out_features for block in tower.transformer.resblocks)
    return max(1, PIECE_BYTES // (4 * tokens * widest))


def linear(weight, bias, *, rows=None, dtype=None):
    """The function x -> x weightᵀ + bias of a layer.

    Parameters
    ----------
    weight, bias : (out, in) and (out,) tensors; bias may be None
    rows : number of rows of x that the weights are laid out for, on a processor; other numbers are
        right too, and slower. None to leave them as they are.
    dtype : what the weights are rounded to once, where autocast would do it in every batch
    """
    weight = weight.detach()
    bias = None if bias is None else bias.detach()
    if dtype is not None:
        weight, bias = weight.to(dtype), None if bias is None else bias.to(dtype)
    if rows is None:
        return partial(functional.linear, weight=weight, bias=bias)
    packed = torch.ops.mkl._mkl_reorder_linear_weight(weight, rows)
    return lambda x: torch.ops.mkl._mkl_linear(x, packed, weight, bias, rows)


def can_pack():
    """Whether this torch lays weights out for MKL (those for Arm processors do not)."""
    return torch.backends.mkl.is_available() and hasattr(torch.ops.mkl, "_mkl_linear")


@dataclass(frozen=True)
class Block:
    """The layers of one transformer block as functions, and the module that they are of."""

    module: open_clip.transformer.ResidualAttentionBlock
    project: tuple  # x -> queries, keys and values together; of the last block queries, the rest
    out: object
    widen: object
    narrow: object


def read_block(block, rows, *, last, first_rows, dtype):
    """The ``Block`` of a module; in the last one ``first_rows`` class tokens are made alone."""
    attention = block.attn
    weight, bias = attention.in_proj_weight, attention.in_proj_bias
    width = attention.embed_dim
    make = partial(linear, dtype=dtype)
    if last:
        project = (
            make(weight[:width], bias[:width], rows=first_rows),
            make(weight[width:], bias[width:], rows=rows),
        )
    else:
        project = (make(weight, bias, rows=rows),)
    inner = first_rows if last else rows
    layers = (attention.out_proj, block.mlp.c_fc, block.mlp.c_proj)
    return Block(block, project, *(make(layer.weight, layer.bias, rows=inner) for layer in layers))


def split_heads(x, parts, heads):
    """(n, tokens, parts * width) -> ``parts`` tensors of (n, heads, tokens, width / heads)."""
    n, tokens, width = x.shape
    return x.view(n, tokens, parts, heads, width // (parts * heads)).permute(2, 0, 3, 1, 4)


def apply_block(block, x):
    """One transformer block: (n, tokens, width) -> the same, of the last block (n, 1, width).

    x is overwritten.
    """
    module = block.module
    heads = module.attn.num_heads
    normalised = module.ln_1(x)
    if len(block.project) == 1:
        q, k, v = split_heads(block.project[0](normalised), 3, heads)
    else:
        x = x[:, :1]
        (q,) = split_heads(block.project[0](normalised[:, :1].contiguous()), 1, heads)
        k, v = split_heads(block.project[1](normalised), 2, heads)
    attended = functional.scaled_dot_product_attention(q, k, v)
    x = x.add_(module.ls_1(block.out(attended.transpose(1, 2).flatten(2))))
    hidden = block.widen(module.ln_2(x))
    return x.add_(module.ls_2(block.narrow(activate(module.mlp.gelu, hidden))))


def activate(activation, hidden):
    """The activation of an MLP, in place where it is one of CLIP's."""
    if type(activation) is torch.nn.GELU:
        return torch.ops.aten.gelu_(hidden, approximate=activation.approximate)
    if type(activation) is open_clip.transformer.QuickGELU:
        return hidden.mul_(hidden.mul(1.702).sigmoid_())
    return activation(hidden)


def cut_patches(pictures, size):
    """(n, height, width, 3) -> (n, patches, size[0] * size[1] * 3), row by row of the picture."""
    n, height, width, channels = pictures.shape
    rows, columns = height // size[0], width // size[1]
    cut = pictures[:, : rows * size[0], : columns * size[1]]
    cut = cut.reshape(n, rows, size[0], columns, size[1] * channels).transpose(2, 3)
    return cut.reshape(n, rows * columns, -1)


def tower_function(tower, mean, std, *, rows=None, dtype=None):
    """The function that embeds pictures by a plain tower.

    Parameters
    ----------
    tower : image tower of which ``is_plain`` is true, in evaluation mode
    mean, std : of the three channels, which uint8 pictures are normalised with
    rows : pictures of a call that the weights are laid out for, None not to do so
    dtype : of the weights, None for that of the tower

    Returns
    -------
    function : (n, size, size, 3) uint8, or float32 that is taken as it is -> (n, dim) raw
    """
    kernel = tower.conv1.weight
    device = kernel.device
    patch = tuple(tower.patch_size)
    length = tower.positional_embedding.shape[0]  # class token and patches
    pixels = patch[0] * patch[1]
    mean, std = (torch.tensor(values, device=device).repeat(pixels) for values in (mean, std))
    times = (lambda n: None) if rows is None else (lambda n: n * rows)
    embed_patches = linear(
        kernel.permute(0, 2, 3, 1).flatten(1), tower.conv1.bias, rows=times(length - 1), dtype=dtype
    )
    modules = tower.transformer.resblocks
    blocks = [
        read_block(
            module, times(length), last=module is modules[-1], first_rows=times(1), dtype=dtype
        )
        for module in modules
    ]
    positions = tower.positional_embedding.detach()
    first = tower.class_embedding.detach() + positions[0]

    def embed(pictures):
        patches = cut_patches(pictures, patch)
        if patches.dtype == torch.uint8:
            # The same operations, in the same order, as torchvision's ToTensor and Normalize.
            patches = patches.float().div_(255).sub_(mean).div_(std)
        x = patches.new_empty(len(patches), length, positions.shape[1])
        x[:, 0] = first
        x[:, 1:] = embed_patches(patches)
        x[:, 1:] += positions[1:]
        x = tower.ln_pre(x)
        for block in blocks:
            x = apply_block(block, x)
        pooled = tower.ln_post(x[:, 0])
        return pooled if tower.proj is None else pooled @ tower.proj

    return embed


def picture_function(model, n):
    """The function that embeds batches of ``n`` pictures in all, as fast as this module can.

    Parameters
    ----------
    model : modgap.embeddings.loaded.LoadedModel

    Returns
    -------
    function : tensor on the model's device, (rows, size, size, 3) uint8 or float32 -> (rows, dim);
        to be called without gradients and within ``model.autocast()``
    """
    tower = getattr(model.network, "visual", None)
    if not is_plain(tower):
        if model.device.type == "cpu":  # kernels as the pictures lie, see ``memory_format``
            model.network.to(memory_format=torch.channels_last)
        return model.embed_pictures
    dtype = model.autocast_dtype
    mean, std = (model.preprocessing[key] for key in ("mean", "std"))
    if model.device.type != "cpu":
        return tower_function(tower, mean, std, dtype=dtype)
    piece = piece_size(tower)
    size = sum(weights.nbytes for weights in tower.parameters())
    packs = dtype is None and n >= WORTH_PACKING and size <= PACKED_BYTES and can_pack()
    function = tower_function(tower, mean, std, rows=piece if packs else None, dtype=dtype)
    return lambda pictures: torch.cat([function(part) for part in pictures.split(piece)])
