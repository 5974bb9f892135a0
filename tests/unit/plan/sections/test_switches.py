"""A dataset that is switched off takes along what names it, and one key brings it all back."""

import copy

import pytest
import yaml

from modgap.errors import InputError
from modgap.plan.config import load_config, load_yaml
from modgap.plan.sections.switches import drop_unused, named_datasets

GIVEN = {
    "datasets": {
        "kept": {"kind": "scenes", "n": 8, "seed": 0},
        "mine": {"kind": "scenes", "n": 8, "seed": 1},
        "other": {"kind": "scenes", "n": 8, "seed": 2},
    },
    "models": {
        "vit": {"source": "random", "architecture": "scenes-vit"},
        "cnn": {"source": "torchvision", "architecture": "resnet18", "size": 32},
        "cnn-2": {"source": "torchvision", "architecture": "resnet18", "size": 32, "seed": 1},
    },
    "embedding_sets": {
        "a": {"dataset": "kept", "model": "vit", "beside": "b"},
        "b": {"dataset": "mine", "model": "vit"},
    },
    "comparisons": {"both": ["a", "b"]},
    "cones": [{"model": "vit", "dataset": "kept"}, {"model": "vit", "dataset": "mine"}],
    "initialisations": [{"model": "vit", "dataset": "mine"}],
    "layers": [{"model": "vit", "dataset": "mine"}],
    "without_normalisation": [{"model": "vit", "dataset": "mine"}],
    "independent_models": {"cnns": {"models": ["cnn", "cnn-2"], "dataset": "mine"}},
    "zero_shot": {
        name: {
            "dataset": dataset,
            "model": "vit",
            "prompts": "scenes_shape",
            "templates": "caption",
            "column": "shape",
            "gap": gap,
        }
        for name, dataset, gap in (("t", "mine", "task"), ("u", "kept", "b"), ("v", "kept", "a"))
    },
    "training_runs": {
        "r": {"model": "vit", "datasets": ["kept"], "held_out": "mine"},
        "s": {"model": "vit", "datasets": ["kept"], "held_out": "other"},
    },
    "training_classifiers": {
        "c": {
            "model": "cnn",
            "datasets": ["mine"],
            "held_out": "kept",
            "steps": 1,
            "batch_size": 2,
            "learning_rate": 0.1,
        }
    },
    "training_studies": {
        "initialisation": {"model": "vit", "datasets": ["mine"], "held_out": "kept", "seeds": [0]}
    },
}
EVERYTHING = {"mine", "b", "both", "cnns", "t", "u", "r", "c", "initialisation"}


def load(root, monkeypatch, **entry):
    monkeypatch.chdir(root)
    given = copy.deepcopy(GIVEN)
    given["datasets"]["mine"] |= entry
    return load_config(given, root)


def names(config):
    """Every name that the sections of mappings have."""
    sections = ("datasets", "embedding_sets", "comparisons", "independent_models", "zero_shot")
    sections += ("training_runs", "training_classifiers", "training_studies")
    return {name for section in sections for name in config[section]}


def test_what_names_an_unused_dataset_goes_and_nothing_else(root, monkeypatch):
    on, off = load(root, monkeypatch), load(root, monkeypatch, use=False)
    assert names(on) - names(off) == EVERYTHING
    assert names(off) == {"kept", "other", "a", "v", "s"}
    assert off["cones"] == [{"model": "vit", "dataset": "kept"}]
    assert off["initialisations"] == off["layers"] == off["without_normalisation"] == []
    assert "beside" not in off["embedding_sets"]["a"]
    assert off["models"] == on["models"]


def test_the_key_itself_changes_no_job(root, monkeypatch):
    assert load(root, monkeypatch, use=True) == load(root, monkeypatch)


def test_an_unused_dataset_is_still_checked_by_the_schema(root, monkeypatch):
    with pytest.raises(InputError, match=r"datasets\.mine: unknown key 'sed'"):
        load(root, monkeypatch, use=False, sed=1)


def test_datasets_of_the_cells_of_a_study_count():
    cells = [{"datasets": ["a"], "held_out": "b"}, {"datasets": ["c"], "held_out": "b"}]
    assert named_datasets({"model": "m", "cells": cells}) == {"a", "b", "c"}


def test_a_configuration_without_switches_is_left_alone(root):
    default = load_yaml(root / "config" / "config.yaml")
    before = yaml.safe_dump(default)
    assert drop_unused(default) == default
    assert yaml.safe_dump(default) == before
