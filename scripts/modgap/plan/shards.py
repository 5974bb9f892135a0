"""Folders of embeddings in many shards: which job sums which of them, and the tree that merges.

<results>/moments/{dataset}/index.parquet         headers of all shards
<results>/moments/{dataset}/0-{part}.npz          moments of ``shards_per_job`` shards
<results>/moments/{dataset}/{level}-{part}.npz    of MERGED files of the level below
<results>/moments/{dataset}.npz                   of all
"""

from modgap.data.modalities import modality_names
from modgap.data.shards import list_ids, list_shards, names_pictures
from modgap.errors import InputError
from modgap.plan.checks.amounts import MOST_JOBS
from modgap.plan.paths import cloud_parts, is_sharded, moments_path, one_of

# Files that one job adds up, and shards that one job sums where nothing else is said.
MERGED, SHARDS_PER_JOB = 16, 4

# A batch of CLIP's training: the loss takes no more pairs, and a sample holds at least as many.
LARGEST_BATCH = 32_768


def list_sharded(config):
    """Names of the datasets that are read shard by shard."""
    return [name for name, entry in config["datasets"].items() if is_sharded(entry)]


def plan_sharded(known):
    """By dataset with ``folder``: its files and index, the jobs of its shards, the tree of sums."""
    return {name: plan_folder(known, name) for name in list_sharded(known.config)}


def plan_folder(known, name):
    """``plan_sharded`` of one dataset."""
    entry, seed = known.config["datasets"][name], known.config["statistics"]["seed"]
    arrays, shards = list_shards(entry)
    each = entry.get("shards_per_job", SHARDS_PER_JOB)
    jobs = [shards[start : start + each] for start in range(0, len(shards), each)]
    if len(jobs) > MOST_JOBS:
        raise InputError(
            f"datasets.{name}.shards_per_job: {len(shards):,} shards by {each} are more than "
            f"{MOST_JOBS:,} jobs; give more"
        )
    *branches, root = list_levels(name, len(jobs))
    pictures = plan_pictures(entry, shards)
    ids = pictures.get("pictures", {}).get("files", [])
    return {
        "files": unique_files([*shards, *ids]),
        "index": index_path(name),
        "indexing": {"folder": entry["folder"], "arrays": arrays, "shards": shards, **pictures},
        "jobs": [
            {
                "files": unique_files([*job, *ids[each * part : each * part + len(job)]]),
                "settings": {"name": name, "seed": seed, "shards": [each * part, len(job)]},
                "ranking": {"shards": [each * part, len(job)]},
            }
            for part, job in enumerate(jobs)
        ],
        "clouds": {
            side: cloud_parts(known, {"dataset": name}, modality)[0]
            for side, modality in zip(("first", "second"), modality_names(entry), strict=True)
        },
        # By level and part; the files of level 0 are those of the jobs.
        "levels": [[], *branches],
        "root": root[0],
    }


def plan_pictures(entry, shards):
    """What tells the pictures of a folder: the column of their ids, and the files of each shard
    that may hold it; nothing where every row is a picture.
    """
    named = names_pictures(entry)
    return {"pictures": {**named, "files": list_ids(entry, shards)}} if named else {}


def index_path(dataset):
    """Headers of the shards of a dataset."""
    return f"<results>/moments/{dataset}/index.parquet"


def plan_sampled(known):
    """By dataset and modality of folders: the shards, and how many rows of them are drawn."""
    statistics, plan = known.config["statistics"], {}
    for name in list_sharded(known.config):
        entry = known.config["datasets"][name]
        _, shards = list_shards(entry)
        ids = plan_pictures(entry, shards).get("pictures", {}).get("files", [])
        for side, modality in enumerate(modality_names(entry)):
            plan[f"{name}/{modality}"] = {
                "files": unique_files([*([shard[side]] for shard in shards), *ids]),
                "index": index_path(name),
                "settings": {
                    "name": name,
                    "side": side,
                    "limit": max(statistics["exact_rows"], LARGEST_BATCH),
                    "seed": statistics["seed"],
                },
            }
    return plan


def sharded_patterns(config):
    """Regular expressions of the datasets that are read shard by shard, and of their clouds."""
    names = list_sharded(config)
    return {
        "sharded": one_of(names),
        "sampled": one_of(
            f"{name}/{modality}"
            for name in names
            for modality in modality_names(config["datasets"][name])
        ),
    }


def list_levels(name, n_jobs):
    """By level above the jobs the files that each job of it merges; the last has one job."""
    levels, files = [], [f"<results>/moments/{name}/0-{part}.npz" for part in range(n_jobs)]
    while len(files) > 1 or not levels:
        groups = [files[start : start + MERGED] for start in range(0, len(files), MERGED)]
        levels.append(groups)
        files = [
            f"<results>/moments/{name}/{len(levels)}-{part}.npz" for part in range(len(groups))
        ]
    return levels


def unique_files(shards):
    """Files of some shards, each once: one may hold both modalities."""
    return list(dict.fromkeys(path for shard in shards for path in shard))


def list_ranks(known, dataset):
    """What is counted of every query, a file a job; none where rows are read whole."""
    entry = known.config["datasets"][dataset]
    if not is_sharded(entry):
        return []
    _, shards = list_shards(entry)
    n_jobs = -(-len(shards) // entry.get("shards_per_job", SHARDS_PER_JOB))
    return [f"<results>/moments/{dataset}/ranks-{part}.npy" for part in range(n_jobs)]


def list_moments(known, dataset):
    """Moments of all pairs of a dataset, as a list; none where its rows are read whole."""
    return [moments_path(dataset)] if is_sharded(known.config["datasets"][dataset]) else []
