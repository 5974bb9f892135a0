"""The plan of models says what open_clip says."""

import subprocess
import sys
from pathlib import Path

import pytest

from modgap.plan.models.architectures import ARCHITECTURES, TAGS, known_architectures, known_tags
from modgap.plan.models.entries import (
    architecture_digest,
    model_geometry,
    preprocessing,
    towers,
    weights_state,
)

SCENES = {"source": "random", "architecture": "scenes-vit", "seed": 0}


def open_clip_entry(architecture, tag):
    return {"source": "open_clip", "architecture": architecture, "pretrained": tag}


def test_tables_equal_the_installed_open_clip(root, tmp_path):
    # In a process of its own: other tests teach this one's open_clip more architectures.
    command = [sys.executable, "config/update_architectures.py", str(tmp_path)]
    subprocess.run(command, check=True, cwd=root)
    hint = "run `python config/update_architectures.py`"
    for name in (ARCHITECTURES, TAGS):
        assert (tmp_path / Path(name).name).read_text() == (root / name).read_text(), hint


def test_tables_are_complete():
    assert len(known_tags()) == 196
    assert len(known_architectures()) == 144
    geometries = {model_geometry(open_clip_entry(*pair)) for pair in known_tags()}
    assert len(geometries) == 19


def test_the_plan_of_models_needs_neither_torch_nor_open_clip(root):
    code = (
        "import sys; sys.path.insert(0, 'scripts'); import modgap.plan.models.problems as c; "
        "c.check_model('m', {'source': 'random', 'architecture': 'scenes-vit'}); "
        "assert not {'torch', 'open_clip', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root)


@pytest.mark.parametrize(
    ("entry", "geometry"),
    [
        (SCENES, "32-bicubic-shortest"),
        ({"source": "random", "architecture": "ViT-B-16-plus-240"}, "240-bicubic-shortest"),
        # SigLIP's own resize mode comes with its weights, not with its architecture.
        ({"source": "random", "architecture": "ViT-B-16-SigLIP"}, "224-bicubic-shortest"),
        (open_clip_entry("ViT-B-16-SigLIP", "webli"), "224-bicubic-squash"),
        (open_clip_entry("ViT-L-14-CLIPA", "datacomp1b"), "224-bilinear-squash"),
        ({"source": "hub", "repo": "a/b", "geometry": "256-bicubic-squash"}, "256-bicubic-squash"),
        ({"source": "torchvision", "architecture": "resnet18", "size": 64}, "64-bilinear-shortest"),
        ({"source": "torchvision", "architecture": "resnet50"}, "224-bilinear-shortest"),
    ],
)
def test_geometry(entry, geometry):
    assert model_geometry(entry) == geometry


def test_normalisation_of_the_weights_and_its_override():
    entry = open_clip_entry("ViT-L-14", "laion2b_s32b_b82k")
    assert preprocessing(entry)["mean"] == (0.5, 0.5, 0.5)
    assert preprocessing({**entry, "normalisation": "imagenet"})["std"] == (0.229, 0.224, 0.225)


def test_towers_and_weights_state():
    resnet = {"source": "torchvision", "architecture": "resnet18"}
    assert towers(SCENES) == ("images", "texts")
    assert towers(resnet) == ("images",)
    assert weights_state(SCENES) == "random"
    assert weights_state(resnet) == "random"
    assert weights_state({**resnet, "weights": "IMAGENET1K_V1"}) == "trained"
    assert weights_state(open_clip_entry("RN50-quickgelu", "openai")) == "trained"


def test_digest_of_an_architecture_of_ours_follows_its_content(tmp_path):
    folder = tmp_path / "config" / "models"
    folder.mkdir(parents=True)
    (folder / "mine.json").write_text("{}")
    entry = {"source": "random", "architecture": "mine"}
    before = architecture_digest(entry, tmp_path)
    (folder / "mine.json").write_text('{"embed_dim": 8}')
    assert len(before) == 12
    assert architecture_digest(entry, tmp_path) != before
    assert architecture_digest({**entry, "architecture": "ViT-B-32"}, tmp_path) is None


def test_another_interpolation_makes_other_crops_also_of_what_is_trained_from_it():
    bilinear = {**SCENES, "interpolation": "bilinear"}
    assert model_geometry(SCENES) == "32-bicubic-shortest"
    assert model_geometry(bilinear) == "32-bilinear-shortest"
    assert model_geometry({"source": "trained", "initial": bilinear}) == "32-bilinear-shortest"
    assert preprocessing(bilinear)["mean"] == preprocessing(SCENES)["mean"]
