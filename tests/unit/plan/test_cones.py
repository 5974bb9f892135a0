"""Random initialisations, layers and models of another kind: files, settings, words."""

import pytest

from modgap.plan.cones import (
    describe_entries,
    describe_independent,
    list_tables,
    name_unnormalised,
    plan_independent,
    plan_initialisations,
    plan_layers,
    plan_without_normalisation,
    select_entries,
)
from modgap.plan.embeddings import describe_models
from plans import CNN, VIT, context

SECTIONS = {
    "initialisations": [
        {"model": "vit", "dataset": "scenes", "items": 4, "without_normalisation": True},
        {"model": "cnn", "dataset": "scenes"},
    ],
    "layers": [{"model": "cnn", "dataset": "noise"}],
    "without_normalisation": [{"model": "vit", "dataset": "scenes"}],
    "cone_study": {"seeds": 3, "seed_items": 2, "layer_items": 5, "layer_groups": 5},
    "training_classifiers": {
        "shapes": {
            "model": "cnn",
            "datasets": ["scenes"],
            "held_out": "held-out",
            "steps": 2,
            "batch_size": 2,
            "learning_rate": 0.1,
            "seeds": [0, 1],
        }
    },
    "independent_models": {"trained": {"classifier": "shapes", "dataset": "scenes"}},
}


@pytest.fixture
def known(root, monkeypatch):
    monkeypatch.chdir(root)
    return context(root, **SECTIONS)


@pytest.fixture
def described(known):
    return {name: {"kind": "any"} for name in known.shards}


def test_a_job_reads_only_the_shards_that_hold_its_first_pictures(known, described):
    planned = plan_initialisations(known, describe_models(known), described)
    folder = "<results>/pixels/scenes"
    assert planned["vit/scenes"]["arrays"] == [f"{folder}/{VIT}/part-{i}.npy" for i in range(2)]
    assert planned["cnn/scenes"]["indices"] == [f"{folder}/{CNN}/part-0.parquet"]


def test_the_seed_of_a_model_means_nothing_where_many_are_tried(root, described):
    seeded = {"vit": {"source": "random", "architecture": "scenes-vit", "seed": 7}}
    section = {"initialisations": [{"model": "vit", "dataset": "scenes"}]}
    known = context(root, models=seeded, **section)
    models = describe_models(known)
    assert models["vit"]["seed"] == 7
    variants = plan_initialisations(known, models, described)["vit/scenes"]["settings"]["variants"]
    assert [variant["model"]["seed"] for variant in variants] == list(range(25))
    assert [variant["labels"]["seed"] for variant in variants] == list(range(25))


def test_normalisation_layers_are_removed_in_turn_where_that_is_asked(known, described):
    planned = plan_initialisations(known, describe_models(known), described)
    states = [
        (v["labels"]["normalisation_layers"], v["model"].get("normalisation_layers", "kept"))
        for v in planned["vit/scenes"]["settings"]["variants"]
    ]
    assert states == [("kept", "kept"), ("removed", "removed")] * 3
    assert len(planned["cnn/scenes"]["settings"]["variants"]) == 3


def test_layers_and_disabled_normalisation(known, described):
    models = describe_models(known)
    layers = plan_layers(known, models, described)
    assert layers["cnn/noise"]["settings"]["items"] == 5
    assert layers["cnn/noise"]["samples"] == "<results>/samples/noise.parquet"
    disabled = plan_without_normalisation(known, models, described)["vit/scenes"]
    assert disabled["measured"]["umap_seed"] == known.config["projection"]["seed"]
    assert disabled["settings"]["items"] == 5
    assert [variant["labels"] for variant in disabled["settings"]["variants"]] == [
        {"normalisation": "as it is"},
        {"normalisation": "no normalisation layers"},
        {"normalisation": "no normalisation layers, raw pixels"},
    ]


def test_models_trained_independently(known, described):
    planned = plan_independent(known, described)["trained"]
    assert planned["weights"] == [
        f"{known.config['results']}/training/shapes-seed{seed}/model.safetensors" for seed in (0, 1)
    ]
    assert planned["measured"] == {"name": "trained/scenes"}
    assert [v["name"] for v in planned["settings"]["variants"]] == ["shapes-seed0", "shapes-seed1"]
    assert [v["labels"]["seed"] for v in planned["settings"]["variants"]] == [0, 1]
    assert planned["arrays"] == [f"<results>/pixels/scenes/{CNN}/part-0.npy"]
    (group,) = describe_independent(known.config)
    assert group["random"] == "cnn/scenes"


def test_two_towers_are_selected_and_named(known):
    both = select_entries(known.config, "initialisations")
    pairs = select_entries(known.config, "initialisations", n_towers=2)
    assert [entry["model"] for entry in both] == ["vit", "cnn"]
    assert [entry["model"] for entry in pairs] == ["vit"]
    assert list_tables(pairs, "seeds") == ["<results>/statistics/seeds/vit/scenes.parquet"]
    assert describe_entries(known.config, pairs) == [
        {
            "model": "vit",
            "label": "ViT",
            "state": "random",
            "dataset": "scenes",
            "dataset_label": "Scenes",
        }
    ]
    assert name_unnormalised(known) == {
        "drawn": ["vit/scenes"],
        "labels": {"vit/scenes": "ViT, Scenes"},
    }
