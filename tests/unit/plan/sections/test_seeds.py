"""A training with several seeds: what is measured of each, and what figures still show."""

import json

import pytest

from modgap.errors import InputError
from modgap.plan.config import load_config
from modgap.plan.resolve import resolve
from modgap.plan.sections.seeds import name_first, repeat_seeds
from plans import plan

DATA = {
    "scenes": {"kind": "scenes", "n": 12, "seed": 0},
    "learned": {"kind": "scenes", "n": 12, "seed": 1},
    "digits": {"kind": "digits"},
}
LEARNED = {"datasets": ["learned"], "held_out": "scenes"}
TASK = {"dataset": "scenes", "model": "trained", "prompts": "scenes_size"}
SIZE = {"templates": "caption", "column": "size"}
GIVEN = {
    "datasets": DATA,
    "models": {
        "vit": {"source": "random", "architecture": "scenes-vit", "seed": 0},
        "resnet18": {"source": "torchvision", "architecture": "resnet18", "seed": 0, "size": 32},
        "trained": {"source": "trained", "run": "base", "label": "ViT"},
        "cnn": {"source": "trained", "run": "shapes"},
        "cnn-one": {"source": "trained", "run": "shapes-seed5"},
    },
    "embedding_sets": {
        "before": {"dataset": "scenes", "model": "vit"},
        "after": {"dataset": "scenes", "model": "trained", "beside": "before", "caption": "last"},
    },
    "cones": [
        {"dataset": "scenes", "model": model} for model in ("trained", "cnn", "cnn-one", "vit")
    ],
    "without_normalisation": [{"model": "trained", "dataset": "scenes"}],
    "zero_shot": {"size": {**TASK, **SIZE, "gap": "after"}, "own": {**TASK, **SIZE}},
    "fairness": {"naming": {**TASK, "prompts": "scenes_naming", "groups": ["colour"]}},
    "training_runs": {"base": {"model": "vit", **LEARNED, "seeds": [3, 0, 7]}},
    "training_classifiers": {
        "shapes": {
            "model": "resnet18",
            **LEARNED,
            "seeds": [4, 5],
            "steps": 2,
            "batch_size": 4,
            "learning_rate": 0.001,
        }
    },
    "training_studies": {"initialisation": {"model": "vit", **LEARNED, "seeds": [0, 7, 8]}},
}
ONE_SEED = {"base": {"model": "vit", **LEARNED, "seed": 3}}


@pytest.fixture
def load(root, monkeypatch):
    monkeypatch.chdir(root)
    return lambda **given: load_config({**GIVEN, **given}, root)


def lines_of(load, **given):
    with pytest.raises(InputError) as caught:
        load(**given)
    return [line.strip() for line in str(caught.value).splitlines()[1:]]


def test_everything_of_the_model_is_there_once_for_each_further_seed(load):
    config, seeds = repeat_seeds(load())
    assert seeds == {
        "trained": ("trained", 3),
        "trained-seed0": ("trained", 0),
        "trained-seed7": ("trained", 7),
        "cnn": ("cnn", 4),
        "cnn-seed5": ("cnn", 5),
    }
    folders = {model: config["models"][model]["path"].rpartition("/")[2] for model in seeds}
    assert folders == {
        "trained": "base",
        "trained-seed0": "base-seed0",
        "trained-seed7": "base-seed7",
        "cnn": "shapes-seed4",
        "cnn-seed5": "shapes-seed5",
    }
    assert list(config["embedding_sets"]) == ["before", "after", "after-seed0", "after-seed7"]
    again = {"dataset": "scenes", "model": "trained-seed7", "caption": "last"}
    assert config["embedding_sets"]["after-seed7"] == again
    assert [entry["model"] for entry in config["cones"]][4:] == [
        "trained-seed0",
        "trained-seed7",
        "cnn-seed5",
    ]
    disabled = [entry["model"] for entry in config["without_normalisation"]]
    assert disabled == ["trained", "trained-seed0", "trained-seed7"]
    assert list(config["zero_shot"])[2:] == ["size-seed0", "own-seed0", "size-seed7", "own-seed7"]
    assert config["zero_shot"]["size-seed7"]["gap"] == "after-seed7"
    assert "gap" not in config["zero_shot"]["own-seed7"]
    assert config["fairness"]["naming-seed0"]["model"] == "trained-seed0"


def test_what_has_one_seed_is_as_it_was(load):
    config = load(training_runs=ONE_SEED)
    config["models"]["cnn"]["run"] = "shapes-seed4"
    assert repeat_seeds(config) == (config, {})


def test_figures_and_tables_show_the_first_seed_and_claims_ask_for_all(load, root):
    several = resolve(load(), root)
    one = load(training_runs=ONE_SEED)
    one["models"]["cnn"]["run"] = "shapes-seed4"
    one = resolve(one, root)
    for section in ("tables", "figures"):
        for name, planned in several[section].items():
            if "training" not in json.dumps(planned):
                assert planned == one[section][name], name
    assert one["claims"]["files"]["gap"] == [
        f"<results>/statistics/gap/{name}.parquet" for name in ("before", "after")
    ]
    assert several["claims"]["files"]["gap"] == [
        f"<results>/statistics/gap/{name}.parquet"
        for name in ("before", "after", "after-seed0", "after-seed7")
    ]
    # Every rule finds what it has to make.
    assert several["images"]["trained-seed7/scenes"]["weights"] == [
        "results/training/base-seed7/open_clip_config.json",
        "results/training/base-seed7/open_clip_model.safetensors",
    ]
    assert several["zero_shot"]["size-seed7"]["gap_first"] == [
        "<results>/embeddings/trained-seed7/scenes/images/part-0.parquet"
    ]
    for wildcard in ("embeddings", "model", "task", "fairness"):
        assert several["wildcards"][wildcard].count("seed7") >= 1
    # A study that trains the same shares the run.
    assert {"base", "base-seed0", "base-seed7"} < several["training"].keys()
    study = several["studies"]["initialisation_vs_optimisation"]["settings"]
    assert [cell["run"] for cell in study["cells"]][:3] == [
        "base-seed0",
        "base-seed7",
        "initialisation-as_is-seed8",
    ]


def test_one_more_seed_changes_nothing_of_the_others(load, root):
    """What a rule is told of them stays, so it does not run again."""
    more = resolve(load(), root)
    run = {**GIVEN["training_runs"]["base"], "seeds": [3, 0]}
    fewer = resolve(load(training_runs={"base": run}), root)
    own = ("claims", "report", "targets", "wildcards", "patterns", "studies", "figures")
    for section, planned in fewer.items():
        if section not in own and isinstance(planned, dict):
            kept = {name: more[section][name] for name in planned if "initialisation" not in name}
            assert kept == {name: planned[name] for name in kept}, section


def test_claims_know_which_rows_are_seeds_of_one_training(load, root):
    described = resolve(load(), root)["claims"]["settings"]["described"]
    marks = {
        what: {
            row["name"]: (row.get("measured_on"), row.get("training_seed"))
            for row in described[what]
        }
        for what in ("gap", "cone", "zero_shot", "without_normalisation")
    }
    assert marks["gap"] == {
        "before": (None, None),
        "after": ("after", 3),
        "after-seed0": ("after", 0),
        "after-seed7": ("after", 7),
    }
    assert marks["cone"]["trained-seed0/scenes/texts"] == ("trained/scenes/texts", 0)
    assert marks["cone"]["cnn/scenes/images"] == ("cnn/scenes/images", 4)
    # One seed of a classifier by its own name is that network alone.
    assert marks["cone"]["cnn-one/scenes/images"] == (None, None)
    assert marks["zero_shot"]["own-seed7"] == ("own", 7)
    assert marks["without_normalisation"]["trained-seed7/scenes"] == ("trained/scenes", 7)


def test_the_name_with_the_first_seed():
    seeds = {"m": ("m", 2), "m-seed1": ("m", 1)}
    assert name_first("set-seed1", "m", seeds) == "set-seed1"
    assert name_first("set-seed1-seed1", "m-seed1", seeds) == "set-seed1"
    assert name_first("m-seed1/d/texts", "m-seed1", seeds) == "m/d/texts"


def test_a_user_s_one_seed_replaces_the_default_s_several(root):
    config = load_config({"training_runs": {"base": {"seed": 4}}}, root)
    assert "seeds" not in config["training_runs"]["base"]
    assert "trained" not in repeat_seeds(config)[1]
    config = load_config({"training_runs": {"skewed": {"seeds": [1, 2]}}}, root)
    assert repeat_seeds(config)[1]["trained-skewed-seed2"] == ("trained-skewed", 2)
    assert repeat_seeds(config)[0]["fairness"]["scenes-naming-seed2"]["gap"] == (
        "scenes-skewed-seed2"
    )


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (
            {"training_runs": {"base": {"model": "vit", **LEARNED, "seeds": [1], "seed": 1}}},
            "training_runs.base: seed and seeds exclude each other",
        ),
        (
            {
                "training_runs": {
                    **GIVEN["training_runs"],
                    "base-seed7": {"model": "vit", **LEARNED},
                }
            },
            "training_runs: base with seed 7 and base-seed7 with seed 0 would both be called "
            "'base-seed7'; rename one",
        ),
        (
            {"models": {**GIVEN["models"], "trained-seed7": GIVEN["models"]["vit"]}},
            "models: 'trained-seed7' and 'trained' with seed 7 would both be called "
            "'trained-seed7'; rename one",
        ),
        (
            {"zero_shot": {**GIVEN["zero_shot"], "own-seed0": {**TASK, **SIZE, "model": "vit"}}},
            "zero_shot: 'own-seed0' and 'own' with seed 0 would both be called 'own-seed0'; "
            "rename one",
        ),
    ],
)
def test_a_name_that_is_taken_is_one_line(load, given, line):
    assert line in [found[: len(line)] for found in lines_of(load, **given)]


def test_image_models_of_all_seeds_have_no_derived_sets(root):
    given = {key: GIVEN[key] for key in ("datasets", "models", "training_runs")}
    classifiers = {"training_classifiers": GIVEN["training_classifiers"]}
    sets = plan(root, **given, **classifiers)["embedding_sets"]
    assert not [name for name in sets if "cnn" in name]
    assert "scenes-trained-seed7" in sets
