"""Runs and studies of a configuration: shared runs, recipes, references."""

import copy

import pytest

from modgap.plan.models import entries
from modgap.plan.studies import PUBLISHED
from modgap.plan.training import (
    classifier_runs,
    find_seeds,
    independent_entries,
    plan_runs,
    resolve_trained,
    training_problems,
)
from tiny_training import RECIPE

DATA = {"datasets": ["learned"], "held_out": "held-out"}
CONFIG = {
    "results": "results",
    "datasets": {
        "learned": {"kind": "scenes"},
        "held-out": {"kind": "scenes"},
        "noise": {"kind": "noise"},
    },
    "models": {
        "vit": {"source": "random", "architecture": "scenes-vit"},
        "resnet18": {"source": "torchvision"},
        "trained": {"source": "trained", "run": "base"},
    },
    "training": {"recipe": RECIPE},
    "training_classifiers": {},
    "training_runs": {"base": {"model": "vit", **DATA}},
    "training_studies": {
        "temperature_finetuning": {
            "model": "trained",
            **DATA,
            "temperatures": [1, 0.01],
            "recipes": ["fixed", "published"],
            "seeds": [0, 1],
            "recipe": {"epochs": 2},
        },
        "initialisation": {"model": "vit", **DATA, "seeds": [0, 1]},
        "gap_triggers": {
            "model": "vit",
            "seeds": [0],
            "cells": [
                {"captions": "partial", **DATA, "temperature": {"kind": "fixed", "tau": 0.05}},
                {
                    "captions": "partial",
                    **DATA,
                    "temperature": {"kind": "learned", "tau": 0.07},
                    "mismatched": 0.25,
                },
            ],
        },
    },
}


@pytest.fixture
def config():
    return copy.deepcopy(CONFIG)


def test_equal_runs_are_trained_once(config):
    runs, studies = plan_runs(config)
    plain = [cell["run"] for cell in studies["initialisation"] if cell["start"] == "as_is"]
    assert plain == ["base", "initialisation-as_is-seed1"]
    assert studies["gap_triggers"][0]["run"] == "base"
    assert len(studies["temperature_finetuning"]) == 8
    assert len(runs) == 1 + 8 + 3 + 1
    assert all(cell["run"] in runs for cells in studies.values() for cell in cells)


def test_a_run_has_every_key_of_the_recipe(config):
    runs, studies = plan_runs(config)
    assert runs["base"]["recipe"] == RECIPE
    (cell,) = [
        cell
        for cell in studies["temperature_finetuning"]
        if (cell["recipe"], cell["tau"], cell["seed"]) == ("published", 0.01, 1)
    ]
    run = runs[cell["run"]]
    assert run["seed"] == 1
    assert run["recipe"] == {
        **{key: value for key, value in RECIPE.items() if key != "steps"},
        "epochs": 2,
        **PUBLISHED,
        "temperature": {"kind": "published", "tau": 0.01},
    }
    learned = runs[studies["gap_triggers"][1]["run"]]["recipe"]
    assert learned["temperature"] == {"kind": "learned", "tau": 0.07, "tau_min": 0.01, "tau_max": 1}
    assert learned["mismatched"] == 0.25


def test_cells_with_one_name_stay_apart(config):
    cells = config["training_studies"]["gap_triggers"]["cells"]
    for end in (0.5, 0.1):
        scheduled = {"kind": "scheduled", "tau": 1, "tau_end": end}
        cells.append({"captions": "full", **DATA, "temperature": scheduled})
    runs, studies = plan_runs(config)
    names = [cell["run"] for cell in studies["gap_triggers"]]
    assert len(set(names)) == 4
    assert [runs[name]["recipe"]["temperature"].get("tau_end") for name in names[2:]] == [0.5, 0.1]


def test_widths_are_models_and_each_is_checked(config):
    study = {"models": ["vit", "wide"], **DATA, "seeds": [0]}
    config["training_studies"]["embedding_width"] = study
    assert training_problems(config) == [
        "training_studies.embedding_width.model: no model named 'wide'"
    ]
    config["models"]["wide"] = {"source": "random", "architecture": "scenes-vit-512"}
    runs, studies = plan_runs(config)
    names = [cell["run"] for cell in studies["embedding_width"]]
    assert names == ["base", "embedding_width-wide-seed0"]
    assert runs[names[1]]["model"] == "wide"


def test_trained_models_know_their_folder_and_where_they_began(config):
    run = {"model": "trained", **DATA}
    config["training_runs"]["longer"] = run
    config["models"]["longer"] = {"source": "trained", "run": "longer"}
    assert training_problems(config) == []
    assert resolve_trained(config) == []
    for name in ("trained", "longer"):
        assert config["models"][name]["initial"] == config["models"]["vit"]
    assert config["models"]["longer"]["path"] == "results/training/longer"


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"model": "vitt"}, "training_runs.base.model: no model named 'vitt', did you mean 'vit'?"),
        ({"model": "resnet18"}, "training_runs.base.model: resnet18 has no text tower"),
        ({"datasets": ["lerned"]}, "training_runs.base.datasets: no dataset named 'lerned', did"),
        ({"datasets": ["noise"]}, "training_runs.base.datasets: noise is noise without"),
        ({"held_out": "learned"}, "training_runs.base.held_out: learned is trained on"),
    ],
)
def test_a_run_that_points_nowhere_is_one_line(config, change, line):
    config["training_runs"]["base"].update(change)
    assert any(problem.startswith(line) for problem in training_problems(config))


def test_references_of_a_study_are_checked_too(config):
    config["training_studies"]["gap_triggers"]["cells"][1]["held_out"] = "nowhere"
    assert training_problems(config) == [
        "training_studies.gap_triggers.held_out: no dataset named 'nowhere'"
    ]


def test_a_model_that_waits_for_itself_or_for_nothing_is_one_line(config):
    config["training_runs"]["base"]["model"] = "trained"
    assert resolve_trained(config) == [
        "models.trained.run: base starts from itself; give its run another model"
    ]
    config["models"]["trained"]["run"] = "bass"
    config["training_runs"]["base"]["model"] = "vit"
    assert resolve_trained(config) == [
        "models.trained.run: no training run named 'bass', did you mean 'base'?"
    ]


def test_a_classifier_becomes_an_image_model(config):
    config["training_classifiers"]["shapes"] = {"model": "resnet18", **DATA}
    config["models"]["shapes"] = {"source": "trained", "run": "shapes-seed0"}
    assert training_problems(config) == []
    assert resolve_trained(config) == []
    assert entries.towers(config["models"]["shapes"]) == ("images",)
    assert entries.weight_files(config["models"]["shapes"]) == [
        "results/training/shapes-seed0/model.safetensors"
    ]
    config["training_classifiers"]["plain"] = {"model": "vit", **DATA}
    config["training_runs"]["plain-seed0"] = config["training_runs"]["base"]
    assert training_problems(config) == [
        "training_classifiers.plain.model: vit is no torchvision ResNet",
        "training_runs.plain-seed0: a classifier has this name; choose another",
    ]


def test_a_classifier_without_its_seed_is_the_first_of_all_its_seeds(config):
    config["training_classifiers"]["shapes"] = {"model": "resnet18", **DATA, "seeds": [3, 0]}
    config["models"]["shapes"] = {"source": "trained", "run": "shapes"}
    assert resolve_trained(config) == []
    assert config["models"]["shapes"]["path"] == "results/training/shapes-seed3"
    assert find_seeds(config, "shapes") == {3: "shapes-seed3", 0: "shapes-seed0"}
    assert find_seeds(config, "shapes-seed0") == {}
    config["training_runs"]["shapes"] = config["training_runs"]["base"]
    assert training_problems(config) == [
        "training_runs.shapes: a classifier has this name; choose another"
    ]


def test_a_run_of_several_seeds_is_shared_with_studies_and_keeps_its_name(config):
    config["training_runs"]["base"]["seeds"] = [0, 1]
    runs, studies = plan_runs(config)
    plain = [cell["run"] for cell in studies["initialisation"] if cell["start"] == "as_is"]
    assert plain == ["base", "base-seed1"]
    assert [runs[name]["seed"] for name in plain] == [0, 1]
    assert find_seeds(config, "base") == {0: "base", 1: "base-seed1"}
    assert training_problems(config) == []


def test_every_seed_of_a_classifier_is_a_run(config):
    config["training_classifiers"]["shapes"] = {"model": "resnet18", **DATA, "seeds": [0, 3]}
    runs = classifier_runs(config)
    assert list(runs) == ["shapes-seed0", "shapes-seed3"]
    assert [run["seed"] for run in runs.values()] == [0, 3]
    config["independent_models"] = {
        "seeds": {"classifier": "shapes", "dataset": "learned"},
        "named": {"models": ["vit", "resnet18"], "dataset": "learned"},
    }
    entries = independent_entries(config, "seeds")
    assert [entry["path"] for entry in entries.values()] == [
        "results/training/shapes-seed0",
        "results/training/shapes-seed3",
    ]
    assert list(independent_entries(config, "named")) == ["vit", "resnet18"]


def test_training_without_normalisation_shares_the_plain_run(config):
    config["models"]["bare"] = {**config["models"]["vit"], "normalisation_layers": "removed"}
    study = {"models": ["vit", "bare"], **DATA, "seeds": [0]}
    config["training_studies"]["without_normalisation"] = study
    _, studies = plan_runs(config)
    names = [cell["run"] for cell in studies["without_normalisation"]]
    assert names == ["base", "without_normalisation-bare-seed0"]
    assert entries.removes_normalisation(config["models"]["bare"])
    trained = {"source": "trained", "run": names[1], "initial": config["models"]["bare"]}
    assert entries.removes_normalisation(trained)
    assert not entries.removes_normalisation(config["models"]["vit"])
