"""Networks of open_clip: their seed, activation and preprocessing are what was promised."""

import json

import numpy as np
import open_clip
import pytest
import torch

from modgap.embeddings.models import create_model
from modgap.errors import InputError
from modgap.plan.models import entries, problems
from tiny_models import (
    CAPTIONS,
    PIXELS,
    RANDOM,
    TINY,
    assert_same_embeddings,
    checkpoint,
    local_dir,
)


def test_random_model_is_its_seed(project, tiny):
    torch.manual_seed(99)
    before = torch.random.get_rng_state()
    again = create_model("tiny", RANDOM, device="cpu", root=project)
    assert torch.equal(before, torch.random.get_rng_state())
    assert_same_embeddings(tiny, again)
    other = create_model("tiny", {**RANDOM, "seed": 4}, device="cpu", root=project)
    assert other.provenance["weights_sha256"] != tiny.provenance["weights_sha256"]
    assert not np.allclose(other.encode_images(PIXELS), tiny.encode_images(PIXELS))


def test_quick_gelu_is_built_where_the_architecture_says(project, weights, tiny):
    quick = create_model("quick", checkpoint(weights, "tiny-quickgelu"), device="cpu", root=project)
    assert quick.provenance["weights_sha256"] == tiny.provenance["weights_sha256"]
    assert not np.allclose(quick.encode_images(PIXELS), tiny.encode_images(PIXELS))


def test_activation_that_was_loaded_is_verified(weights, tmp_path, monkeypatch):
    """A table out of step with open_clip does not let the wrong activation through."""
    tag = {
        "architecture": "tiny",
        "tag": "own",
        "size": 16,
        "interpolation": "bicubic",
        "resize_mode": "shortest",
        "mean": (0.5, 0.5, 0.5),
        "std": (0.5, 0.5, 0.5),
        "quick_gelu": True,
        "architecture_quick_gelu": True,
    }
    (tmp_path / "tiny.json").write_text(json.dumps(TINY))
    open_clip.add_model_config(tmp_path / "tiny.json")
    architectures = {"tiny": {"quick_gelu": True}}
    for module in (entries, problems):
        monkeypatch.setattr(module, "known_tags", lambda root: {("tiny", "own"): tag})
        monkeypatch.setattr(module, "known_architectures", lambda root: architectures)
    entry = checkpoint(weights, pretrained="own")
    with pytest.raises(InputError, match=r"has plain GELU, but .* trained with QuickGELU"):
        create_model("mine", entry, device="cpu")


def test_preprocessing_that_was_loaded_is_verified(weights, tmp_path, monkeypatch):
    """A hub repository has its preprocessing inside: it must be the geometry of the config."""
    local_dir(tmp_path, weights, TINY)
    folder = f"local-dir:{tmp_path}"
    original = {name: getattr(open_clip, name) for name in ("create_model", "get_model_config")}
    for name, function in original.items():
        monkeypatch.setattr(open_clip, name, lambda _, *a, f=function, **k: f(folder, *a, **k))
    entry = {"source": "hub", "repo": "someone/model", "geometry": "16-bicubic-shortest"}
    assert create_model("mine", entry, device="cpu").provenance["geometry"] == "16-bicubic-shortest"
    entry["geometry"] = "16-bicubic-squash"
    with pytest.raises(InputError, match="resize_mode of the loaded model is shortest, not squash"):
        create_model("mine", entry, device="cpu")


@pytest.mark.parametrize(
    "entry",
    [
        {"source": "hub", "repo": "someone/model", "geometry": "224-bicubic-shortest"},
        {"source": "open_clip", "architecture": "RN50-quickgelu", "pretrained": "cc12m"},
    ],
)
def test_without_network(entry, monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(InputError, match="use source checkpoint or local_dir") as caught:
        create_model("mine", entry, device="cpu")
    assert entry.get("repo", "RN50-quickgelu cc12m") in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("architecture", ["scenes-vit", "scenes-resnet"])
def test_shipped_architectures(architecture):
    model = create_model("m", {**RANDOM, "architecture": architecture}, device="cpu")
    pixels = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), dtype=np.uint8)
    images, texts = model.encode_images(pixels), model.encode_texts(model.tokenize(CAPTIONS))
    assert images.shape == (4, 128)
    assert texts.shape == (3, 128)
    assert len(np.unique(images, axis=0)) == 4


def test_vit_b_32_of_open_clip():
    entry = {"source": "random", "architecture": "ViT-B-32", "seed": 0}
    model = create_model("vit-b-32", entry, device="cpu")
    pixels = np.random.default_rng(0).integers(0, 256, (2, 224, 224, 3), dtype=np.uint8)
    assert model.encode_images(pixels).shape == (2, 512)
    assert model.context_length == 77
    assert model.provenance["geometry"] == "224-bicubic-shortest"
