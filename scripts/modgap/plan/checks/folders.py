"""Files and folders that a configuration names: whether they are there, and where results go."""

import os
import re
from pathlib import Path

from modgap.data.sources import download_rows, named_paths, where_to_get
from modgap.fetch.table import fetched_file, mirror_problem

FEW = 3  # missing files of one key that are listed


# Folders that the default run has below results/: no file's own folder may be one of them.
TAKEN_FOLDERS = (
    "benchmarks",
    "embeddings",
    "figures",
    "independent",
    "logs",
    "moments",
    "pixels",
    "prompts",
    "report",
    "samples",
    "seeds",
    "statistics",
    "tables",
    "training",
    "transforms",
    "without_normalisation",
)


def path_problems(config, root):
    """Files and folders that are named, but neither there nor to be fetched."""
    folder, rows = config["resources"], download_rows(config, root)
    lines = []
    for name, entry in config["datasets"].items():
        missing = {}
        for key, path in named_paths(entry):
            if not os.path.exists(path) and not fetched_file(path, folder, rows):
                missing.setdefault(key, []).append(path)
        for key, paths in missing.items():
            key = "shards" if key == "files" and "shards" in entry else key  # as the user wrote it
            where, hint = f"datasets.{name}.{key}", where_to_get(entry, paths[0], folder, rows)
            lines += [f"{where}: no such file or folder: {path}{hint}" for path in paths[:FEW]]
            if len(paths) > FEW:
                lines.append(f"{where}: and {len(paths) - FEW} more, the last {paths[-1]}")
    problem = config["mirror"] and mirror_problem(config["mirror"])
    if problem:
        lines.append(f"mirror: {problem}")
    for key in ("results", "resources"):
        there = next(path for path in walk_up(config[key]) if os.path.lexists(path))
        if not os.path.isdir(there):
            lines.append(f"{key}: {there} is no folder; name another place")
    return [*lines, *mixed_folders(config["results"], config["resources"])]


def mixed_folders(results, resources):
    """The line for files of the network that would lie among the results of a stage, or none.

    Whoever removes results would remove what was fetched, and two files may get one name.
    """
    results, resources = (os.path.realpath(folder) for folder in (results, resources))
    if results == resources:
        yield "results: the same folder as resources; name another"
    for name in TAKEN_FOLDERS:
        if Path(resources).is_relative_to(Path(results, name)):
            yield f"resources: lies in {name} of the results, which a run makes; name another place"


def walk_up(path):
    """A path, and every folder above it."""
    path = Path(os.path.abspath(path))
    return path, *path.parents


def name_results(configfiles):
    """Folder of what a run makes whose files name none: results/NAME OF THE LAST FILE.

    So that runs of several files keep what each has made. Without a file it is ``results``.
    Blanks and signs become underscores.
    """
    if not configfiles:
        return "results"
    name = re.sub(r"[^\w.-]+", "_", Path(configfiles[-1]).stem).strip("._-") or "run"
    return f"results/{name}_run" if name in TAKEN_FOLDERS else f"results/{name}"
