"""What the comparison of models needs to know; no rules."""

# Models with weights; embedding sets and tasks of models (ready embeddings have none).
WEIGHTED = [
    name
    for name, entry in MODELS.items()
    if catalogue.weights_state(entry) == "trained"
]
EMBEDDED_SETS = [name for name, entry in SETS.items() if "model" in entry]
EMBEDDED_TASKS = [name for name, entry in TASKS.items() if "model" in entry]


def weights_settings():
    """Each model with weights: its entry, files, pin and the rows of what is fetched."""
    models = [
        {
            "name": name,
            "entry": model_entry(name),
            "files": catalogue.weight_files(MODELS[name]),
            "pin": find_pin(MODELS[name], PINS),
            "fetched": [
                DOWNLOADS[local_name(path, CONFIG["resources"])]
                for path in fetched_weights(name)
            ],
        }
        for name in WEIGHTED
    ]
    return sorted_keys({"models": models, "folder": CONFIG["resources"]})


def about_model(entry):
    """What the table says of the model and dataset of an embedding set or task."""
    model, dataset = MODELS[entry["model"]], DATASETS[entry["dataset"]]
    start = model.get("initial", model)
    what = {
        "random": "random",
        "trained": f"trained here: {model.get('run')}",
        "open_clip": model.get("pretrained"),
    }
    return {
        "model": model.get("label", entry["model"]),
        "architecture": start.get("architecture", start.get("repo", start.get("path"))),
        "weights": what.get(model["source"], model["source"]),
        "dataset": dataset.get("label", entry["dataset"]),
    }


def across_settings():
    """The rows of the table across models, in the order of the configuration."""
    sets = [about_model(SETS[name]) for name in EMBEDDED_SETS]
    tasks = [
        {**about_model(TASKS[name]), "task": TASKS[name].get("label", name)}
        for name in EMBEDDED_TASKS
    ]
    return sorted_keys({"sets": sets, "tasks": tasks})
