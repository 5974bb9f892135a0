"""What is wrong with a model entry is named with its key and the remedy."""

import json

import pytest

from modgap.plan.models.architectures import ARCHITECTURES, TAGS, known_tags
from modgap.plan.models.entries import model_geometry, weight_files
from modgap.plan.models.problems import check_model

SCENES = {"source": "random", "architecture": "scenes-vit", "seed": 0}


def open_clip_entry(architecture, tag):
    return {"source": "open_clip", "architecture": architecture, "pretrained": tag}


def only_problem(entry):
    (problem,) = check_model("mine", entry)
    return problem


def test_right_entries_have_no_problems():
    assert check_model("mine", SCENES) == []
    assert check_model("mine", open_clip_entry("ViT-B-32-quickgelu", "openai")) == []
    assert check_model("mine", open_clip_entry("ViT-B-32", "laion2b-s34b-b79k")) == []


@pytest.mark.parametrize(
    ("entry", "key", "said"),
    [
        (open_clip_entry("ViT-B/32", "openai"), "architecture", "did you mean 'ViT-B-32'?"),
        ({**SCENES, "architecture": "scenes-vitt"}, "architecture", "did you mean 'scenes-vit'?"),
        (open_clip_entry("ViT-B-32", "laion2b_s34b"), "pretrained", "'laion2b_s34b_b79k'?"),
        (open_clip_entry("RN50-quickgelu", "x"), "pretrained", "it has openai, yfcc15m, cc12m"),
        (open_clip_entry("ViT-B-32", "openai"), "architecture", "use architecture ViT-B-32-quick"),
        (
            open_clip_entry("ViT-B-32-quickgelu", "laion2b_s34b_b79k"),
            "architecture",
            "plain GELU; use architecture ViT-B-32",
        ),
        (
            open_clip_entry("roberta-ViT-B-32", "laion2b_s12b_b32k"),
            "architecture",
            "use a local_dir of your own",
        ),
        ({"source": "hub", "repo": "a/b", "geometry": "224"}, "geometry", "224-bicubic-shortest"),
        (
            {"source": "torchvision", "architecture": "resnet18", "weights": "IMAGENET1K_V2"},
            "weights",
            "did you mean 'IMAGENET1K_V1'?",
        ),
        (
            {"source": "torchvision", "architecture": "resnet18", "weights": "no/such.pt"},
            "weights",
            "no file no/such.pt",
        ),
        ({"source": "local_dir", "path": "no/such"}, "path", "no folder no/such"),
    ],
)
def test_problem_names_the_key_and_the_remedy(entry, key, said):
    problem = only_problem(entry)
    assert problem.startswith(f"models.mine.{key}: ")
    assert said in problem
    assert "\n" not in problem


def test_exactly_the_mismatched_pairs_are_refused():
    """28 of open_clip's 196 pairs build the wrong activation with only a warning."""
    refused = [pair for pair in known_tags() if check_model("m", open_clip_entry(*pair))]
    assert len(refused) == 28
    assert ("ViT-B-32", "openai") in refused


def checkpoint_entry(tmp_path, **more):
    path = tmp_path / "weights.safetensors"
    path.touch()
    return {"source": "checkpoint", "checkpoint": str(path), **more}


def test_checkpoint_of_open_clip_needs_its_preprocessing(tmp_path):
    entry = checkpoint_entry(tmp_path, architecture="ViT-B-32")
    assert "give pretrained" in only_problem(entry)
    assert check_model("m", {**entry, "pretrained": "laion2b_s34b_b79k"}) == []
    assert "use architecture ViT-B-32-quickgelu" in only_problem({**entry, "pretrained": "openai"})
    given = {"interpolation": "bilinear", "resize_mode": "squash", "mean": [0, 0, 0]}
    with_settings = {**entry, "preprocessing": {**given, "size": 224, "std": [1, 1, 1]}}
    assert check_model("m", with_settings) == []
    assert model_geometry(with_settings) == "224-bilinear-squash"
    wrong_size = {**entry, "preprocessing": {**given, "size": 256, "std": [1, 1, 1]}}
    assert "takes pictures of 224 px" in only_problem(wrong_size)


def test_checkpoint_of_our_own_architecture_stands_alone(tmp_path):
    entry = checkpoint_entry(tmp_path, architecture="scenes-vit")
    assert check_model("m", entry) == []
    assert model_geometry(entry) == "32-bicubic-shortest"
    assert weight_files(entry) == [entry["checkpoint"]]


def test_checkpoint_that_is_no_weights_file(tmp_path):
    entry = {"source": "checkpoint", "architecture": "scenes-vit", "checkpoint": "weights.npz"}
    assert "not a weights file" in only_problem(entry)


def folder_entry(folder, config):
    folder.mkdir(exist_ok=True)
    (folder / "open_clip_config.json").write_text(config)
    (folder / "open_clip_model.safetensors").touch()
    return {"source": "local_dir", "path": str(folder)}


def test_folder_problems(root, tmp_path):
    assert "no open_clip_config.json" in only_problem(
        {"source": "local_dir", "path": f"{tmp_path}"}
    )
    model_cfg = json.loads((root / "config/models/scenes-vit.json").read_text())
    entry = folder_entry(tmp_path / "a", json.dumps({"model_cfg": model_cfg}))
    assert check_model("m", entry) == []
    assert model_geometry(entry) == "32-bicubic-shortest"
    assert len(weight_files(entry)) == 2
    (tmp_path / "a" / "open_clip_model.safetensors").unlink()
    assert "holds no weights" in only_problem(entry)
    for broken in ("{", "[]", '{"model_cfg": {}}'):
        assert "not open_clip's form" in only_problem(folder_entry(tmp_path / "b", broken))


def test_folder_that_disagrees_with_the_tag_of_its_weights(tmp_path):
    model_cfg = {"embed_dim": 512, "vision_cfg": {"image_size": 224}, "text_cfg": {}}
    tag = {"architecture": "ViT-B-32-quickgelu", "pretrained": "openai"}
    entry = {**folder_entry(tmp_path, json.dumps({"model_cfg": model_cfg})), **tag}
    assert "has quick_gelu plain GELU, but" in only_problem(entry)
    config = {"model_cfg": {**model_cfg, "quick_gelu": True}}
    assert check_model("m", {**folder_entry(tmp_path, json.dumps(config)), **tag}) == []
    config["preprocess_cfg"] = {"resize_mode": "squash"}
    entry = {**folder_entry(tmp_path, json.dumps(config)), **tag}
    assert "resize_mode squash" in only_problem(entry)


def test_broken_architecture_file(root, tmp_path):
    folder = tmp_path / "config" / "models"
    folder.mkdir(parents=True)
    for table in (ARCHITECTURES, TAGS):
        (tmp_path / table).write_text((root / table).read_text())
    (folder / "mine.json").write_text('{"embed_dim": 8}')
    (folder / "RN50.json").write_text("{}")
    (problem,) = check_model("m", {"source": "random", "architecture": "mine"}, tmp_path)
    assert "not an open_clip model configuration" in problem
    (problem,) = check_model("m", {"source": "random", "architecture": "RN50"}, tmp_path)
    assert "rename the file" in problem
