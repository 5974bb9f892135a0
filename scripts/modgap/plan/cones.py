"""What the configuration asks of random initialisations, layers and models of another kind."""

from modgap.plan.embeddings import describe_model
from modgap.plan.models.entries import (
    model_geometry,
    removes_normalisation,
    towers,
    weight_files,
    weights_state,
)
from modgap.plan.names import dataset_label, model_label, run_name
from modgap.plan.paths import crops, samples_path, statistics_path
from modgap.plan.training import independent_entries

# Sections whose entries name a model and a dataset, and the key of their usual number of pictures.
USUAL_ITEMS = {
    "initialisations": "seed_items",
    "layers": "layer_items",
    "without_normalisation": "layer_items",
}

# What Supplementary Figure 15 changes in the entry of a model, by what it calls the result.
NORMALISATION = {
    "as it is": {},
    "no normalisation layers": {"normalisation_layers": "removed"},
    "no normalisation layers, raw pixels": {
        "normalisation_layers": "removed",
        "normalisation": "none",
    },
}


def count_items_of(config, section, entry):
    """Number of pictures that a job of an entry of such a section reads."""
    return entry.get("items", config["cone_study"][USUAL_ITEMS[section]])


def first_of_each(entries):
    """Entries by MODEL/DATASET; of several about the same, the first counts."""
    return {run_name(entry): entry for entry in reversed(entries)}


def plan_first_items(known, section, entry):
    """The crops of an entry's first pictures, its samples table and its weights."""
    config = known.config
    dataset, geometry = entry["dataset"], known.geometries[entry["model"]]
    items = count_items_of(config, section, entry)
    return {
        "arrays": crops(known, dataset, geometry, "npy", items),
        "indices": crops(known, dataset, geometry, "parquet", items),
        "samples": samples_path(dataset),
        "weights": weight_files(config["models"][entry["model"]]),
    }


def plan_initialisations(known, models, described):
    """By model and dataset: the same pictures and captions under many seeds of one model."""
    section, config = "initialisations", known.config
    return {
        name: {
            **plan_first_items(known, section, entry),
            "settings": {
                "entry": described[entry["dataset"]],
                "items": count_items_of(config, section, entry),
                "variants": list_seeds(
                    entry["model"],
                    models[entry["model"]],
                    config["cone_study"]["seeds"],
                    entry.get("without_normalisation", False),
                ),
            },
        }
        for name, entry in first_of_each(config[section]).items()
    }


def list_seeds(name, model, seeds, without_normalisation):
    """Variants of a model by seed, each with its normalisation layers kept and perhaps removed.

    The model's own seed means nothing where many are tried.
    """
    states = {"kept": {}}
    if without_normalisation:
        states["removed"] = {"normalisation_layers": "removed"}
    return [
        {
            "labels": {"seed": seed, "normalisation_layers": state},
            "name": name,
            "model": {**model, "seed": seed, **changes},
        }
        for seed in range(seeds)
        for state, changes in states.items()
    ]


def plan_layers(known, models, described):
    """By model and dataset: the pictures and captions that are followed through the layers."""
    section, config = "layers", known.config
    return {
        name: {
            **plan_first_items(known, section, entry),
            "settings": {
                "entry": described[entry["dataset"]],
                "groups": config["cone_study"]["layer_groups"],
                "items": count_items_of(config, section, entry),
                "model": models[entry["model"]],
                "model_name": entry["model"],
                "without_normalisation": entry.get("without_normalisation", False),
            },
        }
        for name, entry in first_of_each(config[section]).items()
    }


def plan_without_normalisation(known, models, described):
    """By model and dataset: the same pictures and captions with and without what normalises."""
    section, config = "without_normalisation", known.config
    measured = {
        "umap_seed": config["projection"]["seed"],
        "n_resamples": config["statistics"]["n_resamples"],
        "resample_seed": config["statistics"]["seed"],
        "block": config["statistics"]["block"],
    }
    return {
        name: {
            **plan_first_items(known, section, entry),
            "settings": {
                "entry": described[entry["dataset"]],
                "items": count_items_of(config, section, entry),
                "variants": [
                    {
                        "labels": {"normalisation": label},
                        "name": entry["model"],
                        "model": {**models[entry["model"]], **changes},
                    }
                    for label, changes in NORMALISATION.items()
                ],
            },
            "measured": measured,
        }
        for name, entry in first_of_each(config[section]).items()
    }


def plan_independent(known, described):
    """By group of ``independent_models``: the same pictures under every model of the group."""
    config, plan = known.config, {}
    for name, group in config["independent_models"].items():
        entries = independent_entries(config, name)
        geometry = model_geometry(next(iter(entries.values())), known.root)
        dataset = group["dataset"]
        items = group.get("items", config["cone_study"]["seed_items"])
        plan[name] = {
            "arrays": crops(known, dataset, geometry, "npy", items),
            "indices": crops(known, dataset, geometry, "parquet", items),
            "samples": samples_path(dataset),
            "weights": [path for entry in entries.values() for path in weight_files(entry)],
            "settings": {
                "entry": described[dataset],
                "items": items,
                # Numbered, as measure_seeds expects it.
                "variants": [
                    {
                        "labels": {"seed": number, "normalisation_layers": "kept"},
                        "name": model,
                        "model": describe_model(known, entry),
                    }
                    for number, (model, entry) in enumerate(sorted(entries.items()))
                ],
            },
            "measured": {"name": f"{name}/{dataset}"},
        }
    return plan


def select_entries(config, section, n_towers=1):
    """Entries of ``initialisations`` or ``layers`` whose model has at least so many towers."""
    return [
        entry
        for entry in config[section]
        if len(towers(config["models"][entry["model"]])) >= n_towers
    ]


def list_tables(entries, what):
    """Paths of what was measured of entries."""
    return [statistics_path(what, run_name(entry)) for entry in entries]


def describe_entries(config, entries):
    """What figures and tables call entries of ``initialisations`` or ``layers``."""
    return [
        {
            "model": entry["model"],
            "label": model_label(config, entry["model"]),
            "state": weights_state(config["models"][entry["model"]]),
            "dataset": entry["dataset"],
            "dataset_label": dataset_label(config, entry["dataset"]),
        }
        for entry in entries
    ]


def describe_independent(config):
    """What figures call each group, and the random initialisations that it started from."""
    compared = [
        {key: entry[key] for key in ("model", "dataset")} for entry in config["initialisations"]
    ]
    groups = []
    for name, entry in config["independent_models"].items():
        classifier = config["training_classifiers"].get(entry.get("classifier"), {})
        start = {"model": classifier.get("model"), "dataset": entry["dataset"]}
        groups.append(
            {
                "name": f"{name}/{entry['dataset']}",
                "label": entry.get("label", name),
                "dataset_label": dataset_label(config, entry["dataset"]),
                "random": "/".join(start.values()) if start in compared else None,
            }
        )
    return groups


def select_unnormalised(config):
    """Two-tower initialisations that are measured again without normalisation layers."""
    entries = select_entries(config, "initialisations", n_towers=2)
    return [entry for entry in entries if entry.get("without_normalisation")]


def study_models(known, study):
    """Models that a study's runs start from, without repetition."""
    return list(dict.fromkeys(cell["model"] for cell in known.cells.get(study, [])))


def describe_states(known):
    """What the table of Figure S15 needs to know about models."""
    config, models = known.config, known.config["models"]
    return {
        "states": {
            run_name(entry): weights_state(models[entry["model"]])
            for entry in config["without_normalisation"]
        },
        "normalisation": {
            name: "removed" if removes_normalisation(models[name]) else "kept"
            for name in study_models(known, "without_normalisation")
        },
    }


def name_unnormalised(known):
    """Models and datasets that Figure S15 draws, in order, and what it calls everything."""
    config = known.config
    entries = [*config["without_normalisation"], *select_unnormalised(config)]
    labels = {
        run_name(entry): (
            f"{model_label(config, entry['model'])}, {dataset_label(config, entry['dataset'])}"
        )
        for entry in entries
    }
    labels |= {
        name: model_label(config, name) for name in study_models(known, "without_normalisation")
    }
    return {
        "drawn": [run_name(entry) for entry in config["without_normalisation"]],
        "labels": labels,
    }
