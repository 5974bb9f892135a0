"""Loaded models against what their weights must be."""

import copy
import json

import numpy as np
import pytest

from modgap.embeddings.models import create_model
from modgap.embeddings.verification import (
    COORDINATES,
    activation,
    differences,
    golden_embedding,
    golden_picture,
    tokenizer_name,
    verify_model,
)
from modgap.errors import InputError

ENTRY = {"source": "random", "architecture": "tiny", "seed": 4}
TINY = {
    "embed_dim": 16,
    "quick_gelu": True,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 8},
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
}


@pytest.fixture(scope="module")
def project(tmp_path_factory, root):
    """A project folder with a tiny architecture."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "config" / "models").mkdir(parents=True)
    (folder / "config" / "models" / "tiny.json").write_text(json.dumps(TINY))
    plain = {**TINY, "quick_gelu": False}
    (folder / "config" / "models" / "plain.json").write_text(json.dumps(plain))
    for name in ("open_clip_tags.csv", "open_clip_architectures.csv"):
        (folder / "config" / name).write_text((root / "config" / name).read_text())
    return folder


@pytest.fixture(scope="module")
def model(project):
    return create_model("tiny", ENTRY, device="cpu", root=project)


@pytest.fixture
def pin(model):
    """What the table would say of it."""
    seen = model.preprocessing
    return {
        "activation": "QuickGELU",
        "preprocessing": {**seen, "mean": list(seen["mean"]), "std": list(seen["std"])},
        "tokenizer": "bpe",
        "context_length": 16,
        "golden": golden_embedding(model),
    }


def test_the_picture_needs_no_file_and_uses_the_whole_range():
    picture = golden_picture(32)
    assert (picture.shape, picture.dtype) == ((1, 32, 32, 3), np.uint8)
    assert (picture.min(), picture.max()) == (0, 255)
    assert not np.array_equal(picture[0, :, :, 0], picture[0, :, :, 1])


def test_golden_embeddings_are_the_first_coordinates_of_unit_vectors(model):
    golden = golden_embedding(model)
    raw = model.encode_images(golden_picture(32))[0]
    expected = raw[:COORDINATES] / np.linalg.norm(raw)
    np.testing.assert_allclose(golden["images"], expected, atol=1e-6)
    assert len(golden["texts"]) == COORDINATES


def test_a_model_that_is_what_its_pin_says(model, pin):
    assert verify_model("tiny", ENTRY, model, pin) == pin["golden"]
    assert verify_model("tiny", ENTRY, model, None) == pin["golden"]


def test_another_seed_is_another_model(project, pin):
    other = create_model("tiny", {**ENTRY, "seed": 5}, device="cpu", root=project)
    with pytest.raises(InputError, match=r"models\.tiny: golden embedding of images is \["):
        verify_model("tiny", ENTRY, other, pin)


def test_the_wrong_activation_is_seen_in_the_network_and_in_the_numbers(project, pin):
    plain = create_model("plain", {**ENTRY, "architecture": "plain"}, device="cpu", root=project)
    assert activation(plain.network) == "GELU"
    lines = differences(ENTRY, plain, pin, golden_embedding(plain))
    assert lines[0] == "activation is GELU, the table of weights says QuickGELU"
    assert any(line.startswith("golden embedding of images") for line in lines)


@pytest.mark.parametrize(
    ("key", "value"), [("context_length", 77), ("tokenizer", "bert"), ("activation", "ReLU")]
)
def test_every_key_of_the_pin_counts(model, pin, key, value):
    (line,) = differences(ENTRY, model, {**pin, key: value}, pin["golden"])
    assert line.startswith(f"{key} is {pin[key]}")


def test_preprocessing_counts_unless_it_is_overridden(project, model, pin):
    other = copy.deepcopy(pin)
    other["preprocessing"]["mean"] = [0.5, 0.5, 0.5]
    (line,) = differences(ENTRY, model, other, pin["golden"])
    assert line.startswith("preprocessing is ")
    entry = {**ENTRY, "normalisation": "imagenet"}
    overridden = create_model("tiny", entry, device="cpu", root=project)
    assert differences(entry, overridden, pin, golden_embedding(overridden)) == []


def test_a_golden_embedding_of_another_length(model, pin):
    short = {**pin, "golden": {"images": [0.1]}}
    (line,) = differences(ENTRY, model, short, golden_embedding(model))
    assert line == f"golden embedding of images: {COORDINATES} numbers are needed"


def test_a_tower_without_texts():
    entry = {"source": "torchvision", "architecture": "resnet18", "seed": 0, "size": 32}
    resnet = create_model("resnet18", entry, device="cpu")
    assert activation(resnet.network) == "ReLU"
    assert tokenizer_name(resnet) is None
    assert set(golden_embedding(resnet)) == {"images"}
