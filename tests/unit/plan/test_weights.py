"""The table of pretrained weights: what it says, what is empty in it, and what is refused."""

import copy
import importlib.util

import open_clip
import pytest
import torchvision
import yaml
from huggingface_hub import hf_hub_url
from open_clip.constants import HF_SAFE_WEIGHTS_NAME

from modgap.errors import InputError
from modgap.plan.config import load_config
from modgap.plan.resolve import resolve
from modgap.plan.weights import (
    find_pin,
    pin_address,
    read_installed,
    read_pins,
    read_tokenizers,
    weight_rows,
)

OPENAI = ("ViT-B-32-quickgelu", "openai")
TORCHVISION = {("resnet18", "imagenet1k_v1"), ("resnet50", "imagenet1k_v1")}
TORCHVISION |= {("resnet50", "imagenet1k_v2")}


@pytest.fixture(scope="module")
def pins(root):
    return read_pins(str(root / "config" / "weights.yaml"))


def entry_of(key):
    """The model entry that a pin is for."""
    architecture, tag = key
    if key in TORCHVISION:
        return {"source": "torchvision", "architecture": architecture, "weights": tag.upper()}
    return {"source": "open_clip", "architecture": architecture, "pretrained": tag}


def test_the_empty_values_are_those_we_know_of(pins):
    """What nobody could tell for certain. A value that appears here later needs a source."""
    for key in ("revision", "bytes", "licence", "golden"):
        assert {name for name in pins if pins[name][key] is not None} == set(), key
    # torchvision's file names tell the first digits; of the model repositories nothing is known.
    assert {name for name in pins if pins[name]["sha256"] is not None} == TORCHVISION
    assert {len(pins[name]["sha256"]) for name in TORCHVISION} == {8}
    assert {name for name in pins if pins[name]["url"] is not None} == TORCHVISION
    assert {name for name in pins if pins[name]["repo"] is None} == TORCHVISION


def test_every_value_is_the_installed_packages(pins, root):
    for key, pin in pins.items():
        for name, known in read_installed(entry_of(key), root).items():
            assert pin[name] == known, (key, name)
        if key in TORCHVISION:
            weights = torchvision.models.get_model_weights(key[0])[key[1].upper()]
            assert pin_address(pin) == weights.url
            assert weights.url.endswith(f"/{key[0]}-{pin['sha256']}.pth")
        else:
            published = open_clip.get_pretrained_cfg(*key)["hf_hub"]
            assert f"{pin['repo']}/" == published
            assert pin["file"] == HF_SAFE_WEIGHTS_NAME
            assert pin_address(pin) == hf_hub_url(pin["repo"], pin["file"])


def test_the_papers_models_are_pinned(pins, root):
    assert {OPENAI, ("ViT-B-16-quickgelu", "openai"), ("RN50-quickgelu", "openai")} <= set(pins)
    text = (root / "config" / "paper.yaml").read_text()
    for entry in yaml.safe_load(text)["models"].values():
        if entry["source"] != "random" and ("pretrained" in entry or "weights" in entry):
            assert find_pin(entry, pins) is not None, entry


def test_rows_for_the_downloads(pins):
    rows = weight_rows(pins, "config/weights.yaml")
    row = rows["weights/timm/vit_base_patch32_clip_224.openai/open_clip_model.safetensors"]
    assert row["url"].endswith("vit_base_patch32_clip_224.openai/resolve/main/" + row["file"][-27:])
    assert (row["sha256"], row["sha256_start"], row["bytes"]) == ("", "", None)
    resnet = rows["weights/resnet18/resnet18-f37072fd.pth"]
    assert (resnet["sha256"], resnet["sha256_start"]) == ("", "f37072fd")
    whole = {**pins[OPENAI], "sha256": "0" * 64, "revision": "a" * 40, "bytes": 5}
    (row,) = weight_rows({OPENAI: whole}, "t").values()
    assert (row["sha256"], row["bytes"]) == ("0" * 64, 5)
    assert f"/resolve/{'a' * 40}/" in row["url"]


def test_a_tag_without_a_pin_has_none(pins):
    assert find_pin({"source": "random", "architecture": "ViT-B-32", "seed": 0}, pins) is None
    assert find_pin(entry_of(("ViT-B-32", "laion2b-s34b-b79k")), pins) is not None
    assert find_pin(entry_of(("ViTamin-S", "datacomp1b")), pins) is None


def write(path, *entries):
    path.write_text(yaml.safe_dump({"weights": list(entries)}))
    return str(path)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"architecture": "../up"}, "weights.0: architecture cannot be '../up'"),
        ({"repo": "a/b/c"}, "repo cannot be 'a/b/c'"),
        ({"file": "../x.bin"}, "file cannot be '../x.bin'"),
        ({"file": "weights.pkl"}, "file cannot be 'weights.pkl'"),
        ({"sha256": "abc"}, "sha256 cannot be 'abc'"),
        ({"url": "ftp://x"}, "url cannot be 'ftp://x'"),
        ({"url": "https://x"}, "give either repo or url"),
        ({"revision": "main"}, "revision cannot be 'main'"),
        ({"activation": "gelu"}, "activation cannot be 'gelu'"),
        ({"preprocessing": {}}, "preprocessing needs interpolation, mean"),
        ({"golden": [1]}, "golden is empty or has the keys images and texts"),
        ({"hash": "x"}, "missing or unknown keys hash"),
    ],
)
def test_wrong_entries(pins, tmp_path, changed, words):
    path = write(tmp_path / "w.yaml", {**copy.deepcopy(pins[OPENAI]), **changed})
    with pytest.raises(InputError) as caught:
        read_pins(path)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_wrong_tables(pins, tmp_path):
    pin = pins[OPENAI]
    with pytest.raises(InputError, match=r"weights\.1: ViT-B-32-quickgelu openai stands"):
        read_pins(write(tmp_path / "twice.yaml", pin, pin))
    other = {**pin, "architecture": "ViT-B-32", "sha256": "0" * 64}
    with pytest.raises(InputError, match=r"weights\.1: sha256 of weights/timm/.* differs"):
        read_pins(write(tmp_path / "differs.yaml", pin, other))
    with pytest.raises(InputError, match=r"gone\.yaml: no such file"):
        read_pins(str(tmp_path / "gone.yaml"))
    (tmp_path / "bad.yaml").write_text("weights: [")
    with pytest.raises(InputError, match=r"bad\.yaml, line 2, column 1: not YAML"):
        read_pins(str(tmp_path / "bad.yaml"))


def run_of(**model):
    """A configuration of one model and one dataset."""
    return {"datasets": {"d": {"kind": "digits"}}, "models": {"m": model}}


def test_a_model_with_pinned_weights_knows_its_file(root):
    config = load_config(run_of(**entry_of(OPENAI)), root)
    file = "weights/timm/vit_base_patch32_clip_224.openai/open_clip_model.safetensors"
    assert config["models"]["m"]["weights_file"] == f"resources/{file}"
    config = load_config(run_of(**entry_of(("resnet18", "imagenet1k_v1"))), root)
    assert config["models"]["m"]["weights_file"].endswith("/resnet18-f37072fd.pth")
    config = load_config(run_of(**entry_of(("ViTamin-S", "datacomp1b"))), root)
    assert "weights_file" not in config["models"]["m"]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"activation": "GELU"}, "says activation GELU of ViT-B-32-quickgelu openai, the inst"),
        ({"context_length": 64}, "says context_length 64"),
        ({"tokenizer": "bert"}, "says tokenizer bert"),
    ],
)
def test_a_pin_that_contradicts_the_package_is_refused(root, pins, tmp_path, changed, words):
    table = write(tmp_path / "w.yaml", {**pins[OPENAI], **changed})
    with pytest.raises(InputError) as caught:
        load_config({**run_of(**entry_of(OPENAI)), "weights": table}, root)
    (line,) = str(caught.value).splitlines()[1:]
    assert line.strip().startswith("models.m: the table of weights ")
    assert words in line


def test_a_tokenizer_that_is_not_installed_is_refused_before_anything_runs(root, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError) as caught:
        load_config(run_of(**entry_of(("ViT-B-16-SigLIP", "webli"))), root)
    (line,) = str(caught.value).splitlines()[1:]
    assert line.strip() == (
        "models.m: its tokenizer timm/ViT-B-16-SigLIP needs the package transformers, which is "
        "not installed here; install it with: make transformers"
    )
    load_config(run_of(**entry_of(("PE-Core-B-16", "meta"))), root)


def test_tokenizers_of_the_table_are_prepared(root, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: True)
    config = load_config(run_of(**entry_of(("ViT-L-14-CLIPA", "datacomp1b"))), root)
    folder = "weights/tokenizers/bert-base-uncased"
    files = [
        f"resources/{folder}/{file}.json" for file in ("tokenizer", "tokenizer_config", "config")
    ]
    assert config["models"]["m"]["tokenizer_files"] == files
    plan = resolve(config, root)
    assert set(files) < set(plan["fetching"]["files"])
    assert set(files) < set(plan["images"]["m/d"]["weights"])
    address = plan["downloads"][f"{folder}/tokenizer.json"]["row"]["url"]
    assert address.endswith("/bert-base-uncased/resolve/main/tokenizer.json")
    plain = load_config(run_of(**entry_of(OPENAI)), root)
    assert "tokenizer_files" not in plain["models"]["m"]


def test_every_tokenizer_of_the_pins_is_in_the_table(root, pins):
    known = read_tokenizers(str(root / "config" / "weights.yaml"))
    needed = {pin["tokenizer"] for pin in pins.values()} - {"bpe", None}
    assert needed == set(known)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"files": []}, "files must be names"),
        ({"files": ["../x"]}, "files must be names"),
        ({"revision": "main"}, "revision cannot be 'main'"),
        ({"name": "a/b/c"}, "name cannot be 'a/b/c'"),
        ({"more": 1}, "needs the keys files, name, revision"),
    ],
)
def test_a_tokenizer_that_cannot_be(tmp_path, changed, words):
    entry = {"name": "a/b", "revision": None, "files": ["tokenizer.json"], **changed}
    path = tmp_path / "w.yaml"
    path.write_text(yaml.safe_dump({"weights": [], "tokenizers": [entry]}))
    with pytest.raises(InputError, match=words):
        read_tokenizers(str(path))
