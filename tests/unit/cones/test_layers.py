"""Cosines layer by layer: hooks against a forward pass taken apart by hand."""

import logging

import numpy as np
import open_clip
import pytest
import torch
from torch import nn
from torchvision.models import resnet18

from modgap.cones.layers import (
    layer_cosines,
    read_vectors,
)
from modgap.cones.random_networks import mean_cosines
from modgap.errors import InputError

VIT = {"image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 8}
TEXT = {"context_length": 12, "vocab_size": 50, "width": 32, "heads": 2, "layers": 2}


@pytest.fixture(autouse=True)
def _quiet(caplog):
    """No warnings of open_clip's; the level is as before after each test."""
    caplog.set_level(logging.ERROR)


def clip(vision=VIT, text=TEXT, model=open_clip.CLIP):
    torch.manual_seed(0)
    return model(embed_dim=16, vision_cfg=vision, text_cfg=text).eval()


def pictures(n=14):
    return torch.randn(n, 3, 32, 32, generator=torch.Generator().manual_seed(1))


def texts(n=14):
    """Token ids whose largest, the end of the text, stands at a different place each time."""
    ids = torch.randint(1, 40, (n, 12), generator=torch.Generator().manual_seed(2))
    for row, end in enumerate(range(n)):
        ids[row, end % 9 + 2] = 49
        ids[row, end % 9 + 3 :] = 0
    return ids


def find(rows, **conditions):
    (row,) = [r for r in rows if all(r[key] == value for key, value in conditions.items())]
    return row


def mean_cosine(vectors):
    return mean_cosines(vectors.detach().numpy())[0]


def test_vit_points_are_the_forward_pass_taken_apart():
    model, batch = clip(), pictures()
    rows = layer_cosines(model, "images", model.encode_image, [batch])
    visual = model.visual
    with torch.no_grad():
        x = visual._embeds(batch)  # ends with ln_pre
        stream = find(rows, name="embedding", readout="pooled token")
        assert stream["value"] == pytest.approx(mean_cosine(x[:, 0]), abs=1e-6)
        block = visual.transformer.resblocks[0]
        normed = block.ln_1(x)
        attended = block.attn(normed, normed, normed, need_weights=False)[0]
        after = x + attended
        out = after + block.mlp(block.ln_2(after))
        for name, tensor in [
            ("ln_1", normed),
            ("attn", attended),
            ("stream after attention", after),
            ("ln_2", block.ln_2(after)),
            ("mlp", block.mlp(block.ln_2(after))),
            ("stream after mlp", out),
        ]:
            for readout, vectors in [
                ("pooled token", tensor[:, 0]),
                ("token mean", tensor.mean(1)),
            ]:
                row = find(rows, block=1, name=name, readout=readout)
                assert row["value"] == pytest.approx(mean_cosine(vectors), abs=1e-5), name
        projected = find(rows, kind="projection")
        assert projected["value"] == pytest.approx(mean_cosine(model.encode_image(batch)), abs=1e-6)


def test_class_token_starts_as_one_point():
    model = clip()
    rows = layer_cosines(model, "images", model.encode_image, [pictures()])
    assert find(rows, name="before ln_pre", readout="pooled token")["value"] == pytest.approx(1)
    assert find(rows, name="before ln_pre", readout="token mean")["value"] < 0.9


@pytest.mark.parametrize("model_class", [open_clip.CLIP, open_clip.CustomTextCLIP])
def test_text_points(model_class):
    model, ids = clip(model=model_class), texts()
    rows = layer_cosines(model, "texts", model.encode_text, [ids])
    tower = model.text if model_class is open_clip.CustomTextCLIP else model
    end = ids.argmax(dim=1)
    with torch.no_grad():
        x = tower.token_embedding(ids) + tower.positional_embedding
        pooled = find(rows, kind="embedding", readout="pooled token")
        assert pooled["value"] == pytest.approx(mean_cosine(x[range(14), end]), abs=1e-6)
        means = torch.stack([x[i, : end[i] + 1].mean(0) for i in range(14)])
        averaged = find(rows, kind="embedding", readout="token mean")
        assert averaged["value"] == pytest.approx(mean_cosine(means), abs=1e-6)
        projected = find(rows, kind="projection")
        assert projected["value"] == pytest.approx(mean_cosine(model.encode_text(ids)), abs=1e-6)


def test_resnet_points():
    torch.manual_seed(0)
    model = resnet18().eval()
    model.fc = nn.Identity()
    rows = layer_cosines(model, "images", model, [pictures()])
    with torch.no_grad():
        x = model.conv1(pictures())
        first = find(rows, block=0, name="conv1")
        assert first["value"] == pytest.approx(mean_cosine(x.mean(dim=(2, 3))), abs=1e-5)
        last = find(rows, block=8, kind="residual")
        assert last["value"] == pytest.approx(mean_cosine(model(pictures())), abs=1e-6)
    assert [row["kind"] for row in rows].count("residual") == 8


def test_modified_resnet_starts_with_silent_blocks():
    vision = {"image_size": 32, "layers": [1, 1, 1, 1], "width": 16, "patch_size": None}
    model = clip(vision=vision)
    rows = layer_cosines(model, "images", model.encode_image, [pictures()])
    # open_clip initialises the last BatchNorm of every block with zeros.
    assert np.isnan(find(rows, block=2, name="bn3")["value"])
    expected = mean_cosine(model.encode_image(pictures()))
    assert find(rows, name="attnpool")["value"] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("modality", "data"), [("images", pictures()), ("texts", texts())])
def test_batches_do_not_matter(modality, data):
    model = clip()
    encode = model.encode_image if modality == "images" else model.encode_text
    whole = layer_cosines(model, modality, encode, [data], groups=7)
    parts = layer_cosines(model, modality, encode, data.split(5), groups=7)
    assert len(whole) == len(parts) > 20
    for one, other in zip(whole, parts, strict=True):
        assert one["name"] == other["name"]
        assert one["value"] == pytest.approx(other["value"], abs=1e-5)
        assert one["left_out"] == pytest.approx(other["left_out"], abs=1e-5)


def test_no_hook_is_left_behind():
    model = clip()
    layer_cosines(model, "texts", model.encode_text, [texts()])
    with pytest.raises(RuntimeError):
        layer_cosines(model, "images", model.encode_image, [torch.zeros(2, 1, 32, 32)])
    for module in model.modules():
        assert not module._forward_hooks
        assert not module._forward_pre_hooks


def test_read_out_of_a_text_stops_at_the_pooled_token():
    output = torch.arange(12.0).reshape(1, 4, 3)
    vectors = read_vectors(output, torch.tensor([1]))
    assert vectors["pooled token"].tolist() == [[3, 4, 5]]
    assert vectors["token mean"].tolist() == [[1.5, 2.5, 3.5]]


def test_unknown_tower_is_refused():
    with pytest.raises(InputError, match="image tower Linear: its layers are not known"):
        layer_cosines(nn.Linear(3, 3), "images", None, [])
