"""A grid of models and datasets means what its entries mean, written out."""

import pytest

from modgap.errors import InputError
from modgap.plan.config import load_config
from modgap.plan.grids import expand_grids, grid_pairs
from modgap.plan.resolve import resolve

MODELS = {
    name: {"source": "random", "architecture": "scenes-vit", "seed": i}
    for i, name in enumerate("ab")
}
DATA = {
    "scenes": {"kind": "scenes", "n": 12, "seed": 0},
    "digits": {"kind": "digits"},
    "noise": {"kind": "noise", "n": 12, "seed": 0},
}
GRID = {"models": ["a", "b"], "datasets": ["scenes", "digits"]}
WRITTEN = {
    f"{dataset}-{model}": {"dataset": dataset, "model": model}
    for dataset in GRID["datasets"]
    for model in GRID["models"]
}
OTHER = {"dataset": "scenes", "model": "a", "caption": "last"}


def loaded(root, **sections):
    return load_config({"datasets": DATA, "models": MODELS, "zero_shot": {}, **sections}, root)


def lines_of(root, **sections):
    with pytest.raises(InputError) as caught:
        loaded(root, **sections)
    return [line.strip() for line in str(caught.value).splitlines()[1:]]


def test_a_grid_is_its_entries_written_out(root):
    short = loaded(
        root,
        embedding_sets={"last": OTHER, "grid": GRID},
        cones=[{"dataset": "noise", "model": "a"}, {"grid": GRID}],
    )
    long = loaded(
        root,
        embedding_sets={"last": OTHER, **WRITTEN},
        cones=[{"dataset": "noise", "model": "a"}, *WRITTEN.values()],
    )
    assert short == long
    assert list(short["embedding_sets"]) == ["last", *WRITTEN]
    assert resolve(short, root) == resolve(long, root)


def test_a_grid_follows_datasets_that_are_switched_off(root):
    data = {**DATA, "digits": {"kind": "digits", "use": False}}
    config = loaded(root, datasets=data, embedding_sets={"grid": GRID}, cones=[{"grid": GRID}])
    assert list(config["embedding_sets"]) == ["scenes-a", "scenes-b"]
    assert config["cones"] == grid_pairs({**GRID, "datasets": ["scenes"]})


@pytest.mark.parametrize(
    ("sections", "line"),
    [
        (
            {"embedding_sets": {"grid": {**GRID, "models": ["a", "c"]}}},
            "embedding_sets.grid.models: no model named 'c'",
        ),
        (
            {"cones": [{"grid": {**GRID, "datasets": ["scene"]}}]},
            "cones.0.grid.datasets: no dataset named 'scene', did you mean 'scenes'?",
        ),
        (
            {"embedding_sets": {"grid": GRID, "scenes-a": OTHER}},
            "embedding_sets: two sets would be called 'scenes-a'; rename one, or leave it out of "
            "the grid",
        ),
        (
            {"cones": [{"grid": GRID, "dataset": "noise"}]},
            "cones.0: grid stands alone; give the dataset an entry of its own",
        ),
        (
            {"embedding_sets": {"grid": {**GRID, "datasets": ["noise"], "models": ["a"]}}},
            "embedding_sets.noise-a.dataset: noise has no pairs, so no gap",
        ),
        ({"embedding_sets": {"grid": {"models": ["a"]}}}, "key 'datasets' is missing"),
        (
            {"embedding_sets": {"grid": {**GRID, "model": "a"}}},
            "embedding_sets.grid: unknown key 'model', did you mean 'models'?",
        ),
    ],
)
def test_a_grid_that_cannot_be(root, sections, line):
    (found,) = lines_of(root, **sections)
    assert found.endswith(line)


def test_names_that_meet():
    config = {
        "datasets": {"x": {}, "x-y": {}},
        "models": {"y-z": {}, "z": {}},
        "embedding_sets": {"grid": {"datasets": ["x", "x-y"], "models": ["y-z", "z"]}},
        "cones": [],
    }
    _, (line,) = expand_grids(config)
    assert "'x-y-z'" in line
