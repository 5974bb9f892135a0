"""Transformer towers in training, without what no embedding depends on.

An embedding of a plain vision transformer is its last layer's class token, that of a causal text
tower the last layer's end-of-text token. So, with the same sums as open_clip's ``forward``,

* no token after the end of a text is computed: texts of different lengths lie one after the other
  in one matrix, and are padded to the longest only inside attention;
* the last block computes the one token that is read out; of all others it takes keys and values;
* queries, keys and values are views of one product.

Embeddings and gradients equal those of open_clip but for rounding. Other towers are left to it.
"""

import torch
from torch.nn import functional

from modgap.embeddings.forward.picture_tower import is_plain, split_heads
from modgap.embeddings.forward.trimming import (
    TO_POOLED,
    context_use,
    pooling,
    text_part,
    used_lengths,
)
from modgap.embeddings.networks.light_imports import open_clip


def has_plain_images(network):
    """Whether ``encode_plain_images`` knows how to compute the image tower of a network."""
    tower = getattr(network, "visual", None)
    return is_plain(tower) and isinstance(tower.patch_dropout, torch.nn.Identity)


def has_plain_texts(network):
    """Whether ``encode_plain_texts`` knows how to compute the text tower of a network."""
    tower = text_part(network)
    known = type(network) is open_clip.CLIP or (
        type(network) is open_clip.CustomTextCLIP
        and type(tower) is open_clip.transformer.TextTransformer
    )
    return (
        known
        and context_use(network) == TO_POOLED
        and pooling(network) != "first"
        and not getattr(tower, "use_pad_mask", False)
        and not getattr(tower, "output_tokens", False)
        and tower.transformer.batch_first
        and all(
            type(block) is open_clip.transformer.ResidualAttentionBlock
            for block in tower.transformer.resblocks
        )
    )


def finish_block(block, x, attended):
    """What follows attention in a block; x, attended : (rows, width)."""
    x = x + block.ls_1(block.attn.out_proj(attended))
    return x + block.ls_2(block.mlp(block.ln_2(x)))


def apply_inner_block(block, x, texts=None):
    """A transformer block but the last.

    Parameters
    ----------
    x : (n, tokens, width), or (rows, width) of texts one after the other
    texts : ``Places`` of those rows, None for pictures, whose tokens all see each other

    Returns
    -------
    as x
    """
    attention = block.attn
    merged = functional.linear(block.ln_1(x), attention.in_proj_weight, attention.in_proj_bias)
    merged = merged if texts is None else texts.pad(merged)
    query, key, value = split_heads(merged, 3, attention.num_heads)
    attended = functional.scaled_dot_product_attention(
        query, key, value, is_causal=texts is not None
    )
    attended = attended.transpose(1, 2).flatten(2)
    return finish_block(block, x, attended if texts is None else texts.unpad(attended))


def apply_last_block(block, x, texts=None):
    """The last block, for the tokens that are read out; parameters as of ``apply_inner_block``.

    Returns
    -------
    (n, width)
    """
    attention, width = block.attn, x.shape[-1]
    weight, bias = attention.in_proj_weight, attention.in_proj_bias
    normalised = block.ln_1(x)
    ends = (slice(None), 0) if texts is None else texts.ends
    read, x = normalised[ends], x[ends]
    merged = functional.linear(normalised, weight[width:], bias[width:])
    merged = merged if texts is None else texts.pad(merged)
    key, value = split_heads(merged, 2, attention.num_heads)
    query = functional.linear(read, weight[:width], bias[:width])
    (query,) = split_heads(query.unsqueeze(1), 1, attention.num_heads)
    attended = functional.scaled_dot_product_attention(
        query, key, value, attn_mask=None if texts is None else texts.visible
    )
    return finish_block(block, x, attended.flatten(1))


def apply_blocks(blocks, x, texts=None):
    """All blocks, the last for what is read out alone; (n, width)."""
    *others, last = blocks
    for block in others:
        x = apply_inner_block(block, x, texts)
    return apply_last_block(last, x, texts)


def encode_plain_images(tower, images):
    """Embeddings by a tower of ``has_plain_images``; (n, 3, size, size) -> (n, dim), raw."""
    patches = tower.conv1(images).flatten(2).transpose(1, 2)
    first = tower.class_embedding.to(patches.dtype).expand(len(patches), 1, -1)
    x = torch.cat([first, patches], dim=1)  # (n, tokens, width)
    x = tower.ln_pre(x + tower.positional_embedding.to(x.dtype))
    pooled = tower.ln_post(apply_blocks(tower.transformer.resblocks, x))
    return pooled if tower.proj is None else pooled @ tower.proj


class Places:
    """Where the tokens of texts are that lie one after the other.

    lengths : (n,) int64, tokens of each text up to the one that is read out.
    """

    def __init__(self, lengths):
        self.n, self.longest = len(lengths), int(lengths.max())
        position = torch.arange(self.longest, device=lengths.device)
        within = position < lengths[:, None]  # (n, longest)
        self.places = within.flatten().nonzero().squeeze(1)  # (rows,) in (n * longest)
        self.ends = lengths.cumsum(0) - 1  # (n,) in rows
        self.visible = within[:, None, None, :]  # to the token that is read out

    def pad(self, x):
        """(rows, width) -> (n, longest, width), zero where a text has ended."""
        padded = x.new_zeros(self.n * self.longest, x.shape[-1]).index_copy(0, self.places, x)
        return padded.view(self.n, self.longest, -1)

    def unpad(self, x):
        """(n, longest, width) -> (rows, width)."""
        return x.flatten(0, 1)[self.places]


def encode_plain_texts(network, tokens):
    """Embeddings by a text tower of ``has_plain_texts``; (n, context) -> (n, dim), raw."""
    tower = text_part(network)
    texts = Places(used_lengths(network, tokens))
    cut = tokens[:, : texts.longest]
    dtype = tower.transformer.get_cast_dtype()
    positions = tower.positional_embedding[: texts.longest].to(dtype)
    x = tower.token_embedding(cut).to(dtype) + positions  # (n, longest, width)
    pooled = tower.ln_final(apply_blocks(tower.transformer.resblocks, texts.unpad(x), texts))
    projection = tower.text_projection
    if projection is None:
        return pooled
    return projection(pooled) if isinstance(projection, torch.nn.Linear) else pooled @ projection
