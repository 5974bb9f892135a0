"""Folders and repositories of transformers: what is read of them before anything is loaded."""

import importlib.util
import json

import pytest

from modgap.errors import InputError
from modgap.plan.config import load_config
from modgap.plan.models.entries import model_geometry, preprocessing, weight_files
from modgap.plan.models.problems import check_model
from modgap.plan.models.repositories import (
    is_fetched_whole,
    map_preprocessing,
    model_kind,
    read_preprocessing,
    repository_folder,
)
from modgap.plan.resolve import resolve

COMMIT = "0123456789abcdef0123456789abcdef01234567"
REPO = {
    "source": "transformers",
    "repo": "org/siglip",
    "revision": COMMIT,
    "geometry": "224-bicubic-squash",
}
# As the packages wrote them: openai/clip-vit-base-patch32 (numbers), later versions (mappings).
CLIP_OLD = {
    "crop_size": 224,
    "do_center_crop": True,
    "do_normalize": True,
    "do_resize": True,
    "feature_extractor_type": "CLIPFeatureExtractor",
    "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_std": [0.26862954, 0.26130258, 0.27577711],
    "resample": 3,
    "size": 224,
}
CLIP = {
    **CLIP_OLD,
    "crop_size": {"height": 224, "width": 224},
    "size": {"shortest_edge": 224},
    "rescale_factor": 0.00392156862745098,
}
SIGLIP = {
    "do_normalize": True,
    "do_rescale": True,
    "do_resize": True,
    "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5],
    "resample": 2,
    "rescale_factor": 0.00392156862745098,
    "size": {"height": 256, "width": 256},
}


def write_folder(folder, processor=SIGLIP, kind="siglip"):
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"model_type": kind}))
    (folder / "preprocessor_config.json").write_text(json.dumps(processor))
    (folder / "model.safetensors").write_bytes(b"")
    (folder / "tokenizer.json").write_text("{}")
    return folder


@pytest.fixture(autouse=True)
def installed(monkeypatch):
    """The package counts as installed: nothing here imports it."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: True)


@pytest.mark.parametrize("settings", [CLIP_OLD, CLIP])
def test_clip(settings):
    found = map_preprocessing(settings)
    assert found["size"] == 224
    assert (found["interpolation"], found["resize_mode"]) == ("bicubic", "shortest")
    assert found["mean"] == (0.48145466, 0.4578275, 0.40821073)


def test_siglip(tmp_path):
    folder = write_folder(tmp_path / "siglip")
    entry = {"source": "transformers", "path": str(folder)}
    assert check_model("m", entry) == []
    assert model_geometry(entry) == "256-bilinear-squash"
    assert preprocessing({**entry, "normalisation": "none"})["std"] == (1.0, 1.0, 1.0)
    (folder / "pytorch_model.bin").write_bytes(b"")
    names = ["config.json", "model.safetensors", "preprocessor_config.json", "tokenizer.json"]
    assert weight_files(entry) == [f"{folder}/{name}" for name in names]
    (folder / "preprocessor_config.json").rename(folder / "old")
    (folder / "processor_config.json").write_text(json.dumps({"image_processor": CLIP}))
    assert model_geometry(entry) == "224-bicubic-shortest"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"resample": 1}, "resample is 1"),
        ({"size": {"height": 256, "width": 128}}, "size is 256 x 128 px, not square"),
        ({"size": {"shortest_edge": 256}}, "nothing is cropped"),
        ({"do_resize": False}, "do_resize is off"),
        ({"do_rescale": False}, "not scaled to 0..1"),
        ({"rescale_factor": 1.0}, "not scaled to 0..1"),
        ({"image_mean": [0.5]}, "image_mean has 1 numbers"),
        ({"do_center_crop": True, "crop_size": 224}, "resized to 256 px, then cropped to 224 px"),
    ],
)
def test_pictures_that_cannot_be_made_here(tmp_path, changes, words):
    folder = write_folder(tmp_path / "siglip", {**SIGLIP, **changes})
    (line,) = check_model("m", {"source": "transformers", "path": str(folder)})
    assert line.startswith("models.m.path: ")
    assert words in line
    with pytest.raises(InputError, match="such pictures cannot be made here"):
        read_preprocessing(folder)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda f: (f / "config.json").unlink(), "config.json: cannot be read"),
        (lambda f: (f / "config.json").write_text("x"), "config.json: not JSON"),
        (lambda f: (f / "preprocessor_config.json").unlink(), "holds no preprocessor_config.json"),
        (lambda f: (f / "model.safetensors").unlink(), "holds no .safetensors"),
        (lambda f: (f / "tokenizer.json").unlink(), "holds no tokenizer"),
    ],
)
def test_a_folder_that_is_not_whole(tmp_path, change, words):
    folder = write_folder(tmp_path / "siglip")
    change(folder)
    (line,) = check_model("m", {"source": "transformers", "path": str(folder)})
    assert words in line


@pytest.mark.parametrize(
    ("kind", "words"), [("siglip2", "NaFlex"), ("blip", "model_type is 'blip'")]
)
def test_other_models(tmp_path, kind, words):
    with pytest.raises(InputError, match=words):
        model_kind(write_folder(tmp_path / "other", kind=kind))


def configured(root, entry, resources="resources"):
    given = {"datasets": {"d": {"kind": "digits"}}, "models": {"m": entry}, "resources": resources}
    return load_config(given, root)


def test_files_of_a_repository_are_prepared(root):
    config = configured(root, REPO)
    folder = f"resources/weights/org/siglip/{COMMIT[:12]}"
    assert config["models"]["m"]["path"] == folder == f"resources/{repository_folder(REPO)}"
    plan = resolve(config, root)
    files = [file for file in plan["fetching"]["files"] if file.startswith(folder)]
    assert len(files) == 5
    assert set(files) == set(plan["images"]["m/d"]["weights"])
    row = plan["downloads"][f"{folder.removeprefix('resources/')}/model.safetensors"]["row"]
    assert row["url"].endswith(f"/org/siglip/resolve/{COMMIT}/model.safetensors")
    assert list(plan["crops"]) == ["d/224-bicubic-squash"]


def lines_of(root, entry, **more):
    with pytest.raises(InputError) as caught:
        configured(root, entry, **more)
    return [line.strip() for line in str(caught.value).splitlines()[1:]]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"revision": None}, "'revision' is a dependency of 'repo'"),
        ({"revision": "main"}, "'main' does not fit"),
        ({"path": "somewhere"}, "gives both path and repo"),
        ({"files": ["config.json", "preprocessor_config.json"]}, "none that ends in .safetensors"),
        ({"files": ["model.safetensors"]}, "config.json and preprocessor_config.json are needed"),
        ({"repo": None, "revision": None, "geometry": None}, "path: give a folder, or repo"),
    ],
)
def test_a_repository_that_cannot_be(root, changes, words):
    entry = {key: value for key, value in {**REPO, **changes}.items() if value is not None}
    (line,) = lines_of(root, entry)
    assert line.startswith("models.m")
    assert words in line


def test_a_fetched_repository_must_have_the_geometry_promised(root, tmp_path):
    folder = tmp_path / repository_folder(REPO)
    write_folder(folder)
    (line,) = lines_of(root, REPO, resources=str(tmp_path))
    assert "geometry: is 224-bicubic-squash, but" in line
    assert line.endswith("asks for 256-bilinear-squash; write that")
    right = configured(root, {**REPO, "geometry": "256-bilinear-squash"}, str(tmp_path))
    assert is_fetched_whole(right["models"]["m"])


def test_without_the_package_nothing_runs(root, tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    folder = write_folder(tmp_path / "siglip")
    (line,) = lines_of(root, {"source": "transformers", "path": str(folder)})
    data = {"d": {"kind": "digits"}}
    models = {"m": {"source": "transformers", "path": str(folder)}}
    assert load_config({"datasets": data, "models": models}, root, apart=True)["models"]
    assert line == (
        "models.m: source transformers needs the package transformers, which is not installed "
        "here; install it with: make transformers"
    )


def test_what_it_is_not_for(root, tmp_path):
    entry = {"source": "transformers", "path": str(write_folder(tmp_path / "siglip"))}
    data = {
        "d": {"kind": "scenes", "n": 12, "seed": 0},
        "e": {"kind": "scenes", "n": 12, "seed": 1},
    }
    given = {
        "datasets": data,
        "models": {"m": entry},
        "layers": [{"model": "m", "dataset": "d"}],
        "training_runs": {"r": {"model": "m", "datasets": ["d"], "held_out": "e"}},
    }
    with pytest.raises(InputError) as caught:
        load_config(given, root)
    assert "layers.0.model: the layers of m are not known here" in str(caught.value)
    assert "training_runs.r.model: m is of transformers; train a model of open" in str(caught.value)
