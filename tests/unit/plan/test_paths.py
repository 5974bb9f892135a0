"""Which files a configuration asks for."""

import re

import pandas as pd
import pytest

from modgap.data.table import shard_pictures
from modgap.plan.paths import (
    all_parts,
    checkpoints,
    cone_clouds,
    count_first_shards,
    crops,
    modalities,
    one_of,
    picture_sets,
    pixel_indexes,
    shard_counts,
)
from plans import CNN, VIT, context

SIZES = [3, 1, 4]


def samples(sizes):
    """A samples table of pictures in tars of the given sizes."""
    images = [f"{tar}.tar#{i}.png" for tar, size in enumerate(sizes) for i in range(size)]
    return pd.DataFrame({"sample_id": images, "image": images})


@pytest.mark.parametrize("items", range(1, 10))
@pytest.mark.parametrize("shard_size", [None, 1, 3, 50])
def test_the_first_shards_hold_the_first_pictures(items, shard_size):
    table = samples(SIZES)
    shards = len(SIZES) if shard_size is None else -(-len(table) // shard_size)
    needed = count_first_shards(items, shard_size, shards)
    held = [name for s in range(needed) for name in shard_pictures(table, s, shard_size)["image"]]
    assert held[:items] == list(table["image"][:items])
    assert needed <= shards


def test_shards_are_counted_before_anything_runs():
    entries = {
        "a": {"kind": "scenes", "n": 7},
        "b": {"kind": "webdataset", "files": ["0.tar", "1.tar"]},
        "c": {"kind": "embeddings"},
    }
    counted = shard_counts({"datasets": entries, "pixels": {"shard_size": 3}})
    assert counted == {"a": 3, "b": 2}


def test_names_are_matched_as_they_are():
    pattern = one_of(["a.b", "c"])
    assert [bool(re.fullmatch(pattern, name)) for name in ("a.b", "axb", "c", "")] == [
        True,
        False,
        True,
        False,
    ]
    assert not re.fullmatch(one_of([]), "")


@pytest.fixture
def known(root, monkeypatch):
    monkeypatch.chdir(root)
    return context(root)


def test_crops_of_the_first_pictures_are_the_first_shards(known):
    folder = f"<results>/pixels/scenes/{VIT}"
    assert crops(known, "scenes", VIT, "npy") == [f"{folder}/part-{i}.npy" for i in range(3)]
    assert crops(known, "scenes", VIT, "npy", items=3) == [f"{folder}/part-0.npy"]
    assert len(crops(known, "scenes", VIT, "npy", items=4)) == 2


def test_every_cloud_of_the_configuration_is_made_once(known):
    parts = all_parts(known)
    assert len(parts) == len(set(parts)) == (3 + 2 + 1) * 3
    assert sorted(parts) == parts
    assert ("vit", "scenes", "texts") in cone_clouds(known)
    assert picture_sets(known) == ["scenes", "held-out"]


def test_every_pair_of_data_and_geometry_that_is_embedded_is_decoded(known):
    paths = pixel_indexes(known)
    assert len(paths) == (3 + 2 + 1) * 2
    assert f"<results>/pixels/noise/{CNN}/part-0.parquet" in paths


def test_checkpoints_of_runs_and_classifiers(root, monkeypatch):
    monkeypatch.chdir(root)
    run = {"model": "vit", "datasets": ["scenes"], "held_out": "held-out"}
    assert checkpoints(context(root, training_runs={"base": run})) == [
        "<results>/training/base/open_clip_model.safetensors"
    ]


def test_modalities_of_models_and_of_ready_embeddings():
    datasets = {
        "d": {"kind": "embeddings", "file": "d.npy"},
        "e": {"kind": "embeddings", "files": {"image": "i.npy", "text": "t.npy", "audio": "a.npy"}},
    }
    config = {"models": {"cnn": {"source": "torchvision"}}, "datasets": datasets}
    assert modalities(config, {"dataset": "d"}) == ["first", "second"]
    assert modalities(config, {"dataset": "e"}) == ["image", "text", "audio"]
    pair = {"dataset": "e", "modalities": ["audio", "text"]}
    assert modalities(config, pair) == ["audio", "text"]
    assert modalities(config, {"dataset": "d", "model": "cnn"}) == ["images"]
