"""What a user reads when the configuration is wrong, and what a user's own file means."""

import numpy as np
import pytest
import yaml

from modgap.data.sources import count_items
from modgap.errors import InputError
from modgap.plan.config import load_config
from plans import problems_of


@pytest.fixture
def ready(tmp_path):
    """A file of ready embeddings."""
    path = tmp_path / "ready.npy"
    np.save(path, np.random.default_rng(0).normal(size=(2, 30, 8)).astype("float32"))
    return path


def test_every_shipped_configuration_is_valid(root, monkeypatch):
    monkeypatch.chdir(root)
    for name in ("config.yaml", "smoke.yaml", "thorough.yaml", "paper.yaml", "examples/zoo.yaml"):
        load_config(yaml.safe_load((root / "config" / name).read_text()), root)


def test_all_problems_are_listed_one_line_each(root):
    given = {
        "embeddings": {"batchsize": 8, "precision": "fp8"},
        "statistics": {"n_resamples": "many"},
        "datasets": {"scenes": {"kind": "scene", "n": 10}},
        "models": {"m": {"source": "random", "architecture": "scenes-vit", "sed": 1}},
    }
    assert problems_of(given, root) == [
        "datasets.scenes.kind: 'scene' is none of scenes, digits, captions_table, image_folder, "
        "noise, embeddings, coco_captions, torchvision, webdataset, fairface, hateful_memes, "
        "mixbench, did you mean 'scenes'?",
        "models.m: unknown key 'sed', did you mean 'seed'?",
        "embeddings: unknown key 'batchsize', did you mean 'batch_size'?",
        "embeddings.precision: 'fp8' is none of fp32, bf16, fp16, auto",
        "statistics.n_resamples: 'many' is not a whole number",
    ]


@pytest.mark.parametrize(
    ("size", "line"),
    [
        ("many", "'many' is none of auto"),
        (0, "0 is less than the minimum of 1"),
        (2.5, "2.5 is not a whole number or text; put it in quotes"),
    ],
)
def test_batch_sizes_are_numbers_or_auto(root, size, line):
    assert problems_of({"embeddings": {"batch_size": size}}, root) == [
        f"embeddings.batch_size: {line}"
    ]
    load_config({"embeddings": {"batch_size": "auto", "precision": "auto"}}, root)


def test_training_that_cannot_be(root):
    given = {
        "datasets": {"scenes": {"kind": "scenes", "n": 10, "seed": 0}},
        "models": {
            "vit": {"source": "random", "architecture": "scenes-vit"},
            "trained": {"source": "trained", "run": "bass"},
        },
        "training_runs": {
            "base": {"model": "vit", "datasets": ["scenes"], "held_out": "scenes"},
        },
    }
    assert problems_of(given, root) == [
        "training_runs.base.held_out: scenes is trained on; name other pictures",
        "models.trained.run: no training run named 'bass', did you mean 'base'?",
    ]
    for tau in (0, -0.1):
        recipe = {"temperature": {"kind": "fixed", "tau": tau}, "step": 5}
        (unknown, line) = problems_of({"training": {"recipe": recipe}}, root)
        assert unknown == "training.recipe: unknown key 'step', did you mean 'steps'?"
        assert line.startswith(f"training.recipe.temperature.tau: {tau} is less than or equal to")


def test_references_that_point_nowhere(root):
    given = {
        "datasets": {"scenes": {"kind": "scenes", "n": 10, "seed": 0}},
        "models": {"vit": {"source": "random", "architecture": "scenes-vit"}},
        "embedding_sets": {"a": {"dataset": "scene", "model": "vitt"}},
        "cones": [{"dataset": "scenes"}],
    }
    assert problems_of(given, root) == [
        "embedding_sets.a.dataset: no dataset named 'scene', did you mean 'scenes'?",
        "embedding_sets.a.model: no model named 'vitt', did you mean 'vit'?",
        "cones.0: key 'model' is missing",
    ]


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ({"source": "random", "architecture": "ViT-B-23"}, "did you mean 'ViT-B-32'"),
        (
            {"source": "open_clip", "architecture": "ViT-B-32", "pretrained": "opanai"},
            "did you mean 'openai'",
        ),
        (
            {"source": "open_clip", "architecture": "ViT-B-32", "pretrained": "openai"},
            "ViT-B-32-quickgelu",
        ),
        ({"source": "local_dir", "path": "nowhere"}, "nowhere"),
    ],
)
def test_bad_models(root, model, words):
    given = {"datasets": {"digits": {"kind": "digits"}}, "models": {"m": model}}
    (line,) = problems_of(given, root)
    assert "models.m" in line
    assert words in line


def test_datasets_without_a_model(root):
    given = {"datasets": {"digits": {"kind": "digits"}}}
    (line,) = problems_of(given, root)
    assert line.startswith("models: none")


def test_models_without_a_dataset(root):
    given = {"models": {"vit": {"source": "random", "architecture": "scenes-vit"}}}
    (line,) = problems_of(given, root)
    assert line.startswith("datasets: none")


def test_ready_embeddings_alone_are_a_whole_configuration(root, ready):
    config = load_config({"datasets": {"mine": {"kind": "embeddings", "file": str(ready)}}}, root)
    assert config["models"] == {}
    assert config["embedding_sets"] == {"mine": {"dataset": "mine"}}
    assert config["cones"] == [{"dataset": "mine"}]


def test_other_sections_merge_over_the_default(root):
    config = load_config({"statistics": {"seed": 9}}, root)
    assert config["statistics"]["seed"] == 9
    assert config["statistics"]["n_resamples"] >= 1000
    assert "scenes" in config["datasets"]


def test_the_default_is_no_toy(root):
    config = load_config({}, root)
    for entry in [*config["cones"], *config["embedding_sets"].values()]:
        dataset = config["datasets"][entry["dataset"]]
        assert count_items(dataset["kind"], dataset) >= 1000
    assert config["cone_study"]["seeds"] >= 25
    assert config["cone_study"]["seed_items"] >= 200
    assert config["random_networks"]["seeds"] >= 10
    assert config["downstream"]["n_directions"] >= 200
    assert config["training"]["evaluation"]["n"] >= 1000
    assert config["training"]["recipe"]["steps"] >= 500
    assert config["statistics"]["n_resamples"] >= 1000
    assert len(config["embedding_sets"]) >= 4


def test_shipped_files_name_their_results(root):
    paths = [*(root / "config").glob("*.yaml"), *(root / "config" / "examples").glob("*.yaml")]
    tables = ("weights.yaml", "claims.yaml", "schema.yaml", "claims.schema.yaml")
    for path in paths:
        if path.name not in tables:
            assert "results" in yaml.safe_load(path.read_text()), path.name


READY = {"a": {"kind": "embeddings"}, "b": {"kind": "embeddings"}}


def compare_ready(root, ready, pair, **given):
    entries = {name: {**entry, "file": str(ready)} for name, entry in READY.items()}
    return problems_of({"datasets": entries, "comparisons": {"x": pair}, **given}, root)


@pytest.mark.parametrize(
    ("pair", "line"),
    [
        (["a", "bb"], "comparisons.x.1: no embedding set named 'bb', did you mean 'b'?"),
        (["a", "a"], "comparisons.x: both are the same set; name two"),
        (["a"], "comparisons.x: names 1; give two sets, [before, after]"),
        (["a", "b", "b"], "comparisons.x: names 3; give two sets, [before, after]"),
        (
            [{"results": "nowhere", "set": "b"}, "a"],
            "comparisons.x.0.results: no such folder: nowhere",
        ),
        ([{"set": "b"}, "a"], "comparisons.x.0: key 'results' is missing"),
        (["a", {"results": "r", "sets": "b", "set": "b"}], "comparisons.x.1: unknown key 'sets'"),
    ],
)
def test_comparisons_of_what_is_not_there(root, ready, pair, line):
    (found,) = compare_ready(root, ready, pair)
    assert found.startswith(line)


def test_a_set_of_another_run_needs_its_table(root, ready, tmp_path):
    measured = tmp_path / "other" / "statistics" / "gap"
    measured.mkdir(parents=True)
    (measured / "after.parquet").touch()
    item = {"results": str(tmp_path / "other"), "set": "aftr"}
    (line,) = compare_ready(root, ready, ["a", item])
    assert "has no table of 'aftr', did you mean 'after'?" in line
    # Nothing is wrong with it but that "nowhere" is no set.
    (line,) = compare_ready(root, ready, ["nowhere", {**item, "set": "after"}])
    assert line.startswith("comparisons.x.0: no embedding set named 'nowhere'")
    (line,) = compare_ready(root, ready, ["a", item], results=str(tmp_path / "other"))
    assert line.endswith("is the folder of this run; name the set alone")


def test_a_users_datasets_drop_the_comparisons_of_the_default(root, ready):
    assert load_config({}, root)["comparisons"]
    given = {"datasets": {"mine": {"kind": "embeddings", "file": str(ready)}}}
    assert load_config(given, root)["comparisons"] == {}


def imported(ready, *names):
    return {"kind": "embeddings", "files": dict.fromkeys(names, str(ready))}


def test_derived_sets_of_one_name_are_refused(root, ready):
    datasets = {"a": imported(ready, "b-c", "d", "e"), "a-b": imported(ready, "c", "d", "e")}
    with pytest.raises(InputError, match="would both be called 'a-b-c-d'; rename"):
        load_config({"datasets": datasets}, root)


def test_the_modality_with_several_rows_is_second_of_its_set(root, ready):
    entry = {**imported(ready, "text", "image"), "owner": {"text": "picture"}}
    config = load_config({"datasets": {"mine": entry}}, root)
    assert config["embedding_sets"]["mine"]["modalities"] == ["image", "text"]


@pytest.mark.parametrize("entry", [{"files": 3}, {"files": None}, {"file": "x.npy", "names": 5}])
def test_odd_types_of_ready_embeddings_are_lines_and_no_traceback(root, entry):
    lines = problems_of({"datasets": {"mine": {"kind": "embeddings", **entry}}}, root)
    assert any(line.startswith("datasets.mine") for line in lines)
