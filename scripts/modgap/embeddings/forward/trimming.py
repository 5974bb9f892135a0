"""Text towers run on the tokens that a caption has, wherever that gives the same embedding.

Captions are padded to the whole context, 77 tokens in CLIP, of which a caption of COCO fills about
13. What follows the last token that an embedding depends on is cut off. That is exact for

* a causal tower that is pooled at its end-of-text token: no token looks at a later one;
* CoCa's class token, which comes after the text, keeps its position and sees no padding;
* a tower that masks its padding: towers of Hugging Face in open_clip, pooled by a masked mean or at
  the first token;
* CLIP of transformers, which is causal and pooled at the end of the text.

Towers that look at their padding (SigLIP, CLIPA, MobileCLIP without a causal mask) and those not
known here keep the full context.
"""

import contextlib

import torch

FULL_CONTEXT = "full context"
TO_POOLED = "up to the pooled token"
TO_PADDING = "up to the padding"
BEFORE_CLASS = "up to the padding, then the class token"
# What open_clip's catalogue has, compared with the full context in the tests.
MASKED_TOWERS = ("roberta", "xlm-roberta", "mt5", "m2m_100")
MASKED_POOLERS = ("MeanPooler", "ClsPooler", "ClsLastHiddenStatePooler")


def text_part(network):
    """What holds the text blocks of an open_clip model: its ``text`` or the model itself."""
    return getattr(network, "text", network)


def context_use(network):
    """Which tokens an embedding of this network's text tower depends on, one of the names above."""
    tower = text_part(network)
    if hasattr(tower, "pooler"):  # of Hugging Face, in open_clip
        masked = tower.config.model_type in MASKED_TOWERS
        return (
            TO_PADDING if masked and type(tower.pooler).__name__ in MASKED_POOLERS else FULL_CONTEXT
        )
    if hasattr(network, "model"):  # of transformers
        return TO_POOLED if network.model.config.model_type == "clip" else FULL_CONTEXT
    if not hasattr(tower, "positional_embedding"):
        return FULL_CONTEXT
    if getattr(tower, "cls_emb", None) is not None:
        return BEFORE_CLASS
    if pooling(network) not in ("argmax", "eos", "first"):
        return FULL_CONTEXT
    return FULL_CONTEXT if tower.attn_mask is None else TO_POOLED


def pooling(network):
    """open_clip's name for the token that is read out: argmax, eos, first, last or none."""
    tower = text_part(network)
    return tower.pool_type if hasattr(tower, "pool_type") else network.text_pool_type


def end_of_text(network):
    """The token id that pooling "eos" looks for, None where the highest id is the end."""
    if hasattr(network, "model"):
        token = network.model.config.text_config.eos_token_id
        return None if token == 2 else token  # as in transformers: 2 stands in configs of before
    if pooling(network) != "eos":
        return None
    tower = text_part(network)
    return tower.eos_id if hasattr(tower, "eos_id") else network.text_eos_id


def padding_token(network):
    """The token id that fills texts up."""
    tower = text_part(network)
    return tower.config.pad_token_id if hasattr(tower, "pooler") else tower.pad_id


def used_lengths(network, tokens):
    """Number of leading tokens that each embedding depends on.

    Parameters
    ----------
    network : a network with a text tower, of open_clip or ``PooledTowers``
    tokens : (n, context) int64 tensor

    Returns
    -------
    (n,) int64 tensor, from 1 to the context
    """
    n, context = tokens.shape
    use = context_use(network)
    if use == FULL_CONTEXT:
        return torch.full((n,), context)
    if use == TO_POOLED:
        if not hasattr(network, "model") and pooling(network) == "first":
            return torch.ones(n, dtype=torch.int64)
        end = end_of_text(network)
        found = tokens if end is None else (tokens == end).int()
        return found.argmax(dim=-1) + 1  # (n,)
    text = tokens != padding_token(network)  # (n, context)
    places = torch.arange(1, context + 1, device=tokens.device)
    last = (text * places).amax(dim=-1)  # (n,), 0 where all is padding
    # CoCa's released weights were trained with a mask that is one place late: it hides the class
    # token's key, and shows that of the first padding token.
    extra = 1 if use == BEFORE_CLASS else 0
    return (last + extra).clamp(1, context)


@contextlib.contextmanager
def shorter_context(network, length):
    """An open_clip text tower for texts of ``length`` tokens; it is itself again afterwards."""
    tower = text_part(network)
    if not hasattr(tower, "positional_embedding"):  # takes texts of any length
        yield
        return
    positions, mask = tower.positional_embedding, tower.attn_mask
    # The class token stands after the text, at the last of all positions.
    with_class = context_use(network) == BEFORE_CLASS
    kept = [positions[:length], positions[-1:]] if with_class else [positions[:length]]
    places = length + with_class
    try:
        tower.positional_embedding = torch.nn.Parameter(torch.cat(kept), requires_grad=False)
        tower.attn_mask = None if mask is None else mask[:places, :places]
        yield
    finally:
        tower.positional_embedding, tower.attn_mask = positions, mask


def encode_cut(network, tokens, context):
    """Embed texts that are cut where the longest of them is used up (``used_lengths``), or later.

    Parameters
    ----------
    tokens : (n, length) int64 tensor on the network's device
    context : number of tokens that the network takes

    Returns
    -------
    (n, dim), raw; equal to ``encode_text`` of the whole context but for rounding
    """
    if tokens.shape[1] == context:
        return network.encode_text(tokens, normalize=False)
    with shorter_context(network, tokens.shape[1]):
        return network.encode_text(tokens, normalize=False)
