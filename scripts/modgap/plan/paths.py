"""Where every intermediate file of a configuration lies.

Paths start with ``<results>`` or ``<resources>``, which Snakemake replaces.
"""

import re
from typing import NamedTuple

from modgap.data.modalities import modality_names
from modgap.data.sources import count_items
from modgap.plan.models.entries import towers

# Model name under which ready embeddings are stored.
IMPORTED = "imported"


class Context(NamedTuple):
    """What every section of the plan is made from.

    config : the checked configuration. root : folder of the project.
    shards : number of shards by dataset. pins, downloads : tables of weights and of files.
    runs, cells : training runs by name, and the cells of each study. classifiers : runs by name.
    geometries : pixel geometry of each model, such as 224-bicubic-shortest.
    """

    config: dict
    root: str
    shards: dict
    pins: dict
    downloads: dict
    runs: dict
    cells: dict
    classifiers: dict
    geometries: dict


def is_imported(entry):
    """Whether a dataset consists of ready embeddings."""
    return entry.get("kind") == "embeddings"


def is_sharded(entry):
    """Whether a dataset is a folder of ready embeddings that are read shard by shard."""
    return is_imported(entry) and "folder" in entry


def shard_counts(config):
    """Number of pixel and embedding shards of each dataset that is embedded here."""
    counts, pixels = {}, config["pixels"]
    for name, entry in config["datasets"].items():
        if entry["kind"] == "webdataset":
            counts[name] = len(entry["files"])
        elif not is_imported(entry):
            n = count_items(entry["kind"], entry, on_bad_sample=pixels["on_bad_sample"])
            counts[name] = -(-n // pixels["shard_size"])
    return counts


def modalities(config, entry):
    """The clouds of an embedding set or cone: those of a model's towers, or of ready embeddings."""
    if "model" not in entry:
        return entry.get("modalities") or modality_names(config["datasets"][entry["dataset"]])
    return list(towers(config["models"][entry["model"]]))


def list_paired(config):
    """Embedding sets whose rows are pairs: all but those of ready embeddings that say otherwise."""
    sets, datasets = config["embedding_sets"], config["datasets"]
    return [name for name in sets if datasets.get(sets[name]["dataset"], {}).get("paired", True)]


def list_matrices(config):
    """Datasets of which more than two modalities are paired."""
    paired = {}
    for entry in config["embedding_sets"].values():
        if "modalities" in entry and "model" not in entry:
            paired.setdefault(entry["dataset"], set()).update(entry["modalities"])
    return [name for name, sides in paired.items() if len(sides) > 2]


def one_of(names):
    """Regular expression that matches exactly the given names (nothing when there are none)."""
    return "|".join(re.escape(name) for name in names) or "(?!)"


def samples_path(dataset):
    """Samples table of a dataset."""
    return f"<results>/samples/{dataset}.parquet"


def statistics_path(what, name):
    """A table of measurements."""
    return f"<results>/statistics/{what}/{name}.parquet"


def moments_path(dataset):
    """Moments of all pairs of a dataset that is read shard by shard."""
    return f"<results>/moments/{dataset}.npz"


def cloud_parts(known, entry, modality):
    """Shards of one cloud of an embedding set, cone or task."""
    model, dataset = entry.get("model", IMPORTED), entry["dataset"]
    folder = f"<results>/embeddings/{model}/{dataset}/{modality}"
    return [f"{folder}/part-{shard}.parquet" for shard in range(known.shards.get(dataset, 1))]


def set_parts(known, name, side):
    """Shards of the first (0) or second (1) modality of an embedding set."""
    entry = known.config["embedding_sets"][name]
    return cloud_parts(known, entry, modalities(known.config, entry)[side])


def set_samples(known, name):
    """The samples table behind an embedding set, as a list; none for ready embeddings."""
    dataset = known.config["embedding_sets"][name]["dataset"]
    return [] if is_imported(known.config["datasets"][dataset]) else [samples_path(dataset)]


def set_caption(known, name):
    """Which caption of a picture enters the geometry of an embedding set."""
    entry = known.config["embedding_sets"][name]
    # Of ready embeddings there are the texts that the user means.
    usual = known.config["statistics"]["caption"] if "model" in entry else "all"
    return entry.get("caption", usual)


def task_pictures(known, entry):
    """Shards of what a task classifies: pictures, or the first modality of ready embeddings."""
    return cloud_parts(known, entry, modalities(known.config, entry)[0])


def shard_size(known, dataset):
    """Pictures per job; a webdataset has one job per tar instead."""
    if known.config["datasets"][dataset]["kind"] == "webdataset":
        return None
    return known.config["pixels"]["shard_size"]


def crops(known, dataset, geometry, ending, items=None):
    """Shards of crops (``npy``) or of their indexes (``parquet``), those of the first ``items``."""
    shards = known.shards[dataset]
    if items is not None:
        shards = count_first_shards(items, shard_size(known, dataset), shards)
    folder = f"<results>/pixels/{dataset}/{geometry}"
    return [f"{folder}/part-{shard}.{ending}" for shard in range(shards)]


def count_first_shards(items, shard_size, shards):
    """Number of the first shards that are sure to hold the first ``items`` pictures.

    shard_size : pictures in every shard but the last; None where a shard is an archive, of which
    only that it holds a picture is known. shards : how many there are.
    """
    return min(shards, items if shard_size is None else -(-items // shard_size))


def cone_clouds(known):
    """(model, dataset, modality) of every cone that is measured, without repetition."""
    clouds = [
        (entry.get("model", IMPORTED), entry["dataset"], modality)
        for entry in known.config["cones"]
        for modality in modalities(known.config, entry)
    ]
    return list(dict.fromkeys(clouds))


def picture_sets(known):
    """Datasets of pictures whose cones are measured: Figure 2(a) has the first."""
    named = dict.fromkeys(entry["dataset"] for entry in known.config["cones"])
    kinds = {name: known.config["datasets"][name]["kind"] for name in named}
    return [name for name in named if kinds[name] not in ("noise", "embeddings")]


def pixel_pairs(known):
    """(dataset, geometry) of the crops behind every embedding and every training run."""
    config = known.config
    entries = [
        *config["embedding_sets"].values(),
        *config["cones"],
        *config["zero_shot"].values(),
        *config["fairness"].values(),
    ]
    pairs = {
        (entry["dataset"], known.geometries[entry["model"]])
        for entry in entries
        if "model" in entry
    }
    for run in [*known.runs.values(), *known.classifiers.values()]:
        geometry = known.geometries[run["model"]]
        pairs |= {(dataset, geometry) for dataset in [*run["datasets"], run["held_out"]]}
    return sorted(pairs)


def pixel_indexes(known):
    """Indexes of the crops behind every embedding and every training run, each once."""
    return [path for pair in pixel_pairs(known) for path in crops(known, *pair, "parquet")]


def pixel_samples(known):
    """Samples tables of the pictures behind them, each once."""
    names = dict.fromkeys(dataset for dataset, _ in pixel_pairs(known))
    return [f"<results>/samples/{name}.parquet" for name in names]


def checkpoints(known):
    """Weights of every training run, also of those that no figure looks at."""
    folder = "<results>/training"
    return [
        *(f"{folder}/{run}/open_clip_model.safetensors" for run in known.runs),
        *(f"{folder}/{run}/model.safetensors" for run in known.classifiers),
    ]


def all_parts(known):
    """Shards of every cloud of the configuration, each once, in order."""
    config = known.config
    parts = {
        path
        for entry in [*config["embedding_sets"].values(), *config["cones"]]
        for modality in modalities(config, entry)
        for path in cloud_parts(known, entry, modality)
    }
    for entry in [*config["zero_shot"].values(), *config["fairness"].values()]:
        parts |= set(task_pictures(known, entry))
    return sorted(parts)
