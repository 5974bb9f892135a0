"""The configuration: defaults under the user's file, every problem at once, one line each."""

import importlib.util
import json
import os
from pathlib import Path

from modgap.data.modalities import (
    embedding_problems,
    modality_names,
    modality_pairs,
    owned_modalities,
)
from modgap.data.sources import (
    complete_entry,
    named_paths,
    range_problems,
    split_problems,
)
from modgap.errors import InputError
from modgap.plan.checks.amounts import amount_problems, named_path_lines, shard_lines
from modgap.plan.checks.folders import name_results, path_problems
from modgap.plan.checks.markup import markup_problems
from modgap.plan.checks.schema import schema_problems
from modgap.plan.checks.values import (
    drop_replaced,
    read_config_file,
    settle_alternatives,
    tidy_text,
    value_problems,
)
from modgap.plan.methods import method_problems
from modgap.plan.models.entries import model_geometry, tokenizer, towers, weights_state
from modgap.plan.models.problems import check_model
from modgap.plan.models.repositories import resolve_repositories
from modgap.plan.models.weights import (
    pin_problems,
    read_pins,
    read_tokenizers,
    resolve_tokenizers,
    resolve_weights,
)
from modgap.plan.paths import IMPORTED, is_imported, list_paired
from modgap.plan.sections.derived import derive_sections
from modgap.plan.sections.grids import expand_grids
from modgap.plan.sections.seeds import seed_problems
from modgap.plan.sections.switches import drop_unused
from modgap.plan.spelling import did_you_mean
from modgap.plan.tasks import task_problems
from modgap.plan.training import (
    independent_entries,
    resolve_trained,
    training_problems,
)
from modgap.yaml_files import map_texts, read_yaml

# A user's file that names one of these replaces all of them, and the training of the default with
# them: a run works on what it names.
REPLACED_TOGETHER = (
    "datasets",
    "models",
    "embedding_sets",
    "cones",
    "initialisations",
    "layers",
    "without_normalisation",
    "independent_models",
    "zero_shot",
    "fairness",
    "gap_methods",
)
TRAINING = ("training_runs", "training_studies", "training_classifiers")

# Sections that follow from others where a file leaves them out: nothing, to the schema.
UNDERIVED = {"embedding_sets": {}, "cones": [], "zero_shot": {}, "gap_methods": {}}

# Studies that need no data: not part of a run with data of its own, unless it names them.
SIMULATIONS = ("random_networks", "theorems", "sphere")


def load_yaml(path):
    """Content of a YAML file; an empty one is an empty mapping."""
    return read_yaml(path) or {}


def merge(default, given):
    """Lay ``given`` over ``default``, key by key through nested mappings."""
    if not (isinstance(default, dict) and isinstance(given, dict)):
        return given
    merged = {key: merge(value, given[key]) for key, value in default.items() if key in given}
    return {**default, **given, **merged}


def merge_defaults(default, given):
    """The default configuration under the user's, by the rule of ``REPLACED_TOGETHER``."""
    if any(key in given for key in REPLACED_TOGETHER):
        dropped = {*REPLACED_TOGETHER, *TRAINING, "comparisons"}
        dropped |= {*(key for key in SIMULATIONS if key not in given)}
        default = {key: value for key, value in default.items() if key not in dropped}
    config = merge(drop_replaced(default, given), given)
    for key in ("datasets", "models", "independent_models", "fairness", "comparisons", *TRAINING):
        config.setdefault(key, {})
    for key in ("initialisations", "layers", "without_normalisation"):
        config.setdefault(key, [])
    return config


def explain_unknown(where, name, known):
    """The line for a reference to an entry that does not exist, or None."""
    if name in known:
        return None
    return f"{where}: no {where.rsplit('.', 1)[-1]} named {name!r}{did_you_mean(name, known)}"


def reference_problems(config):
    """Entries of embedding sets and cones that point nowhere or do not fit together."""
    datasets, models = config["datasets"], config["models"]
    entries = [
        (f"embedding_sets.{name}", entry) for name, entry in config["embedding_sets"].items()
    ]
    entries += [(f"cones.{i}", entry) for i, entry in enumerate(config["cones"])]
    lines = []
    for where, entry in entries:
        lines.append(explain_unknown(f"{where}.dataset", entry["dataset"], datasets))
        dataset = datasets.get(entry["dataset"], {})
        if "model" in entry:
            lines.append(explain_unknown(f"{where}.model", entry["model"], models))
            if is_imported(dataset):
                lines.append(
                    f"{where}.model: {entry['dataset']} is ready embeddings; drop the model"
                )
        elif dataset and not is_imported(dataset):
            lines.append(f"{where}: key 'model' is missing")
        if where.startswith("embedding_sets"):
            if is_imported(dataset):
                lines.append(pair_problem(where, entry, dataset))
            model = models.get(entry.get("model"), {})
            if model.get("source") == "torchvision":
                lines.append(f"{where}.model: {entry['model']} has no text tower, so no gap")
            if dataset.get("kind") == "noise":
                lines.append(f"{where}.dataset: noise has no pairs, so no gap")
            if "beside" in entry:
                lines.append(
                    explain_unknown(f"{where}.beside", entry["beside"], config["embedding_sets"])
                )
    lines += run_problems(config) + comparison_problems(config)
    if IMPORTED in models:
        lines.append(f"models: the name {IMPORTED!r} is taken by ready embeddings; choose another")
    if not datasets:
        lines.append(
            "datasets: none; a file that names datasets, models or what is done with them replaces "
            "the default's, so name the datasets too"
        )
    elif not any(config[key] for key in (*REPLACED_TOGETHER[2:], *TRAINING)):
        lines.append("models: none, and no dataset of ready embeddings, so there is nothing to do")
    return [line for line in lines if line]


def pair_problem(where, entry, dataset):
    """The line for an embedding set of ready embeddings that is no pair of their modalities."""
    names, given = modality_names(dataset), entry.get("modalities")
    if given is None and modality_pairs(dataset) == [tuple(names)]:
        return None
    if given is None and len(names) == 2:
        return (
            f"{where}.modalities: write {[*names[::-1]]}, the one with several rows an item second"
        )
    if given is None:
        return f"{where}.modalities: name two of {', '.join(names)}"
    for name in given:
        if name not in names:
            return f"{where}.modalities: no modality named {name!r}{did_you_mean(name, names)}"
    if tuple(given) not in modality_pairs(dataset) and given[0] in owned_modalities(dataset):
        return (
            f"{where}.modalities: {given[0]} has several rows an item; name it second, beside one "
            "that has one"
        )
    return None


def run_problems(config):
    """Entries of ``initialisations`` and the like that point nowhere or cannot be computed."""
    lines = []
    for section in ("initialisations", "layers", "without_normalisation"):
        seen = {}
        for i, entry in enumerate(config[section]):
            where, model = f"{section}.{i}", config["models"].get(entry["model"])
            first = seen.setdefault((entry["model"], entry["dataset"]), i)
            if first != i:
                lines.append(f"{where}: entry {first} has this model and dataset; remove one")
            lines.append(explain_unknown(f"{where}.dataset", entry["dataset"], config["datasets"]))
            lines.append(explain_unknown(f"{where}.model", entry["model"], config["models"]))
            if is_imported(config["datasets"].get(entry["dataset"], {})):
                lines.append(f"{where}.dataset: {entry['dataset']} holds no pictures")
            if section == "initialisations" and model and weights_state(model) != "random":
                lines.append(f"{where}.model: {entry['model']} has weights; name a random model")
            if section == "layers" and model and model["source"] == "transformers":
                lines.append(f"{where}.model: the layers of {entry['model']} are not known here")
            kind = config["datasets"].get(entry["dataset"], {}).get("kind")
            if section == "without_normalisation" and kind == "noise":
                lines.append(f"{where}.dataset: noise has no pairs, so no gap")
    for name, entry in config["independent_models"].items():
        lines += independent_problems(f"independent_models.{name}", entry, config)
    return lines


def comparison_problems(config):
    """Comparisons of sets that are not there, of a set with itself, of more or less than two."""
    lines = []
    for name, pair in config["comparisons"].items():
        where = f"comparisons.{name}"
        if len(pair) != 2:
            lines.append(f"{where}: names {len(pair)}; give two sets, [before, after]")
        elif pair[0] == pair[1]:
            lines.append(f"{where}: both are the same set; name two")
        for i, item in enumerate(pair):
            if isinstance(item, dict):
                lines.append(explain_elsewhere(f"{where}.{i}", item, config["results"]))
            elif item not in config["embedding_sets"]:
                near = did_you_mean(item, config["embedding_sets"])
                lines.append(f"{where}.{i}: no embedding set named {item!r}{near}")
            elif item not in list_paired(config):
                lines.append(f"{where}.{i}: {item} has no pairs to compare")
    return lines


def explain_elsewhere(where, item, results):
    """The line for a set of another run that is not there, or None."""
    folder = item["results"]
    if os.path.realpath(folder) == os.path.realpath(results):
        return f"{where}.results: {folder} is the folder of this run; name the set alone"
    if not os.path.isdir(folder):
        return f"{where}.results: no such folder: {folder}"
    measured = Path(folder, "statistics", "gap")
    found = sorted(path.stem for path in measured.glob("*.parquet"))
    if item["set"] not in found:
        near = did_you_mean(item["set"], found)
        return f"{where}.set: {measured} has no table of {item['set']!r}{near}; run that first"
    return None


def independent_problems(where, entry, config):
    """Problems of one of ``independent_models``."""
    lines = [explain_unknown(f"{where}.dataset", entry["dataset"], config["datasets"])]
    if is_imported(config["datasets"].get(entry["dataset"], {})):
        lines.append(f"{where}.dataset: {entry['dataset']} holds no pictures")
    if ("classifier" in entry) == ("models" in entry):
        return [*lines, f"{where}: give either a classifier, with its seeds, or models"]
    if "models" in entry:
        return lines + [
            explain_unknown(f"{where}.models", name, config["models"]) for name in entry["models"]
        ]
    classifiers = config["training_classifiers"]
    found = explain_unknown(f"{where}.classifier", entry["classifier"], classifiers)
    if found is None and len(classifiers[entry["classifier"]].get("seeds", [0])) < 2:
        found = f"{where}.classifier: {entry['classifier']} has one seed; give it two or more"
    return [*lines, found]


def resolved_problems(config, root):
    """What can be told once trained models know what they started from."""
    lines = []
    for i, entry in enumerate(config["without_normalisation"]):
        if len(towers(config["models"][entry["model"]])) < 2:
            lines.append(f"without_normalisation.{i}.model: {entry['model']} has no text tower")
    for name in config["independent_models"]:
        entries = independent_entries(config, name).values()
        shapes = sorted({model_geometry(entry, root) for entry in entries})
        if len(shapes) > 1:
            lines.append(
                f"independent_models.{name}: its models see different crops ({', '.join(shapes)})"
            )
    return lines


def model_problems(config, pins, root, apart):
    """Unknown architectures and tags, mismatches, missing weight files and tokenizers."""
    lines = []
    for name, entry in config["models"].items():
        found = check_model(name, entry, root)
        lines += found or [
            *pin_problems(name, entry, pins, root),
            *([] if apart else tokenizer_problems(name, entry, root)),
        ]
    return lines


def tokenizer_problems(name, entry, root):
    """The line for a model or tokenizer of transformers, where that is not installed."""
    needed = tokenizer(entry, root)
    own = needed in ("bpe", None)
    if entry["source"] != "transformers" and own:
        return
    if importlib.util.find_spec("transformers") is None:
        what = "source transformers" if own else f"its tokenizer {needed}"
        yield (
            f"models.{name}: {what} needs the package transformers, which is not installed here; "
            "install it with: make transformers"
        )


def complete_datasets(config):
    """The configuration with the files of every dataset."""
    folder = config["resources"].rstrip("/")
    datasets = {
        name: complete_entry(name, entry, folder) for name, entry in config["datasets"].items()
    }
    return {**config, "resources": folder, "datasets": datasets}


def load_config(given, root, configfiles=(), *, apart=False):
    """The configuration of a run: defaults, the user's file over them, everything checked.

    Parameters
    ----------
    given : dict, what Snakemake read from --configfile and --config.
    root : Path of the project (the folder of the Snakefile).
    configfiles : the user's files; the last one names the results where none of them does.
    apart : whether jobs run in environments of their own, so that what is installed here says
        nothing of what they find.

    Raises
    ------
    InputError : all problems, one per line.
    """
    root = Path(root)
    contents = [read_config_file(path) for path in configfiles if os.path.exists(path)]
    problems = value_problems(given)
    if not problems:
        given = settle_alternatives(map_texts(given, tidy_text), contents)
        given = {"results": name_results(configfiles), **given}
        config = merge_defaults(load_yaml(root / "config" / "config.yaml"), given)
        problems = schema_problems(
            {**UNDERIVED, **config}, load_yaml(root / "config" / "schema.yaml")
        )
        problems = problems or markup_problems(config, configfiles)
    problems = problems or [
        *split_problems(config["datasets"]),
        *range_problems(config["datasets"]),
        *embedding_problems(config["datasets"]),
        *amount_problems(config),
    ]
    if not problems:
        derive_sections(config)
        config, problems = expand_grids(config)
    if not problems:
        config = complete_datasets(drop_unused(config))
        problems = [*named_path_lines(config, named_paths), *shard_lines(config)]
    if not problems:
        problems = reference_problems(config) + path_problems(config, root)
        pins = read_pins(os.path.join(root, config["weights"]))
        resolve_weights(config, pins)
        tokenizers = read_tokenizers(os.path.join(root, config["weights"]))
        resolve_tokenizers(config, tokenizers, root)
        problems += resolve_repositories(config)
        problems += training_problems(config) + resolve_trained(config)
        problems += model_problems(config, pins, root, apart) + task_problems(config, root)
        problems += method_problems(config)
        problems = problems or [*resolved_problems(config, root), *seed_problems(config)]
    if problems:
        listed = "".join(f"\n  {line}" for line in problems)
        raise InputError(f"Configuration problems:{listed}")
    return json.loads(json.dumps(config))
