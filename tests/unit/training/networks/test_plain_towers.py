"""Towers without what no embedding depends on give open_clip's embeddings and gradients."""

import open_clip
import pytest
import torch

from modgap.training.networks.plain_towers import (
    Places,
    encode_plain_images,
    encode_plain_texts,
    has_plain_images,
    has_plain_texts,
)

VISION = {"image_size": 16, "patch_size": 8, "width": 32, "layers": 3, "head_width": 16}
TEXT = {"context_length": 9, "vocab_size": 50, "width": 32, "heads": 2, "layers": 3}
END = 49
# Texts that fill the context, that are empty, and whose padding is not zero.
TOKENS = torch.tensor(
    [
        [48, 3, 4, 5, 6, 7, 8, 9, END],
        [48, END, 0, 0, 0, 0, 0, 0, 0],
        [48, 7, 7, END, 2, 5, 1, 0, 3],
        [48, 3, 4, END, 0, 0, 0, 0, 0],
    ]
)
IMAGES = torch.randn(5, 3, 16, 16, generator=torch.Generator().manual_seed(0))


def build(vision=None, text=None, *, custom=False, **more):
    torch.manual_seed(0)
    kind = open_clip.CustomTextCLIP if custom else open_clip.CLIP
    network = kind(24, VISION | (vision or {}), TEXT | (text or {}), **more)
    for name, parameter in network.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.normal_(parameter, std=0.1)
    return network


def assert_same_gradients(found, expected, module):
    """Embeddings and the gradients of a loss that weighs all their numbers differently."""
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
    weights = torch.linspace(-1, 1, expected.numel()).view_as(expected)
    parameters = [p for p in module.parameters() if p.requires_grad]
    pairs = [
        torch.autograd.grad((out * weights).sum(), parameters, allow_unused=True)
        for out in (found, expected)
    ]
    used = 0
    for ours, theirs in zip(*pairs, strict=True):
        assert (ours is None) == (theirs is None)
        if ours is not None:
            largest = theirs.abs().max().item()
            torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5 * max(1, largest))
            used += 1
    assert used > 10


@pytest.mark.parametrize(
    "vision",
    [
        {},
        {"layers": 1},
        {"ls_init_value": 0.1},
        {"final_ln_after_pool": True},
        {"no_ln_pre": True},
        {"image_size": 20},  # which patches do not fill
    ],
)
@pytest.mark.parametrize("quick_gelu", [False, True])
def test_pictures(vision, quick_gelu):
    network = build(vision, quick_gelu=quick_gelu)
    assert has_plain_images(network)
    size = network.visual.image_size[0]
    images = torch.nn.functional.interpolate(IMAGES, size=(size, size))
    found, expected = encode_plain_images(network.visual, images), network.encode_image(images)
    assert_same_gradients(found, expected, network.visual)


@pytest.mark.parametrize(
    ("text", "more"),
    [
        ({}, {}),
        ({"layers": 1}, {}),
        ({"ls_init_value": 0.1}, {}),
        ({}, {"quick_gelu": True}),
        ({}, {"custom": True}),
        ({"proj_bias": True}, {"custom": True}),
        ({"proj_type": "none"}, {"custom": True}),
        ({"pool_type": "eos", "eos_id": END}, {"custom": True}),
    ],
)
def test_texts(text, more):
    network = build(text=text, **more)
    assert has_plain_texts(network)
    found, expected = encode_plain_texts(network, TOKENS), network.encode_text(TOKENS)
    holder = network.text if more.get("custom") else network
    texts = torch.nn.ModuleList([holder.transformer, holder.token_embedding, holder.ln_final])
    texts.positions = holder.positional_embedding
    assert_same_gradients(found, expected, texts)


def test_texts_do_not_depend_on_each_other():
    network = build().double()  # in single precision rounding alone comes to 1e-6
    together = encode_plain_texts(network, TOKENS)
    alone = torch.cat([encode_plain_texts(network, text[None]) for text in TOKENS])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-12)


def test_no_token_after_the_end_is_computed():
    network = build()
    seen = []
    network.ln_final.register_forward_hook(lambda _, given, __: seen.append(given[0].shape))
    first = network.transformer.resblocks[0].mlp
    first.register_forward_hook(lambda _, given, __: seen.append(given[0].shape))
    encode_plain_texts(network, TOKENS)
    assert seen == [(9 + 2 + 4 + 4, 32), (4, 32)]


def test_bf16_stays_close():
    network = build()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = encode_plain_texts(network, TOKENS), encode_plain_images(network.visual, IMAGES)
        expected = network.encode_text(TOKENS), network.encode_image(IMAGES)
    for ours, theirs in zip(found, expected, strict=True):
        cosine = torch.nn.functional.cosine_similarity(ours.float(), theirs.float())
        assert cosine.min() > 0.999


@pytest.mark.parametrize(
    "vision",
    [
        {"patch_dropout": 0.5},
        {"pool_type": "avg"},
        {"attentional_pool": True},
        {"block_type": "custom"},
        {"layers": [1, 1, 1, 1], "width": 8, "image_size": 32},  # a ResNet
    ],
)
def test_other_image_towers_are_left_to_open_clip(vision):
    assert not has_plain_images(build(vision))


@pytest.mark.parametrize(
    ("text", "custom"),
    [
        ({"pool_type": "first"}, True),
        ({"pool_type": "last"}, True),
        ({"no_causal_mask": True}, True),
        ({"embed_cls": True}, True),
        ({"no_causal_mask": True}, False),
    ],
)
def test_other_text_towers_are_left_to_open_clip(text, custom):
    assert not has_plain_texts(build(text=text, custom=custom))


def test_padding_and_back():
    texts = Places(torch.tensor([2, 1, 3]))
    x = torch.arange(12.0).view(6, 2)
    padded = texts.pad(x)
    assert padded.shape == (3, 3, 2)
    assert (padded[0, 2] == 0).all()
    assert (padded[1, 1:] == 0).all()
    torch.testing.assert_close(texts.unpad(padded), x)
    assert texts.ends.tolist() == [1, 2, 5]
    assert texts.visible.squeeze().sum(dim=1).tolist() == [2, 1, 3]
