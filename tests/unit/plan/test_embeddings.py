"""What is embedded by which model, from which files, with which settings."""

import pytest

from modgap.plan.embeddings import (
    describe_models,
    plan_clouds,
    plan_images,
    plan_sets,
    plan_texts,
    plan_verification,
)
from plans import CNN, VIT, context, plan


@pytest.fixture(autouse=True)
def project(root, monkeypatch):
    monkeypatch.chdir(root)


def test_pictures_are_embedded_from_the_crops_of_the_models_geometry(root):
    known = context(root)
    images = plan_images(known, describe_models(known))
    assert len(images) == 2 * 3
    assert images["cnn/scenes"]["arrays"][2] == f"<results>/pixels/scenes/{CNN}/part-2.npy"
    assert images["vit/scenes"]["indexes"][0] == f"<results>/pixels/scenes/{VIT}/part-0.parquet"
    assert images["vit/scenes"]["settings"]["model_name"] == "vit"
    assert "label" not in images["vit/scenes"]["settings"]["model"]


@pytest.mark.parametrize(("on_bad_sample", "expected"), [("stop", 0), ("skip", 3)])
def test_texts_wait_for_the_pictures_only_where_bad_ones_are_left_out(
    root, on_bad_sample, expected
):
    known = context(root, pixels={"shard_size": 3, "on_bad_sample": on_bad_sample})
    texts = plan_texts(known, describe_models(known), {name: {} for name in known.shards})
    assert set(texts) == {"vit/scenes", "vit/held-out", "vit/noise"}
    indexes = texts["vit/scenes"]["indexes"]
    assert len([index for index in indexes if index]) == expected
    # As a list, since a rule's input may be nothing; the script takes the first.
    assert all(isinstance(index, list) for index in indexes)
    assert texts["vit/noise"]["indexes"] == [[]]
    assert [row["shard"] for row in texts["vit/scenes"]["settings"]] == [0, 1, 2]


def test_clouds_of_every_tower_and_of_ready_embeddings(root, shared):
    file = str(shared("data/published/features_clip.npy"))
    known = context(root, datasets={"clip": {"kind": "embeddings", "file": file}}, models={})
    clouds = plan_clouds(known)
    assert list(clouds) == ["imported/clip/first", "imported/clip/second"]
    assert set(plan_clouds(context(root))) == {
        f"{model}/{data}/{side}"
        for data in ("scenes", "held-out", "noise")
        for model, side in (("vit", "images"), ("vit", "texts"), ("cnn", "images"))
    }


def test_an_embedding_set_says_which_caption_counts(root):
    sets = {
        "usual": {"dataset": "scenes", "model": "vit"},
        "own": {"dataset": "scenes", "model": "vit", "caption": "all"},
    }
    planned = plan_sets(context(root, embedding_sets=sets))
    assert planned["usual"]["settings"] == {"caption": "first", "name": "usual"}
    assert planned["own"]["settings"] == {"caption": "all", "name": "own"}
    assert len(planned["own"]["second"]) == 3


def test_only_models_with_weights_are_verified(root):
    known = context(root)
    assert plan_verification(known, describe_models(known))["settings"]["models"] == []
    cnn = {"source": "torchvision", "architecture": "resnet18", "weights": "IMAGENET1K_V1"}
    planned = plan(root, models={"r18": cnn})["verification"]
    (model,) = planned["settings"]["models"]
    assert model["name"] == "r18"
    assert model["files"] == planned["weights"] == [model["entry"]["weights_file"]]
    assert model["pin"]["architecture"] == "resnet18"
    assert model["fetched"][0]["file"].startswith("weights/")
