"""Paths of intermediate products, and what figures call them; no rules."""


def geometry(model):
    """Pixel geometry of a model, such as 224-bicubic-shortest."""
    return catalogue.model_geometry(MODELS[model], ROOT)


def parts(dataset, modality, model=IMPORTED):
    """Shards of one cloud."""
    return [
        f"<results>/embeddings/{model}/{dataset}/{modality}/part-{shard}.parquet"
        for shard in range(SHARDS.get(dataset, 1))
    ]


def cloud_parts(entry, modality):
    """Shards of one cloud of an embedding set or cone entry."""
    return parts(entry["dataset"], modality, entry.get("model", IMPORTED))


def task_pictures(entry):
    """Shards of what a task classifies: pictures, or the first modality of ready embeddings."""
    return cloud_parts(entry, "images" if "model" in entry else "first")


def set_parts(name, side):
    """Shards of the first (0) or second (1) modality of an embedding set."""
    return cloud_parts(SETS[name], modalities(CONFIG, SETS[name])[side])


def set_samples(name):
    """The samples table behind an embedding set; none for ready embeddings."""
    dataset = SETS[name]["dataset"]
    return [] if dataset in READY else [f"<results>/samples/{dataset}.parquet"]


def set_caption(name):
    """Which caption of a picture enters the geometry of an embedding set."""
    return SETS[name].get("caption", CONFIG["statistics"]["caption"])


def cone_clouds():
    """(model, dataset, modality) of every cone that is measured, without repetition."""
    clouds = [
        (entry.get("model", IMPORTED), entry["dataset"], modality)
        for entry in CONES
        for modality in modalities(CONFIG, entry)
    ]
    return list(dict.fromkeys(clouds))


def cone_tables(what, clouds=None):
    """Paths of the cone statistics (``cone``) or histograms (``cone_histogram``); of all clouds
    when none are given."""
    return [
        f"<results>/statistics/{what}/{m}/{d}/{side}.parquet"
        for m, d, side in (cone_clouds() if clouds is None else clouds)
    ]


def picture_sets():
    """Datasets of pictures whose cones are measured: Figure 2(a) has the first."""
    named = dict.fromkeys(entry["dataset"] for entry in CONES)
    return [name for name in named if name not in NOISE + READY]


def figure2a_clouds():
    """Clouds of the first picture set, of noise and of ready embeddings."""
    return [cloud for cloud in cone_clouds() if cloud[1] not in picture_sets()[1:]]


def picture_clouds():
    """Clouds of every picture set."""
    return [cloud for cloud in cone_clouds() if cloud[1] in picture_sets()]


def set_label(name):
    """What figures call an embedding set."""
    return SETS[name].get("label", name)


def set_state(name):
    """``trained``, ``random`` or, for ready embeddings, nothing known."""
    model = SETS[name].get("model")
    return catalogue.weights_state(MODELS[model]) if model else ""


def figure1_rows():
    """Embedding sets in the order of Figure 1: a set, then those drawn beside it."""
    order = []
    for name in SETS:
        if "beside" not in SETS[name]:
            twins = [other for other in SETS if SETS[other].get("beside") == name]
            order += [name, *twins]
    order += [name for name in SETS if name not in order]
    return [
        {
            "name": name,
            "label": set_label(name),
            "state": set_state(name),
            "grouped": SETS[name].get("beside") in order,
            "modalities": modalities(CONFIG, SETS[name]),
        }
        for name in order
    ]


def described_clouds(clouds):
    """Row and column of each cloud in Figures 2(a) and S14."""
    cells = []
    for model, dataset, modality in clouds:
        data = DATASETS[dataset].get("label", dataset)
        if model == IMPORTED:
            row, column, state = data, f"{modality} modality", ""
        else:
            entry = MODELS[model]
            state = catalogue.weights_state(entry)
            row = f"{state} weights,\n{data}"
            encoder = entry.get("label") or entry.get("architecture", model)
            tower = {"images": "image tower", "texts": "text tower"}[modality]
            unimodal = len(catalogue.towers(entry)) == 1
            column = encoder if unimodal else f"{encoder} {tower}"
        name = f"{model}/{dataset}/{modality}"
        cells.append({"name": name, "row": row, "column": column, "state": state})
    return cells


def crops_of_texts(wc):
    """The pixel index that tells which texts to leave out; none where a bad picture stops all."""
    if CONFIG["pixels"]["on_bad_sample"] == "stop" or wc.dataset in NOISE:
        return []
    return [
        f"<results>/pixels/{wc.dataset}/{geometry(wc.model)}/part-{wc.shard}.parquet"
    ]


def pixel_parts():
    """The pixel shards behind every embedding: (dataset, geometry) pairs, without repetition."""
    pairs = {
        (entry["dataset"], geometry(entry["model"]))
        for entry in [*SETS.values(), *CONES, *TASKS.values(), *FAIRNESS.values()]
        if "model" in entry
    }
    for run in [*RUNS.values(), *CLASSIFIERS.values()]:
        datasets = [*run["datasets"], run["held_out"]]
        pairs |= {(dataset, geometry(run["model"])) for dataset in datasets}
    return [
        f"<results>/pixels/{dataset}/{crop}/part-{shard}.parquet"
        for dataset, crop in sorted(pairs)
        for shard in range(SHARDS[dataset])
    ]


def unseeded_entry(model):
    """A model's description for jobs that try many seeds: its own seed means nothing there."""
    return {key: value for key, value in model_entry(model).items() if key != "seed"}


def model_label(name):
    """What figures call a model."""
    return MODELS[name].get("label", name)


def dataset_label(name):
    """What figures call a dataset."""
    return DATASETS[name].get("label", name)


def run_option(section, wildcards, key, default):
    """An optional key of the entry of ``initialisations`` or ``layers`` that a job works on."""
    return next(
        entry.get(key, default)
        for entry in CONFIG[section]
        if (entry["model"], entry["dataset"]) == (wildcards.model, wildcards.dataset)
    )


def run_items(section, wildcards):
    """Number of pictures that such a job reads."""
    usual = {"initialisations": "seed_items"}.get(section, "layer_items")
    return run_option(section, wildcards, "items", CONFIG["cone_study"][usual])


def first_crops(section, wildcards, ending):
    """The pixel shards that hold those pictures."""
    items = run_items(section, wildcards)
    return crops_of(wildcards.dataset, geometry(wildcards.model), items, ending)


def crops_of(dataset, crop, items, ending):
    """The pixel shards that hold the first ``items`` pictures of a dataset."""
    needed = first_shards(items, shard_size(dataset), SHARDS[dataset])
    folder = f"<results>/pixels/{dataset}/{crop}"
    return [f"{folder}/part-{shard}.{ending}" for shard in range(needed)]


def run_entries(section, towers=1):
    """Entries of ``initialisations`` or ``layers`` whose model has at least so many towers."""
    return [
        entry
        for entry in CONFIG[section]
        if len(catalogue.towers(MODELS[entry["model"]])) >= towers
    ]


def run_tables(section, what, towers=1):
    """Paths of what was computed for the entries of ``initialisations`` or ``layers``."""
    return [
        f"<results>/statistics/{what}/{entry['model']}/{entry['dataset']}.parquet"
        for entry in run_entries(section, towers)
    ]


def described_runs(section, towers=1):
    """What figures and tables call the entries of ``initialisations`` or ``layers``."""
    return [
        {
            "model": entry["model"],
            "label": model_label(entry["model"]),
            "state": catalogue.weights_state(MODELS[entry["model"]]),
            "dataset": entry["dataset"],
            "dataset_label": dataset_label(entry["dataset"]),
        }
        for entry in run_entries(section, towers)
    ]
