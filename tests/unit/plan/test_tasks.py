"""Zero-shot and fairness entries of the configuration: every problem in one clear line."""

import pytest
import yaml

from modgap.errors import InputError
from modgap.plan.config import load_config
from modgap.plan.models import PROJECT
from modgap.plan.outputs.claims import list_subjects
from modgap.plan.prompts import read_prompts
from modgap.plan.tasks import (
    grid_deltas,
    list_compared,
    name_first_alike,
    task_columns,
    task_templates,
)

RUN = {
    "datasets": {
        "scenes": {"kind": "scenes", "n": 10, "seed": 0},
        "noise": {"kind": "noise", "n": 10, "seed": 0},
    },
    "models": {
        "vit": {"source": "random", "architecture": "scenes-vit"},
        "cnn": {"source": "torchvision", "architecture": "resnet18"},
        "net": {"source": "random", "architecture": "scenes-resnet"},
    },
}
SHAPE = {"dataset": "scenes", "model": "vit", "prompts": "scenes_shape", "templates": "caption"}
NAMING = {"dataset": "scenes", "model": "vit", "prompts": "scenes_naming", "groups": ["colour"]}


def problems(root, monkeypatch, **given):
    monkeypatch.chdir(root)
    with pytest.raises(InputError) as caught:
        load_config({**RUN, **given}, root)
    return [line.strip() for line in str(caught.value).splitlines()[1:]]


def test_tasks_that_are_right(root, monkeypatch):
    monkeypatch.chdir(root)
    config = load_config(
        {**RUN, "zero_shot": {"t": SHAPE}, "fairness": {"f": {**NAMING, "gap": "scenes-vit"}}}, root
    )
    assert config["downstream"]["grid"] == {"first": -5, "last": 4.75, "step": 0.25}


def test_a_users_file_without_tasks_has_none(root, monkeypatch):
    monkeypatch.chdir(root)
    config = load_config(RUN, root)
    assert config["zero_shot"] == config["fairness"] == {}


def test_the_papers_grid():
    grid = grid_deltas({"first": -5, "last": 4.75, "step": 0.25})
    assert len(grid) == 40
    assert grid[0] == -5
    assert grid[20] == 0
    assert grid[-1] == 4.75
    assert 0.0 in grid_deltas({"first": -0.3, "last": 0.3, "step": 0.1})


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        ({"dataset": "scene"}, "zero_shot.t.dataset: no dataset named 'scene', did you mean"),
        ({"model": "vot"}, "zero_shot.t.model: no model named 'vot', did you mean 'vit'?"),
        ({"dataset": "noise"}, "zero_shot.t.dataset: noise has no pictures with classes"),
        ({"model": "cnn"}, "zero_shot.t.model: cnn has no text tower for the prompts"),
        ({"gap": "scenes"}, "zero_shot.t.gap: neither 'task' nor an embedding set: 'scenes'"),
        ({"gap": "scenes-net"}, "zero_shot.t.gap: scenes-net is of model net, not of vit"),
        ({"templates": "caption2"}, "no templates named 'caption2'; there are caption"),
        ({"prompts": "scenes_form"}, "config/prompts/scenes_form.yaml: no such file"),
        ({"prompts": "none/mine.yaml"}, "none/mine.yaml: no such file"),
        ({"metric": "f1"}, "zero_shot.t.metric: 'f1' is none of accuracy, auc"),
        ({"colum": "shape"}, "zero_shot.t: unknown key 'colum', did you mean 'column'?"),
    ],
)
def test_what_is_wrong_with_a_task(root, monkeypatch, entry, line):
    (found,) = problems(root, monkeypatch, zero_shot={"t": {**SHAPE, **entry}})
    assert line in found


def test_fairness_needs_extra_classes(root, monkeypatch):
    entry = {**NAMING, "prompts": "scenes_shape"}
    (found,) = problems(root, monkeypatch, fairness={"f": entry})
    assert found.endswith("scenes_shape.yaml has no columns and no extra classes to count")


def test_prompt_without_a_place_for_the_class(root, monkeypatch, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("classes: {a: cat, b: dog}\ntemplates: {own: ['a photo']}\n")
    entry = {**SHAPE, "prompts": str(path), "templates": "own"}
    (found,) = problems(root, monkeypatch, zero_shot={"t": entry})
    assert found.endswith("'a photo' needs one {} in the place of the class")


def test_two_prompt_files_of_one_name(root, monkeypatch, tmp_path):
    path = tmp_path / "scenes_shape.yaml"
    path.write_text((root / "config" / "prompts" / "scenes_shape.yaml").read_text())
    tasks = {"a": SHAPE, "b": {**SHAPE, "prompts": str(path)}}
    (found,) = problems(root, monkeypatch, zero_shot=tasks)
    assert found.endswith("have the same name; rename one")


def test_grids_need_the_shift_zero(root, monkeypatch):
    given = {"grid": {"first": -1.0, "last": 1.0, "step": 0.3}, "fairness_shifts": [-0.2, 0.5]}
    assert problems(root, monkeypatch, downstream=given) == [
        "downstream.grid: the shift 0 is not in it; change first or step",
        "downstream.fairness_shifts: the shift 0 is not in it; add it",
    ]


def test_too_few_control_directions(root, monkeypatch):
    (found,) = problems(root, monkeypatch, downstream={"n_directions": 199})
    assert found == "downstream.n_directions: 199 is less than the minimum of 200"


def test_columns_and_templates_of_a_task(root):
    naming = read_prompts(root / "config" / "prompts" / "scenes_naming.yaml")
    shape = read_prompts(root / "config" / "prompts" / "scenes_shape.yaml")
    assert task_columns(NAMING, naming) == ["colour", "shape"]
    assert task_columns({**SHAPE, "column": "shape"}, shape) == ["shape"]
    assert task_columns(SHAPE, shape) == ["label"]
    assert task_templates(NAMING, naming) == ["caption", "photo", "picture"]
    assert task_templates(SHAPE, shape) == ["caption"]


@pytest.fixture
def ready(tmp_path):
    """The configuration of labelled ready embeddings (their content does not matter here)."""
    names = {"file": "both.npy", "labels": "labels.csv", "class_prompts": "classes.npy"}
    files = {key: tmp_path / name for key, name in names.items()}
    for path in files.values():
        path.touch()
    return {"kind": "embeddings", "classes": ["a", "b"], **{k: str(p) for k, p in files.items()}}


def test_labelled_embeddings_are_a_task_by_themselves(root, monkeypatch, ready):
    monkeypatch.chdir(root)
    plain = {key: ready[key] for key in ("kind", "file")}
    config = load_config({"datasets": {"mine": ready, "plain": plain}}, root)
    assert config["zero_shot"] == {"mine": {"dataset": "mine"}}
    assert list_subjects(config, {})["zero_shot"]["mine"]["kind"] == "embeddings"


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        ({"model": "vit"}, "zero_shot.t.model: mine is ready embeddings with class prompts of its"),
        ({"gap": "scenes-vit"}, "zero_shot.t.gap: neither 'task' nor an embedding set of mine"),
        ({"dataset": "plain"}, "zero_shot.t.dataset: give datasets.plain 'labels' and"),
        ({"dataset": "scenes"}, "zero_shot.t: key 'model' is missing"),
    ],
)
def test_what_is_wrong_with_a_task_on_ready_embeddings(root, monkeypatch, ready, entry, line):
    plain = {key: ready[key] for key in ("kind", "file")}
    datasets = {**RUN["datasets"], "mine": ready, "plain": plain}
    tasks = {"t": {"dataset": "mine", **entry}}
    found = problems(root, monkeypatch, datasets=datasets, zero_shot=tasks)
    assert line in found[0]


def test_ready_embeddings_have_no_groups(root, monkeypatch, ready):
    datasets = {**RUN["datasets"], "mine": ready}
    entry = {**NAMING, "dataset": "mine"}
    found = problems(root, monkeypatch, datasets=datasets, fairness={"f": entry})
    assert found[-1] == "fairness.f.dataset: mine is ready embeddings, which have no groups"


def test_labels_need_class_prompts(root, monkeypatch, ready):
    del ready["class_prompts"], ready["classes"]
    (found,) = problems(root, monkeypatch, datasets={**RUN["datasets"], "mine": ready})
    assert found == "datasets.mine: 'class_prompts' is a dependency of 'labels'"


CLIP = {"source": "open_clip", "architecture": "ViT-B-16-quickgelu", "pretrained": "openai"}
TWINS = {
    "datasets": {
        "test": {"kind": "torchvision", "name": "CIFAR10", "split": "test"},
        "all": {"kind": "torchvision", "name": "CIFAR10", "split": "all", "label": "CIFAR10, all"},
        "hundred": {"kind": "torchvision", "name": "CIFAR100", "split": "test"},
    },
    "models": {
        "b16": {**CLIP, "label": "CLIP"},
        "b16-half": {**CLIP, "precision": "fp16", "label": "CLIP, half precision"},
        "b32": {**CLIP, "architecture": "ViT-B-32-quickgelu"},
    },
}


def test_tasks_that_ask_the_same_count_as_the_first():
    def ask(dataset, model="b16", templates="paper", prompts="cifar10"):
        return {"dataset": dataset, "model": model, "templates": templates, "prompts": prompts}

    tasks = {
        "cifar10": ask("test"),
        "article": ask("test", templates="article"),
        "all": ask("all"),
        "half": ask("test", model="b16-half"),
        "other-model": ask("test", model="b32"),
        "other-data": ask("hundred"),
        "other-classes": ask("test", prompts="animals"),
        "other-column": {**ask("test"), "column": "colour"},
        "ready": {"dataset": "hundred"},
    }
    alike = name_first_alike({**TWINS, "zero_shot": tasks}, "zero_shot")
    once = ["cifar10", "other-model", "other-data", "other-classes", "other-column", "ready"]
    assert alike == {name: name if name in once else "cifar10" for name in tasks}


def test_a_twin_in_half_precision_is_not_another_model():
    sets = {
        "half-alone": {"dataset": "hundred", "model": "b16-half"},
        "first": {"dataset": "test", "model": "b16", "caption": "first"},
        "last": {"dataset": "test", "model": "b16", "caption": "last"},
        "half": {"dataset": "test", "model": "b16-half"},
        "other": {"dataset": "test", "model": "b32"},
        "ready": {"dataset": "test"},
    }
    counted = list_compared({**TWINS, "embedding_sets": sets}, "embedding_sets")
    assert counted == ["half-alone", "first", "last", "other"]


def test_the_papers_tasks_and_models_count_once_each(monkeypatch):
    monkeypatch.chdir(PROJECT)
    config = load_config(yaml.safe_load((PROJECT / "config/paper.yaml").read_text()), PROJECT)
    alike = name_first_alike(config, "zero_shot")
    assert set(alike.values()) == {"cifar10", "cifar100", "eurosat", "svhn"}
    assert len(alike) == 8
    counted = list_compared(config, "embedding_sets")
    assert not [name for name in counted if name.endswith("-half")]
    assert {"coco-b32", "coco-b16", "coco-b16-all", "coco-b16-random"} == set(counted)
