"""The image tower of a vision transformer as plain matrix products, in the fastest exact form.

Where a tower of open_clip is a plain vision transformer read out at its class token (``is_plain``),
the same sums are made in another form:

* patches are cut from the bytes and multiplied with the kernel of the first convolution, which has
  a stride as long as itself;
* the last block makes its class token alone: of all others it takes only keys and values;
* queries, keys and values come from one product and go through fused attention; sums and
  activations are made in place;
* on a processor, pictures go through in pieces whose widest layer stays in the cache, a piece a
  thread, with the matrix products of the library that is quickest there (``products``).

Embeddings equal those of ``encode_image`` but for rounding. Other towers are left to open_clip.
"""

from dataclasses import dataclass

import torch
from torch.nn import functional

from modgap.embeddings.forward.batch_sizes import FALLBACK
from modgap.embeddings.forward.pieces import in_pieces
from modgap.embeddings.forward.products import choose_linear, torch_linear
from modgap.embeddings.networks.light_imports import open_clip

# Bytes of the widest layer of a piece: 16 pictures of ViT-B/32; 8 and 32 took 1 to 6 % longer.
PIECE_BYTES = 10_000_000


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
    """Pictures that a thread takes at a time: a batch of ``FALLBACK`` has one for every thread."""
    tokens = tower.positional_embedding.shape[0]
    widest = max(block.mlp.c_fc.out_features for block in tower.transformer.resblocks)
    most = min(PIECE_BYTES // (4 * tokens * widest), FALLBACK // torch.get_num_threads())
    return max(1, most)


@dataclass(frozen=True)
class Block:
    """The layers of one transformer block as functions, and the module that they are of."""

    module: open_clip.transformer.ResidualAttentionBlock
    project: tuple  # x -> queries, keys and values together; of the last block queries, the rest
    out: object
    widen: object
    narrow: object


def read_block(block, rows, *, last, first_rows, make):
    """The ``Block`` of a module; in the last one ``first_rows`` class tokens are made alone.

    make : weight, bias, rows -> the function of a layer
    """
    attention = block.attn
    weight, bias = attention.in_proj_weight, attention.in_proj_bias
    width = attention.embed_dim
    if last:
        project = (
            make(weight[:width], bias[:width], first_rows),
            make(weight[width:], bias[width:], rows),
        )
    else:
        project = (make(weight, bias, rows),)
    inner = first_rows if last else rows
    layers = (attention.out_proj, block.mlp.c_fc, block.mlp.c_proj)
    return Block(block, project, *(make(layer.weight, layer.bias, inner) for layer in layers))


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


def tower_function(tower, mean, std, *, linear=torch_linear, piece=1, dtype=None):
    """The function that embeds pictures by a plain tower.

    Parameters
    ----------
    tower : image tower of which ``is_plain`` is true, in evaluation mode
    mean, std : of the three channels, which uint8 pictures are normalised with
    linear : way to multiply, of ``products``
    piece : pictures of a call, which the way to multiply may expect
    dtype : what the weights are rounded to once, where autocast would do it in every batch; None
        for that of the tower

    Returns
    -------
    function : (n, size, size, 3) uint8, or float32 that is taken as it is -> (n, dim) raw
    """

    def make(weight, bias, rows):
        weight, bias = (None if part is None else part.detach() for part in (weight, bias))
        if dtype is not None:
            weight, bias = (None if part is None else part.to(dtype) for part in (weight, bias))
        return linear(weight, bias, rows)

    kernel = tower.conv1.weight
    device = kernel.device
    patch = tuple(tower.patch_size)
    length = tower.positional_embedding.shape[0]  # class token and patches
    pixels = patch[0] * patch[1]
    mean, std = (torch.tensor(values, device=device).repeat(pixels) for values in (mean, std))
    kernel = kernel.permute(0, 2, 3, 1).flatten(1)
    embed_patches = make(kernel, tower.conv1.bias, piece * (length - 1))
    modules = tower.transformer.resblocks
    blocks = [
        read_block(module, piece * length, last=module is modules[-1], first_rows=piece, make=make)
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
    linear = choose_linear(n, size) if dtype is None else torch_linear
    function = tower_function(tower, mean, std, linear=linear, piece=piece, dtype=dtype)
    return in_pieces(function, piece, model.autocast)
