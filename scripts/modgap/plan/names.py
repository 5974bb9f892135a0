"""What figures, tables and the report call models, datasets and everything made of them."""

from modgap.plan.embeddings import name_compared
from modgap.plan.models import towers, weights_state
from modgap.plan.paths import IMPORTED, list_paired, modalities
from modgap.plan.prompts import GIVEN, prompt_name, prompt_path, read_prompts
from modgap.plan.tasks import OWN_GAP, list_compared, task_templates


def run_name(entry):
    """MODEL/DATASET of an entry, as tables name what was measured of it."""
    return f"{entry['model']}/{entry['dataset']}"


def model_label(config, name):
    """What figures call a model."""
    return config["models"][name].get("label", name)


def dataset_label(config, name):
    """What figures call a dataset."""
    return config["datasets"][name].get("label", name)


def set_label(config, name):
    """What figures call an embedding set: ready embeddings by the label of their dataset."""
    entry = config["embedding_sets"][name]
    label = config["datasets"][entry["dataset"]].get("label")
    if "label" in entry or "model" in entry or label is None:
        return entry.get("label", name)
    return f"{label}: {' and '.join(entry['modalities'])}" if "modalities" in entry else label


def set_state(config, name):
    """``trained``, ``random`` or, for ready embeddings, nothing known."""
    model = config["embedding_sets"][name].get("model")
    return weights_state(config["models"][model]) if model else ""


def describe_sets(config):
    """Embedding sets in the order of Figure 1: a set, then those drawn beside it."""
    sets, paired, order = config["embedding_sets"], list_paired(config), []
    for name in sets:
        if "beside" not in sets[name]:
            twins = [other for other in sets if sets[other].get("beside") == name]
            order += [name, *twins]
    order += [name for name in sets if name not in order]
    return [
        {
            "name": name,
            "label": set_label(config, name),
            "state": set_state(config, name),
            "grouped": sets[name].get("beside") in order,
            "modalities": modalities(config, sets[name]),
            "paired": name in paired,
        }
        for name in order
    ]


def describe_clouds(config, clouds):
    """Row and column of each cloud in Figures 2(a) and S14, no two clouds in one place.

    Clouds that labels would put into one place are told apart by the names of their entries.
    """
    places = [place_cloud(config, *cloud) for cloud in clouds]
    cells = []
    for cloud, place in zip(clouds, places, strict=True):
        rivals = {other for other, at in zip(clouds, places, strict=True) if at == place}
        models, datasets = ({rival[part] for rival in rivals} for part in (0, 1))
        row, column = place_cloud(
            config, *cloud, name_model=len(models) > 1, name_dataset=len(datasets) > 1
        )
        model = cloud[0]
        state = "" if model == IMPORTED else weights_state(config["models"][model])
        cells.append({"name": "/".join(cloud), "row": row, "column": column, "state": state})
    return cells


def place_cloud(config, model, dataset, modality, *, name_model=False, name_dataset=False):
    """Row and column of a cloud by its labels, with the names of its entries where asked."""
    data = dataset_label(config, dataset)
    if name_dataset:
        data = f"{data} ({dataset})"
    if model == IMPORTED:
        return data, f"{modality} modality" if modality in ("first", "second") else modality
    entry = config["models"][model]
    encoder = entry.get("label") or entry.get("architecture", model)
    if name_model and encoder != model:
        encoder = f"{encoder} ({model})"
    tower = {"images": "image tower", "texts": "text tower"}[modality]
    column = encoder if len(towers(entry)) == 1 else f"{encoder} {tower}"
    return f"{weights_state(entry)} weights,\n{data}", column


def describe_tasks(config, root, section):
    """What tables and figures say of each task of ``zero_shot`` or ``fairness``."""
    return [
        {
            "name": name,
            "label": entry.get("label", name),
            "dataset": dataset_label(config, entry["dataset"]),
            "gap": entry.get("gap", OWN_GAP),
            **(describe_prompted(config, root, entry) if "prompts" in entry else UNPROMPTED),
        }
        for name, entry in config[section].items()
    ]


# Of ready embeddings nothing is known but that the prompts came with them.
UNPROMPTED = {"model": IMPORTED, "state": "", "prompts": GIVEN, "templates": GIVEN}


def describe_prompted(config, root, entry):
    """Model and prompts of a task whose prompts are embedded here."""
    prompts = read_prompts(prompt_path(entry["prompts"], root))
    return {
        "model": model_label(config, entry["model"]),
        "state": weights_state(config["models"][entry["model"]]),
        "prompts": prompt_name(entry["prompts"]),
        "templates": task_templates(entry, prompts)[0],
    }


def describe_origin(config, entry):
    """What the table across models says of the model and data of an embedding set or task."""
    model, dataset = config["models"][entry["model"]], config["datasets"][entry["dataset"]]
    start = model.get("initial", model)
    weights = {
        "random": "random",
        "trained": f"trained here: {model.get('run')}",
        "open_clip": model.get("pretrained"),
    }
    return {
        "model": model.get("label", entry["model"]),
        "architecture": start.get("architecture", start.get("repo", start.get("path"))),
        "weights": weights.get(model["source"], model["source"]),
        "dataset": dataset.get("label", entry["dataset"]),
        "family": name_family(model),
    }


def name_family(model):
    """Which models count as of one family across models: those of the same pretraining source.

    The part of an open_clip tag in front of the first underscore (openai, laion2b, datacomp), the
    owner of a repository; all untrained models are one family, and so are those trained here.
    """
    source = model["source"]
    if source in ("open_clip", "checkpoint") and "pretrained" in model:
        return model["pretrained"].split("_")[0]
    if source in ("hub", "transformers") and "repo" in model:
        return model["repo"].split("/")[0]
    return {"random": "untrained", "trained": "trained here"}.get(source, source)


def describe_models_compared(config):
    """The rows of the table across models, in the order of the configuration; see
    ``list_compared``.
    """
    sets, tasks = config["embedding_sets"], config["zero_shot"]
    return {
        "sets": [
            describe_origin(config, sets[name]) for name in list_compared(config, "embedding_sets")
        ],
        "tasks": [
            {**describe_origin(config, tasks[name]), "task": tasks[name].get("label", name)}
            for name in list_compared(config, "zero_shot")
        ],
    }


def describe_scenes(config):
    """Embedding sets of drawn scenes, and the columns that their zero-shot tasks ask for.

    Each also has ``dataset`` and ``curves``, the names of the tasks.
    """
    described = []
    for name, entry in config["embedding_sets"].items():
        data = config["datasets"][entry["dataset"]]
        if data["kind"] != "scenes" or "model" not in entry:
            continue
        asked = {
            task["column"]: other
            for other, task in config["zero_shot"].items()
            if all(task.get(key) == entry[key] for key in ("model", "dataset")) and "column" in task
        }
        described.append(
            {
                "embeddings": name,
                "captions": data.get("completeness", "partial"),
                "weights": set_state(config, name),
                "tasks": list(asked),
                "dataset": entry["dataset"],
                "curves": list(asked.values()),
            }
        )
    return described


def name_everything(known, study_tables):
    """What people call every embedding set, cloud, task and run; and the tables of studies."""
    config = known.config
    names = {
        name: f"{name_pair(config, entry)} ({name})"
        for name, entry in config["embedding_sets"].items()
    }
    sections = ("cones", "initialisations", "layers", "without_normalisation")
    for entry in [entry for section in sections for entry in config[section]]:
        cloud = f"{entry.get('model', IMPORTED)}/{entry['dataset']}"
        names[cloud] = name_pair(config, entry)
        for side in modalities(config, entry):
            names[f"{cloud}/{side}"] = f"{name_pair(config, entry)}, {side}"
    for name, entry in {**config["zero_shot"], **config["fairness"]}.items():
        names[name] = f"{entry.get('label', name)}: {name_pair(config, entry)}"
    for name, entry in config["independent_models"].items():
        # By its path: the group may be called like the model that it was trained from.
        label, data = entry.get("label", name), dataset_label(config, entry["dataset"])
        path = f"{config['results']}/statistics/independent/{name}.parquet"
        names[path] = f"{label} with independently trained weights on {data}"
    for name, pair in config["comparisons"].items():
        names.setdefault(name, f"{name}: {' and '.join(name_compared(pair))}")
    for name, run in known.runs.items():
        names[name] = f"{name}: {name_run(config, run)}"
    for table, study in study_tables.items():
        cells = known.cells[study]
        runs = dict.fromkeys(name_run(config, known.runs[cell["run"]]) for cell in cells)
        names[f"{config['results']}/statistics/training/{table}.parquet"] = ", ".join(runs)
    return names


def name_run(config, run):
    """What a run trains on what, in words."""
    model, data = model_label(config, run["model"]), " and ".join(run["datasets"])
    return f"{model} trained on {data}, measured on {run['held_out']}"


def name_pair(config, entry):
    """A model on a dataset in words."""
    data = dataset_label(config, entry["dataset"])
    if "model" not in entry:
        return data
    state = weights_state(config["models"][entry["model"]])
    return f"{model_label(config, entry['model'])} with {state} weights on {data}"
