"""What rules are told of datasets and of the files behind them."""

import json
from pathlib import Path

import pytest

from modgap.plan.datasets import describe_dataset, group_datasets, plan_crops, plan_datasets
from plans import CNN, VIT, context, plan


@pytest.fixture(autouse=True)
def project(root, monkeypatch):
    monkeypatch.chdir(root)


def test_every_dataset_is_in_the_group_of_the_rule_that_makes_it():
    kinds = {
        "a": {"kind": "scenes"},
        "b": {"kind": "digits"},
        "c": {"kind": "torchvision", "name": "CIFAR10"},
        "d": {"kind": "torchvision", "name": "DTD"},
        "e": {"kind": "embeddings"},
        "f": {"kind": "embeddings", "class_prompts": "p.npy"},
        "g": {"kind": "noise"},
        "h": {"kind": "webdataset"},
    }
    assert group_datasets({"datasets": kinds}) == {
        "drawn": ["a", "b"],
        "unpacked": ["c"],
        "ready": ["e", "f"],
        "labelled": ["f"],
        "torchvision": ["d"],
        "webdataset": ["h"],
        "listed": ["g"],
    }


def test_a_label_is_no_part_of_what_a_dataset_is(root):
    assert describe_dataset(context(root), "scenes") == {"kind": "scenes", "n": 7, "seed": 0}


def test_a_folder_of_the_users_counts_by_its_listing(root, tmp_path):
    folder = tmp_path / "classes"
    for name in ("a/1.png", "b/2.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"12")
    mine = {"mine": {"kind": "image_folder", "path": str(folder)}}
    models = {"vit": {"source": "random", "architecture": "scenes-vit"}}
    known = context(root, datasets=mine, models=models)
    before = describe_dataset(known, "mine")["listing"]
    (folder / "a" / "1.png").touch()
    assert describe_dataset(known, "mine")["listing"] == before
    (folder / "a" / "1.png").write_bytes(b"123")
    assert describe_dataset(known, "mine")["listing"] != before


def test_shards_of_crops_have_their_own_settings(root):
    known = context(root)
    crops = plan_crops(known, {name: {} for name in known.shards})
    assert sorted(crops) == sorted(
        f"{name}/{shape}" for name in ("scenes", "held-out", "noise") for shape in (VIT, CNN)
    )
    scenes = crops[f"scenes/{VIT}"]
    assert [row["shard"] for row in scenes["settings"]] == [0, 1, 2]
    assert {row["shard_size"] for row in scenes["settings"]} == {3}


def test_a_webdataset_has_one_shard_a_tar(root, tmp_path):
    for i in range(2):
        (tmp_path / f"{i}.tar").write_bytes(b"")
    web = {"web": {"kind": "webdataset", "shards": str(tmp_path / "{0..1}.tar")}}
    models = {"vit": {"source": "random", "architecture": "scenes-vit"}}
    known = context(root, datasets=web, models=models)
    crops = plan_crops(known, {"web": {}})[f"web/{VIT}"]
    assert len(crops["settings"]) == 2
    assert crops["settings"][1]["shard_size"] is None
    assert plan_datasets(known, {"web": {}})["web"]["files"] == [
        str(tmp_path / f"{i}.tar") for i in range(2)
    ]


def test_fetched_files_come_with_their_checksums(root):
    data = {"cifar": {"kind": "torchvision", "name": "CIFAR10"}}
    models = {"vit": {"source": "random", "architecture": "scenes-vit"}}
    planned = plan(root, datasets=data, models=models)
    settings = planned["datasets"]["cifar"]["settings"]
    (file,) = settings["fetched"]
    assert file["file"] == "cifar10/cifar-10-python.tar.gz"
    assert file["md5"]
    assert settings["folder"] == "resources"
    assert planned["fetching"]["files"] == ["resources/cifar10/cifar-10-python.tar.gz"]
    assert "cifar10/cifar-10-python.tar.gz" in planned["fetching"]["message"]
    assert planned["downloads"]["cifar10/cifar-10-python.tar.gz"]["mirror"] is None


def test_a_gzipped_archive_is_fetched_and_turned_into_a_tar(root):
    data = {"dtd": {"kind": "torchvision", "name": "DTD"}}
    models = {"vit": {"source": "random", "architecture": "scenes-vit"}}
    planned = plan(root, datasets=data, models=models)
    assert planned["fetching"]["files"] == ["resources/dtd/dtd-r1.0.1.tar"]
    tar = planned["plain_tars"]["dtd/dtd-r1.0.1.tar"]
    assert tar["archive"] == "<resources>/dtd/dtd-r1.0.1.tar.gz"
    assert [row["file"] for row in tar["settings"]["fetched"]] == ["dtd/dtd-r1.0.1.tar.gz"]


def test_labels_and_class_prompts_of_ready_embeddings(root, tmp_path):
    import numpy as np

    paths = {}
    for name, shape in (("first", (4, 3)), ("second", (4, 3)), ("class_prompts", (2, 3))):
        paths[name] = str(tmp_path / f"{name}.npy")
        np.save(paths[name], np.ones(shape, np.float32))
    paths["labels"] = str(tmp_path / "labels.csv")
    Path(paths["labels"]).write_text("label\nx\ny\nx\ny\n", encoding="utf-8")
    mine = {"kind": "embeddings", "classes": ["x", "y"], **paths}
    planned = plan(root, datasets={"mine": mine}, models={})
    assert json.loads(json.dumps(planned["labelled"]))["mine"]["settings"] == {
        "class_prompts": paths["class_prompts"],
        "classes": ["x", "y"],
        "id_column": None,
        "labels": paths["labels"],
    }
    assert planned["labelled"]["mine"]["embeddings"] == planned["claims"]["imported"]
    assert planned["imported"]["mine/second"]["files"] == [paths["second"]]
    part = planned["imported"]["mine/second"]["settings"]["part"]
    assert part.keys().isdisjoint({"labels", "classes"})
    assert planned["zero_shot"]["mine"]["prompts"] == "<results>/prompts/imported/mine.parquet"
    assert planned["claims"]["imported"] == [
        "<results>/embeddings/imported/mine/first/part-0.parquet"
    ]
