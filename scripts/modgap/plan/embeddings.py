"""What is embedded by which model, and the pairs of clouds and cones that are measured."""

from modgap.fetch.table import local_name
from modgap.plan.datasets import fetched_weights
from modgap.plan.models import architecture_digest, towers, weight_files, weights_state
from modgap.plan.paths import (
    IMPORTED,
    cloud_parts,
    crops,
    is_imported,
    samples_path,
    set_caption,
    set_parts,
    set_samples,
    shard_size,
    task_pictures,
)
from modgap.plan.prompts import GIVEN, prompt_path
from modgap.plan.tasks import prompt_vectors, prompts_of, task_columns
from modgap.plan.weights import find_pin


def describe_model(known, entry):
    """A model's entry as the extraction needs it: what it is, not how it is called."""
    entry = {key: value for key, value in entry.items() if key != "label"}
    digest = architecture_digest(entry, known.root)
    return {**entry, "architecture_file": digest} if digest else entry


def describe_models(known):
    """Description of every model."""
    return {name: describe_model(known, entry) for name, entry in known.config["models"].items()}


def plan_images(known, models):
    """By model and dataset: crops, weights and settings of what embeds the pictures."""
    return {
        f"{model}/{dataset}": {
            "arrays": crops(known, dataset, known.geometries[model], "npy"),
            "indexes": crops(known, dataset, known.geometries[model], "parquet"),
            "weights": weight_files(known.config["models"][model]),
            "settings": {"model": entry, "model_name": model},
        }
        for model, entry in models.items()
        for dataset in known.shards
    }


def plan_texts(known, models, described):
    """By two-tower model and dataset: what embeds the captions of each shard."""
    return {
        f"{model}/{dataset}": {
            "indexes": list_text_indexes(known, model, dataset),
            "weights": weight_files(known.config["models"][model]),
            "settings": [
                {
                    "entry": described[dataset],
                    "model": entry,
                    "model_name": model,
                    "shard": shard,
                    "shard_size": shard_size(known, dataset),
                }
                for shard in range(known.shards[dataset])
            ],
        }
        for model, entry in models.items()
        if "texts" in towers(known.config["models"][model])
        for dataset in known.shards
    }


def list_text_indexes(known, model, dataset):
    """By shard the index of texts to leave out; none where a bad picture stops everything."""
    noise = known.config["datasets"][dataset]["kind"] == "noise"
    if known.config["pixels"]["on_bad_sample"] == "stop" or noise:
        return [[] for _ in range(known.shards[dataset])]
    return [[path] for path in crops(known, dataset, known.geometries[model], "parquet")]


def plan_clouds(known):
    """By model, dataset and modality: the shards of the cloud."""
    config = known.config
    entries = [
        {"model": model, "dataset": dataset}
        for model in config["models"]
        for dataset in known.shards
    ]
    clouds = [
        (entry, modality)
        for entry in entries
        for modality in towers(config["models"][entry["model"]])
    ]
    ready = [name for name, entry in config["datasets"].items() if is_imported(entry)]
    clouds += [({"dataset": name}, side) for name in ready for side in ("first", "second")]
    return {
        f"{entry.get('model', IMPORTED)}/{entry['dataset']}/{modality}": {
            "parts": cloud_parts(known, entry, modality)
        }
        for entry, modality in clouds
    }


def plan_sets(known):
    """By embedding set: its two clouds, its samples and how its statistics name it."""
    return {
        name: {
            "first": set_parts(known, name, 0),
            "second": set_parts(known, name, 1),
            "samples": set_samples(known, name),
            "settings": {"caption": set_caption(known, name), "name": name},
        }
        for name in known.config["embedding_sets"]
    }


SIDES = ("before", "after")


def plan_comparisons(known):
    """By comparison: the files of both sets and of their zero-shot tasks, and settings.

    Of a set of another run only its table of statistics is known here; the script finds the rest.
    """
    plan = {}
    for name, pair in known.config["comparisons"].items():
        planned, tasks = {}, match_tasks(known.config, pair)
        for i, (side, item) in enumerate(zip(SIDES, pair, strict=True)):
            own = isinstance(item, str)
            entries = [known.config["zero_shot"][match[i]] for match in tasks]
            planned |= {
                f"{side}_table": [] if own else [other_table(item)],
                f"{side}_first": set_parts(known, item, 0) if own else [],
                f"{side}_second": set_parts(known, item, 1) if own else [],
                f"{side}_samples": set_samples(known, item) if own else [],
                f"{side}_images": [path for e in entries for path in task_pictures(known, e)],
                f"{side}_prompts": [prompt_vectors(entry) for entry in entries],
                f"{side}_labels": [samples_path(entry["dataset"]) for entry in entries],
            }
        planned["settings"] = {
            "captions": [set_caption(known, i) if isinstance(i, str) else None for i in pair],
            "name": name,
            "sets": name_compared(pair),
            "tasks": [describe_match(known, match) for match in tasks],
        }
        plan[name] = planned
    return plan


def other_table(item):
    """The table of statistics of an embedding set of another run."""
    return f"{item['results'].rstrip('/')}/statistics/gap/{item['set']}.parquet"


def name_compared(pair):
    """What messages call the two sets of a comparison."""
    return [i if isinstance(i, str) else f"{i['set']} of {i['results']}" for i in pair]


def match_tasks(config, pair):
    """Pairs of zero-shot tasks by the models of the two sets that ask the same of the same data.

    Tasks of ready embeddings are those of the sets' own datasets. One that is measured by an AUC,
    or a set of another run, whose tasks are not known, gives none.
    """
    if not all(isinstance(item, str) for item in pair):
        return []
    questions = []
    for item in pair:
        entry = config["embedding_sets"][item]
        asked = {}
        for name, task in config["zero_shot"].items():
            ready = "model" not in task
            mine = task["dataset"] == entry["dataset"] if ready else True
            if mine and task.get("model") == entry.get("model"):
                data = GIVEN if ready else task["dataset"]
                words = [task.get(key) for key in ("prompts", "templates", "column", "metric")]
                asked.setdefault((data, *words), name)
        questions.append(asked)
    same_model = len({config["embedding_sets"][item].get("model", item) for item in pair}) < 2
    return [
        (name, questions[1][asked])
        for asked, name in questions[0].items()
        if asked in questions[1] and not same_model and asked[-1] in (None, "accuracy")
    ]


def describe_match(known, match):
    """A zero-shot task of both sets: what it is called and how its hits are counted."""
    entries = [known.config["zero_shot"][name] for name in match]
    columns = [entries[0].get("column", "label")]
    if "prompts" in entries[0]:
        columns = task_columns(entries[0], prompts_of(entries[0], known.root))
    result = {"label": entries[0].get("label", match[0]), "columns": columns}
    for side, entry in zip(SIDES, entries, strict=True):
        prompts = entry.get("prompts")
        data = known.config["datasets"][entry["dataset"]]
        result[side] = {
            "prompts_file": prompt_path(prompts, known.root) if prompts else data["class_prompts"],
            "shards": len(task_pictures(known, entry)),
            "templates": entry.get("templates", GIVEN),
        }
    return result


def list_weighted(config):
    """Models whose weights were trained, here or elsewhere."""
    return [name for name, entry in config["models"].items() if weights_state(entry) == "trained"]


def plan_verification(known, models):
    """Each model with weights: its entry, files, pin and the rows of what is fetched."""
    config = known.config
    checked = [
        {
            "name": name,
            "entry": models[name],
            "files": weight_files(config["models"][name]),
            "pin": find_pin(config["models"][name], known.pins),
            "fetched": [
                known.downloads[local_name(path, config["resources"])]
                for path in fetched_weights(known, name)
            ],
        }
        for name in list_weighted(config)
    ]
    return {
        "weights": [path for model in checked for path in model["files"]],
        "settings": {"models": checked, "folder": config["resources"]},
    }
