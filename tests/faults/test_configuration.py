"""Faults of a configuration and of the files that belong to it: a line each, no wrong number."""

import copy
import json
import math
import sys

import numpy as np
import pytest
import yaml

from faults.outcomes import classify_call, classify_run
from modgap.fetch.table import COLUMNS, read_downloads
from modgap.plan.config import load_config
from modgap.plan.models.weights import read_pins
from modgap.plan.prompts import read_prompts
from modgap.plan.resolve import resolve

VIT = {"source": "random", "architecture": "scenes-vit", "seed": 0}
SCENES = {"kind": "scenes", "n": 40, "seed": 0}
RUN = {"model": "vit", "datasets": ["train"], "held_out": "scenes"}


def smallest(**sections):
    """A configuration of one dataset, one model and one run."""
    return {
        "datasets": {"scenes": SCENES, "train": {**SCENES, "seed": 1}},
        "models": {"vit": VIT, "trained": {"source": "trained", "run": "base"}},
        "training_runs": {"base": RUN},
        **sections,
    }


@pytest.fixture
def refused(root, fault):
    """Loads a configuration that must be refused; gives its message."""

    def load(given, files=(), kind="configuration"):
        def plan():
            config = load_config(given, root, files)
            return resolve(config, str(root), files)

        return fault(kind, classify_call(plan, lambda plan: False, seconds=20))

    return load


def lay(given, dotted, value):
    """A copy of the configuration with a value at a dotted path."""
    changed = copy.deepcopy(given)
    *path, last = dotted.split(".")
    section = changed
    for key in path:
        section = section.setdefault(key, {})
    section[last] = value
    return changed


# --- what a user's file says wins -------------------------------------------------------------


def recipes(root, given, files=()):
    """Recipe of the run ``base`` under a configuration."""
    config = load_config(given, root, files)
    return resolve(config, str(root), files)["training"]["base"]["settings"]["recipe"]


@pytest.mark.parametrize("where", ["training.recipe", "training_runs.base.recipe"])
@pytest.mark.parametrize(("key", "other"), [("epochs", "steps"), ("steps", "epochs")])
def test_epochs_replace_the_steps_of_the_default(root, fault, where, key, other):
    given = lay(smallest(), where, {key: 1})

    def right(recipe):
        return recipe[key] == 1 and other not in recipe

    fault("configuration", classify_call(lambda: recipes(root, given), right))


@pytest.mark.parametrize(
    ("texts", "typed", "expected"),
    [
        (["steps: 5", "epochs: 2"], {}, {"epochs": 2}),
        (["epochs: 2", "steps: 5"], {}, {"steps": 5}),
        (["epochs: 2"], {"steps": 5}, {"steps": 5}),
    ],
)
def test_the_last_file_and_then_the_command_line_win(root, tmp_path, fault, texts, typed, expected):
    files, merged = [], {}
    for i, text in enumerate(texts):
        files.append(tmp_path / f"{i}.yaml")
        files[-1].write_text(f"training: {{recipe: {{{text}}}}}\n")
        merged |= yaml.safe_load(f"{{{text}}}")
    given = lay(smallest(), "training.recipe", {**merged, **typed})

    def right(recipe):
        return {key: recipe[key] for key in ("steps", "epochs") if key in recipe} == expected

    fault("configuration", classify_call(lambda: recipes(root, given, files), right))


@pytest.mark.parametrize(
    "where",
    ["training.recipe", "training_runs.base.recipe", "training_studies.initialisation.recipe"],
)
def test_both_in_one_file_are_one_line(refused, tmp_path, where):
    study = {**RUN, "seeds": [0]}
    given = smallest(training_studies={"initialisation": study})
    given = lay(given, where, {"steps": 5, "epochs": 2})
    path = tmp_path / "both.yaml"
    path.write_text(yaml.safe_dump(given))
    message = refused(given, [path])
    assert f"{where}: steps and epochs exclude each other; give one of them" in message


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (
            {"source": "checkpoint", "architecture": "ViT-B-32", "checkpoint": "x.safetensors",
             "pretrained": "openai", "preprocessing": {"size": 224, "interpolation": "bicubic",
             "resize_mode": "shortest", "mean": [0, 0, 0], "std": [1, 1, 1]}},
            "models.m: pretrained and preprocessing exclude each other",
        ),
        (
            {"source": "local_dir", "path": ".", "pretrained": "openai"},
            "'architecture' is a dependency of 'pretrained'",
        ),
    ],
)  # fmt: skip
def test_of_two_keys_none_is_ignored(refused, entry, words):
    assert words in refused(lay(smallest(), "models.m", entry))


# --- names that are joined ---------------------------------------------------------------------


def test_two_sets_of_one_name(refused):
    given = smallest()
    given["datasets"] |= {"a": SCENES, "a-b": SCENES}
    given["models"] |= {"b-c": VIT, "c": VIT}
    message = refused(given)
    assert "dataset 'a', model 'b-c' and dataset 'a-b', model 'c' would both be called" in message


def test_a_classifier_and_a_run_of_a_study_of_one_name(refused):
    study = {**RUN, "seeds": [0]}
    net = {**RUN, "model": "net", "steps": 1, "batch_size": 2, "learning_rate": 0.1}
    given = smallest(
        training_studies={"initialisation": study},
        training_classifiers={"initialisation-gap_removed": net},
    )
    given["models"]["net"] = {"source": "torchvision", "architecture": "resnet18"}
    message = refused(given)
    assert "training_classifiers.initialisation-gap_removed with seed 0 would both" in message


def test_classes_of_one_name(tmp_path, fault):
    path = tmp_path / "p.yaml"
    columns = {"x": {"a": "w", "a b": "w"}, "y": {"b c": "w", "c": "w"}}
    content = {"columns": columns, "name": "{x} {y}", "extra": {"e": ["z"]}}
    path.write_text(yaml.safe_dump({**content, "templates": {"t": ["a {}"]}}))
    message = fault("configuration", classify_call(lambda: read_prompts(path), lambda _: False))
    assert "'a' + 'b c' and 'a b' + 'c' would both be called 'a b c'" in message


def test_the_same_model_and_dataset_twice(refused):
    entry = {"model": "vit", "dataset": "scenes"}
    message = refused(smallest(layers=[entry, {**entry, "items": 9}]))
    assert "layers.1: entry 0 has this model and dataset; remove one" in message
    assert "cones: " in refused(smallest(cones=[entry, entry]))


# --- files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("shift: {seed: 1}\npixels: {}\nshift: {seed: 2}\n", "line 3: the key 'shift' stands in"),
        ("shift:\n  seed: 1\n  seed: 2\n", "line 3: the key 'seed' stands in line 2 already"),
        ('{"shift": {"seed": 1, "seed": 2}}', "the key 'seed' stands in one mapping twice"),
        ("shift: [\n", "line 2, column 1: not YAML"),
        ("shift:\n\tseed: 1\n", "line 2, column 1: not YAML"),
        ("shift: &a {b: *a}\n", "line 1: the value refers to itself"),
        ("? {a: b}\n: 1\n", "line 1: a key must be text"),
        ("a: &a {}\nshift: {<<: *a, <<: *a}\n", "line 2: two << in one mapping; write <<: [*a"),
        ("- 1\n", "must be a mapping of keys and values at the top"),
        (b"a: \xff\n", "line 1: not text in UTF-8"),
        (b"\x00\x01\x02", "not YAML"),
        (None, "is a folder; give a file"),
    ],
)
def test_a_configuration_file_in_which_something_vanishes_or_breaks(refused, tmp_path, text, words):
    path = tmp_path / "run.yaml"
    if text is None:
        path.mkdir()
    else:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    message = refused(smallest(), [path])
    assert "run.yaml" in message
    assert words in message


BOMB = "a0: &a0 {x: 1, y: 2}\n" + "".join(
    f"a{i}: &a{i} {{x: *a{i - 1}, y: *a{i - 1}}}\n" for i in range(1, 40)
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("shift: {}\nfigures: [\n", "run.yaml, line 3, column 1"),
        (b"a: \xff\n", "run.yaml, line 1: not text in UTF-8"),
        ("shift: &a {b: *a}\n", "the value refers to itself; write it out"),
        (BOMB, "its aliases stand for more than"),
        ("# nothing\n", "run.yaml: no key in it; write at least one"),
        ("[shift]\n", "run.yaml: must be a mapping of keys and values at the top"),
        (None, "run.yaml: no such file (a target comes before --configfile)"),
    ],
)
def test_files_that_snakemake_itself_cannot_read(root, tmp_path, fault, text, words):
    """It reads them before the Snakefile; our profiles look at them before that."""
    path = tmp_path / "run.yaml"
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    command = [sys.executable, "-m", "snakemake", "-n", "--cores", "1", "--configfile", path]
    message = fault("configuration", classify_run(command, cwd=root))
    (line,) = [line for line in message.splitlines() if line.startswith("Error: ")]
    assert words in line


PROMPTS = {"classes": {"0": "zero", "1": "one"}, "templates": {"t": ["a {}"]}}
GROUPS = {
    "columns": {"race": {"a": "x", "b": "y"}},
    "name": "{race}",
    "extra": {"crime": ["thief"]},
    "templates": {"t": ["a {}"]},
}


@pytest.mark.parametrize(
    "content",
    [
        "classes: {a: b, a: c}\ntemplates: {t: ['{}']}\n",
        "classes: {? [1] : b}\ntemplates: {t: ['{}']}\n",
        "classes: &a {a: *a}\ntemplates: {t: ['{}']}\n",
        "classes: {a: b\n",
        b"\x80\x81",
        {**PROMPTS, "classes": [["a"]]},
        {**PROMPTS, "classes": {"a": ["b"]}},
        {**PROMPTS, "classes": {"a": ""}},
        {**PROMPTS, "classes": {1: "b"}},
        {**PROMPTS, "templates": {"t": [{"a": 1}]}},
        {**PROMPTS, "templates": {"t": {"a": 1}}},
        {**PROMPTS, "templates": 3},
        {**GROUPS, "name": "{race.__class__}"},
        {**GROUPS, "name": "{race!r}"},
        {**GROUPS, "name": "{race:>99999999999}"},
        {**GROUPS, "name": "{race"},
        {**GROUPS, "name": 3},
        {**GROUPS, "name": "{}"},
        {**GROUPS, "name": "person"},
        {**GROUPS, "extra": {"crime": [["thief"]]}},
        {**GROUPS, "extra": {"crime": [""]}},
        {**GROUPS, "extra": {"crime": [3]}},
        {**GROUPS, "extra": {"crime": ["thief"], "other": ["thief"]}},
        {**GROUPS, "columns": {f"c{i}": {str(k): "x" for k in range(50)} for i in range(9)}},
        {**GROUPS, "columns": {"race": {"a": ["x"]}}},
    ],
)
def test_odd_prompt_files(tmp_path, fault, content):
    path = tmp_path / "prompts.yaml"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    message = fault(
        "configuration", classify_call(lambda: read_prompts(path), lambda _: False, seconds=5)
    )
    assert message.startswith(str(path))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("architecture", value) for value in (["a"], {"a": 1}, 3, "")),
        *(("tag", value) for value in (None, [1])),
        *(("url", value) for value in ("http://[::1/x", "https://", "https://h/ü", "https://h:x/")),
        *(("bytes", value) for value in (1.5, "12", True, -1, math.nan)),
        ("sha256", 12345678),
        ("context_length", "77"),
        ("golden", {1: 2}),
        ("preprocessing", 3),
        ("mean", [0, 0]),
        ("std", [1, 1, math.inf]),
        ("mean", ["a", "b", "c"]),
    ],
)
def test_odd_entries_of_the_table_of_weights(root, tmp_path, fault, key, value):
    table = yaml.safe_load((root / "config" / "weights.yaml").read_text())
    entry = copy.deepcopy(table["weights"][0])
    if key == "url":
        entry["repo"] = None
    (entry["preprocessing"] if key in ("mean", "std") else entry)[key] = value
    path = tmp_path / "weights.yaml"
    path.write_text(yaml.safe_dump({"weights": [entry]}))
    ended = classify_call(lambda: read_pins(str(path)), lambda _: False)
    assert fault("configuration", ended).startswith(f"{path}, weights.0: ")


@pytest.mark.parametrize(
    "text",
    [
        "weights: 3\n",
        "weights: {a: 1}\n",
        "- 1\n",
        "3\n",
        "",
        "weights: []\nweights: []\n",
        "a: [\n",
    ],
)
def test_odd_tables_of_weights(tmp_path, fault, text):
    path = tmp_path / "weights.yaml"
    path.write_text(text)
    ended = classify_call(lambda: read_pins(str(path)), lambda _: False)
    assert fault("configuration", ended).startswith(str(path))


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"url": "http://[::1/x"}, "row 2: 'http://[::1/x' is no address"),
        ({"url": "http://host:port/x"}, "row 2: 'http://host:port/x' is no address"),
        ({"url": "https:///x"}, "is no address; write https://HOST/PATH"),
        ({"url": "https://h/ü"}, "letters such as ü as an address has them"),
        ({"mirrors": "https://h/x https://[/"}, "row 2: 'https://[/' is no address"),
        ({"bytes": "9" * 5000}, "row 2: bytes cannot be"),
        ({"file": "../x"}, "row 2: file cannot be '../x'"),
        ({"licence": "x" * 200_000}, "not a table (field larger than field limit"),
        ({"licence": '"open'}, "not a table (unexpected end of data)"),
        ({"licence": "\xff"}, "not text in UTF-8"),
    ],
)
def test_odd_tables_of_downloads(tmp_path, fault, cells, words):
    path = tmp_path / "downloads.csv"
    row = {**dict.fromkeys(COLUMNS, ""), "file": "x", **cells}
    text = ",".join(COLUMNS) + "\n" + ",".join(row.values()) + "\n"
    path.write_bytes(text.encode("latin-1" if "\xff" in text else "utf-8"))
    ended = classify_call(lambda: read_downloads(path), lambda _: False)
    assert words in fault("configuration", ended)


def test_two_archives_that_become_one_file(tmp_path, fault):
    path = tmp_path / "downloads.csv"
    rest = "," * (len(COLUMNS) - 1)
    path.write_text(f"{','.join(COLUMNS)}\na/x.tar.gz{rest}\na/x.tgz{rest}\n")
    ended = classify_call(lambda: read_downloads(path), lambda _: False)
    message = fault("configuration", ended)
    assert "row 3: a/x.tar.gz and a/x.tgz would both become a/x.tar; rename one" in message


# --- values --------------------------------------------------------------------------------------

SKEWED = {**SCENES, "rarely_named": {"attribute": "colour", "values": ["rosa"], "share": 0.1}}
LEARNED = {"kind": "learned", "tau": 0.1, "tau_min": 1, "tau_max": 0.01}
SIZE_TASK = {
    "dataset": "scenes",
    "prompts": "scenes_size",
    "templates": "caption",
    "column": "size",
}


@pytest.mark.parametrize(
    ("dotted", "value", "words"),
    [
        ("models.trained.run", "bass", "models.trained.run: no training run named 'bass', did you"),
        ("datasets.scenes.rarely_named", SKEWED["rarely_named"], "'rosa' is none of red, orange"),
        ("training.recipe.temperature", LEARNED, "tau_min 1 is not below tau_max 0.01"),
        ("training.recipe.eps", math.inf, "training.recipe.eps: inf is no number"),
        ("training.recipe.eps", math.nan, "training.recipe.eps: nan is no number"),
        ("shift.batch_sizes", ["0/5"], "shift.batch_sizes.0: '0/5' does not fit"),
        ("shift.batch_sizes", ["7/5"], "7/5 is more than all pairs"),
        ("shift.temperatures", ["0/5"], "shift.temperatures.0: '0/5' does not fit"),
        ("shift.temperatures", [0.01, "1/100"], "0.01 and 1/100 are the same"),
        ("shift.temperatures", [0.1, 0.1], "shift.temperatures: 0.1 stands in the list twice"),
        ("shift.grid", {"first": 1, "last": -1, "step": 0.1}, "shift.grid: first must be below"),
        ("shift.grid.step", 1e-300, "shift.grid.step: more than 10,000 shifts"),
        ("downstream.grid.step", 1e-300, "downstream.grid.step: more than 10,000 shifts"),
        ("downstream.grid.step", 1e300, "downstream.grid.step: 1e+300 is larger than"),
        ("statistics.seed", 2**63, "statistics.seed: the number is too large"),
        ("statistics.seed", 2**40, "1099511627776 is greater than the maximum of 4294967295"),
        ("statistics.n_resamples", 300.0, "300.0 is not a whole number; write 300"),
        ("datasets.scenes.n", 30.0, "datasets.scenes.n: 30.0 is not a whole number; write 30"),
        ("datasets.scenes.n", 10**15, "are more than 100,000 jobs; raise pixels.shard_size"),
        ("cone_study.seeds", 10**9, "cone_study.seeds: 1000000000 is greater than the maximum"),
        ("results", "out/{x}", "results: 'out/{x}': a path must not have {, }, < or > in it"),
        ("results", "README.md", "README.md is no folder; name another place"),
        ("resources", "README.md/deep/er", "README.md is no folder; name another place"),
        ("resources", "results/", "results: the same folder as resources; name another"),
        ("resources", "x/../results/pixels/a", "resources: lies in pixels of the results"),
        ("results", "<results>", "results: '<results>': a path must not have"),
        ("resources", "a" * 300, "resources: "),
        ("downloads", "no/such.csv", "no/such.csv: no such file"),
        ("weights", "config", "config: is a folder; give a file"),
        ("downloads", "/dev/null", "/dev/null: not a file"),
        ("mirror", "http://[::1/x", "mirror: 'http://[::1/x' is no address"),
        ("models.vit.architecture", "a" * 400, "models.vit.architecture: "),
        ("figures", {1: 2}, "figures: the key 1 is no text"),
    ],
)
def test_values_that_cannot_be(refused, dotted, value, words):
    given = smallest(zero_shot={"size": {**SIZE_TASK, "model": "trained"}})
    assert words in refused(lay(given, dotted, value))


@pytest.mark.parametrize(
    ("shards", "words"),
    [
        ("{0..99999999999}.tar", "datasets.w.shards: 100,000,000,000 are more than 500,000"),
        ("{0..9999}{0..9999}.tar", "datasets.w.shards: 100,000,000 are more than 500,000"),
        ("{3..1}.tar", "counts down and names no shard"),
        ("http://[::1/x", "datasets.w.shards: 'http://[::1/x' is no address"),
        ("http://host/", "must end in the name of a file"),
        ("http://host/ü.tar", "letters such as ü as an address has them"),
        ("ü", "datasets.w.shards: no such file or folder: ü"),
        ("{0..x}.tar", "a path must not have {, }"),
        ("a{b}.tar", "a path must not have {, }"),
    ],
)
def test_shards_that_cannot_be(refused, shards, words):
    assert words in refused(lay(smallest(), "datasets.w", {"kind": "webdataset", "shards": shards}))


@pytest.mark.parametrize("seeds", [3, "x", None, [0.5], [-1], [2**63], [0, 0], []])
@pytest.mark.parametrize("section", ["training_classifiers", "training_studies"])
def test_seeds_that_are_no_list_of_seeds(refused, section, seeds):
    net = {**RUN, "model": "net", "steps": 1, "batch_size": 2, "learning_rate": 0.1}
    entries = {"training_classifiers": {"n": net}, "training_studies": {"initialisation": RUN}}
    given = lay(smallest(), "models.net", {"source": "torchvision", "architecture": "resnet18"})
    (name,) = entries[section]
    given[section] = {name: {**entries[section][name], "seeds": seeds}}
    assert f"{section}.{name}.seeds" in refused(given)


def test_text_that_looks_like_a_formula_is_no_fault(root, fault):
    """It reaches the figures as it is, and they show it letter by letter."""
    label = r"cost $\foo$ {x} <results>"
    given = lay(smallest(), "models.vit.label", label)

    def right(plan):
        return label in json.dumps(plan["figures"], ensure_ascii=False).replace("\\\\", "\\")

    def plan():
        return resolve(load_config(given, root), str(root))

    fault("configuration", classify_call(plan, right))


def test_folded_text_and_a_home_are_no_faults(root, tmp_path, monkeypatch, fault):
    monkeypatch.setenv("HOME", str(tmp_path))
    np.save(tmp_path / "both.npy", np.zeros((2, 4, 3), "float32"))
    path = tmp_path / "c.yaml"
    path.write_text(
        "results: ~/made\ndatasets:\n  ready:\n    kind: embeddings\n    file: ~/both.npy\n"
        "    label: >\n      two\n      words\n"
    )

    def right(config):
        entry = config["datasets"]["ready"]
        return entry["label"] == "two words" and config["results"] == f"{tmp_path}/made"

    given = yaml.safe_load(path.read_text())
    fault("configuration", classify_call(lambda: load_config(given, root, [path]), right))


# --- folders ------------------------------------------------------------------------------------


def test_downloads_may_lie_below_the_results(root, fault):
    given = smallest(results="here", resources="here/downloads")
    fault("configuration", classify_call(lambda: load_config(given, root), bool))
