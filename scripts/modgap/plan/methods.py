"""Embedding sets on which methods that close the gap are compared: what is wrong with them, files.

No numpy: the workflow reads this.
"""

from modgap.plan.names import set_label
from modgap.plan.outputs.pages import PAGE_ROWS, name_pages
from modgap.plan.paths import (
    is_imported,
    list_paired,
    one_of,
    samples_path,
    set_parts,
    set_samples,
    statistics_path,
    task_pictures,
)
from modgap.plan.prompts import GIVEN, prompt_path
from modgap.plan.spelling import did_you_mean
from modgap.plan.tasks import is_labelled, prompt_vectors, prompts_of, task_columns

# Methods that leave a transform behind: those of ``modgap.methods.fits.registry`` that are no
# controls and ask for no test batch.
TRANSFORMS = (
    "raw",
    "shift",
    "shift_unscaled",
    "shift_chosen",
    "mean_removal",
    "partial_mean",
    "partial_mean_unscaled",
    "role_means",
    "projection",
    "orthogonal_shift",
    "components",
    "text_components",
    "standardising",
    "whitening",
    "bures",
    "realign",
    "procrustes",
    "procrustes_shrunk",
    "ridge",
    "pls",
    "whole_bank",
    "nnn",
    "csls",
    "qb_norm",
    "score_z",
    "mean_score_z",
)
# What ``compare_methods`` writes: folders of statistics.
TABLES = {
    "methods": "methods",
    "changes": "method_changes",
    "queries": "method_queries",
    "calibration": "method_calibration",
    "paths": "method_paths",
}


def derived_methods(config):
    """Ready embeddings that are pairs, each by itself."""
    datasets = config["datasets"]
    # A grid is not written out yet; it is of models, and none of its sets is ready.
    own = [datasets.get(entry.get("dataset"), {}) for entry in config["embedding_sets"].values()]
    return {
        name: {}
        for name, data in zip(config["embedding_sets"], own, strict=True)
        if is_imported(data) and data.get("paired", True)
    }


def method_problems(config):
    """Entries of ``gap_methods`` that point nowhere or do not fit together."""
    sets, tasks, lines = config["embedding_sets"], config["zero_shot"], []
    for name, entry in config["gap_methods"].items():
        where = f"gap_methods.{name}"
        if name not in sets:
            lines.append(f"{where}: no embedding set named {name!r}{did_you_mean(name, sets)}")
            continue
        if name not in list_paired(config):
            lines.append(f"{where}: {name} has no pairs; methods are judged by retrieving them")
        other = entry.get("calibration")
        if other is not None:
            lines += calibration_problems(f"{where}.calibration", name, other, config)
        for task in entry.get("zero_shot", []):
            if task not in tasks:
                near = did_you_mean(task, tasks)
                lines.append(f"{where}.zero_shot: no task named {task!r}{near}")
            elif not is_of_set(tasks[task], sets[name]):
                lines.append(f"{where}.zero_shot: {task} is not of the model of {name}")
    return lines


def calibration_problems(where, name, other, config):
    """What is wrong with another set to calibrate on."""
    sets = config["embedding_sets"]
    if other not in sets:
        return [f"{where}: no embedding set named {other!r}{did_you_mean(other, sets)}"]
    if other == name:
        return [f"{where}: {other} is the set itself; name another, or leave it out"]
    if other not in list_paired(config):
        return [f"{where}: {other} has no pairs"]
    if sets[other].get("model") != sets[name].get("model"):
        return [f"{where}: {other} is not of the model of {name}"]
    return []


def is_of_set(task, entry):
    """Whether a zero-shot task has the model of an embedding set, or its ready embeddings."""
    if "model" in entry:
        return task.get("model") == entry["model"]
    return task["dataset"] == entry["dataset"]


def list_tasks_of(config, name):
    """Names of the zero-shot tasks that methods are judged by on an embedding set."""
    entry, tasks = config["embedding_sets"][name], config["zero_shot"]
    fitting = [task for task in tasks if is_of_set(tasks[task], entry)]
    return config["gap_methods"][name].get("zero_shot", fitting)


def describe_task_of(known, name):
    """What ``compare_methods`` is told of a zero-shot task; ``shards`` tell its files apart."""
    task = known.config["zero_shot"][name]
    if "prompts" in task:
        columns = task_columns(task, prompts_of(task, known.root))
        path = prompt_path(task["prompts"], known.root)
    else:
        columns = [task.get("column", "label")]
        path = known.config["datasets"][task["dataset"]]["class_prompts"]
    return {
        "name": name,
        "columns": columns,
        "prompts_file": path,
        "templates": task.get("templates", GIVEN),
        "shards": len(task_pictures(known, task)),
    }


def label_columns(known, name):
    """Columns that make the label of a picture, for search within a modality; [] for none.

    Those that the entry names, else those of the first zero-shot task on the same pictures.
    """
    config = known.config
    entry, dataset = config["gap_methods"][name], config["embedding_sets"][name]["dataset"]
    if "label" in entry:
        return [entry["label"]]
    for task in list_tasks_of(config, name):
        if config["zero_shot"][task]["dataset"] == dataset:
            return describe_task_of(known, task)["columns"]
    return []


def plan_compared_methods(known):
    """By embedding set: what methods are compared on, and settings."""
    config, plan = known.config, {}
    for name, entry in config["gap_methods"].items():
        tasks = [config["zero_shot"][task] for task in list_tasks_of(config, name)]
        dataset = config["embedding_sets"][name]["dataset"]
        ready = is_imported(config["datasets"][dataset])
        columns = label_columns(known, name)
        labelled = columns and (not ready or is_labelled(config["datasets"][dataset]))
        other = entry.get("calibration")
        plan[name] = {
            "first": set_parts(known, name, 0),
            "second": set_parts(known, name, 1),
            "samples": set_samples(known, name),
            "labels": [samples_path(dataset)] if labelled else [],
            "images": [path for task in tasks for path in task_pictures(known, task)],
            "prompts": [prompt_vectors(task) for task in tasks],
            "task_samples": [samples_path(task["dataset"]) for task in tasks],
            "other_first": set_parts(known, other, 0) if other else [],
            "other_second": set_parts(known, other, 1) if other else [],
            "other_samples": set_samples(known, other) if other else [],
            "settings": {
                "name": name,
                "tasks": [describe_task_of(known, task) for task in list_tasks_of(config, name)],
                "columns": columns if labelled else [],
                "other": other,
            },
        }
    return plan


def list_transforms(config):
    """Files of the frozen transforms of all sets."""
    return [
        f"<results>/transforms/{name}/{method}.{ending}"
        for name in config["gap_methods"]
        for method in TRANSFORMS
        for ending in ("npz", "json")
    ]


def methods_pattern(config):
    """Regular expression of the embedding sets that methods are compared on."""
    return one_of(config["gap_methods"])


def list_method_tables(config, what):
    """One table of ``TABLES`` for each set."""
    return [statistics_path(TABLES[what], name) for name in config["gap_methods"]]


def describe_compared(config):
    """Name and label of the sets, in order."""
    return [{"name": name, "label": set_label(config, name)} for name in config["gap_methods"]]


def plan_method_figures(config):
    """Figures of methods: their files, pages and settings."""
    sets = describe_compared(config)
    files = {
        "figX_gap_methods": ("methods", "changes", "paths"),
        "figX_mixed_search": ("changes",),
        "figX_calibration": ("calibration",),
    }
    return {
        figure: {
            **{what: list_method_tables(config, what) for what in named},
            "pngs": name_pages(figure, len(sets)),
            "settings": {"sets": sets, "page_rows": PAGE_ROWS[figure]},
        }
        for figure, named in files.items()
    }


def plan_method_tables(config):
    """The table of methods: its files and settings."""
    return {
        "table_gap_methods": {
            **{what: list_method_tables(config, what) for what in ("methods", "changes")},
            "calibration": list_method_tables(config, "calibration"),
            "settings": {"sets": describe_compared(config)},
        }
    }
