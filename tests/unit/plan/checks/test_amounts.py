"""Numbers that are right one by one, but not together."""

import copy

import pytest

from modgap.data.kinds.drawn import COLOURS, PLACES, SIZES
from modgap.plan.checks.amounts import amount_problems, comparable, named_path_lines, shard_lines
from modgap.plan.config import load_yaml


@pytest.fixture
def config(root):
    return load_yaml(root / "config" / "config.yaml")


def change(config, dotted, value):
    """A copy with another value at a dotted path."""
    changed = copy.deepcopy(config)
    *path, last = dotted.split(".")
    section = changed
    for key in path:
        section = section[int(key) if key.isdigit() else key]
    section[last] = value
    return changed


def test_the_default_has_no_such_problem(config):
    assert amount_problems(config) == []
    assert amount_problems({k: v for k, v in config.items() if k != "sphere"}) == []
    assert list(shard_lines(config)) == []


@pytest.mark.parametrize(
    ("dotted", "value", "words"),
    [
        ("shift.grid", {"first": 1, "last": 1, "step": 1}, "shift.grid: first must be below last"),
        ("shift.grid.step", 1e-300, "shift.grid.step: more than 10,000 shifts"),
        ("downstream.grid.step", 100, "downstream.grid.step: 100 is larger than the whole grid"),
        ("downstream.grid.last", 1e308, "downstream.grid.step: more than 10,000 shifts"),
        ("sphere.arcs.step", 1e-300, "sphere.arcs.step: more than 10,000 angles"),
        ("sphere.random.temperature_range", [1, 0.1], "give the lower temperature first"),
        ("sphere.random.shares", [0.01], "a share of 0.01 of 100 pairs is one pair"),
        ("shift.temperatures", [0.01, "1/100"], "0.01 and 1/100 are the same; remove one"),
        ("sphere.arcs.temperatures", ["1/5", "2/10"], "1/5 and 2/10 are the same"),
        ("shift.batch_sizes", ["1/4", "2/8"], "1/4 and 2/8 are the same"),
        ("shift.batch_sizes", ["all", "1/1"], "all and 1/1 are the same"),
        ("shift.batch_sizes", ["7/5"], "7/5 is more than all pairs"),
        (
            "training.recipe.temperature",
            {"kind": "learned", "tau": 0.1, "tau_min": 1, "tau_max": 0.01},
            "training.recipe.temperature: tau_min 1 is not below tau_max 0.01",
        ),
        (
            "training_studies.gap_triggers.cells.0.temperature",
            {"kind": "fixed", "tau": 0.1, "tau_end": 1},
            "cells.0.temperature.tau_end: a fixed temperature has none",
        ),
        ("training.recipe", {}, "training.recipe: key 'steps' is missing; or give epochs"),
        (
            "training_studies.optimiser.recipe",
            {"epochs": 2},
            "training_studies.optimiser.recipe.epochs: this study has steps of its own",
        ),
    ],
)
def test_one_line(config, dotted, value, words):
    (line,) = amount_problems(change(config, dotted, value))
    assert words in line


def test_fractions_are_compared_as_numbers():
    assert comparable("1/4") == 0.25
    assert comparable("all") == "all"
    assert comparable(3) == 3


def test_datasets_of_endless_parts(config):
    (line,) = shard_lines(change(config, "datasets.scenes.n", 10**15))
    assert line.startswith("datasets.scenes.n: 1,000,000,000,000,000 pictures in shards of 6,000")


def test_paths_that_rules_name(config):
    config = change(config, "results", "a{b}")
    config = change(config, "models.vit.path", "<x>")
    config = change(config, "zero_shot.digits.prompts", "{x}.yaml")
    config = change(config, "comparisons.other", [{"results": "{y}", "set": "a"}, "b"])
    lines = named_path_lines(config, lambda entry: [("path", "{z}")] * (entry["kind"] == "noise"))
    assert [line.split(":")[0] for line in lines] == [
        "results",
        "datasets.noise.path",
        "models.vit.path",
        "zero_shot.digits.prompts",
        "comparisons.other.0.results",
    ]


def test_the_schema_names_every_value_that_may_be_rare(root):
    schema = load_yaml(root / "config" / "schema.yaml")
    rare = schema["$defs"]["dataset_scenes"]["properties"]["rarely_named"]
    named = {
        branch["if"]["properties"]["attribute"]["const"]: branch["then"]["properties"]["values"]
        for branch in rare["allOf"]
    }
    known = {"size": SIZES, "colour": COLOURS, "place": PLACES}
    assert {key: value["items"]["enum"] for key, value in named.items()} == {
        key: list(values) for key, values in known.items()
    }
