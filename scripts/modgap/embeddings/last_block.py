"""The last block of a vision transformer computed for its class token alone.

Where nothing but the class token is read out, the other tokens of the last block are only keys and
values of its attention: queries, output projection and MLP of 49 of 50 tokens are saved in
ViT-B/32. The embeddings are the same but for rounding.
"""

import contextlib
from functools import partial

from open_clip.transformer import ResidualAttentionBlock, VisionTransformer


def reads_class_token(tower):
    """Whether an open_clip image tower pools its class token straight after its last block."""
    return (
        isinstance(tower, VisionTransformer)
        and tower.pool_type == "tok"
        and tower.attn_pool is None
        and tower.transformer.batch_first
        and type(tower.transformer.resblocks[-1]) is ResidualAttentionBlock
    )


def first_token(block, x, k_x=None, v_x=None, attn_mask=None):
    """What ``block`` makes of its first token: (n, tokens, width) -> (n, 1, width).

    The signature is that of open_clip's block, which is called without keys, values and mask here.
    """
    normalised = block.ln_1(x)  # (n, tokens, width)
    attended = block.attention(q_x=normalised[:, :1], k_x=normalised, v_x=normalised)
    x = x[:, :1] + block.ls_1(attended)  # (n, 1, width)
    return x + block.ls_2(block.mlp(block.ln_2(x)))


@contextlib.contextmanager
def class_token_only(network):
    """``network`` with a last block that leaves out what its image embeddings do not depend on.

    Other towers are left as they are. Not for what looks into the layers.
    """
    tower = getattr(network, "visual", None)
    if not reads_class_token(tower):
        yield
        return
    block = tower.transformer.resblocks[-1]
    block.forward = partial(first_token, block)
    try:
        yield
    finally:
        del block.forward
