"""What is embedded by which model, and the pairs of clouds and cones that are measured."""

from modgap.data.modalities import (
    TENSOR_SUFFIXES,
    modality_names,
)
from modgap.fetch.table import local_name
from modgap.plan.datasets import describe_fetched, fetched_weights
from modgap.plan.models.entries import architecture_digest, towers, weight_files, weights_state
from modgap.plan.models.weights import find_pin
from modgap.plan.paths import (
    IMPORTED,
    cloud_parts,
    crops,
    is_imported,
    is_sharded,
    list_matrices,
    modalities,
    one_of,
    samples_path,
    set_caption,
    set_parts,
    set_samples,
    shard_size,
    task_pictures,
)
from modgap.plan.prompts import GIVEN, prompt_path
from modgap.plan.shards import LARGEST_BATCH, list_moments, list_ranks
from modgap.plan.tasks import prompt_vectors, prompts_of, task_columns


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
    clouds += [({"dataset": name}, side) for name, side in list_imported(config)]
    return {
        f"{entry.get('model', IMPORTED)}/{entry['dataset']}/{modality}": {
            "parts": cloud_parts(known, entry, modality),
            "moments": list_moments(known, entry["dataset"]),
            "settings": describe_cloud(known, entry, modality),
        }
        for entry, modality in clouds
    }


def describe_cloud(known, entry, modality):
    """Settings of what measures a cloud by itself."""
    if "model" in entry:
        return {}
    # Of ready embeddings all texts count, as in their sets.
    settings, dataset = {"caption": "all"}, known.config["datasets"][entry["dataset"]]
    if is_sharded(dataset):
        settings["side"] = modality_names(dataset).index(modality)
    return settings


def list_imported(config):
    """(dataset, modality) of every cloud of ready embeddings."""
    return [
        (name, modality)
        for name, entry in config["datasets"].items()
        if is_imported(entry)
        for modality in modality_names(entry)
    ]


def plan_imported(known):
    """By dataset and modality of ready embeddings: its files and settings."""
    plan = {}
    for name, modality in list_imported(known.config):
        entry = known.config["datasets"][name]
        if is_sharded(entry):
            continue
        part = next(part for part in entry["modalities"] if part["name"] == modality)
        owners = [part[key]["file"] for key in ("owner", "groups") if "file" in (part[key] or {})]
        plan[f"{name}/{modality}"] = {
            "files": [part["path"], *owners],
            "settings": {"name": name, "part": part, **describe_fetched(known, name)},
        }
    return plan


def imported_patterns(config):
    """Regular expressions of the clouds of ready embeddings, by what reads them."""
    parts = {
        f"{name}/{part['name']}": part["path"].endswith(TENSOR_SUFFIXES)
        for name, entry in config["datasets"].items()
        if is_imported(entry) and not is_sharded(entry)
        for part in entry["modalities"]
    }
    return {
        "arrays": one_of(name for name, tensors in parts.items() if not tensors),
        "tensors": one_of(name for name, tensors in parts.items() if tensors),
    }


def plan_matrix_clouds(known):
    """By dataset of more than two modalities: its clouds and the settings of their projection."""
    plan = {}
    for name in list_matrices(known.config):
        sides = modality_names(known.config["datasets"][name])
        parts = [cloud_parts(known, {"dataset": name}, side) for side in sides]
        plan[name] = {
            "clouds": [path for paths in parts for path in paths],
            "settings": {"name": name, "modalities": sides},
        }
    return plan


def plan_sets(known):
    """By embedding set: its two clouds, its samples and how its statistics name it."""
    return {
        name: {
            "first": set_parts(known, name, 0),
            "second": set_parts(known, name, 1),
            "samples": set_samples(known, name),
            "moments": list_moments(known, known.config["embedding_sets"][name]["dataset"]),
            "ranks": list_ranks(known, known.config["embedding_sets"][name]["dataset"]),
            "settings": {"caption": set_caption(known, name), "name": name},
            "swept": {
                "caption": set_caption(known, name),
                "name": name,
                "largest_batch": LARGEST_BATCH,
                "sample_seed": known.config["statistics"]["seed"],
            },
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
            "modalities": name_sides(known.config, pair),
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


def name_sides(config, pair):
    """Names of the two modalities: those of the first set that is of this run."""
    own = [config["embedding_sets"][item] for item in pair if isinstance(item, str)]
    return modalities(config, own[0]) if own else ["first", "second"]


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
