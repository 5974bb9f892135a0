"""What the configuration asks of its datasets, and of the files that are fetched for them."""

from pathlib import Path

from modgap.data.modalities import (
    CLASS_FILES,
    modality_names,
)
from modgap.data.sources import (
    ARRAYS,
    fetched_files,
    listing_digest,
    source_paths,
)
from modgap.fetch.addresses import redact_values
from modgap.fetch.table import fetch_list, fetched_file, local_name, made_from, plain_tar
from modgap.plan.models import weight_files
from modgap.plan.paths import cloud_parts, is_imported, one_of, shard_size
from modgap.plan.tasks import is_labelled


def group_datasets(config):
    """Names of the datasets that each rule is for."""
    datasets = config["datasets"]
    groups = {
        "drawn": [n for n, entry in datasets.items() if entry["kind"] in ("scenes", "digits")],
        "ready": [n for n, entry in datasets.items() if is_imported(entry)],
        "unpacked": [n for n, entry in datasets.items() if entry.get("name") in ARRAYS],
        "webdataset": [n for n, entry in datasets.items() if entry["kind"] == "webdataset"],
    }
    arrays = groups["unpacked"]
    groups["torchvision"] = [
        n for n, entry in datasets.items() if entry["kind"] == "torchvision" and n not in arrays
    ]
    taken = set().union(*groups.values())
    return {
        **groups,
        "listed": [name for name in datasets if name not in taken],
        "labelled": [name for name, entry in datasets.items() if is_labelled(entry)],
    }


def list_plain_tars(known):
    """Names of the tars that are made from gzipped ones, which are fetched."""
    return [plain_tar(file) for file in known.downloads if plain_tar(file) != file]


def fetched_paths(known, name):
    """The files behind a dataset that the workflow fetches or makes from what it fetches."""
    paths = source_paths(known.config["datasets"][name])
    return [path for path in paths if is_fetched(known, path)]


def fetched_weights(known, model):
    """The weight files of a model that the workflow fetches."""
    files = weight_files(known.config["models"][model])
    return [path for path in files if is_fetched(known, path)]


def is_fetched(known, path):
    return bool(fetched_file(path, known.config["resources"], known.downloads))


def list_source_files(known, name):
    """The files behind a dataset; a folder of the user's counts by its listing instead."""
    fetched = fetched_paths(known, name)
    paths = source_paths(known.config["datasets"][name])
    return [path for path in paths if path in fetched or Path(path).is_file()]


def list_checksums(known, files):
    """Names, hashes and lengths of fetched files, as the jobs that read them check them."""
    keys = ("file", "sha256", "md5", "bytes")
    return [{key: known.downloads[file][key] for key in keys} for file in files]


def describe_fetched(known, name):
    """What a job needs to check the fetched files that it reads."""
    folder = known.config["resources"]
    files = [local_name(path, folder) for path in fetched_paths(known, name)]
    read = [file for file in files if file in known.downloads]
    return {"fetched": list_checksums(known, read), "folder": folder} if read else {}


def describe_dataset(known, name):
    """A dataset's description, with a digest of the listing where it is a folder.

    Snakemake keeps what jobs are told, and shows some of it: no secrets of addresses, then.
    """
    left_out = ("label", "classes", *CLASS_FILES)
    entry = redact_values(known.config["datasets"][name])
    entry = {k: v for k, v in entry.items() if k not in left_out}
    digest = listing_digest(entry, fetched_paths(known, name))
    return {**entry, "listing": digest} if digest else entry


def describe_datasets(known):
    """Description of every dataset, made once: it may list a large folder."""
    return {name: describe_dataset(known, name) for name in known.config["datasets"]}


def plan_datasets(known, described):
    """By dataset: its files, its array of pixels and the settings of what reads it."""
    groups = group_datasets(known.config)
    with_array = [*groups["drawn"], *groups["unpacked"]]
    return {
        name: {
            "files": list_source_files(known, name),
            "array": f"<results>/samples/{name}.npy" if name in with_array else [],
            "settings": {"entry": entry, "name": name, **describe_fetched(known, name)},
        }
        for name, entry in described.items()
        if not is_imported(entry)
    }


def plan_labelled(known):
    """By dataset of labelled ready embeddings: its labels and class prompts."""
    keys = ("class_prompts", "classes", "labels")
    datasets = known.config["datasets"]
    return {
        name: {
            "embeddings": cloud_parts(known, {"dataset": name}, modality_names(datasets[name])[0]),
            "labels": datasets[name]["labels"],
            "class_prompts": datasets[name]["class_prompts"],
            "settings": {
                **{key: datasets[name].get(key) for key in keys},
                "id_column": datasets[name].get("id"),
            },
        }
        for name in group_datasets(known.config)["labelled"]
    }


def plan_crops(known, described):
    """By dataset and pixel geometry: the settings of each shard of crops."""
    return {
        f"{name}/{geometry}": {
            "settings": [
                {
                    "entry": described[name],
                    "geometry": geometry,
                    "shard": shard,
                    "shard_size": shard_size(known, name),
                }
                for shard in range(known.shards[name])
            ],
        }
        for name in known.shards
        for geometry in sorted(set(known.geometries.values()))
    }


def plan_downloads(known):
    """By file of the table: the settings of its download."""
    config = known.config
    return {
        file: {"row": row, "folder": config["resources"], "mirror": config["mirror"]}
        for file, row in known.downloads.items()
    }


def plan_plain_tars(known):
    """By tar without gzip: the fetched archive that it is made from."""
    plan = {}
    for name in list_plain_tars(known):
        archive = made_from(name, known.downloads)
        checked = {"fetched": list_checksums(known, [archive]), "folder": known.config["resources"]}
        plan[name] = {"archive": f"<resources>/{archive}", "settings": checked}
    return plan


def plan_fetching(known):
    """What ``prepare`` makes, and what it says about it."""
    config, rows = known.config, known.downloads
    weights = [path for model in config["models"] for path in fetched_weights(known, model)]
    weights = list(dict.fromkeys(weights))
    data = [path for name in config["datasets"] for path in fetched_paths(known, name)]
    folder = config["resources"]
    files = [
        *fetched_files(config["datasets"], folder, rows),
        *(local_name(path, folder) for path in weights),
    ]
    text = fetch_list(files, rows, folder, config["mirror"])
    return {
        "files": [*dict.fromkeys(data), *weights],
        # Snakemake fills braces in messages.
        "message": text.replace("{", "{{").replace("}", "}}"),
    }


def name_patterns(known):
    """Regular expressions of the wildcards of datasets and fetched files."""
    groups = group_datasets(known.config)
    return {
        **{group: one_of(names) for group, names in groups.items()},
        "download": one_of(known.downloads),
        "plain_tar": one_of(list_plain_tars(known)),
    }
