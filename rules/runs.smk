"""Paths and settings of training runs; no rules."""


def run_datasets(run, key):
    """Datasets that a run learns from (``datasets``) or is measured on (``held_out``)."""
    entry = {**RUNS, **CLASSIFIERS}[run]
    return entry["datasets"] if key == "datasets" else [entry["held_out"]]


def run_pixels(run, key, ext):
    """Crops (``npy``) or their indexes (``parquet``) of a run's datasets."""
    crop = geometry({**RUNS, **CLASSIFIERS}[run]["model"])
    return [
        f"<results>/pixels/{dataset}/{crop}/part-{shard}.{ext}"
        for dataset in run_datasets(run, key)
        for shard in range(SHARDS[dataset])
    ]


def run_samples(run, key):
    """Samples tables of a run's datasets."""
    return [f"<results>/samples/{name}.parquet" for name in run_datasets(run, key)]


def classifier_settings(name):
    """Settings of a classifier: its network, how it sees pictures, how it is trained."""
    entry = CLASSIFIERS[name]
    model = MODELS[entry["model"]]
    how = {key: entry[key] for key in ("steps", "batch_size", "learning_rate")}
    seen = {key: list(catalogue.preprocessing(model)[key]) for key in ("mean", "std")}
    return sorted_keys(
        {
            **how,
            "name": name,
            "architecture": model["architecture"],
            "preprocessing": seen,
            "seed": entry["seed"],
            "checkpoint_every": CONFIG["training"]["checkpoint_every"],
        }
    )


def study_trajectories(study):
    """Trajectories of the runs of a study, without repetition."""
    names = dict.fromkeys(cell["run"] for cell in CELLS[study])
    return [f"<results>/training/{name}/trajectory.parquet" for name in names]


# Checkpoints of every run, also of those that no figure looks at.
CHECKPOINTS = [
    *collect("<results>/training/{run}/open_clip_model.safetensors", run=RUNS),
    *collect("<results>/training/{run}/model.safetensors", run=CLASSIFIERS),
]
