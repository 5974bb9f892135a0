"""What people read for models, datasets, tasks and runs."""

import pytest

from modgap.plan import names
from plans import context

TASK = {"t": {"dataset": "scenes", "model": "vit", "prompts": "scenes_shape", "label": "Shapes"}}
RUN = {"base": {"model": "vit", "datasets": ["scenes"], "held_out": "held-out"}}


@pytest.fixture
def known(root, monkeypatch):
    monkeypatch.chdir(root)
    zero_shot = {"t": {**TASK["t"], "templates": "caption"}}
    return context(root, zero_shot=zero_shot, training_runs=RUN)


def test_a_label_stands_for_the_name_where_there_is_one(known):
    assert names.model_label(known.config, "vit") == "ViT"
    assert names.model_label(known.config, "cnn") == "cnn"
    assert names.dataset_label(known.config, "held-out") == "held-out"


def test_everything_that_is_measured_has_a_name_in_words(known):
    spoken = names.name_everything(known, {})
    assert spoken["scenes-vit"] == "ViT with random weights on Scenes (scenes-vit)"
    assert spoken["vit/scenes/texts"] == "ViT with random weights on Scenes, texts"
    assert spoken["cnn/noise"] == "cnn with random weights on noise"
    assert spoken["t"] == "Shapes: ViT with random weights on Scenes"
    assert spoken["base"] == "base: ViT trained on scenes, measured on held-out"


def test_a_task_says_its_prompts_and_templates(known, root):
    (row,) = names.describe_tasks(known.config, root, "zero_shot")
    assert row == {
        "name": "t",
        "label": "Shapes",
        "dataset": "Scenes",
        "gap": "task",
        "model": "ViT",
        "state": "random",
        "prompts": "scenes_shape",
        "templates": "caption",
    }


def test_the_origin_of_a_model_is_what_it_started_from():
    models = {
        "a": {"source": "open_clip", "architecture": "ViT-B-32", "pretrained": "openai"},
        "b": {"source": "trained", "run": "r", "initial": {"architecture": "scenes-vit"}},
        "c": {"source": "hub", "repo": "org/name"},
    }
    config = {"models": models, "datasets": {"d": {"label": "D"}}}
    described = [names.describe_origin(config, {"model": m, "dataset": "d"}) for m in models]
    assert [row["architecture"] for row in described] == ["ViT-B-32", "scenes-vit", "org/name"]
    assert [row["weights"] for row in described] == ["openai", "trained here: r", "hub"]
    assert {row["dataset"] for row in described} == {"D"}
