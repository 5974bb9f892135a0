"""Every key of config/schema.yaml with every bad value: a plan, or problems in a line each.

A configuration is resolved as the Snakefile does it, in this process. Each run of the tests takes a
sample of all cases, drawn with a seed; ``pytest -m long tests/faults/test_fuzz.py`` takes them all.
"""

import contextlib
import copy
import datetime
import functools
import json
import math
import random
import tarfile

import numpy as np
import pytest
import yaml
from PIL import Image

from faults.outcomes import BAD, classify_call
from modgap.plan.config import load_config, load_yaml, merge
from modgap.plan.resolve import resolve

SAMPLE, SEED = 400, 20260

ENDLESS_LIST = []
ENDLESS_LIST.append(ENDLESS_LIST)
ENDLESS = {"a": 1}
ENDLESS["a"] = {"b": ENDLESS, "c": ENDLESS}
DEEP = 0
for _ in range(500):
    DEEP = [DEEP]
# Aliases of aliases: a hundred lines that stand for 2 to the 100 values.
BOMB = [0]
for _ in range(100):
    BOMB = [BOMB, BOMB]

# Names of values that a key is given; "left out" and "beside" change the keys instead.
VALUES = {
    "null": None,
    "true": True,
    "empty text": "",
    "blank": " ",
    "word": "x",
    "unicode": "ü∑ 漢",
    "line break": "a\nb",
    "ends in a line break": "scenes\n",
    "zero byte": "a\x00b",
    "half a letter": "\ud800",
    "braces": "{x}",
    "label braces": "{label} {",
    "pathvar": "<results>/x",
    "mathtext": r"cost $\foo$",
    "long text": "a" * 5000,
    "long name": "a" * 400,
    "up": "../../x",
    "device": "/dev/null",
    "shards": "{0..99999999999}",
    "address": "http://[::1/x",
    "address of letters": "http://host/ü.tar",
    "fraction of nothing": "0/5",
    "fraction by nothing": "1/0",
    "yaml file": "x.yaml",
    "zero": 0,
    "minus one": -1,
    "three": 3,
    "30.0": 30.0,
    "half": 0.5,
    "tiny": 1e-300,
    "huge": 1e300,
    "big": 10**12,
    "2^63": 2**63,
    "5000 digits": 10**5000,
    "nan": math.nan,
    "inf": math.inf,
    "-inf": -math.inf,
    "empty list": [],
    "list of null": [None],
    "list of lists": [[]],
    "same twice": [1, 1],
    "words": ["x", "x", "y"],
    "list of nan": [math.nan],
    "list of huge": [1e300, -1e300],
    "empty mapping": {},
    "nested": {"a": {"b": [{}]}},
    "number as key": {1: 2},
    "tuple as key": {(1, 2): 3},
    "mapping of nan": {"x": math.nan},
    "bytes": b"x",
    "date": datetime.date(2026, 1, 1),
    "set": {1, 2},
    "endless list": ENDLESS_LIST,
    "endless": ENDLESS,
    "deep": DEEP,
    "bomb": BOMB,
    "left out": None,
    "beside": None,
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working directory: what the entries below name."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    np.save("both.npy", rng.normal(size=(2, 12, 4)).astype("float32"))
    np.save("one.npy", rng.normal(size=(12, 4)).astype("float32"))
    for label in ("cat", "dog"):
        (tmp_path / "animals" / label).mkdir(parents=True)
        Image.new("RGB", (8, 8)).save(tmp_path / "animals" / label / "1.png")
    (tmp_path / "captions.csv").write_text("image,caption\ncat/1.png,a cat\ndog/1.png,a dog\n")
    (tmp_path / "labels.csv").write_text("label\n" + "cat\ndog\n" * 6)
    with tarfile.open("shard-0.tar", "w") as tar:
        tar.add("animals/cat/1.png", "1.png")
    (tmp_path / "weights.safetensors").write_bytes(b"")
    (tmp_path / "memes" / "img").mkdir(parents=True)
    (tmp_path / "memes" / "dev_seen.jsonl").write_text(
        '{"id": 1, "img": "img/1.png", "label": 0, "text": "x"}\n'
    )
    return tmp_path


def entries():
    """Sections with an entry of every kind and source, and with what smoke.yaml leaves out."""
    vit = {"source": "random", "architecture": "scenes-vit", "seed": 0, "label": "ViT"}
    run = {"datasets": ["scenes-train"], "held_out": "scenes", "seeds": [0]}
    ready = {"kind": "embeddings", "file": "both.npy", "label": "ready"}
    given = {"image": "one.npy", "text": "one.npy", "audio": "one.npy"}
    mean = {"mean": [0, 0, 0], "std": [1, 1, 1]}
    return {
        "datasets": {
            "table": {
                "kind": "captions_table",
                "images": "animals",
                "captions": "captions.csv",
                "columns": {"image": "image", "caption": "caption"},
            },
            "animals": {"kind": "image_folder", "path": "animals", "template": "a {label}."},
            "ready": ready,
            "several": {"kind": "embeddings", "files": given},
            "classes": {
                "kind": "embeddings",
                "first": "one.npy",
                "second": "one.npy",
                "names": ["image", "caption"],
                "labels": "labels.csv",
                "class_prompts": "one.npy",
                "classes": ["cat", "dog"],
            },
            "coco": {"kind": "coco_captions", "split": "val2017", "n": 5},
            "cifar": {"kind": "torchvision", "name": "CIFAR10", "split": "test", "n": 10},
            "shards": {"kind": "webdataset", "shards": "shard-{0..0}.tar"},
            "faces": {"kind": "fairface", "n": 10},
            "memes": {"kind": "hateful_memes", "path": "memes"},
            "search": {"kind": "mixbench", "name": "MSCOCO", "n": 5},
            "digits": {"kind": "digits", "n": 20, "skip": 3},
            "skewed": {
                "kind": "scenes",
                "n": 20,
                "seed": 0,
                "rarely_named": {"attribute": "colour", "values": ["pink"], "share": 0.1},
            },
        },
        "models": {
            "vit": vit,
            "vit-2": {**vit, "seed": 1},
            "clip": {
                "source": "open_clip",
                "architecture": "RN50-quickgelu",
                "pretrained": "cc12m",
            },
            "file": {
                "source": "checkpoint",
                "architecture": "ViT-B-32",
                "checkpoint": "weights.safetensors",
                "preprocessing": {
                    "size": 224,
                    "interpolation": "bicubic",
                    "resize_mode": "shortest",
                    **mean,
                },
            },
            "hub": {"source": "hub", "repo": "org/clip", "geometry": "224-bicubic-shortest"},
            "resnet": {"source": "torchvision", "architecture": "resnet18", "size": 32},
            "classified": {"source": "trained", "run": "shapes-seed0"},
        },
        "embedding_sets": {
            "trained": {"dataset": "scenes", "model": "trained", "beside": "scenes-vit"},
            "ready": {"dataset": "ready"},
            "several": {"dataset": "several", "modalities": ["image", "audio"]},
        },
        "comparisons": {"training": ["scenes-vit", "trained"]},
        "independent_models": {
            "nets": {"classifier": "shapes", "dataset": "scenes"},
            "twins": {"models": ["vit", "vit-2"], "dataset": "scenes", "items": 5},
        },
        "without_normalisation": [{"model": "vit", "dataset": "scenes", "items": 20}],
        "zero_shot": {
            "size": {
                "dataset": "scenes",
                "model": "trained",
                "prompts": "scenes_size",
                "templates": "caption",
                "column": "size",
            },
            "classes": {"dataset": "classes"},
        },
        "training_runs": {"base": {"seed": 1, "recipe": {"steps": 3}}},
        "training_studies": {
            "embedding_width": {"models": ["vit"], **run},
            "without_normalisation": {"models": ["vit"], "recipes": ["corrected"], **run},
        },
        "training_classifiers": {
            "shapes": {
                "model": "resnet",
                "datasets": ["scenes-train"],
                "held_out": "scenes",
                "seeds": [0, 1],
                "steps": 2,
                "batch_size": 4,
                "learning_rate": 0.001,
            }
        },
        "training": {"recipe": {"temperature": {"kind": "learned", "tau": 0.07}}},
        "results": "results",
        "resources": "resources",
        "downloads": "config/downloads.csv",
        "weights": "config/weights.yaml",
        "mirror": None,
    }  # fmt: skip


@pytest.fixture(autouse=True)
def read_once(monkeypatch):
    """The default and the schema are parsed once, not for every case."""
    cached = functools.cache(load_yaml)
    monkeypatch.setattr("modgap.plan.config.load_yaml", lambda path: copy.deepcopy(cached(path)))


@pytest.fixture
def base(root, folder):
    """A configuration that has, or could have, every key of the schema."""
    default, smoke = (load_yaml(root / "config" / f"{name}.yaml") for name in ("config", "smoke"))
    return merge(merge(default_sections(default), smoke), entries())


def default_sections(default):
    """The default without what it works on, which smoke.yaml replaces."""
    named = ("datasets", "models", "embedding_sets", "cones", "comparisons", "zero_shot")
    named += ("fairness", "initialisations", "layers", "without_normalisation")
    named += ("independent_models", "training_runs", "training_studies", "training_classifiers")
    named += ("gap_methods",)
    return {key: value for key, value in default.items() if key not in named}


def list_keys(node, value, schema, path=()):
    """(path, schema node) of every key that a value has or may have, and of items of lists."""
    while "$ref" in node:
        own = {key: inner for key, inner in node.items() if key != "$ref"}
        node = {**schema["$defs"][node["$ref"].rsplit("/", 1)[-1]], **own}
    for branch in node.get("allOf", []):
        wanted = branch["if"]["properties"]
        if "$ref" in branch["then"] and all(value.get(k) == v["const"] for k, v in wanted.items()):
            yield from list_keys(branch["then"], value, schema, path)
            return
    if isinstance(value, dict):
        for key, inner in node.get("properties", {}).items():
            yield (*path, key), id(inner)
            if key in value:
                yield from list_keys(inner, value[key], schema, (*path, key))
        rest = node.get("additionalProperties")
        for key in value if isinstance(rest, dict) else []:
            yield (*path, key), id(rest)
            yield from list_keys(rest, value[key], schema, (*path, key))
    elif isinstance(value, list) and value and "items" in node:
        yield (*path, 0), id(node["items"])
        yield from list_keys(node["items"], value[0], schema, (*path, 0))


def list_cases(base, schema):
    """(path, name of a bad value): every key of the schema once, with every value."""
    seen, paths = set(), []
    for path, node in list_keys(schema, base, schema):
        where = (node, path[-1] if isinstance(path[-1], str) else 0, path[0])
        if where not in seen:
            seen.add(where)
            paths.append(path)
    return [(path, name) for path in paths for name in VALUES]


def break_config(base, path, name):
    """A copy of the configuration with a bad value at a path."""
    config = copy.deepcopy(base)
    section = config
    for key in path[:-1]:
        section = section[key]
    if name == "left out":
        section.pop(path[-1], None) if isinstance(section, dict) else section.pop(path[-1])
    elif name == "beside" and isinstance(section, list):
        section.append("x")
    elif name == "beside":
        section[f"{path[-1]}s"] = 1
    else:
        section[path[-1]] = VALUES[name]
    return config


def plan(given, root):
    """What the Snakefile makes of what Snakemake read; a plan has no NaN in it."""
    config = load_config(given, root)
    planned = resolve(config, str(root))
    json.dumps(planned, allow_nan=False, default=sorted)
    return planned


def attack(cases, base, root, fault):
    """Resolve every case; the test fails with all those that ended badly."""
    failed = []
    for path, name in cases:
        ended = classify_call(lambda p=path, n=name: plan(break_config(base, p, n), root))
        with contextlib.suppress(AssertionError):
            fault("fuzz", ended)
        if ended[0] in BAD:
            failed.append(f"{'.'.join(map(str, path))} = {name}: {ended[0]}: {ended[1][:300]}")
    assert not failed, "\n".join(failed)


def test_the_base_of_the_attack_is_right_and_has_every_section(base, root):
    schema = load_yaml(root / "config" / "schema.yaml")
    assert plan(base, root)["targets"]["all"]
    cases = list_cases(base, schema)
    assert {path[0] for path, _ in cases} == set(schema["properties"])
    assert len(cases) > 10_000
    kinds = {entry["kind"] for entry in base["datasets"].values()}
    assert kinds == set(schema["$defs"]["dataset"]["properties"]["kind"]["enum"])


def test_a_sample_of_bad_values_is_planned_or_refused_in_lines(base, root, fault):
    cases = list_cases(base, load_yaml(root / "config" / "schema.yaml"))
    attack(random.Random(SEED).sample(cases, SAMPLE), base, root, fault)


@pytest.mark.long
def test_every_key_with_every_bad_value_is_planned_or_refused_in_lines(base, root, fault):
    attack(list_cases(base, load_yaml(root / "config" / "schema.yaml")), base, root, fault)


def test_a_file_of_bad_values_is_what_the_attack_gives(base, root, folder):
    """What goes through a file of YAML is refused as what is given in the process."""
    (folder / "bad.yaml").write_text(
        yaml.safe_dump(break_config(base, ("statistics", "bins"), "nan"))
    )
    given = yaml.safe_load((folder / "bad.yaml").read_text())
    outcome, message = classify_call(lambda: load_config(given, root, [folder / "bad.yaml"]))
    assert outcome == "refused"
    assert "statistics.bins: nan is no number" in message
