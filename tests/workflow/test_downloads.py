"""Real runs against a mirror on loopback that holds small archives in the genuine formats."""

import csv
import hashlib
import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml

from faulty_server import faulty_server
from modgap.data.pixels import decode_pictures, parse_geometry
from modgap.errors import InputError
from modgap.fetch.table import COLUMNS, LOCK, read_downloads
from modgap.files import sha256_of
from modgap.plan.config import load_config
from picture_files import picture_bytes, write_tar
from plans import problems_of
from published_formats import (
    WRITERS,
    write_coco,
    write_fairface,
    write_memes,
    write_mixbench,
)
from workflow.runs import copy_project, planned, snakemake

N = 6


@pytest.fixture(scope="module")
def origin(tmp_path_factory, shared):
    """A folder that a mirror serves, and a folder of memes as a user has it."""
    folder = tmp_path_factory.mktemp("origin")
    for write in WRITERS.values():
        write(folder)
    write_coco(folder)
    write_fairface(folder)
    write_mixbench(folder / "mixbench", n=N + 1)
    (folder / "modality-gap").mkdir()
    published = shared("data/published/features_clip.npy")
    shutil.copy(published, folder / "modality-gap" / "features_clip.npy")
    for k in range(2):
        files = {f"{k}{i}.png": picture_bytes(10 * k + i) for i in range(2 + k)}
        files |= {f"{k}{i}.txt": b"a caption" for i in range(2 + k)}
        write_tar(folder / f"shard-{k}.tar", files)
    return folder


def datasets(address, memes):
    """One dataset of every downloaded kind."""
    sets = {
        f"{name.lower()}": {"kind": "torchvision", "name": name, "n": N}
        for name in ("CIFAR10", "CIFAR100", "SVHN", "EuroSAT", "STL10", "MNIST")
    }
    small = ("GTSRB", "Flowers102", "Food101", "DTD", "OxfordIIITPet")
    sets |= {n.lower(): {"kind": "torchvision", "name": n, "n": 3} for n in small}
    return {
        **sets,
        "coco": {"kind": "coco_captions", "n": N},
        "faces": {"kind": "fairface", "n": N},
        "search": {"kind": "mixbench", "name": "MSCOCO", "n": N},
        "memes": {"kind": "hateful_memes", "path": str(memes)},
        "shards": {"kind": "webdataset", "shards": f"{address}/shard-{{0..1}}.tar"},
        "clip": {"kind": "embeddings", "file": "resources/modality-gap/features_clip.npy"},
    }


def write_table(project, origin):
    """A table of the small files: their own sha256, no address, no hash for the faces."""
    rows = []
    for file, row in read_downloads(project / "config" / "downloads.csv").items():
        path = origin / file
        if path.exists():
            known = {"sha256": "" if "fairface/images" in file else sha256_of(path), "md5": ""}
            rows.append({**row, **known, "bytes": path.stat().st_size})
    with open(project / "config" / "small.csv", "w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


def write_run(project, origin, address, **more):
    """The run file: every kind, one tiny model, everything from the mirror."""
    run = {
        "results": "small",
        "downloads": "config/small.csv",
        "mirror": address,
        "datasets": datasets(address, project / "memes"),
        "models": {"vit": {"source": "random", "architecture": "scenes-vit", "seed": 0}},
        "pixels": {"shard_size": 4},
        **more,
    }
    (project / "run.yaml").write_text(yaml.safe_dump(run))
    return list(run["datasets"])


def run(project, *arguments, check=True):
    return snakemake(project, *arguments, "--configfile", "run.yaml", check=check)


@pytest.fixture(scope="module")
def mirror(origin):
    """The running mirror."""
    shards = origin / "webdataset" / "shards"
    shards.mkdir(parents=True)
    for k in range(2):
        shutil.move(origin / f"shard-{k}.tar", shards)
    with pytest.MonkeyPatch.context() as patch, faulty_server(origin) as server:
        patch.setenv("no_proxy", "*")
        yield server


@pytest.fixture(scope="module")
def prepared(root, origin, mirror, tmp_path_factory):
    """A project in which `prepare` has run, and what it printed."""
    project = copy_project(root, tmp_path_factory.mktemp("prepared") / "project")
    write_memes(project / "memes")
    write_table(project, origin)
    write_run(project, origin, mirror.address)
    plan = run(project, "prepare", "-n").stdout
    assert not (project / "resources").exists()
    return project, plan, run(project, "prepare", "--cores", 2).stdout


@pytest.fixture(scope="module")
def listed(prepared, origin):
    """The prepared project with every samples table, made without any network."""
    project, _, _ = prepared
    names = write_run(project, origin, "http://127.0.0.1:9")
    tables = [f"small/samples/{name}.parquet" for name in names if name != "clip"]
    shards = [
        f"small/embeddings/vit/shards/{side}/part-{k}.parquet"
        for side in ("images", "texts")
        for k in range(2)
    ]
    ready = "small/embeddings/imported/clip/first/part-0.parquet"
    run(project, *tables, *shards, ready, "--cores", 2)
    return project


def test_the_plan_says_what_how_much_and_under_which_licence(prepared):
    _, plan, _ = prepared
    (head,) = [line for line in plan.splitlines() if "To fetch into resources/" in line]
    assert re.search(r"2\d files, \d+\.\d MB and 2 of unknown size", head)
    (line,) = [line for line in plan.splitlines() if "modality-gap/features_clip.npy  " in line]
    assert "2.0 MB  MIT, may be passed on, sha256 known  <- http://127.0.0.1:" in line


def test_a_file_without_a_hash_is_recorded_with_a_visible_warning(prepared):
    project, _, out = prepared
    file = "fairface/images-padding025.zip"
    digest = sha256_of(project / "resources" / file)
    (warning,) = [text for text in out.splitlines() if f"no checksum is known for {file}" in text]
    assert digest in warning
    lock = json.loads((project / "resources" / LOCK).read_text())
    assert set(lock) == {file, "webdataset/shards/shard-0.tar", "webdataset/shards/shard-1.tar"}
    assert lock[file]["sha256"] == digest


def test_nothing_but_files_is_left(prepared):
    project, _, _ = prepared
    left = [path.name for path in (project / "resources").rglob(".*") if path.is_file()]
    # Tars that lost their gzip layer here have a digest.
    left = [name for name in left if not name.endswith(".tar.sha256")]
    assert left == [f".{LOCK}.guard"]


def test_prepared_is_prepared_whatever_becomes_of_code_and_addresses(prepared, origin, mirror):
    project, _, _ = prepared
    write_run(project, origin, "http://127.0.0.1:9")
    module = project / "scripts" / "modgap" / "fetch" / "download.py"
    text = module.read_text()
    module.write_text(text + "\nEDITED = True\n")
    assert planned(project, "prepare", "--configfile", "run.yaml") == {}
    module.write_text(text)


def test_every_kind_is_listed_without_network(listed):
    tables = {
        path.stem: pd.read_parquet(path) for path in (listed / "small/samples").glob("*.parquet")
    }
    assert len(tables) == 16
    for name, table in tables.items():
        pictures = table["sample_id"].nunique()
        assert pictures == {"shards": 5, "memes": 8}.get(name, 3 if pictures == 3 else N), name
        assert table["caption"].notna().all()


def test_every_picture_of_every_kind_can_be_decoded(listed, monkeypatch):
    monkeypatch.chdir(listed)
    geometry = parse_geometry("16-bicubic-shortest")
    for path in Path("small/samples").glob("*.parquet"):
        places = list(pd.read_parquet(path)["image"].drop_duplicates())
        for batch in decode_pictures(places, geometry, threads=1):
            assert [reason for _, reason in batch] == [None] * len(batch), path.stem


def test_a_tar_shard_is_a_shard_of_the_pipeline(listed):
    folder = listed / "small" / "embeddings" / "vit" / "shards"
    for side in ("images", "texts"):
        sizes = [len(pd.read_parquet(folder / side / f"part-{k}.parquet")) for k in range(2)]
        assert sizes == [2, 3]


def test_readers_enforce_the_recorded_hash(listed, tmp_path):
    project = shutil.copytree(listed, tmp_path / "project", symlinks=True)
    archive = project / "resources" / "fairface" / "images-padding025.zip"
    write_fairface(tmp_path / "other", n=15)
    shutil.copy(tmp_path / "other" / "fairface" / "images-padding025.zip", archive)
    done = run(project, "small/samples/faces.parquet", "--cores", 1, check=False)
    assert done.returncode != 0
    (line,) = {text for text in done.stdout.splitlines() if text.startswith("Error: ")}
    assert "images-padding025.zip: has " in line
    assert LOCK in line
    assert "Traceback" not in done.stdout


def test_a_wrong_file_on_the_mirror_stops_with_both_hashes(root, origin, mirror, tmp_path):
    project = copy_project(root, tmp_path / "project")
    write_memes(project / "memes")
    write_table(project, origin)
    write_run(project, origin, mirror.address)
    file = "eurosat/EuroSAT.zip"
    right = (origin / file).read_bytes()
    wrong = right[::-1]
    mirror.faults[file] = [("body", wrong)]
    done = run(project, f"resources/{file}", "--cores", 1, check=False)
    assert done.returncode != 0
    (line,) = {text for text in done.stdout.splitlines() if text.startswith("Error: ")}
    assert hashlib.sha256(right).hexdigest() in line
    assert hashlib.sha256(wrong).hexdigest() in line
    assert "Traceback" not in done.stdout
    assert not (project / "resources" / file).exists()
    # and the same command again, once the mirror is right
    run(project, f"resources/{file}", "--cores", 1)
    assert (project / "resources" / file).read_bytes() == right


def test_files_that_nobody_may_fetch_are_named_with_their_place(root, tmp_path):
    project = copy_project(root, tmp_path / "project")
    sets = {"memes": {"kind": "hateful_memes"}, "faces": {"kind": "fairface"}}
    models = {"vit": {"source": "random", "architecture": "scenes-vit"}}
    given = {"datasets": sets, "models": models, "pixels": {"shard_size": 2000}}
    (project / "run.yaml").write_text(yaml.safe_dump(given))
    jobs = planned(project, "embeddings", "--configfile", "run.yaml")
    assert jobs["download_file"] == 3
    assert jobs["embed_texts"] == 1 + 6
    done = run(project, "prepare", "--cores", 1, "--keep-going", check=False)
    lines = {text for text in done.stdout.splitlines() if text.startswith("Error: ")}
    assert len(lines) == 3
    assert any("resources/hateful-memes/dev_seen.jsonl: not there" in line for line in lines)
    assert all("put it there, or name a mirror that has it" in line for line in lines)


def problems_with_a_model(given, root):
    """The lines that a configuration without a model of its own prints."""
    model = {"m": {"source": "torchvision", "architecture": "resnet18"}}
    return problems_of({"models": model, **given}, root)


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        (
            {"kind": "torchvision", "name": "CIFAR1O"},
            "datasets.d.name: 'CIFAR1O' is none of CIFAR10, CIFAR100, SVHN, EuroSAT, GTSRB, "
            "Flowers102, Food101, DTD, OxfordIIITPet, STL10, MNIST, did you mean 'CIFAR10'?",
        ),
        (
            {"kind": "torchvision", "name": "CIFAR10", "split": "val"},
            "datasets.d.split: CIFAR10 has train, test, all, not 'val'",
        ),
        ({"kind": "torchvision"}, "datasets.d: key 'name' is missing"),
        (
            {"kind": "hateful_memes", "path": "mine"},
            "datasets.d.annotations: no such file or folder: mine/dev_seen.jsonl; get it from "
            "Meta's page of the Hateful Memes challenge (Meta research licence) and put it there",
        ),
        (
            {"kind": "captions_table", "captions": "c.csv", "images": "resources/mimic-cxr/files"},
            "datasets.d.images: no such file or folder: resources/mimic-cxr/files; get it from "
            "https://physionet.org/content/mimic-cxr-jpg (PhysioNet credentialed: CITI "
            "training and a signed DUA) and put it there",
        ),
        (
            {"kind": "webdataset", "shards": "here/{0..1}.tar"},
            "datasets.d.shards: no such file or folder: here/0.tar",
        ),
        (
            {"kind": "coco_captions", "images": "pictures"},
            "datasets.d: 'annotations' is a dependency of 'images'",
        ),
    ],
)
def test_bad_entries_of_downloaded_kinds(root, entry, line):
    assert line in problems_with_a_model({"datasets": {"d": entry}}, root)


def test_a_bad_mirror_and_a_bad_table(root):
    given = {"datasets": {"d": {"kind": "torchvision", "name": "MNIST"}}, "mirror": "/nowhere"}
    assert problems_with_a_model(given, root) == ["mirror: no such folder: /nowhere"]
    given = {**given, "mirror": None, "downloads": "config/gone.csv"}
    with pytest.raises(InputError, match=r"config/gone\.csv: no such file"):
        load_config(given, root)
