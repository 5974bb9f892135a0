"""What a run measures where its file names no sets, cones or tasks."""

import pytest

from modgap.errors import InputError
from modgap.plan.sections.derived import derive_sections, derived_cones, derived_sets

CONFIG = {
    "datasets": {"scenes": {"kind": "scenes"}, "noise": {"kind": "noise"}},
    "models": {
        "vit": {"source": "random"},
        "resnet": {"source": "torchvision"},
        "shapes": {"source": "trained", "run": "shapes-seed0"},
    },
    "training_classifiers": {"shapes": {"seeds": [0]}},
}


def ready(*names):
    return {"kind": "embeddings", "files": dict.fromkeys(names, "x.npy")}


def test_captioned_pictures_with_every_model_that_has_two_towers():
    assert derived_sets(CONFIG) == {"scenes-vit": {"dataset": "scenes", "model": "vit"}}
    pairs = [(cone["dataset"], cone["model"]) for cone in derived_cones(CONFIG)]
    assert pairs == [(d, m) for d in ("scenes", "noise") for m in ("vit", "resnet", "shapes")]


def test_ready_embeddings_are_a_set_or_one_for_every_pair():
    config = {"datasets": {"a": ready("x", "y"), "b": ready("x", "y", "z")}, "models": {}}
    config["training_classifiers"] = {}
    assert list(derived_sets(config)) == ["a", "b-x-y", "b-x-z", "b-y-z"]
    assert derived_sets(config)["b-x-z"] == {"dataset": "b", "modalities": ["x", "z"]}
    assert derived_cones(config) == [{"dataset": "a"}, {"dataset": "b"}]


def test_names_that_two_sets_would_share_are_refused():
    datasets = {"a": ready("b-c", "d", "e"), "a-b": ready("c", "d", "e")}
    config = {"datasets": datasets, "models": {}, "training_classifiers": {}}
    with pytest.raises(InputError, match="would both be called 'a-b-c-d'; rename"):
        derived_sets(config)


def test_what_a_file_names_stays():
    config = {**CONFIG, "embedding_sets": {}, "cones": [], "zero_shot": {"a": {}}}
    derive_sections(config)
    assert (config["embedding_sets"], config["cones"], config["zero_shot"]) == ({}, [], {"a": {}})
