"""What is embedded by which model, from which files, with which settings."""

import pytest

from modgap.plan.embeddings import (
    describe_models,
    name_sides,
    plan_clouds,
    plan_comparisons,
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


def test_models_of_one_geometry_share_the_crops(root):
    """Five models over one set of pictures: every shard is decoded once."""
    entry = {"source": "random", "architecture": "scenes-vit"}
    known = context(root, models={f"vit-{i}": {**entry, "seed": i} for i in range(5)})
    images = plan_images(known, describe_models(known))
    planned = [path for i in range(5) for path in images[f"vit-{i}/scenes"]["arrays"]]
    assert len(planned) == 5 * 3
    assert len(set(planned)) == 3


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


def test_a_comparison_has_the_files_of_both_sets(root):
    sets = {
        "usual": {"dataset": "scenes", "model": "vit"},
        "own": {"dataset": "scenes", "model": "vit", "caption": "all"},
    }
    pairs = {"captions": ["usual", "own"]}
    planned = plan_comparisons(context(root, embedding_sets=sets, comparisons=pairs))["captions"]
    assert planned["before_first"] == planned["after_first"]
    assert len(planned["after_second"]) == 3
    assert planned["before_samples"] == ["<results>/samples/scenes.parquet"]
    assert planned["after_table"] == []
    assert planned["settings"] == {
        "captions": ["first", "all"],
        "name": "captions",
        "sets": ["usual", "own"],
        "modalities": ["images", "texts"],
        "tasks": [],
    }


def test_a_comparison_pairs_the_tasks_that_ask_the_same(root):
    models = {
        name: {"source": "random", "architecture": "scenes-vit", "seed": seed}
        for seed, name in enumerate(("vit", "tuned"))
    }
    size = {"dataset": "scenes", "prompts": "scenes_size", "templates": "caption", "column": "size"}
    tasks = {
        "size": {**size, "model": "vit"},
        "tuned-size": {**size, "model": "tuned"},
        "elsewhere": {**size, "model": "tuned", "dataset": "held-out"},
        "shape": {**size, "model": "vit", "prompts": "scenes_shape", "column": "shape"},
    }
    known = context(
        root,
        models=models,
        zero_shot=tasks,
        embedding_sets={name: {"dataset": "scenes", "model": name} for name in models},
        comparisons={"tuning": ["vit", "tuned"]},
    )
    planned = plan_comparisons(known)["tuning"]
    (task,) = planned["settings"]["tasks"]
    assert (task["label"], task["columns"]) == ("size", ["size"])
    assert task["after"]["shards"] == len(planned["after_images"]) == 3
    assert planned["after_prompts"] == ["<results>/prompts/tuned/scenes_size.parquet"]
    assert planned["before_labels"] == ["<results>/samples/scenes.parquet"]


def test_of_a_set_of_another_run_only_its_table_is_planned(root, tmp_path):
    measured = tmp_path / "statistics" / "gap"
    measured.mkdir(parents=True)
    (measured / "after.parquet").touch()
    sets = {"mine": {"dataset": "scenes", "model": "vit"}}
    pair = ["mine", {"results": str(tmp_path), "set": "after"}]
    known = context(root, embedding_sets=sets, comparisons={"runs": pair})
    planned = plan_comparisons(known)["runs"]
    assert planned["after_table"] == [str(measured / "after.parquet")]
    assert planned["after_first"] == planned["after_samples"] == []
    assert planned["settings"]["sets"] == ["mine", f"after of {tmp_path}"]


def test_a_comparison_has_the_names_of_its_modalities():
    heard = {"kind": "embeddings", "files": {"image": "a.npy", "sound": "b.npy"}}
    config = {"datasets": {"heard": heard}, "embedding_sets": {"mine": {"dataset": "heard"}}}
    other = {"results": "elsewhere", "set": "theirs"}
    assert name_sides(config, [other, "mine"]) == ["image", "sound"]
    assert name_sides(config, [other, other]) == ["first", "second"]
