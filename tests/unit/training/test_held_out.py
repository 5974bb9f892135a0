"""Held-out pairs stand for their dataset, and are measured as one would by hand."""

import numpy as np
import pandas as pd
import pytest
import torch

from modgap.statistics.retrieval import own_relevance
from modgap.training.held_out import (
    KEPT,
    HeldOut,
    embed_held_out,
    first_training_pairs,
    held_out_loss,
    held_out_pairs,
    measure_held_out,
    zero_shot_row,
)
from modgap.training.pictures import CaptionedPictures


def numbered_pictures(n):
    """Pictures of one colour each, their number, with two captions."""
    captions = [f"{which} {i}" for i in range(n) for which in ("first", "last")]
    samples = pd.DataFrame({"caption": captions, "label": None, "mentioned": None})
    return CaptionedPictures(
        arrays=[np.full((n, 4, 4, 3), np.arange(n)[:, None, None, None], np.uint8)],
        shard=np.zeros(n, int),
        row=np.arange(n),
        captions=captions,
        first=np.arange(0, 2 * n, 2),
        count=np.full(n, 2),
        samples=samples,
        dataset_sha256=["none"],
    )


@pytest.mark.parametrize(("n", "found"), [(20, 20), (60, 60), (90, 60)])
def test_held_out_pairs_stand_for_their_dataset(n, found):
    """A dataset may be sorted by class, or have its classes in turns."""
    pairs = held_out_pairs(
        numbered_pictures(60),
        lambda texts: np.zeros((len(texts), 3), np.int64),
        n=n,
        caption="last",
        prompt="{label}",
    )
    pictures = pairs.pixels[:, 0, 0, 0]
    assert len(set(pictures)) == found
    assert list(pairs.captions) == [f"last {i}" for i in pictures]
    for five_classes in (pictures // 12, pictures % 5):
        assert len(set(five_classes)) == 5


def test_the_authors_items_are_the_first_that_are_trained_on_with_last_captions():
    pairs = first_training_pairs(
        numbered_pictures(600), lambda texts: np.zeros((len(texts), 3), np.int64), prompt="{label}"
    )
    assert list(pairs.captions) == [f"last {i}" for i in range(500)]
    assert pairs.loss_name == "training_items_loss"


def unit_rows(n, dim, seed):
    rows = np.random.default_rng(seed).standard_normal((n, dim))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


class ToyTowers(torch.nn.Module):
    """Pictures and captions are their own embeddings."""

    def project_images(self, images):
        return 3 * images

    def project_texts(self, tokens):
        return 5 * tokens

    def normalise_images(self, images):
        return images / images.norm(dim=1, keepdim=True)

    normalise_texts = normalise_images

    def encode_texts(self, tokens):
        return self.normalise_texts(self.project_texts(tokens))


def toy_pairs(n=12, classes=3):
    X, Y = unit_rows(n, 6, 0), unit_rows(n, 6, 1)
    captions = np.array([f"caption {i}" for i in range(n)])
    held_out = HeldOut(
        pixels=X,
        tokens=torch.from_numpy(Y),
        captions=captions,
        relevance=own_relevance(np.arange(n), n),
        prompts=torch.from_numpy(unit_rows(classes, 6, 2)),
        labels=np.arange(n) % classes,
    )
    return X, Y, held_out


def test_embedding_in_batches_keeps_order_and_mode():
    X, Y, held_out = toy_pairs()
    towers = ToyTowers().train()
    found = embed_held_out(towers, held_out, torch.from_numpy, "cpu", batch_size=5)
    wanted = (X, Y, held_out.prompts.numpy(), np.full(len(X), 3), np.full(len(Y), 5))
    for rows, expected in zip(found, wanted, strict=True):
        np.testing.assert_allclose(rows, expected, rtol=1e-12)
    assert towers.training


def test_accuracy_of_the_nearest_prompt():
    images, prompts = np.eye(3)[[0, 1, 2, 2]], np.eye(3)
    row = zero_shot_row(images, prompts, np.array([0, 1, 2, 0]))
    assert (row["statistic"], row["value"], row["n"]) == ("zero_shot", 0.75, 4)
    assert 0 < row["low"] < 0.75 < row["high"] < 1


@pytest.mark.parametrize("batch_size", [4, 5, 50])
def test_the_loss_is_the_mean_over_whole_batches(batch_size):
    X, Y, _ = toy_pairs()
    size = min(batch_size, 12)
    values = []
    for start in range(0, 12 - size + 1, size):
        logits = X[start : start + size] @ Y[start : start + size].T / 0.1
        rows = [np.log(np.exp(side).sum(1)) - np.diag(side) for side in (logits, logits.T)]
        values.append(np.mean(rows))
    assert held_out_loss(X, Y, 0.1, batch_size) == pytest.approx(np.mean(values), rel=1e-9)


def test_measurements_of_a_step():
    X, Y, held_out = toy_pairs()
    rows = measure_held_out(
        ToyTowers(),
        held_out,
        torch.from_numpy,
        "cpu",
        tau=0.1,
        norm=7.0,
        batch_size=12,
        n_resamples=100,
        seed=0,
    )
    found = {row["statistic"]: row["value"] for row in rows if row["side"] != "second"}
    assert found["gap"] == pytest.approx(np.linalg.norm(X.mean(0) - Y.mean(0)))
    assert found["tau"] == 0.1
    assert found["zero_shot_chance"] == pytest.approx(1 / 3)
    assert (found["embedding_norm"], found["weight_norm"]) == (pytest.approx(3), 7)
    own = {"zero_shot", "zero_shot_chance", "held_out_loss", "tau", "embedding_norm", "weight_norm"}
    assert {row["statistic"] for row in rows} <= {*KEPT, *own}
    assert {row["dim"] for row in rows} == {6}
