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


def test_drawn_scenes_have_the_tasks_of_their_own_model_and_pictures(root, monkeypatch):
    monkeypatch.chdir(root)
    task = {"dataset": "scenes", "model": "vit", "prompts": "scenes_shape", "templates": "caption"}
    tasks = {
        "own": {**task, "column": "shape"},
        "other-pictures": {**task, "dataset": "held-out", "column": "shape"},
        "by-label": task,
    }
    sets = {"s": {"dataset": "scenes", "model": "vit"}}
    config = context(root, zero_shot=tasks, embedding_sets=sets).config
    (described,) = names.describe_scenes(config)
    assert (described["embeddings"], described["captions"]) == ("s", "partial")
    assert (described["tasks"], described["curves"]) == (["shape"], ["own"])
    photographs = {**config["datasets"], "scenes": {"kind": "captions_table"}}
    assert names.describe_scenes({**config, "datasets": photographs}) == []


def test_models_trained_apart_are_told_from_the_start_of_the_same_name(root, monkeypatch):
    monkeypatch.chdir(root)
    run = {**RUN["base"], "model": "cnn", "steps": 2, "batch_size": 4}
    run |= {"learning_rate": 0.1, "seeds": [0, 1]}
    group = {"classifier": "c", "dataset": "scenes", "label": "CNN"}
    known = context(root, training_classifiers={"c": run}, independent_models={"cnn": group})
    spoken = names.name_everything(known, {})
    path = f"{known.config['results']}/statistics/independent/cnn.parquet"
    assert spoken[path] == "CNN with independently trained weights on Scenes"
    assert "independently" not in spoken.get("cnn/scenes", "")


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


def place(config, clouds):
    return [(cell["row"], cell["column"]) for cell in names.describe_clouds(config, clouds)]


def test_clouds_with_labels_of_their_own_are_placed_by_them(known):
    clouds = [("vit", "scenes", "images"), ("vit", "scenes", "texts"), ("cnn", "noise", "images")]
    assert place(known.config, clouds) == [
        ("random weights,\nScenes", "ViT image tower"),
        ("random weights,\nScenes", "ViT text tower"),
        ("random weights,\nnoise", "resnet18"),
    ]


def test_models_of_one_name_are_told_apart_and_none_is_lost():
    seeds = {
        f"seed{i}": {"source": "random", "architecture": "ViT-B-32", "seed": i} for i in range(3)
    }
    seeds["named"] = {"source": "random", "architecture": "ViT-L-14", "label": "ViT-B-32"}
    config = {"models": seeds, "datasets": {"d": {}}}
    clouds = [(model, "d", side) for model in seeds for side in ("images", "texts")]
    places = place(config, clouds)
    assert len(set(places)) == len(clouds)
    assert places[0] == ("random weights,\nd", "ViT-B-32 (seed0) image tower")
    assert places[-1] == ("random weights,\nd", "ViT-B-32 (named) text tower")


def test_datasets_of_one_label_are_told_apart():
    published = {"kind": "embeddings", "label": "CLIP (published)"}
    published_names = ["clip", "clip-random"]
    config = {"models": {}, "datasets": dict.fromkeys(published_names, published)}
    clouds = [
        ("imported", name, side) for name in config["datasets"] for side in ("first", "second")
    ]
    places = place(config, clouds)
    assert len(set(places)) == 4
    assert places[2] == ("CLIP (published) (clip-random)", "first modality")


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ({"source": "open_clip", "pretrained": "openai"}, "openai"),
        ({"source": "open_clip", "pretrained": "laion2b_s34b_b79k"}, "laion2b"),
        ({"source": "open_clip", "pretrained": "laion400m_e32"}, "laion400m"),
        ({"source": "checkpoint", "pretrained": "openai"}, "openai"),
        ({"source": "checkpoint"}, "checkpoint"),
        ({"source": "hub", "repo": "org/my-clip"}, "org"),
        ({"source": "random"}, "untrained"),
        ({"source": "trained", "run": "base"}, "trained here"),
    ],
)
def test_models_of_one_pretraining_source_are_a_family(model, family):
    assert names.name_family(model) == family
