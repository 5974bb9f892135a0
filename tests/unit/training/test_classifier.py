"""A small ResNet learns classes and becomes an image model."""

import numpy as np
import pytest

from modgap.embeddings.models import create_model
from modgap.errors import InputError
from modgap.tables import read_metadata, read_table
from modgap.training.classifier import train_classifier
from tiny_training import make_dataset

RESNET = {"source": "torchvision", "architecture": "resnet18", "size": 32, "seed": 0}
SETTINGS = {
    "name": "shapes",
    "architecture": "resnet18",
    "preprocessing": {"mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25]},
    "seed": 0,
    "steps": 25,
    "batch_size": 20,
    "learning_rate": 0.001,
    "checkpoint_every": 10,
}


def inputs(folder, **entry):
    learned = make_dataset(folder, "train", n=40, **entry)
    held_out = make_dataset(folder, "held-out", n=20, **entry)
    return {**learned, **{f"held_out_{key}": paths for key, paths in held_out.items()}}


def paths_of(folder):
    return {"weights": folder / "model.safetensors", "losses": folder / "losses.parquet"}


def test_a_classifier_learns_and_loads(tmp_path):
    outputs = paths_of(tmp_path / "out")
    given = inputs(tmp_path, kind="digits")
    train_classifier(given, outputs, **SETTINGS)
    losses = read_table(outputs["losses"])["loss"]
    assert losses.iloc[-3:].mean() < 0.5 * losses.iloc[:3].mean()
    measured = read_metadata(outputs["losses"])
    # The held-out digits here are among those that were learned.
    assert measured["low"] < measured["accuracy"] > 0.3
    entry = {
        "source": "trained",
        "run": "x",
        "path": str(outputs["weights"].parent),
        "initial": RESNET,
    }
    crops = np.zeros((2, 32, 32, 3), np.uint8)
    trained = create_model("m", entry, device="cpu").encode_images(crops)
    assert trained.shape == (2, 512)
    assert (trained != create_model("r", RESNET, device="cpu").encode_images(crops)).any()


def test_pictures_without_labels_are_refused(tmp_path, monkeypatch):
    import modgap.training.classifier as classifier

    read = classifier.read_captioned_pictures

    def unlabelled(*paths):
        data = read(*paths)
        data.samples["label"] = None
        return data

    monkeypatch.setattr(classifier, "read_captioned_pictures", unlabelled)
    with pytest.raises(InputError, match="a classifier needs labels"):
        train_classifier(inputs(tmp_path), paths_of(tmp_path), **SETTINGS)


def test_a_killed_classifier_continues_with_the_same_numbers(tmp_path, monkeypatch):
    import modgap.training.classifier as classifier

    given = inputs(tmp_path, kind="digits")

    def train(folder):
        folder.mkdir(exist_ok=True)
        train_classifier(given, paths_of(folder), **SETTINGS)
        assert not (folder / "resume.ckpt").exists()
        return paths_of(folder).values()

    whole = train(tmp_path / "whole")
    rate_at, steps = classifier.learning_rate_at, []

    def killed(recipe, step, total):
        steps.append(step)
        if step == 14:
            raise KeyboardInterrupt
        return rate_at(recipe, step, total)

    monkeypatch.setattr(classifier, "learning_rate_at", killed)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "killed")
    assert (tmp_path / "killed" / "resume.ckpt").is_file()
    steps.clear()
    monkeypatch.setattr(
        classifier, "learning_rate_at", lambda *given: steps.append(given[1]) or rate_at(*given)
    )
    again = train(tmp_path / "killed")
    assert steps[0] == 10
    for one, other in zip(whole, again, strict=True):
        assert one.read_bytes() == other.read_bytes()
