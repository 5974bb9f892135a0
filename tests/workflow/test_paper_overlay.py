"""config/paper.yaml from the downloads to the last figure, on a mirror of small genuine files.

paper_overlay.yaml takes counts away, no rule and no kind of dataset. The pretrained weights are
open_clip checkpoints saved from random initialisation, pinned, fetched and verified like any other.
"""

import csv
import json
import re

import numpy as np
import open_clip
import pandas as pd
import pytest
import torch
import torchvision
import yaml
from safetensors.torch import save_file

from faulty_server import faulty_server
from modgap.embeddings.models import create_model
from modgap.embeddings.verification import golden_embedding
from modgap.fetch.table import COLUMNS, LOCK, read_downloads
from modgap.files import sha256_of
from modgap.plan.prompts import read_prompts
from modgap.plan.weights import pin_file
from published_formats import (
    PROMPTS,
    write_cifar10,
    write_coco,
    write_eurosat,
    write_fairface,
    write_memes,
)
from workflow.runs import copy_project, planned, snakemake

OVERLAY = "tests/workflow/paper_overlay.yaml"
RUN = ["--configfile", "run.yaml"]
TINY = {
    "embed_dim": 16,
    "quick_gelu": True,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 8},
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
}
CLIP = {
    "interpolation": "bicubic",
    "resize_mode": "shortest",
    "mean": [0.48145466, 0.4578275, 0.40821073],
    "std": [0.26862954, 0.26130258, 0.27577711],
}
IMAGENET = {
    "interpolation": "bilinear",
    "resize_mode": "shortest",
    "mean": [0.485, 0.456, 0.406],
    "std": [0.229, 0.224, 0.225],
}


def overlaid(base, over):
    """A configuration under an overlay: mappings key by key, null takes a key away."""
    if not (isinstance(base, dict) and isinstance(over, dict)):
        return over
    merged = {key: overlaid(base.get(key), over[key]) if key in over else base[key] for key in base}
    merged |= {key: value for key, value in over.items() if key not in base}
    return {key: value for key, value in merged.items() if value is not None}


def write_archives(folder):
    """Small files in the formats of the published datasets."""
    write_coco(folder, n=30, splits=("val2017", "train2017"))
    write_cifar10(folder, n=20)
    write_eurosat(folder, n=2, classes=list(read_prompts(PROMPTS / "eurosat.yaml").classes))
    write_fairface(folder, n=28)
    (folder / "modality-gap").mkdir()
    ready = np.random.default_rng(0).normal(size=(2, 30, 16)).astype("float32")
    np.save(folder / "modality-gap" / "features_clip.npy", ready)


def pin(architecture, tag, **more):
    """An entry of the table of weights, everything that is not given empty."""
    unknown = ["repo", "revision", "url", "sha256", "bytes", "licence", "golden"]
    texts = {"tokenizer": "bpe", "context_length": 16}
    entry = {"architecture": architecture, "tag": tag, "activation": "QuickGELU", **texts}
    entry |= {"file": "open_clip_model.safetensors", "preprocessing": {"size": 32, **CLIP}}
    return {**dict.fromkeys(unknown), **entry, **more}


def write_weights(project, folder):
    """Checkpoints of random networks, their table, and their tags in the catalogue."""
    pins = []
    for seed, name in enumerate(("tiny-b32", "tiny-b16")):
        (project / "config" / "models" / f"{name}.json").write_text(json.dumps(TINY))
        open_clip.add_model_config(project / "config" / "models" / f"{name}.json")
        entry = pin(name, "openai", repo=f"small/{name}.openai")
        path = folder / pin_file(entry)
        path.parent.mkdir(parents=True)
        torch.manual_seed(seed)
        save_file(open_clip.create_model(name).state_dict(), path)
        loaded = create_model(name, checkpoint(name, path), device="cpu", root=project)
        known = {"sha256": sha256_of(path), "bytes": path.stat().st_size, "licence": "MIT"}
        pins.append(entry | {"golden": golden_embedding(loaded)} | (known if seed else {}))
    torch.manual_seed(2)
    network = folder / "resnet18.pth"
    torch.save(torchvision.models.resnet18().state_dict(), network)
    start = sha256_of(network)[:8]
    resnet = pin(
        "resnet18",
        "IMAGENET1K_V1",
        url=f"https://nowhere.invalid/resnet18-{start}.pth",
        file=f"resnet18-{start}.pth",
        sha256=start,
        activation="ReLU",
        preprocessing={"size": 224, **IMAGENET},
        tokenizer=None,
        context_length=None,
    )
    (folder / pin_file(resnet)).parent.mkdir(parents=True)
    network.rename(folder / pin_file(resnet))
    torch.save(torchvision.models.resnet18().state_dict(), project / "other.pth")
    text = yaml.safe_dump({"weights": [*pins, resnet]})
    (project / "config" / "small_weights.yaml").write_text(text)
    with open(project / "config" / "open_clip_tags.csv", "a", encoding="utf-8") as tags:
        for name in ("tiny-b32", "tiny-b16"):
            numbers = ",".join(" ".join(map(str, CLIP[key])) for key in ("mean", "std"))
            tags.write(f"{name},openai,32,bicubic,shortest,{numbers},true,true,16,bpe\n")


def checkpoint(name, path):
    """The model entry of a saved network."""
    seen = {"size": 32, **CLIP}
    given = {"architecture": name, "checkpoint": str(path), "preprocessing": seen}
    return {"source": "checkpoint", **given}


def write_table(project, folder):
    """The table of downloads with the small files' own hashes; none for the faces, as it is."""
    rows = []
    for file, row in read_downloads(project / "config" / "downloads.csv").items():
        path = folder / file
        if path.exists():
            known = {"md5": "", "sha256": "" if "fairface" in file else sha256_of(path)}
            rows.append({**row, **known, "bytes": path.stat().st_size})
    with open(
        project / "config" / "small_downloads.csv", "w", encoding="utf-8", newline=""
    ) as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def mirror(tmp_path_factory):
    """The running mirror."""
    folder = tmp_path_factory.mktemp("mirror")
    with pytest.MonkeyPatch.context() as patch, faulty_server(folder) as server:
        patch.setenv("no_proxy", "*")
        yield server


@pytest.fixture(scope="module")
def project(root, mirror, tmp_path_factory):
    """The project with its small tables, before anything ran."""
    project = copy_project(root, tmp_path_factory.mktemp("overlay") / "project")
    write_archives(mirror.folder)
    write_memes(project / "memes", n=24)
    write_weights(project, mirror.folder)
    write_table(project, mirror.folder)
    paper, overlay = (
        yaml.safe_load(path.read_text())
        for path in (project / "config" / "paper.yaml", root / OVERLAY)
    )
    run = overlaid(paper, {**overlay, "mirror": mirror.address})
    assert kinds(run) >= kinds(paper)
    (project / "run.yaml").write_text(yaml.safe_dump(run, sort_keys=False))
    return project


def kinds(config):
    """Kinds of dataset and sources of model of a configuration."""
    datasets = {entry["kind"] for entry in config["datasets"].values()}
    return datasets | {entry["source"] for entry in config["models"].values()}


@pytest.fixture(scope="module")
def finished(project, mirror):
    """The whole run, on a mirror that fails now and then, and what it printed."""
    weights = "weights/small/tiny-b32.openai/open_clip_model.safetensors"
    mirror.faults[weights] = [503, ("cut", 20_000), ("reset", 40_000)]
    out = snakemake(project, "--cores", 2, *RUN, timeout=1800).stdout
    return project, out


def test_the_whole_graph_of_the_paper_runs_on_small_files(finished):
    project, out = finished
    ran = set(re.findall(r"^Job \d+: (\w+) ", out, flags=re.MULTILINE))
    assert ran == set(planned(project, "--configfile", "config/paper.yaml"))
    assert planned(project, *RUN) == {}


def test_weights_came_from_the_mirror_and_are_recorded(finished, mirror):
    project, out = finished
    lock = json.loads((project / "resources" / LOCK).read_text())
    files = {file for file in lock if file.startswith("weights/")}
    assert {file.split("/")[1] for file in files} == {"small", "resnet18"}
    assert not any("tiny-b16" in file for file in files)  # its hash is in the table
    for file in files:
        assert lock[file]["sha256"] == sha256_of(mirror.folder / file)
        assert len([line for line in out.splitlines() if f"checksum is known for {file}" in line])
    asked = [range_ for path, range_ in mirror.requests if "tiny-b32" in path]
    assert asked[:2] == [None, None]
    assert len(asked) == 4


def test_verified_weights_are_a_table(finished):
    project, _ = finished
    table = pd.read_csv(project / "results/small/tables/verify_weights.csv").set_index("model")
    origins = {
        "b32": "lock file",
        "b16": "config/small_weights.yaml",
        "b16-half": "config/small_weights.yaml",
        "resnet18": "lock file",
        "resnet50-v1": "lock file",
        "resnet50-v2": "none: not a pinned file",
    }
    assert dict(table["hash_from"]) == origins
    assert list(table["activation"]) == ["QuickGELU"] * 3 + ["ReLU"] * 3
    assert list(table["golden"]) == ["as recorded"] * 3 + ["none recorded"] * 3
    assert list(table["tokenizer"]) == ["bpe"] * 3 + ["–"] * 3


def test_models_side_by_side(finished):
    project, _ = finished
    table = pd.read_csv(project / "results/small/tables/across_models.csv")
    assert list(table["dataset"]) == ["COCO", "cifar10", "eurosat", "memes"]
    assert set(table["weights"]) == {"openai"}
    assert table["gap"].notna().sum() == 1
    assert table["zero_shot"].notna().sum() == 3


def test_a_golden_embedding_that_differs_stops_the_check(finished, mirror):
    project, _ = finished
    path = project / "config" / "small_weights.yaml"
    text = path.read_text()
    pins = yaml.safe_load(text)
    pins["weights"][1]["golden"]["texts"][0] += 0.01
    path.write_text(yaml.safe_dump(pins))
    assert planned(project, *RUN) == {"verify_weights": 1, "write_report": 1, "all": 1}
    done = snakemake(project, "verify_weights", "--cores", 2, *RUN, check=False)
    path.write_text(text)
    assert done.returncode != 0
    (line,) = {text for text in done.stdout.splitlines() if text.startswith("Error: ")}
    assert line.startswith("Error: models.b16: golden embedding of texts is [")
    assert "Traceback" not in done.stdout
