"""Configuration, paths of intermediate products, rerun digests; no rules."""

import ast
import fcntl
import hashlib
import shutil
import sys
from functools import lru_cache
from pathlib import Path

from snakemake.exceptions import WorkflowError

ROOT = Path(workflow.basedir)
SCRIPTS = ROOT / "scripts"
sys.path.insert(0, str(SCRIPTS))

from modgap import catalogue
from modgap.config import (
    IMPORTED,
    is_imported,
    load_config,
    modalities,
    one_of,
    shard_counts,
)
from modgap.counting import listing_digest, source_paths
from modgap.downloads import (
    fetch_list,
    fetched_file,
    local_name,
    made_from,
    plain_tar,
)
from modgap.errors import InputError
from modgap.files import sha256_of
from modgap.sources import ARRAYS, download_rows, fetched_files
from modgap.training_plan import plan

try:
    CONFIG = load_config(config, ROOT)
    SHARDS = shard_counts(CONFIG)
    DOWNLOADS = download_rows(CONFIG, ROOT)
except InputError as error:
    raise WorkflowError(str(error)) from None

DATASETS, MODELS = CONFIG["datasets"], CONFIG["models"]
SETS, CONES = CONFIG["embedding_sets"], CONFIG["cones"]
TASKS, FAIRNESS = CONFIG["zero_shot"], CONFIG["fairness"]
DRAWN = [
    name for name, entry in DATASETS.items() if entry["kind"] in ("scenes", "digits")
]
RUNS, CELLS = plan(CONFIG)
CLASSIFIERS = CONFIG["training_classifiers"]
READY = [name for name, entry in DATASETS.items() if is_imported(entry)]
NOISE = [name for name, entry in DATASETS.items() if entry["kind"] == "noise"]
UNPACKED = [name for name, entry in DATASETS.items() if entry.get("name") in ARRAYS]
LISTED = [name for name in DATASETS if name not in DRAWN + READY + UNPACKED]
PLAIN_TARS = [plain_tar(file) for file in DOWNLOADS if plain_tar(file) != file]

# Jobs share a GPU one at a time; without one they may run side by side. The login node of a
# cluster may have none: there the profile asks for GPUs by rule.
GPUS_HERE = int(shutil.which("nvidia-smi") is not None)


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
    except OSError:
        raise WorkflowError(
            f"another run is at work in {Path.cwd()}; wait for it or stop it"
        ) from None
    return lock


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
            yield from filter(
                Path.is_file, (stem.with_suffix(".py"), stem / "__init__.py")
            )


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
    entry = {key: value for key, value in MODELS[name].items() if key != "label"}
    digest = catalogue.architecture_digest(entry, ROOT)
    return sorted_keys({**entry, "architecture_file": digest} if digest else entry)


def dataset_entry(name):
    """A dataset's description, with a digest of the listing where it is a folder."""
    entry = {key: value for key, value in DATASETS[name].items() if key != "label"}
    digest = listing_digest(entry, fetched_paths(name))
    return sorted_keys({**entry, "listing": digest} if digest else entry)


def fetched_paths(name):
    """The files behind a dataset that the workflow fetches or makes from what it fetches."""
    paths = source_paths(DATASETS[name])
    return [
        path for path in paths if fetched_file(path, CONFIG["resources"], DOWNLOADS)
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


def cone_tables(what):
    """Paths of the cone statistics (``cone``) or histograms (``cone_histogram``)."""
    return [
        f"<results>/statistics/{what}/{m}/{d}/{side}.parquet"
        for m, d, side in cone_clouds()
    ]


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


def figure2a_clouds():
    """Row and column of each cloud in Figure 2(a), in the order of ``cone_clouds``."""
    cells = []
    for model, dataset, modality in cone_clouds():
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


def run_option(section, wildcards, key, default):
    """An optional key of the entry of ``initialisations`` or ``layers`` that a job works on."""
    return next(
        entry.get(key, default)
        for entry in CONFIG[section]
        if (entry["model"], entry["dataset"]) == (wildcards.model, wildcards.dataset)
    )


def run_items(section, wildcards):
    """Number of pictures that such a job reads."""
    usual = {"initialisations": "seed_items", "layers": "layer_items"}[section]
    return run_option(section, wildcards, "items", CONFIG["cone_study"][usual])


def first_crops(section, wildcards, ending):
    """The pixel shards that hold those pictures."""
    needed = -(-run_items(section, wildcards) // CONFIG["pixels"]["shard_size"])
    folder = f"<results>/pixels/{wildcards.dataset}/{geometry(wildcards.model)}"
    return [
        f"{folder}/part-{shard}.{ending}"
        for shard in range(min(needed, SHARDS[wildcards.dataset]))
    ]


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
            "label": MODELS[entry["model"]].get("label", entry["model"]),
            "state": catalogue.weights_state(MODELS[entry["model"]]),
            "dataset": entry["dataset"],
            "dataset_label": DATASETS[entry["dataset"]].get("label", entry["dataset"]),
        }
        for entry in run_entries(section, towers)
    ]


ALL_PARTS = sorted(
    {
        path
        for entry in [*SETS.values(), *CONES]
        for modality in modalities(CONFIG, entry)
        for path in cloud_parts(entry, modality)
    }
    | {
        path
        for entry in [*TASKS.values(), *FAIRNESS.values()]
        for path in parts(entry["dataset"], "images", entry["model"])
    }
)

# The published name of each study's table, and the study.
STUDY_OF_TABLE = {
    table: study
    for table, study in [
        ("temperature_finetuning", "temperature_finetuning"),
        ("initialisation_vs_optimisation", "initialisation"),
        ("gap_during_training", "gap_triggers"),
        ("embedding_width", "embedding_width"),
    ]
    if study in CELLS
}
FIGURE1_ROWS = figure1_rows()
FIGURE1_ORDER = [row["name"] for row in FIGURE1_ROWS]
SWEEP_ON_GPU = CONFIG["shift"]["device"] == "cuda"

# What each figure and table needs to exist: a condition of the configuration.
FIGURE_NAMES = {
    "fig1_modality_gap": SETS,
    "fig2a_cone_histograms": CONES,
    "fig2b_depth_and_activation": CONFIG.get("random_networks"),
    "fig2c_random_initialisations": CONFIG["initialisations"],
    "fig2d_initial_gap": run_entries("initialisations", towers=2),
    "fig3_shift_landscape": SETS,
    "fig3_sphere_simulation": CONFIG.get("sphere"),
    "fig6_zero_shot_shift": TASKS,
    "fig7_fairness_shift": FAIRNESS,
    "fig8_theorems": CONFIG.get("theorems"),
    "fig10_cone_by_layer": CONFIG["layers"],
    "fig4_temperature_finetuning": "temperature_finetuning" in CELLS,
    "fig5_initialisation_vs_optimisation": "initialisation" in CELLS,
    "fig9_gap_during_training": "gap_triggers" in CELLS,
    "figS16_embedding_width": "embedding_width" in CELLS,
}
TABLE_NAMES = {
    "gap_statistics": True,
    "cone_statistics": True,
    "table1_zero_shot": TASKS,
    "table2_fairness": FAIRNESS,
    **dict.fromkeys(STUDY_OF_TABLE, True),
}
LIST_NAMES = {
    "depth_and_activation": CONFIG.get("random_networks"),
    "theorems": CONFIG.get("theorems"),
    "random_initialisations": CONFIG["initialisations"],
    "cone_by_layer": CONFIG["layers"],
    "skipped_samples": CONFIG["pixels"]["on_bad_sample"] == "skip",
}


def outputs(folder, names, endings):
    """Paths of the figures or tables of ``names`` whose condition holds."""
    return [
        f"<results>/{folder}/{name}.{ending}"
        for name, wanted in names.items()
        if wanted
        for ending in endings
    ]


FIGURES = outputs("figures", FIGURE_NAMES, ["pdf", "png"])
TABLES = outputs("tables", TABLE_NAMES, ["csv", "md", "tex"])
TABLES += outputs("tables", LIST_NAMES, ["csv"])

# What `prepare` makes, and what it says about it.
PREPARED = list(
    dict.fromkeys(path for name in DATASETS for path in fetched_paths(name))
)
FETCH_LIST = fetch_list(
    fetched_files(DATASETS, CONFIG["resources"], DOWNLOADS),
    DOWNLOADS,
    CONFIG["resources"],
    CONFIG["mirror"],
)
