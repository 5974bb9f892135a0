"""Zero-shot and fairness tasks of the configuration: what they refer to, and what is wrong with it.

No numpy: the workflow reads this.
"""

from modgap.errors import InputError
from modgap.plan.models import did_you_mean, towers
from modgap.plan.prompts import prompt_name, prompt_path, prompt_texts, read_prompts

# The gap between the task's own pictures and class prompts, instead of an embedding set's.
OWN_GAP = "task"

# What a task on pictures must name; with ready embeddings, what it must not.
TASK_KEYS = {"zero_shot": ("model", "prompts", "templates"), "fairness": ("model", "prompts")}


def grid_deltas(grid):
    """Shifts from ``first`` to ``last`` by ``step``, both ends included."""
    n = round((grid["last"] - grid["first"]) / grid["step"])
    return [round(grid["first"] + i * grid["step"], 10) for i in range(n + 1)]


def grid_problems(config):
    """Grids without the shift 0, to which every other is compared."""
    downstream = config["downstream"]
    lines = []
    if 0 not in grid_deltas(downstream["grid"]):
        lines.append("downstream.grid: the shift 0 is not in it; change first or step")
    if 0 not in downstream["fairness_shifts"]:
        lines.append("downstream.fairness_shifts: the shift 0 is not in it; add it")
    return lines


def task_problems(config, root):
    """Tasks that point nowhere, or whose prompts or sets of templates are not there."""
    lines = grid_problems(config)
    files = {}
    for section in ("zero_shot", "fairness"):
        for name, entry in config[section].items():
            where = f"{section}.{name}"
            if config["datasets"].get(entry["dataset"], {}).get("kind") == "embeddings":
                lines += imported_task_problems(where, entry, section, config)
                continue
            missing = [key for key in TASK_KEYS[section] if key not in entry]
            lines += [f"{where}: key {key!r} is missing" for key in missing]
            if missing:
                continue
            lines += task_references(where, entry, config)
            lines += prompt_problems(where, entry, section, root)
            path = prompt_path(entry["prompts"], root)
            if files.setdefault(prompt_name(path), path) != path:
                lines.append(
                    f"{where}.prompts: {path} and {files[prompt_name(path)]} have the same name; "
                    "rename one"
                )
    return lines


def imported_task_problems(where, entry, section, config):
    """What is wrong with a task on ready embeddings, whose labels and prompts come with them."""
    name = entry["dataset"]
    lines = [
        f"{where}.{key}: {name} is ready embeddings with class prompts of its own; drop the {key}"
        for key in TASK_KEYS["zero_shot"]
        if key in entry
    ]
    if section == "fairness":
        lines.append(f"{where}.dataset: {name} is ready embeddings, which have no groups")
    elif not is_labelled(config["datasets"][name]):
        lines.append(f"{where}.dataset: give datasets.{name} 'labels' and 'class_prompts'")
    gap, sets = entry.get("gap", OWN_GAP), config["embedding_sets"]
    if gap != OWN_GAP and sets.get(gap, {}).get("dataset") != name:
        lines.append(f"{where}.gap: neither {OWN_GAP!r} nor an embedding set of {name}: {gap!r}")
    return lines


def is_labelled(entry):
    """Whether a dataset is ready embeddings with labels and class prompts."""
    return "class_prompts" in entry


def derived_tasks(datasets):
    """Zero-shot tasks of a configuration that names none: the labelled ready embeddings."""
    return {name: {"dataset": name} for name, entry in datasets.items() if is_labelled(entry)}


def task_references(where, entry, config):
    """Datasets, models and embedding sets that a task names but that do not exist or fit."""
    lines = []
    for key, section in (("dataset", "datasets"), ("model", "models")):
        known = config[section]
        if entry[key] not in known:
            near = did_you_mean(entry[key], known)
            lines.append(f"{where}.{key}: no {key} named {entry[key]!r}{near}")
    if config["datasets"].get(entry["dataset"], {}).get("kind") == "noise":
        lines.append(f"{where}.dataset: {entry['dataset']} has no pictures with classes")
    model = config["models"].get(entry["model"])
    if model and "texts" not in towers(model):
        lines.append(f"{where}.model: {entry['model']} has no text tower for the prompts")
    gap = entry.get("gap", OWN_GAP)
    if gap != OWN_GAP:
        sets = config["embedding_sets"]
        if gap not in sets:
            near = did_you_mean(gap, sets)
            lines.append(f"{where}.gap: neither {OWN_GAP!r} nor an embedding set: {gap!r}{near}")
        elif sets[gap].get("model") != entry["model"]:
            lines.append(
                f"{where}.gap: {gap} is of model {sets[gap].get('model')}, not of {entry['model']}"
            )
    return lines


def prompt_problems(where, entry, section, root):
    """What is wrong with the prompt file of a task, and with the sets of templates it names."""
    path = prompt_path(entry["prompts"], root)
    try:
        prompts = read_prompts(path)
        for name in task_templates(entry, prompts):
            prompt_texts(prompts, name, path)
    except InputError as error:
        return [f"{where}.prompts: {error}"]
    if section == "fairness" and not prompts.columns:
        return [f"{where}.prompts: {path} has no columns and no extra classes to count"]
    return []


def task_templates(entry, prompts):
    """Sets of templates of a task: what it names (one or a list), else all of the file."""
    named = entry.get("templates", list(prompts.templates))
    return [named] if isinstance(named, str) else named


def task_columns(entry, prompts):
    """Columns of the samples that make a picture's label."""
    return list(prompts.columns) or [entry.get("column", "label")]
