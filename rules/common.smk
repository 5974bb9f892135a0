"""Configuration, settings of rules, rerun digests; no rules."""

import ast
import fcntl
import hashlib
import shutil
import sys
import time
from functools import lru_cache
from pathlib import Path

from snakemake.exceptions import UnknownRuleException, WorkflowError

ROOT = Path(workflow.basedir)
SCRIPTS = ROOT / "scripts"
sys.path.insert(0, str(SCRIPTS))

from modgap.plan import models as catalogue
from modgap.report.console import failure_summary, summary
from modgap.plan.config import (
    IMPORTED,
    is_imported,
    load_config,
    modalities,
    one_of,
    shard_counts,
)
from modgap.data.sources import listing_digest, source_paths
from modgap.fetch.table import (
    fetch_list,
    fetched_file,
    local_name,
    made_from,
    plain_tar,
)
from modgap.errors import InputError
from modgap.files import sha256_of
from modgap.plan.weights import find_pin, read_pins, weight_rows
from modgap.plan.paths import first_shards
from modgap.data.sources import ARRAYS, CLASS_FILES, download_rows, fetched_files
from modgap.plan.tasks import is_labelled
from modgap.plan.training import classifier_runs, independent_entries, plan

STARTED = time.time()

try:
    CONFIG = load_config(config, ROOT)
    SHARDS = shard_counts(CONFIG)
    PINS = read_pins(str(ROOT / CONFIG["weights"]))
    DOWNLOADS = {
        **download_rows(CONFIG, ROOT),
        **weight_rows(PINS, CONFIG["weights"]),
    }
except InputError as error:
    raise WorkflowError(str(error)) from None

DATASETS, MODELS = CONFIG["datasets"], CONFIG["models"]
SETS, CONES = CONFIG["embedding_sets"], CONFIG["cones"]
TASKS, FAIRNESS = CONFIG["zero_shot"], CONFIG["fairness"]
DRAWN = [
    name for name, entry in DATASETS.items() if entry["kind"] in ("scenes", "digits")
]
RUNS, CELLS = plan(CONFIG)
CLASSIFIERS = classifier_runs(CONFIG)
INDEPENDENT = CONFIG["independent_models"]
READY = [name for name, entry in DATASETS.items() if is_imported(entry)]
LABELLED = [name for name in READY if is_labelled(DATASETS[name])]
NOISE = [name for name, entry in DATASETS.items() if entry["kind"] == "noise"]
UNPACKED = [name for name, entry in DATASETS.items() if entry.get("name") in ARRAYS]
LISTED = [name for name in DATASETS if name not in DRAWN + READY + UNPACKED]
PLAIN_TARS = [plain_tar(file) for file in DOWNLOADS if plain_tar(file) != file]

# GPUs of a job that embeds: one where the configuration or this machine has one, none elsewhere, so
# that jobs run side by side. The login node of a cluster may have none: profiles/slurm sets it.
GPUS_HERE = int(
    CONFIG["embeddings"]["device"] == "cuda"
    or CONFIG["embeddings"]["device"] == "auto"
    and shutil.which("nvidia-smi") is not None
)


HELD = []  # the open lock file: closing it would give the folder free


def hold_folder():
    """Make this run the only one in its folder, until its process ends in whatever way.

    Snakemake's own lock outlives a killed run and then has to be removed by hand; the profile
    turns it off.
    """
    path = Path(".snakemake/run.lock")
    path.parent.mkdir(exist_ok=True)
    lock = open(path, "w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise WorkflowError(
            f"another run is at work in {Path.cwd()}; wait for it or stop it"
        ) from None
    except OSError as error:
        logger.warning(
            f"the disk of {Path.cwd()} has no file locks ({error}): "
            "see to it that no second run works here"
        )
    HELD.append(lock)


def job_message(known_rule):
    """What a run says when it starts a job: the rule, its wildcards, the rule's docstring."""
    wildcards = " {wildcards}" if known_rule.wildcard_names else ""
    text = " ".join((known_rule.docstring or "").split())
    text = text.replace("{", "{{").replace("}", "}}")
    return f"{known_rule.name}{wildcards} - {text}"


def local_imports(path):
    """Yield the files under scripts/ that the Python file at path imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module, *(f"{node.module}.{n.name}" for n in node.names)]
        elif isinstance(node, ast.Import):
            names = [n.name for n in node.names]
        else:
            continue
        for name in names:
            stem = SCRIPTS.joinpath(*name.split("."))
            yield from filter(Path.is_file, [stem.with_suffix(".py")])
            for folder in (stem, *stem.parents):
                if SCRIPTS in folder.parents:
                    yield from filter(Path.is_file, [folder / "__init__.py"])


@lru_cache
def code_version(script):
    """Digest of scripts/<script> and of every local module it reaches."""
    files, todo = set(), {SCRIPTS / script}
    while todo:
        path = todo.pop()
        files.add(path)
        todo |= set(local_imports(path)) - files
    content = b"".join(path.read_bytes() for path in sorted(files))
    return f"{script}@{hashlib.sha256(content).hexdigest()[:12]}"


def sorted_keys(value):
    """Mappings sorted at every level: Snakemake compares params by their text."""
    if isinstance(value, dict):
        return {key: sorted_keys(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [sorted_keys(item) for item in value]
    return value


def settings(section, *names, **more):
    """The named keys of a config section (all without names) and more, as one sorted dict."""
    values = CONFIG.get(section, {})  # a study may be left out
    chosen = {key: values[key] for key in names or values}
    return sorted_keys({**chosen, **more})


def model_entry(name):
    """A model's description as the extraction needs it: what it is, not how it is called."""
    return described_model(MODELS[name])


def described_model(entry):
    """The same for an entry that need not be one of ``models``."""
    entry = {key: value for key, value in entry.items() if key != "label"}
    digest = catalogue.architecture_digest(entry, ROOT)
    return sorted_keys({**entry, "architecture_file": digest} if digest else entry)


def dataset_entry(name):
    """A dataset's description, with a digest of the listing where it is a folder."""
    left_out = ("label", "classes", *CLASS_FILES)
    entry = {k: value for k, value in DATASETS[name].items() if k not in left_out}
    digest = listing_digest(entry, fetched_paths(name))
    return sorted_keys({**entry, "listing": digest} if digest else entry)


def fetched_paths(name):
    """The files behind a dataset that the workflow fetches or makes from what it fetches."""
    paths = source_paths(DATASETS[name])
    return [
        path for path in paths if fetched_file(path, CONFIG["resources"], DOWNLOADS)
    ]


def fetched_weights(name):
    """The weight files of a model that the workflow fetches."""
    files = catalogue.weight_files(MODELS[name])
    return [
        path for path in files if fetched_file(path, CONFIG["resources"], DOWNLOADS)
    ]


def source_files(name):
    """The files behind a dataset; a folder of the user's counts by its listing instead."""
    fetched = fetched_paths(name)
    return [
        path
        for path in source_paths(DATASETS[name])
        if path in fetched or Path(path).is_file()
    ]


def checksums(files):
    """Names, hashes and lengths of fetched files, as the jobs that read them check them."""
    keys = ("file", "sha256", "md5", "bytes")
    return [{key: DOWNLOADS[file][key] for key in keys} for file in files]


def fetched_settings(name):
    """What a job needs to check the fetched files that it reads."""
    files = [local_name(path, CONFIG["resources"]) for path in fetched_paths(name)]
    read = [file for file in files if file in DOWNLOADS]
    return {"fetched": checksums(read), "folder": CONFIG["resources"]} if read else {}


def shard_size(name):
    """Pictures per job; a webdataset has one job per tar instead."""
    return (
        None
        if DATASETS[name]["kind"] == "webdataset"
        else CONFIG["pixels"]["shard_size"]
    )
