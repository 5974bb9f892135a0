"""A text tower run on the tokens there are gives the embeddings of the full context."""

import json
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch

from modgap.embeddings.forward.trimming import (
    FULL_CONTEXT,
    context_use,
    encode_cut,
    shorter_context,
    used_lengths,
)
from modgap.embeddings.networks.from_transformers import PooledTowers
from transformers_folders import need_transformers

CONTEXT = 24
VOCABULARY = 1000
SIZES = {"width", "heads", "layers", "context_length", "vocab_size", "mlp_ratio"}
NAMES = {"hf_tokenizer_name", "hf_model_name", "hf_model_pretrained", "tokenizer_kwargs"}
VISION = {"image_size": 8, "patch_size": 4, "width": 16, "layers": 1, "head_width": 16}
DECODER = {"width": 16, "heads": 1, "layers": 1, "context_length": CONTEXT}


def text_kinds(of_hugging_face):
    """The catalogue's text towers that differ in more than size: {name: config}."""
    kinds = {}
    for path in sorted((Path(open_clip.__file__).parent / "model_configs").glob("*.json")):
        config = json.loads(path.read_text())
        text = config.get("text_cfg", {})
        if ("hf_model_name" in text) != of_hugging_face:
            continue
        kept = {key: text[key] for key in text if key not in SIZES | NAMES}
        shape = "custom_text" in config, "multimodal_cfg" in config, text.get("hf_model_name")
        kinds.setdefault(repr((kept, shape)), (path.stem, config))
    return dict(kinds.values())


OWN = text_kinds(False)
HUGGING_FACE = text_kinds(True)


def build(config, seed=0):
    """A small network with the text tower of a catalogue's configuration, random weights."""
    text = {key: value for key, value in config["text_cfg"].items() if key not in SIZES}
    text |= {"width": 32, "heads": 2, "layers": 3, "context_length": CONTEXT}
    text |= {"vocab_size": VOCABULARY}
    common = {"vision_cfg": dict(VISION), "text_cfg": text, "quick_gelu": False}
    torch.manual_seed(seed)
    if "multimodal_cfg" in config:
        common["vision_cfg"] |= {"output_tokens": True}
        network = open_clip.CoCa(20, multimodal_cfg=dict(DECODER), **common)
    else:
        kind = open_clip.CustomTextCLIP if config.get("custom_text") else open_clip.CLIP
        network = kind(20, **common)
    with torch.no_grad():  # as large as those of trained towers, so that a wrong place shows
        for name, weights in network.named_parameters():
            if "positional_embedding" in name or "cls_emb" in name:
                weights.normal_()
    return network.eval()


def caption_tokens(network, seed=1):
    """Texts of 3 to 24 tokens: they end in the highest id, which padding follows."""
    rng = np.random.default_rng(seed)
    tower = getattr(network, "text", network)
    end = getattr(tower, "eos_id", getattr(network, "text_eos_id", 2))
    pool = getattr(tower, "pool_type", getattr(network, "text_pool_type", None))
    end = end if pool == "eos" else VOCABULARY - 1
    tokens = np.zeros((12, CONTEXT), np.int64)
    for row, length in zip(tokens, [3, 4, 4, 5, 7, 7, 8, 9, 10, 11, 23, 24], strict=True):
        row[: length - 1] = rng.integers(3, VOCABULARY - 1, length - 1)
        row[length - 1] = end
    return torch.from_numpy(tokens)


def unit(rows):
    return torch.nn.functional.normalize(rows, dim=-1)


def assert_as_full(network, tokens, *, shorter):
    """Every cut of ``tokens`` into batches gives what the full context gives, to 1e-6."""
    with torch.inference_mode():
        full = unit(network.encode_text(tokens))
        parts = [*tokens.split(1), tokens, tokens[:8]]
        for part, expected in zip(parts, [*full.split(1), full, full[:8]], strict=True):
            # The longest length, and one that was rounded up as on a GPU.
            longest = int(used_lengths(network, part).max())
            for length in (longest, min(CONTEXT, longest + 3)):
                found = unit(encode_cut(network, part[:, :length], CONTEXT))
                torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)
        again = unit(network.encode_text(tokens))
    assert torch.equal(again, full), "the tower is no longer itself"
    lengths = used_lengths(network, tokens)
    assert (lengths < CONTEXT).any() == shorter


@pytest.mark.parametrize("name", OWN)
def test_towers_of_open_clip(name):
    network = build(OWN[name])
    shorter = context_use(network) != FULL_CONTEXT
    bidirectional = OWN[name].get("text_cfg", {}).get("no_causal_mask", False)
    assert shorter != bidirectional
    assert_as_full(network, caption_tokens(network), shorter=shorter)
    # Tokens at random, as in the noise control: padding and ends of text anywhere.
    noise = torch.from_numpy(np.random.default_rng(2).integers(0, 4, (40, CONTEXT)))
    assert_as_full(network, noise, shorter=shorter)


@pytest.mark.parametrize("name", [name for name in OWN if "SigLIP" in name or "CLIPA" in name])
def test_towers_that_look_at_their_padding_would_change(name):
    network = build(OWN[name])
    tokens = caption_tokens(network)[:8]
    with torch.inference_mode(), shorter_context(network, 12):
        cut = unit(network.encode_text(tokens[:, :12]))
    assert (cut - unit(network.encode_text(tokens))).abs().max() > 1e-3


@pytest.mark.parametrize("correct", [False, True])
@pytest.mark.parametrize("causal", [False, True])
def test_masks_of_coca(correct, causal):
    config = OWN["coca_ViT-B-32"]
    network = build(config | {"text_cfg": config["text_cfg"] | {"no_causal_mask": not causal}})
    network.text.correct_cls_mask = correct  # no configuration sets it
    assert_as_full(network, caption_tokens(network), shorter=True)


def hugging_face_tower(name, config):
    """open_clip's wrapping of a small tower of the same family; it fetches nothing."""
    transformers = need_transformers()
    from open_clip.hf_model import HFTextEncoder

    text = config["text_cfg"]
    family = text["hf_model_name"].partition("/")[2] or text["hf_model_name"]
    small = {"vocab_size": VOCABULARY, "pad_token_id": 1}
    if "roberta" in family:
        kind = "XLMRobertaConfig" if "xlm" in family else "RobertaConfig"
        small |= {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
        small |= {"intermediate_size": 64, "max_position_embeddings": CONTEXT + 2}
    elif "mt5" in family:
        kind = "MT5Config"
        small |= {"d_model": 32, "d_kv": 16, "d_ff": 64, "num_layers": 2, "num_heads": 2}
        small["pad_token_id"] = 0
    else:
        kind = "M2M100Config"
        small |= {"d_model": 32, "encoder_layers": 2, "encoder_attention_heads": 2}
        small |= {"encoder_ffn_dim": 64, "decoder_layers": 1, "decoder_attention_heads": 2}
        small |= {"decoder_ffn_dim": 64, "max_position_embeddings": CONTEXT + 2}
    torch.manual_seed(0)
    tower = HFTextEncoder(
        name,
        20,
        config=getattr(transformers, kind)(**small),
        pooler_type=text.get("hf_pooler_type", "mean_pooler"),
        proj_type=text.get("hf_proj_type", "mlp"),
    )
    if tower.config.is_encoder_decoder:
        tower.transformer = tower.transformer.encoder
    network = torch.nn.Module()
    network.text = tower
    network.encode_text = lambda tokens, normalize=False: tower(tokens)
    return network.eval()


@pytest.mark.parametrize("name", HUGGING_FACE)
def test_towers_of_hugging_face(name):
    network = hugging_face_tower(name, HUGGING_FACE[name])
    tokens = caption_tokens(network)
    tokens[tokens == 0] = network.text.config.pad_token_id
    assert_as_full(network, tokens, shorter=True)


@pytest.mark.parametrize("eos", [2, VOCABULARY - 1])
@pytest.mark.parametrize("kind", ["CLIP", "Siglip"])
def test_models_of_transformers(kind, eos):
    transformers = need_transformers()
    text = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    text |= {"intermediate_size": 64, "vocab_size": VOCABULARY, "eos_token_id": eos}
    text |= {"max_position_embeddings": CONTEXT, "projection_dim": 20, "projection_size": 20}
    vision = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    vision |= {"image_size": 8, "patch_size": 4, "intermediate_size": 64}
    config = getattr(transformers, f"{kind}Config")(
        text_config=text, vision_config=vision, projection_dim=20
    )
    torch.manual_seed(0)
    network = PooledTowers(getattr(transformers, f"{kind}Model")(config)).eval()
    assert_as_full(network, caption_tokens(network), shorter=kind == "CLIP")
