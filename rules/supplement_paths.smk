"""Paths and settings of Supplementary Figures 13 to 15; no rules."""


def independent_models(wc):
    """Model entries of one of ``independent_models``, as the extraction needs them, by name."""
    entries = independent_entries(CONFIG, wc.independent)
    return {name: described_model(entry) for name, entry in entries.items()}


def independent_items(wc):
    """Number of pictures that they see."""
    return INDEPENDENT[wc.independent].get("items", CONFIG["cone_study"]["seed_items"])


def independent_crops(wc, ending):
    """The pixel shards that hold those pictures."""
    first = next(iter(independent_entries(CONFIG, wc.independent).values()))
    crop = catalogue.model_geometry(first, ROOT)
    dataset = INDEPENDENT[wc.independent]["dataset"]
    return crops_of(dataset, crop, independent_items(wc), ending)


def independent_weights(wc):
    """Files that those models are read from."""
    entries = independent_entries(CONFIG, wc.independent).values()
    return [path for entry in entries for path in catalogue.weight_files(entry)]


def described_independent():
    """What figures call them, and the random initialisations that they started from."""
    return [independent_description(name) for name in INDEPENDENT]


def independent_description(name):
    entry = INDEPENDENT[name]
    classifier = CONFIG["training_classifiers"].get(entry.get("classifier"), {})
    start = {"model": classifier.get("model"), "dataset": entry["dataset"]}
    compared = [
        {key: other[key] for key in start} for other in CONFIG["initialisations"]
    ]
    return {
        "name": f"{name}/{entry['dataset']}",
        "label": entry.get("label", name),
        "dataset_label": dataset_label(entry["dataset"]),
        "random": "/".join(start.values()) if start in compared else None,
    }


def random_twins():
    """Tables of the random initialisations that such models are compared with."""
    names = [group["random"] for group in described_independent() if group["random"]]
    return [
        f"<results>/statistics/seeds/{name}.parquet" for name in dict.fromkeys(names)
    ]


def unnormalised_entries():
    """Two-tower initialisations that are measured again without normalisation layers."""
    return [
        entry
        for entry in run_entries("initialisations", towers=2)
        if entry.get("without_normalisation")
    ]


def unnormalised_seeds():
    """Their tables."""
    return [
        f"<results>/statistics/seeds/{entry['model']}/{entry['dataset']}.parquet"
        for entry in unnormalised_entries()
    ]


def study_summary(study):
    """The summary of a study, as a list: empty where the configuration has none."""
    names = [table for table, of in STUDY_OF_TABLE.items() if of == study]
    return [f"<results>/statistics/training/{name}.parquet" for name in names]


def study_models(study):
    """Models that a study's runs start from, without repetition."""
    return list(dict.fromkeys(cell["model"] for cell in CELLS.get(study, [])))


def unnormalised_settings():
    """What the table of Figure S15 needs to know about models."""
    return {
        "states": {
            run_name(entry): catalogue.weights_state(MODELS[entry["model"]])
            for entry in CONFIG["without_normalisation"]
        },
        "normalisation": {
            name: "removed" if catalogue.removes_normalisation(MODELS[name]) else "kept"
            for name in study_models("without_normalisation")
        },
    }


def run_name(entry):
    """MODEL/DATASET of an entry, as tables name what was measured of it."""
    return f"{entry['model']}/{entry['dataset']}"


def unnormalised_names():
    """Models and datasets that Figure S15 draws, in order, and what it calls everything."""
    entries = [*CONFIG["without_normalisation"], *unnormalised_entries()]
    labels = {
        run_name(
            entry
        ): f"{model_label(entry['model'])}, {dataset_label(entry['dataset'])}"
        for entry in entries
    }
    labels |= {
        name: model_label(name) for name in study_models("without_normalisation")
    }
    drawn = [run_name(entry) for entry in CONFIG["without_normalisation"]]
    return {"drawn": drawn, "labels": labels}
