"""Datasets that are switched off, and with them everything that names them.

``use: false`` keeps a dataset in a configuration without asking for it, such as one of which few
people have a copy. Its tasks, sets and runs are written down once and wait for one key.
"""

LISTS = ("cones", "initialisations", "layers", "without_normalisation")
TASKS = ("zero_shot", "fairness")
TRAINING = ("training_runs", "training_studies", "training_classifiers")


def drop_unused(config):
    """The configuration without datasets of ``use: false`` and what needs them.

    Parameters
    ----------
    config : the whole configuration, right by the schema, with every section.

    Returns
    -------
    The same without the key ``use``: what a job is told does not change when it is written out.
    """
    entries = config["datasets"]
    unused = {name for name, entry in entries.items() if not entry.get("use", True)}
    datasets = {
        name: {key: value for key, value in entry.items() if key != "use"}
        for name, entry in entries.items()
        if name not in unused
    }
    result = {**config, "datasets": datasets}
    if not unused:
        return result
    for section in LISTS:
        result[section] = [entry for entry in config[section] if entry["dataset"] not in unused]
    for section in ("embedding_sets", "independent_models", *TASKS):
        result[section] = keep_entries(
            config[section], lambda entry: entry["dataset"] not in unused
        )
    gone = config["embedding_sets"].keys() - result["embedding_sets"].keys()
    for section in TASKS:
        result[section] = keep_entries(result[section], lambda entry: entry.get("gap") not in gone)
    result["embedding_sets"] = {
        name: {key: value for key, value in entry.items() if key != "beside" or value not in gone}
        for name, entry in result["embedding_sets"].items()
    }
    result["comparisons"] = keep_entries(
        config["comparisons"],
        lambda pair: not any(isinstance(item, str) and item in gone for item in pair),
    )
    tasks = config["zero_shot"].keys() - result["zero_shot"].keys()
    result["gap_methods"] = {
        name: keep_methods(entry, gone, tasks)
        for name, entry in config["gap_methods"].items()
        if name not in gone
    }
    for section in TRAINING:
        result[section] = keep_entries(
            config[section], lambda entry: not unused & named_datasets(entry)
        )
    return result


def keep_entries(entries, is_kept):
    """The entries of a section, by name, for which ``is_kept`` is true."""
    return {name: entry for name, entry in entries.items() if is_kept(entry)}


def keep_methods(entry, sets, tasks):
    """An entry of ``gap_methods`` without the sets and tasks that are gone."""
    result = dict(entry)
    if entry.get("calibration") in sets:
        del result["calibration"]
    if "zero_shot" in entry:
        result["zero_shot"] = [task for task in entry["zero_shot"] if task not in tasks]
    return result


def named_datasets(entry):
    """Names of the datasets that a run or study learns from and is measured on."""
    parts = [entry, *entry.get("cells", [])]
    lists = [[*part.get("datasets", []), part.get("held_out")] for part in parts]
    return {name for names in lists for name in names if name is not None}
