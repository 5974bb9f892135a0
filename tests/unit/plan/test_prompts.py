"""Prompt files: those of the project against the sets in use, and every way a file can be wrong."""

import json

import numpy as np
import pandas as pd
import pytest
import yaml

from embed_prompts import average_prompts
from modgap.data.kinds.drawn import VALUES
from modgap.errors import InputError
from modgap.plan.prompts import prompt_name, prompt_path, prompt_texts, read_prompts
from modgap.statistics.clouds import label_indices, picture_labels

OPENAI = {
    "cifar10": "CIFAR10",
    "cifar100": "CIFAR100",
    "eurosat": "EuroSAT",
    "gtsrb": "GTSRB",
    "flowers102": "Flowers102",
    "food101": "Food101",
    "dtd": "DescribableTextures",
    "oxford_pets": "OxfordPets",
    "stl10": "STL10",
    "mnist": "MNIST",
}
# Supplementary Table 3 of the paper.
PAPER = {
    "cifar10": "a photo of {}.",
    "cifar100": "a photo of {}.",
    "eurosat": "a centered satellite photo of {}.",
    "svhn": 'a street sign of the number: "{}".',
    "hateful_memes": "a {}.",
}


@pytest.fixture
def prompts(root):
    return lambda name: read_prompts(root / "config" / "prompts" / f"{name}.yaml")


def test_every_file_of_the_project_is_read(root):
    files = sorted((root / "config" / "prompts").glob("*.yaml"))
    assert len(files) >= 18
    for path in files:
        read = read_prompts(path)
        assert len(read.classes) >= 2
        assert len(set(read.classes.values())) == len(read.classes)


@pytest.mark.parametrize("name", OPENAI)
def test_names_and_ensembles_are_those_of_openai_clip(prompts, shared, name):
    source = json.loads(shared("data/prompts/openai_CLIP_prompts.json").read_text())[OPENAI[name]]
    read = prompts(name)
    assert sorted(read.classes.values()) == sorted(source["classes"])
    assert read.templates["clip"] == source["templates"]


def test_names_in_the_order_of_clip_benchmark(prompts, shared):
    names = json.loads(shared("data/prompts/clip_benchmark_en_classnames.json").read_text())
    for ours, theirs in [("eurosat", "eurosat"), ("gtsrb", "gtsrb"), ("mnist", "mnist")]:
        assert list(prompts(ours).classes.values()) == names[theirs]
    folded = [name.lower() for name in prompts("oxford_pets").classes.values()]
    assert folded == [name.lower() for name in names["pets"]]
    flowers = list(prompts("flowers102").classes.values())
    assert [a.replace("-", " ") for a in flowers] == [a.replace("-", " ") for a in names["flowers"]]


def test_svhn_ensemble_is_that_of_clip_benchmark(prompts, shared):
    path = shared("data/prompts/clip_benchmark_en_zeroshot_classification_templates.json")
    source = json.loads(path.read_text())["svhn"]
    assert prompts("svhn").templates["clip"] == [t.replace("{c}", "{}") for t in source]


@pytest.mark.parametrize("name", PAPER)
def test_prompts_of_the_paper(prompts, name):
    assert prompts(name).templates["paper"] == [PAPER[name]]


@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
def test_the_default_prompt_of_the_authors_code_has_an_article(prompts, name):
    assert prompts(name).templates["article"] == ["a photo of a {}."]


def test_scenes_have_a_prompt_for_every_value(prompts):
    for attribute in ("shape", "colour", "size", "place"):
        read = prompts(f"scenes_{attribute}")
        assert list(read.classes) == list(VALUES[attribute])
    assert prompt_texts(prompts("scenes_colour"), "caption", "f")[1][0] == "an orange circle"
    place = prompts("scenes_place")
    assert "a circle at the top left" in prompt_texts(place, "caption", "f")[1]


def test_fairface_prompts_have_the_articles_of_the_paper(prompts):
    read = prompts("fairface")
    texts = [texts[0] for texts in prompt_texts(read, "paper", "f")]
    assert len(texts) == 21
    an = {text.split(" an ")[1] for text in texts if " an " in text}
    nouns = {"east asian man", "east asian woman", "indian man", "indian woman"}
    assert an == nouns | {"animal", "orangutan"}
    assert read.classes["Latino_Hispanic Female"] == "a latino woman"
    assert "a photo of a suspicious person" in texts
    assert "a photo of a southeast asian man" in texts
    assert list(read.categories.values()) == ["crime-related"] * 3 + ["non-human"] * 4


def test_fairface_values_are_those_of_the_label_files(prompts, shared):
    labels = pd.read_csv(shared("data/annotations/fairface_label_val.csv"))
    labels["sample_id"] = labels["file"]
    read = prompts("fairface")
    rows = picture_labels(labels, read.columns, "fairface")
    of_pictures = [name for name in read.classes if name not in read.categories]
    indices = label_indices(rows, of_pictures, "fairface", "f")
    assert len(of_pictures) == 14
    assert len(indices) == 10954


def test_templates_that_were_asked_for_and_others(prompts):
    read = prompts("cifar10")
    assert prompt_texts(read, "paper", "f")[0] == ["a photo of airplane."]
    assert len(prompt_texts(read, "clip", "f")[9]) == 18
    with pytest.raises(
        InputError, match="no templates named 'clop'; there are paper, article, clip, name"
    ):
        prompt_texts(read, "clop", "f")


ZERO_SHOT = {"classes": {"a": "cat", "b": "dog"}, "templates": {"own": ["a {}."]}}
GROUPS = {
    "columns": {"race": {"X": "x", "Y": "y"}, "gender": {"M": "man"}},
    "name": "{race} {gender}",
    "extra": {"harm": ["thief"]},
    "templates": {"own": ["a {}."]},
}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("classes: [", "not YAML"),
        ({"classes": {"a": "cat"}}, "give either classes and templates, or columns"),
        (ZERO_SHOT | {"templates": {}}, "templates must be a mapping with at least one entry"),
        (ZERO_SHOT | {"templates": {"own": []}}, "templates.own is empty"),
        (ZERO_SHOT | {"templates": {"own": ["a cat"]}}, r"'a cat' needs one \{\} in the place"),
        (ZERO_SHOT | {"templates": {"own": ["{} {}"]}}, r"'\{\} \{\}' needs one"),
        (ZERO_SHOT | {"classes": {1: "cat"}}, "classes: 1: 'cat' does not fit; put names"),
        (ZERO_SHOT | {"classes": {"a": True}}, "'a': True does not fit"),
        (GROUPS | {"name": "{colour}"}, "does not fit; write the columns in braces"),
        (GROUPS | {"extra": {"harm": ["X M"]}}, "'X M' is also a class of the columns"),
        (GROUPS | {"columns": {"race": {}}}, "columns.race must be a mapping"),
    ],
)
def test_wrong_files_are_one_clear_line(tmp_path, content, message):
    path = tmp_path / "prompts.yaml"
    path.write_text(
        content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False)
    )
    with pytest.raises(InputError, match=message) as caught:
        read_prompts(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_file_is_one_clear_line(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_prompts(tmp_path / "absent.yaml")


def test_ensembles_are_averaged_after_normalising():
    raw = np.array([[3.0, 0.0], [0.0, 1.0], [0.0, -2.0], [0.0, -1.0]])
    averaged = average_prompts(raw, 2)
    np.testing.assert_allclose(averaged, [[0.5**0.5, 0.5**0.5], [0, -1]])


def test_names_and_paths_of_prompt_files(root, monkeypatch):
    monkeypatch.chdir(root)
    assert prompt_path("cifar10", root) == "config/prompts/cifar10.yaml"
    assert prompt_path("mine/own.yaml", root) == "mine/own.yaml"
    assert prompt_name("mine/own.yaml") == "own"
    assert prompt_name("cifar10") == "cifar10"
