"""Which runs a configuration asks for: named runs, and those that the studies need. No torch.

A run is a dict: model, datasets, held_out, seed, recipe (every key filled in). Two studies that
ask for the same run share it; a run that is also named in ``training_runs`` keeps that name.
"""

import json

from modgap.plan.checks.joined import joined_problems
from modgap.plan.models.entries import preprocessing, weight_files
from modgap.plan.paths import crops, samples_path
from modgap.plan.spelling import did_you_mean
from modgap.plan.studies import CELLS, STUDY_OF_TABLE, make_run


def named_runs(config):
    """The runs of ``training_runs``, one for each seed."""
    return {
        run: make_run(config, entry, seed, entry.get("recipe", {}))
        for name, entry in config["training_runs"].items()
        for seed, run in name_seeds(name, entry).items()
    }


def name_seeds(name, entry):
    """By seed the runs of an entry of ``training_runs``; the first has the entry's own name."""
    first, *others = entry.get("seeds", [entry.get("seed", 0)])
    return {first: name, **{seed: f"{name}-seed{seed}" for seed in others}}


def find_seeds(config, name):
    """By seed the runs of a training that a model names, in order; empty where it names one run.

    name : a key of ``training_runs`` or of ``training_classifiers``. A run of a study, or one seed
        of a classifier by its own name, is one run.
    """
    if name in config["training_runs"]:
        return name_seeds(name, config["training_runs"][name])
    seeds = config["training_classifiers"].get(name, {}).get("seeds", [0])
    return {seed: f"{name}-seed{seed}" for seed in seeds if name in config["training_classifiers"]}


def classifier_runs(config):
    """One run for each seed of each entry of ``training_classifiers``."""
    return {
        f"{name}-seed{seed}": {
            **{key: value for key, value in entry.items() if key != "seeds"},
            "seed": seed,
        }
        for name, entry in config["training_classifiers"].items()
        for seed in entry.get("seeds", [0])
    }


def plan_runs(config):
    """All runs by name, and for each study its cells.

    Returns
    -------
    runs : dict from name to run.
    studies : dict from study to a list of dicts: the factors of a cell and ``run``, its name.
    """
    runs = named_runs(config)
    name_of = {}
    for name, run in runs.items():
        name_of.setdefault(json.dumps(run, sort_keys=True), name)
    studies = {}
    for study, settings in config["training_studies"].items():
        studies[study] = []
        for name, factors, run in CELLS[study](config, settings):
            key = json.dumps(run, sort_keys=True)
            if key not in name_of:
                name = f"{study}-{name}-seed{run['seed']}"
                # Cells that differ in more than their name says, such as τ's end, get a letter.
                while name in runs:
                    name += "b"
                name_of[key] = name
                runs[name] = run
            studies[study].append({**factors, "run": name_of[key]})
    return runs, studies


def training_problems(config):
    """One line for every run that points nowhere or cannot be trained."""
    lines = []
    for name, entry in config["training_classifiers"].items():
        lines += classifier_problems(f"training_classifiers.{name}", entry, config)
    runs = named_runs(config)
    for name in [*config["training_classifiers"], *classifier_runs(config)]:
        if name in runs:
            lines.append(f"training_runs.{name}: a classifier has this name; choose another")
    seeded = [
        (run, f"{name} with seed {seed}")
        for name, entry in config["training_runs"].items()
        for seed, run in name_seeds(name, entry).items()
    ]
    lines += joined_problems("training_runs", seeded)
    made = [(name, f"a run of training_studies, {name!r},") for name in plan_runs(config)[0]]
    made = [(name, parts) for name, parts in made if name not in runs]
    for name, entry in config["training_classifiers"].items():
        seeds = entry.get("seeds", [0])
        made += [(f"{name}-seed{s}", f"training_classifiers.{name} with seed {s}") for s in seeds]
    lines += joined_problems("training", made)
    entries = [(f"training_runs.{name}", run) for name, run in config["training_runs"].items()]
    for study, settings in config["training_studies"].items():
        models = [{"model": name} for name in settings.get("models", [])]
        cells = settings.get("cells", models or [{}])
        shared = {key: value for key, value in settings.items() if key != "cells"}
        entries += [(f"training_studies.{study}", {**shared, **cell}) for cell in cells]
    for where, entry in entries:
        lines += entry_problems(where, entry, config)
    return list(dict.fromkeys(lines))


def classifier_problems(where, entry, config):
    """Problems of one classifier."""
    if config["models"].get(entry["model"], {}).get("source", "torchvision") != "torchvision":
        yield f"{where}.model: {entry['model']} is no torchvision ResNet"
    yield from entry_problems(where, entry, config, classes=True)


def entry_problems(where, entry, config, classes=False):
    """Problems of one run's model, datasets and held-out pictures."""
    datasets, models = config["datasets"], config["models"]
    if entry["model"] not in models:
        hint = did_you_mean(entry["model"], models)
        yield f"{where}.model: no model named {entry['model']!r}{hint}"
    elif models[entry["model"]]["source"] == "torchvision" and not classes:
        yield f"{where}.model: {entry['model']} has no text tower, so no contrastive loss"
    elif models[entry["model"]]["source"] == "transformers":
        yield f"{where}.model: {entry['model']} is of transformers; train a model of open_clip"
    for key, names in (("datasets", entry["datasets"]), ("held_out", [entry["held_out"]])):
        for name in names:
            kind = datasets.get(name, {}).get("kind")
            if kind is None:
                hint = did_you_mean(name, datasets)
                yield f"{where}.{key}: no dataset named {name!r}{hint}"
            elif kind in ("noise", "embeddings"):
                yield f"{where}.{key}: {name} is {kind} without pictures and captions to train on"
    if entry["held_out"] in entry["datasets"]:
        yield f"{where}.held_out: {entry['held_out']} is trained on; name other pictures"


def without_label(entry):
    """A model's entry without what figures call it."""
    return {key: value for key, value in entry.items() if key != "label"}


def trained_classifier(config, run):
    """The model entry of one seed of a classifier."""
    model = classifier_runs(config)[run]["model"]
    return {
        "source": "trained",
        "run": run,
        "path": f"{config['results']}/training/{run}",
        "initial": without_label(config["models"].get(model, {})),
    }


def independent_entries(config, name):
    """Model entries of one of ``independent_models``, by name: its seeds, or models by name."""
    entry = config["independent_models"][name]
    if "models" in entry:
        return {model: without_label(config["models"][model]) for model in entry["models"]}
    seeds = config["training_classifiers"][entry["classifier"]].get("seeds", [0])
    runs = [f"{entry['classifier']}-seed{seed}" for seed in seeds]
    return {run: trained_classifier(config, run) for run in runs}


def resolve_trained(config):
    """Give models of source ``trained`` their folder and the entry they started from.

    Returns
    -------
    list of problems: a run that does not exist, or runs that start from each other.
    """
    models, problems = config["models"], []
    runs, _ = plan_runs(config)
    classifiers = classifier_runs(config)
    for name, entry in models.items():
        if entry.get("source") != "trained":
            continue
        if entry["run"] in classifiers:
            entry.update(trained_classifier(config, entry["run"]))
            continue
        if entry["run"] in config["training_classifiers"]:
            first = next(iter(find_seeds(config, entry["run"]).values()))
            entry.update({**trained_classifier(config, first), "run": entry["run"]})
            continue
        if entry["run"] not in runs:
            hint = did_you_mean(
                entry["run"], [*runs, *classifiers, *config["training_classifiers"]]
            )
            problems.append(f"models.{name}.run: no training run named {entry['run']!r}{hint}")
            continue
        entry["path"] = f"{config['results']}/training/{entry['run']}"
        initial, seen = entry, {name}
        while initial.get("source") == "trained" and initial["run"] in runs:
            model = runs[initial["run"]]["model"]
            if model in seen or model not in models:
                problems.append(
                    f"models.{name}.run: {entry['run']} starts from itself; "
                    "give its run another model"
                )
                break
            seen.add(model)
            initial = models[model]
        else:
            entry["initial"] = without_label(initial)
    return problems


def plan_pixels(known, run):
    """Crops, their indexes and the samples that a run learns from and is measured on."""
    geometry = known.geometries[run["model"]]
    plan = {}
    for prefix, datasets in (("", run["datasets"]), ("held_out_", [run["held_out"]])):
        for key, ending in (("pixels", "npy"), ("indexes", "parquet")):
            plan[f"{prefix}{key}"] = [
                path for name in datasets for path in crops(known, name, geometry, ending)
            ]
        plan[f"{prefix}samples"] = [samples_path(name) for name in datasets]
    return plan


def plan_training(known, models):
    """By run: its weights, pictures and settings."""
    return {
        name: {
            "weights": weight_files(known.config["models"][run["model"]]),
            **plan_pixels(known, run),
            "settings": {
                "name": name,
                "model_name": run["model"],
                "model": models[run["model"]],
                "recipe": run["recipe"],
                "seed": run["seed"],
            },
        }
        for name, run in known.runs.items()
    }


def plan_classifiers(known):
    """By classifier: its pictures and settings."""
    return {
        name: {**plan_pixels(known, run), "settings": describe_classifier(known.config, name, run)}
        for name, run in known.classifiers.items()
    }


def describe_classifier(config, name, run):
    """Settings of a classifier: its network, how it sees pictures, how it is trained."""
    model = config["models"][run["model"]]
    return {
        **{key: run[key] for key in ("steps", "batch_size", "learning_rate", "seed")},
        "name": name,
        "architecture": model["architecture"],
        "preprocessing": {key: list(preprocessing(model)[key]) for key in ("mean", "std")},
        "checkpoint_every": config["training"]["checkpoint_every"],
    }


def study_trajectories(known, study):
    """Trajectories of the runs of a study, without repetition; none without the study."""
    names = dict.fromkeys(cell["run"] for cell in known.cells.get(study, []))
    return [f"<results>/training/{name}/trajectory.parquet" for name in names]


def name_study_tables(known):
    """The published name of each study's table, and the study, of those that there are."""
    return {table: study for table, study in STUDY_OF_TABLE.items() if study in known.cells}


def plan_studies(known):
    """By table of a study: the trajectories of its runs and its cells."""
    return {
        table: {
            "trajectories": study_trajectories(known, study),
            "settings": {"cells": known.cells[study]},
        }
        for table, study in name_study_tables(known).items()
    }
