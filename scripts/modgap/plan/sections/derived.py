"""Embedding sets, cones and tasks that follow from datasets and models."""

from modgap.data.modalities import modality_names, modality_pairs
from modgap.plan.checks.joined import refuse_joined
from modgap.plan.methods import derived_methods
from modgap.plan.paths import is_imported
from modgap.plan.tasks import derived_tasks
from modgap.plan.training import classifier_runs


def derive_sections(config):
    """The configuration with the sections that follow from others where it leaves them out.

    Raises
    ------
    InputError : two entries that would have the same name.
    """
    config.setdefault("embedding_sets", derived_sets(config))
    config.setdefault("cones", derived_cones(config))
    config.setdefault("zero_shot", derived_tasks(config["datasets"]))
    config.setdefault("gap_methods", derived_methods(config))


def derived_sets(config):
    """Every captioned dataset with every two-tower model; ready embeddings by themselves.

    Raises
    ------
    InputError : two sets that would have the same name.
    """
    sets, classifiers = [], {*classifier_runs(config), *config["training_classifiers"]}
    for name, entry in config["datasets"].items():
        if is_imported(entry):
            sets += imported_sets(name, entry)
        elif entry.get("kind") != "noise":
            for model, description in config["models"].items():
                image_only = description.get("source") == "torchvision" or (
                    description.get("run") in classifiers
                )
                if not image_only:
                    sets.append((f"{name}-{model}", {"dataset": name, "model": model}))
    refuse_joined("embedding_sets", [(name, describe_parts(entry)) for name, entry in sets])
    return dict(sets)


def describe_parts(entry):
    """What the name of a derived embedding set was made of, in words."""
    parts = [f"dataset {entry['dataset']!r}"]
    if "model" in entry:
        parts.append(f"model {entry['model']!r}")
    if "modalities" in entry:
        parts.append(f"modalities {' and '.join(map(repr, entry['modalities']))}")
    return ", ".join(parts)


def imported_sets(name, entry):
    """(name, set) of every pair of modalities of a dataset of ready embeddings."""
    names, pairs = modality_names(entry), modality_pairs(entry)
    if len(names) > 2:
        return [
            (f"{name}-{first}-{second}", {"dataset": name, "modalities": [first, second]})
            for first, second in pairs
        ]
    ordered = [{"modalities": list(pair)} if list(pair) != names else {} for pair in pairs]
    return [(name, {"dataset": name, **pair}) for pair in ordered]


def derived_cones(config):
    """Every dataset with every model; ready embeddings by themselves."""
    cones = []
    for name, entry in config["datasets"].items():
        if is_imported(entry):
            cones.append({"dataset": name})
        else:
            cones += [{"dataset": name, "model": model} for model in config["models"]]
    return cones
