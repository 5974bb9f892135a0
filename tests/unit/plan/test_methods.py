"""Which embedding sets methods are compared on, from what, and what is wrong with an entry."""

import pytest

from modgap.errors import InputError
from modgap.methods.fits.registry import METHODS
from modgap.plan.config import load_config
from modgap.plan.methods import (
    TABLES,
    TRANSFORMS,
    calibration_problems,
    derived_methods,
    describe_compared,
    describe_task_of,
    is_of_set,
    label_columns,
    list_method_tables,
    list_tasks_of,
    list_transforms,
    method_problems,
    methods_pattern,
    plan_compared_methods,
    plan_method_figures,
    plan_method_tables,
)
from modgap.plan.outputs.pages import PAGE_ROWS
from modgap.plan.sections.switches import keep_methods
from plans import context

SHAPE = {
    "dataset": "scenes",
    "model": "vit",
    "prompts": "scenes_shape",
    "templates": "caption",
    "column": "shape",
}
COLOUR = {**SHAPE, "prompts": "scenes_colour", "column": "colour"}
SETS = {
    "scenes-vit": {"dataset": "scenes", "model": "vit"},
    "held-vit": {"dataset": "held-out", "model": "vit"},
}


@pytest.fixture(autouse=True)
def project(root, monkeypatch):
    monkeypatch.chdir(root)


def known(root, entry=None, **sections):
    given = {"embedding_sets": SETS, "zero_shot": {"shape": SHAPE, "colour": COLOUR}}
    return context(root, **given, gap_methods={"scenes-vit": entry or {}}, **sections)


def test_frozen_transforms_are_all_that_see_no_test_batch_and_are_no_controls():
    kept = {name for name, method in METHODS.items() if method.kind in ("raw", "method")}
    assert set(TRANSFORMS) == kept
    assert len(TRANSFORMS) == len(kept)


def test_ready_embeddings_are_compared_by_themselves(root, tmp_path):
    path = tmp_path / "mine.npy"
    path.touch()
    mine = {"kind": "embeddings", "file": str(path)}
    config = {
        "datasets": {"a": mine, "b": {**mine, "paired": False}, "c": {"kind": "digits"}},
        "embedding_sets": {
            "a": {"dataset": "a"},
            "b": {"dataset": "b"},
            "c": {"dataset": "c", "model": "vit"},
            "grid": {"datasets": ["c"], "models": ["vit"]},
        },
    }
    assert derived_methods(config) == {"a": {}}
    planned = load_config({"datasets": {"a": mine}}, root)
    assert planned["gap_methods"] == {"a": {}}


def test_a_run_of_its_own_has_none_of_the_defaults(root):
    config = load_config(
        {
            "datasets": {"d": {"kind": "digits"}},
            "models": {"m": {"source": "random", "architecture": "scenes-vit", "seed": 0}},
        },
        root,
    )
    assert config["gap_methods"] == {}


def test_tasks_are_those_of_the_model_unless_named(root):
    assert list_tasks_of(known(root).config, "scenes-vit") == ["shape", "colour"]
    named = known(root, {"zero_shot": ["colour"]})
    assert list_tasks_of(named.config, "scenes-vit") == ["colour"]
    assert label_columns(named, "scenes-vit") == ["colour"]
    assert label_columns(known(root, {"label": "size"}), "scenes-vit") == ["size"]
    assert is_of_set({"dataset": "a"}, {"dataset": "a"})
    assert not is_of_set({"dataset": "b"}, {"dataset": "a"})


def test_files_of_a_set_its_tasks_and_the_other_set(root):
    planned = plan_compared_methods(known(root, {"calibration": "held-vit"}))["scenes-vit"]
    folder = "<results>/embeddings/vit"
    assert planned["first"][0] == f"{folder}/scenes/images/part-0.parquet"
    assert planned["other_second"][0] == f"{folder}/held-out/texts/part-0.parquet"
    assert planned["images"] == 2 * planned["first"]
    assert planned["labels"] == ["<results>/samples/scenes.parquet"]
    assert planned["settings"]["columns"] == ["shape"]
    task = describe_task_of(known(root), "shape")
    assert planned["settings"]["tasks"][0] == task
    assert (task["name"], task["columns"]) == ("shape", ["shape"])
    assert task["shards"] == len(planned["first"])


def test_every_set_has_its_tables_transforms_and_place_in_the_figures(root):
    config = known(root).config
    figures, tables = plan_method_figures(config), plan_method_tables(config)
    path = "<results>/statistics/method_changes/scenes-vit.parquet"
    assert figures["figX_mixed_search"]["changes"] == [path]
    assert tables["table_gap_methods"]["changes"] == [path]
    assert list_method_tables(config, "changes") == [path]
    assert set(TABLES) == {"methods", "changes", "queries", "calibration", "paths"}
    for name, figure in figures.items():
        assert figure["settings"]["page_rows"] == PAGE_ROWS[name]
        assert figure["settings"]["sets"] == describe_compared(config)
    files = list_transforms(config)
    assert "<results>/transforms/scenes-vit/mean_removal.npz" in files
    assert len(files) == 2 * len(TRANSFORMS)
    assert methods_pattern(config) == "scenes\\-vit"


def test_a_right_configuration_has_no_problems(root):
    config = known(root, {"calibration": "held-vit", "zero_shot": ["shape"]}).config
    assert method_problems(config) == []
    assert calibration_problems("here", "scenes-vit", "held-vit", config) == []


@pytest.mark.parametrize(
    ("methods", "message"),
    [
        ({"scenes-vot": {}}, "no embedding set named 'scenes-vot', did you mean 'scenes-vit'"),
        ({"scenes-vit": {"calibration": "scenes-vit"}}, "is the set itself"),
        ({"scenes-vit": {"calibration": "held"}}, "no embedding set named 'held'"),
        ({"scenes-vit": {"zero_shot": ["shap"]}}, "no task named 'shap', did you mean 'shape'"),
        ({"scenes-vit": {"colour": "red"}}, "unknown key 'colour'"),
    ],
)
def test_what_is_wrong_is_one_line(root, methods, message):
    known_config = {"embedding_sets": SETS, "zero_shot": {"shape": SHAPE}}
    with pytest.raises(InputError) as raised:
        context(root, **known_config, gap_methods=methods)
    (line,) = str(raised.value).splitlines()[1:]
    assert message in line
    assert line.strip().startswith("gap_methods.")


def test_what_is_switched_off_leaves_the_entries(root):
    entry = {"calibration": "gone", "zero_shot": ["a", "b"]}
    assert keep_methods(entry, {"gone"}, {"b"}) == {"zero_shot": ["a"]}
    assert keep_methods(entry, set(), set()) == entry
