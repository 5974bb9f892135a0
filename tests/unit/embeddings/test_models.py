"""Models are what the config says, whichever way they are loaded."""

import json
import pickle

import numpy as np
import open_clip
import pytest
import torch

from modgap.embeddings.models import choose_device, create_model
from modgap.errors import InputError
from modgap.files import sha256_of, write_digests
from tiny_models import (
    PIXELS,
    RANDOM,
    TINY,
    assert_same_embeddings,
    checkpoint,
    local_dir,
)


def test_provenance(tiny):
    provenance = tiny.provenance
    assert json.loads(json.dumps(provenance)) == provenance
    assert provenance["weights"] == "random"
    assert provenance["seed"] == 3
    assert provenance["geometry"] == "16-bicubic-shortest"
    assert provenance["open_clip"] == open_clip.__version__
    assert len(provenance["weights_sha256"]) == 64


def test_imagenet_normalisation_changes_arithmetic_not_weights(project, tiny):
    entry = {**RANDOM, "normalisation": "imagenet"}
    other = create_model("tiny", entry, device="cpu", root=project)
    assert other.provenance["mean"] == [0.485, 0.456, 0.406]
    assert other.provenance["weights_sha256"] == tiny.provenance["weights_sha256"]
    assert not np.array_equal(other.encode_images(PIXELS), tiny.encode_images(PIXELS))


def test_checkpoint_round_trip(project, tiny, weights, tmp_path):
    plain, wrapped = tmp_path / "plain.pt", tmp_path / "wrapped.pt"
    state = tiny.network.state_dict()
    torch.save(state, plain)
    torch.save({"epoch": 3, "state_dict": {f"module.{k}": v for k, v in state.items()}}, wrapped)
    for path in (weights, plain, wrapped):
        loaded = create_model("mine", checkpoint(path), device="cpu", root=project)
        assert_same_embeddings(tiny, loaded)
        assert loaded.provenance["weights_sha256"] == tiny.provenance["weights_sha256"]
        assert loaded.provenance["weights"] == "trained"
        assert loaded.provenance["weights_file"] == str(path)
        assert loaded.provenance["weights_file_sha256"] == sha256_of(path)
    assert "weights_file" not in tiny.provenance


@pytest.mark.parametrize("prefix", ["model.", "module.model.", "clip."])
def test_checkpoints_of_lightning_and_ddp(project, tiny, tmp_path, prefix):
    state = {prefix + name: value for name, value in tiny.network.state_dict().items()}
    path = tmp_path / "last.pt"
    torch.save({"state_dict": {**state, "loss.weight": torch.ones(2)}, "epoch": 3}, path)
    loaded = create_model("mine", checkpoint(path), device="cpu", root=project)
    assert_same_embeddings(tiny, loaded)
    assert loaded.provenance["weights_sha256"] == tiny.provenance["weights_sha256"]
    del state[f"{prefix}text_projection"]
    torch.save({"state_dict": state}, path)
    with pytest.raises(InputError, match=r"Missing.*text_projection") as caught:
        create_model("mine", checkpoint(path), device="cpu", root=project)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_local_dir_round_trip(tiny, weights, tmp_path):
    loaded = create_model("mine", local_dir(tmp_path, weights, TINY), device="cpu")
    assert_same_embeddings(tiny, loaded)
    assert loaded.provenance["weights_file_sha256"] == sha256_of(weights)


def test_a_damaged_model_of_our_own_is_set_aside(tiny, weights, tmp_path):
    entry = {**local_dir(tmp_path, weights, TINY), "source": "trained", "initial": {}}
    file = tmp_path / "open_clip_model.safetensors"
    write_digests(file, ["0" * 64])
    with pytest.raises(InputError, match=r"open_clip_model\.safetensors: damaged"):
        create_model("mine", entry, device="cpu")
    assert not file.exists()
    assert weights.exists()


def test_local_dir_brings_its_own_preprocessing(tiny, weights, tmp_path):
    entry = local_dir(
        tmp_path, weights, TINY, mean=[0.5] * 3, std=[0.5] * 3, interpolation="bilinear"
    )
    loaded = create_model("mine", entry, device="cpu")
    assert loaded.provenance["geometry"] == "16-bilinear-shortest"
    assert loaded.provenance["mean"] == [0.5, 0.5, 0.5]
    assert not np.array_equal(loaded.encode_images(PIXELS), tiny.encode_images(PIXELS))


def test_checkpoint_with_the_preprocessing_given(project, weights):
    settings = {
        "size": 16,
        "interpolation": "bilinear",
        "resize_mode": "squash",
        "mean": [0.5, 0.5, 0.5],
        "std": [0.5, 0.5, 0.5],
    }
    entry = checkpoint(weights, preprocessing=settings)
    loaded = create_model("mine", entry, device="cpu", root=project)
    assert loaded.provenance["geometry"] == "16-bilinear-squash"
    assert loaded.preprocessing["mean"] == (0.5, 0.5, 0.5)


@pytest.mark.parametrize("architecture", ["tiny-wide", "tiny-large", "ViT-S-32-alt"])
def test_checkpoint_of_another_architecture(project, weights, architecture):
    """tiny-large differs in image size only: open_clip would stretch its positions silently."""
    entry = checkpoint(weights, architecture)
    if architecture == "ViT-S-32-alt":
        mean = [0.5, 0.5, 0.5]
        entry["preprocessing"] = {"size": 224, "mean": mean, "std": mean}
    with pytest.raises(InputError) as caught:
        create_model("mine", entry, device="cpu", root=project)
    message = str(caught.value)
    assert f"tiny.safetensors: these weights are not of architecture {architecture} (" in message
    assert "\n" not in message


def test_local_dir_with_weights_of_another_architecture(weights, tmp_path):
    entry = local_dir(tmp_path, weights, {**TINY, "embed_dim": 24})
    with pytest.raises(InputError, match="these weights are not of architecture"):
        create_model("mine", entry, device="cpu")


class Payload:
    """Code hidden in a pickle: unpickling it would write a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (self.path, "w"))


def test_pickle_with_code_is_refused_and_not_run(project, tmp_path):
    proof, path = tmp_path / "it ran", tmp_path / "weights.pt"
    torch.save({"state_dict": Payload(str(proof))}, path)
    with pytest.raises(InputError, match="no weights can be read from it"):
        create_model("mine", checkpoint(path), device="cpu", root=project)
    path.write_bytes(pickle.dumps({"w": Payload(str(proof))}, protocol=2))
    with pytest.raises(InputError, match="no weights can be read from it"):
        create_model("mine", checkpoint(path), device="cpu", root=project)
    assert not proof.exists()


def test_unreadable_weights(project, weights, tmp_path):
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(weights.read_bytes()[:1000])
    empty = tmp_path / "empty.pt"
    empty.touch()
    listed = tmp_path / "list.pt"
    torch.save([1, 2], listed)
    other = tmp_path / "other.pt"
    torch.save({"epoch": 3}, other)
    for path in (cut, empty, listed, other):
        with pytest.raises(InputError, match=path.name) as caught:
            create_model("mine", checkpoint(path), device="cpu", root=project)
        assert "\n" not in str(caught.value)


def test_wrong_activation_is_refused_before_anything_is_loaded():
    entry = {"source": "open_clip", "architecture": "ViT-B-32", "pretrained": "openai"}
    with pytest.raises(InputError, match="use architecture ViT-B-32-quickgelu"):
        create_model("mine", entry, device="cpu")


def test_device_that_is_not_there(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert choose_device("auto").type == "cpu"
    with pytest.raises(InputError, match="no cuda device is available here"):
        choose_device("cuda")
