"""Zero-shot and fairness tasks of the configuration: what they refer to, and what is wrong with it.

No numpy: the workflow reads this.
"""

from modgap.errors import InputError
from modgap.files import sha256_of
from modgap.plan.models.entries import towers, weight_files
from modgap.plan.paths import (
    IMPORTED,
    one_of,
    samples_path,
    set_caption,
    set_parts,
    set_samples,
    task_pictures,
)
from modgap.plan.prompts import GIVEN, prompt_name, prompt_path, prompt_texts, read_prompts
from modgap.plan.spelling import did_you_mean

# The gap between the task's own pictures and class prompts, instead of an embedding set's.
OWN_GAP = "task"

# Keys of a model's entry that do not make it another model: its twin differs in number format.
NOT_THE_MODEL = ("label", "precision")

# Keys of a dataset's entry that say which of its items are taken, and in which order.
NOT_THE_DATA = ("label", "split", "n", "skip", "order", "template", "use")

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


def prompts_of(entry, root):
    """The prompt file of a zero-shot or fairness task, read and checked."""
    return read_prompts(prompt_path(entry["prompts"], root))


def prompt_vectors(entry):
    """Embedded class prompts of a task."""
    if "prompts" not in entry:
        return f"<results>/prompts/{IMPORTED}/{entry['dataset']}.parquet"
    return f"<results>/prompts/{entry['model']}/{prompt_name(entry['prompts'])}.parquet"


def plan_prompts(known, models):
    """By model and prompt file: the file, its content and the sets of templates that tasks need."""
    config, plan = known.config, {}
    for entry in [*config["zero_shot"].values(), *config["fairness"].values()]:
        if "prompts" not in entry:
            continue
        path, model = prompt_path(entry["prompts"], known.root), entry["model"]
        planned = plan.setdefault(
            f"{model}/{prompt_name(path)}",
            {
                "file": path,
                "content": sha256_of(path),
                "weights": weight_files(config["models"][model]),
                "settings": {"model": models[model], "model_name": model, "templates": []},
            },
        )
        settings = planned["settings"]
        wanted = {*settings["templates"], *task_templates(entry, prompts_of(entry, known.root))}
        settings["templates"] = sorted(wanted)
    return plan


def gap_set(entry):
    """The embedding set that gives a task its gap direction; None for the task itself."""
    gap = entry.get("gap", OWN_GAP)
    return None if gap == OWN_GAP else gap


def plan_task(known, name, entry):
    """What both sweeps read of a task, and the settings that they share."""
    gap, config = gap_set(entry), known.config
    if "prompts" in entry:
        path = prompt_path(entry["prompts"], known.root)
        columns = task_columns(entry, read_prompts(path))
    else:
        path = config["datasets"][entry["dataset"]]["class_prompts"]
        columns = [entry.get("column", "label")]
    return {
        "images": task_pictures(known, entry),
        "prompts": prompt_vectors(entry),
        "samples": samples_path(entry["dataset"]),
        "gap_first": set_parts(known, gap, 0) if gap else [],
        "gap_second": set_parts(known, gap, 1) if gap else [],
        "gap_samples": set_samples(known, gap) if gap else [],
        "settings": {
            "name": name,
            "prompts_file": path,
            "columns": columns,
            "caption": set_caption(known, gap) if gap else None,
            "deltas": grid_deltas(config["downstream"]["grid"]),
        },
    }


def plan_zero_shot(known):
    """By zero-shot task: its files and settings."""
    plan = {}
    for name, entry in known.config["zero_shot"].items():
        plan[name] = plan_task(known, name, entry)
        plan[name]["settings"] |= {
            "sides": known.config["downstream"]["moved"],
            "metric": entry.get("metric", "accuracy"),
            "templates": entry.get("templates", GIVEN),
        }
    return plan


def plan_fairness(known):
    """By fairness task: its files and settings."""
    plan = {}
    for name, entry in known.config["fairness"].items():
        plan[name] = plan_task(known, name, entry)
        plan[name]["settings"] |= {
            "groups": entry["groups"],
            "templates": task_templates(entry, prompts_of(entry, known.root)),
            "tested": sorted(known.config["downstream"]["fairness_shifts"]),
        }
    return plan


def leave_out(entry, keys):
    """An entry without some of its keys, as something that compares."""
    return tuple(sorted((key, repr(value)) for key, value in entry.items() if key not in keys))


def identify_data(entry):
    """What data a dataset is of, whichever of its items are taken; as something that compares."""
    named = {key: entry[key] for key in ("kind", "name") if key in entry}
    return leave_out(named if "name" in entry else entry, NOT_THE_DATA)


def name_first_alike(config, section):
    """By task the first one that asks the same: of the same model, data and classes.

    Tasks that differ in the precision of the model, in which pictures of a dataset are taken
    (CIFAR10's test set, or all of it), in the templates of the prompts or in the gap that they move
    along are near duplicates of each other: they share pictures and errors, and count as one.
    """
    first = {}
    return {
        name: first.setdefault(
            (
                leave_out(config["models"].get(entry.get("model"), {}), NOT_THE_MODEL),
                identify_data(config["datasets"][entry["dataset"]]),
                entry.get("prompts"),
                entry.get("column"),
            ),
            name,
        )
        for name, entry in config[section].items()
    }


def list_compared(config, section):
    """Names of the embedding sets or tasks that models are compared by, each model once.

    Of models that differ in nothing but precision the first counts, of each dataset and task.
    """
    first, names = {}, []
    for name, entry in config[section].items():
        if "model" not in entry:
            continue
        model = leave_out(config["models"][entry["model"]], NOT_THE_MODEL)
        asked = tuple(repr(entry.get(key)) for key in ("dataset", "prompts", "templates", "column"))
        if first.setdefault((model, asked), entry["model"]) == entry["model"]:
            names.append(name)
    return names


def drawn_shifts(downstream):
    """Shifts that Supplementary Figure 11 draws: those tested, and one step of the grid around."""
    shifts, step = downstream["fairness_shifts"], downstream["grid"]["step"]
    return [min(shifts) - step, max(shifts) + step]


def prompt_pattern(config):
    """Regular expression of the names of prompt files."""
    tasks = [*config["zero_shot"].values(), *config["fairness"].values()]
    return one_of(prompt_name(entry["prompts"]) for entry in tasks if "prompts" in entry)
