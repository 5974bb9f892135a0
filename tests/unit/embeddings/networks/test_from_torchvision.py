"""ResNets of torchvision give averaged features."""

import numpy as np
import pytest
import torch
import torchvision

from modgap.embeddings.models import create_model
from modgap.errors import InputError


def test_resnet18_without_classifier():
    entry = {"source": "torchvision", "architecture": "resnet18", "seed": 1, "size": 32}
    model = create_model("resnet18", entry, device="cpu")
    pixels = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), dtype=np.uint8)
    embeddings = model.encode_images(pixels)
    assert embeddings.shape == (4, 512) == (4, model.dim)
    # The last step is an average over ReLU outputs.
    assert embeddings.min() >= 0
    assert model.provenance["mean"] == [0.485, 0.456, 0.406]
    again = create_model("resnet18", entry, device="cpu")
    np.testing.assert_array_equal(again.encode_images(pixels), embeddings)


def test_resnet18_from_a_file(tmp_path):
    path = tmp_path / "resnet18.pth"
    torch.manual_seed(5)
    network = torchvision.models.resnet18()
    torch.save(network.state_dict(), path)
    entry = {"source": "torchvision", "architecture": "resnet18", "weights": str(path), "size": 32}
    model = create_model("mine", entry, device="cpu")
    assert torch.equal(model.network.conv1.weight, network.conv1.weight)
    with pytest.raises(InputError, match="these weights are not of architecture resnet50"):
        create_model("mine", {**entry, "architecture": "resnet50"}, device="cpu")


def test_torchvision_weights_without_network(monkeypatch):
    def refuse(*args, **settings):
        assert settings["weights_only"]
        raise OSError("no route to host")

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", refuse)
    entry = {"source": "torchvision", "architecture": "resnet18", "weights": "IMAGENET1K_V1"}
    with pytest.raises(InputError, match="give its path as weights"):
        create_model("mine", entry, device="cpu")
