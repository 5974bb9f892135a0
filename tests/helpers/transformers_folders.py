"""Tiny CLIP and SigLIP of random weights, written by transformers in the layout of its own."""

import json

import pytest
import torch

SIZE = 16
WORDS = ["a", "photo", "of", "cat", "dog", "red", "square", "the"]


def need_transformers():
    """The package, or a skip that says how to get it."""
    return pytest.importorskip(
        "transformers", reason="no package transformers here: make transformers"
    )


def write_tokenizer(folder, special, *, ends):
    """Write a tokenizer of whole words whose texts end as ``ends`` says."""
    transformers = need_transformers()
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    names = [*special, *WORDS]
    tokenizer = Tokenizer(
        models.WordLevel({name: i for i, name in enumerate(names)}, unk_token=special[0])
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=ends, special_tokens=[(name, i) for i, name in enumerate(special)]
    )
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token=special[0], pad_token=special[1]
    ).save_pretrained(folder)


def tower(**more):
    """Sizes that both towers share."""
    return {
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        **more,
    }


def write_clip(folder, **processor):
    """A CLIP with an image processor of the folder's kind; returns the folder."""
    transformers = need_transformers()
    torch.manual_seed(0)
    config = transformers.CLIPConfig(
        text_config=tower(
            vocab_size=12,
            max_position_embeddings=10,
            bos_token_id=2,
            eos_token_id=3,
            pad_token_id=1,
        ),
        vision_config=tower(image_size=SIZE, patch_size=8),
        projection_dim=12,
    )
    transformers.CLIPModel(config).save_pretrained(folder)
    square = {"height": SIZE, "width": SIZE}
    settings = {"size": {"shortest_edge": SIZE}, "crop_size": square, **processor}
    transformers.CLIPImageProcessor(**settings).save_pretrained(folder)
    write_tokenizer(folder, ["<unk>", "<pad>", "<s>", "</s>"], ends="<s> $A </s>")
    return folder


def write_siglip(folder, **processor):
    """A SigLIP (a SigLIP 2 of one size has the same form); returns the folder."""
    transformers = need_transformers()
    torch.manual_seed(1)
    config = transformers.SiglipConfig(
        text_config=tower(vocab_size=11, max_position_embeddings=64, projection_size=16),
        vision_config=tower(image_size=SIZE, patch_size=8),
    )
    model = transformers.SiglipModel(config)
    with torch.no_grad():
        model.logit_scale.fill_(2.0)
        model.logit_bias.fill_(-10.0)
    model.save_pretrained(folder)
    settings = {"size": {"height": SIZE, "width": SIZE}, **processor}
    transformers.SiglipImageProcessor(**settings).save_pretrained(folder)
    write_tokenizer(folder, ["<unk>", "<pad>", "</s>"], ends="$A </s>")
    return folder


def edit_json(path, **changes):
    """Change keys of a JSON file; None removes one."""
    content = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({k: v for k, v in content.items() if v is not None}))
