"""Passwords, tokens and queries of addresses: nowhere where people look or what they share."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from faults.outcomes import classify_call, classify_run
from faulty_server import faulty_server
from modgap.errors import InputError, redact
from modgap.fetch.download import Patience, download
from modgap.fetch.table import LOCK, fetch_list, plain_row
from modgap.plan.config import load_config
from modgap.plan.resolve import resolve
from picture_files import picture_bytes, write_tar
from workflow.runs import copy_project

USER, WORD, TOKEN = "s0mebody", "pass%3Aw0rd", "t0kengeheim"
SECRETS = (USER, WORD, "pass:w0rd", TOKEN)
QUICK = Patience(timeout=5, attempts=1, pause=0.01)


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A server with a shard, asked without the environment's proxy."""
    monkeypatch.setenv("no_proxy", "*")
    origin = tmp_path / "origin"
    origin.mkdir()
    files = {f"{i}.png": picture_bytes(i) for i in range(3)}
    write_tar(origin / "get.tar", files | {f"{i}.txt": b"a caption" for i in range(3)})
    with faulty_server(origin) as running:
        yield running


def secret_address(server, path="get.tar"):
    return f"{server.address.replace('//', f'//{USER}:{WORD}@')}/{path}?token={TOKEN}"


def leaks(text):
    return [secret for secret in SECRETS if secret in text]


def files_with_secrets(folder):
    """Every file below a folder whose name or content has a secret in it."""
    found = []
    for path in folder.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        if leaks(str(path)) or any(secret.encode() in content for secret in SECRETS):
            found.append(str(path.relative_to(folder)))
    return found


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://host/a.tar", "https://host/a.tar"),
        ("https://s0mebody@host/a.tar", "https://***@host/a.tar"),
        ("https://s0mebody:pass:w0rd@host:8/a", "https://***@host:8/a"),
        ("https://s0mebody:x@pass:w0rd@host/a", "https://***@host/a"),
        ("https://s0mebody:pass:w0rd/slash@host/a", "https://***@host/a"),
        ("https://s0mebody:x?pass:w0rd@host/a?t0kengeheim", "https://***@host/a?***"),
        ("https://host/a?token=t0kengeheim,'\")", "https://host/a?***"),
        ("HTTPS://host/a#t0kengeheim", "HTTPS://host/a#***"),
        ("ftp://s0mebody:pass:w0rd@[::1]:21/a", "ftp://***@[::1]:21/a"),
        ("https://[::1/a?t0kengeheim", "https://[::1/a?***"),
        ("https://host/a@b/c?", "https://host/a@b/c?"),
    ],
)
def test_addresses_show_their_place_alone(fault, address, shown):
    ended = classify_call(
        lambda: redact(f"'{address} and more"), lambda s: s == f"'{shown} and more"
    )
    fault("secrets", ended)
    assert leaks(str(InputError(f"x: {address}"))) == []


def test_a_password_reaches_its_server_and_no_other(server, tmp_path, fault):
    row = plain_row("a/get.tar", secret_address(server))
    with faulty_server(server.folder) as other:
        server.faults[f"get.tar?token={TOKEN}"] = [("redirect", f"{other.address}/get.tar")]
        ended = classify_call(
            lambda: download(row, tmp_path / "res", patience=QUICK),
            lambda path: path.read_bytes() == (server.folder / "get.tar").read_bytes(),
        )
        fault("secrets", ended)
        assert other.users == [None]
    (sent,) = server.users
    assert sent == "Basic czBtZWJvZHk6cGFzczp3MHJk"  # s0mebody:pass:w0rd
    assert files_with_secrets(tmp_path / "res") == []
    entry = json.loads((tmp_path / "res" / LOCK).read_text())["a/get.tar"]
    plain = f"{server.address}/get.tar?token={TOKEN}"
    assert entry["origin"] == f"{server.address.replace('//', '//***@')}/get.tar?***"
    assert entry["origin_sha256"] == hashlib.sha256(plain.encode()).hexdigest()


@pytest.mark.parametrize(
    "broken", ["{address}/gone.tar", "{address}:99999/x", "{address}:port/x", "http://[::1/x"]
)
def test_failed_downloads_say_no_secret(server, tmp_path, fault, caplog, broken):
    caplog.set_level("DEBUG")
    plain = server.address.replace("//", f"//{USER}:{WORD}@")
    row = plain_row("a/b.tar", f"{broken.format(address=plain)}?token={TOKEN}")
    message = fault("secrets", classify_call(lambda: download(row, tmp_path / "r", patience=QUICK)))
    assert "a/b.tar: cannot be fetched" in message
    assert leaks(message) == []
    assert leaks(caplog.text) == []
    assert files_with_secrets(tmp_path / "r") == []


def test_a_part_says_nothing_of_its_address_and_is_gone_on_with(server, tmp_path, fault):
    row = plain_row("a/get.tar", secret_address(server))
    server.faults[f"get.tar?token={TOKEN}"] = [("cut", 1000)]
    fault("secrets", classify_call(lambda: download(row, tmp_path / "r", patience=QUICK)))
    assert (tmp_path / "r" / "a" / ".get.tar.part.json").is_file()
    assert files_with_secrets(tmp_path / "r") == []
    fault("secrets", classify_call(lambda: download(row, tmp_path / "r", patience=QUICK)))
    assert server.requests[-1][1] == "bytes=1000-"


def test_old_lock_files_count_and_lose_their_secrets(server, tmp_path, fault):
    folder = tmp_path / "res"
    folder.mkdir()
    content = (server.folder / "get.tar").read_bytes()
    known = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    old = {"a/old.tar": {**known, "origin": secret_address(server)}}
    (folder / LOCK).write_text(json.dumps(old))
    for name in ("old", "new"):
        row = plain_row(f"a/{name}.tar", secret_address(server))
        ended = classify_call(lambda row=row: download(row, folder, patience=QUICK))
        fault("secrets", ended)
    lock = json.loads((folder / LOCK).read_text())
    assert lock["a/old.tar"].items() >= known.items()
    assert set(lock) == {"a/old.tar", "a/new.tar"}
    assert files_with_secrets(folder) == []


def write_config(project, server):
    shards = [secret_address(server), secret_address(server) + "2"]
    config = {
        "mirror": None,
        "datasets": {
            "shards": {"kind": "webdataset", "shards": shards},
        },
        "models": {
            "vit": {
                "source": "random",
                "architecture": "scenes-vit",
                "seed": 0,
                "normalisation": "own",
                "interpolation": "bicubic",
            }
        },
    }
    (project / "mine.yaml").write_text(yaml.safe_dump(config))
    return config


def test_a_plan_has_secrets_for_the_downloads_alone(root, server, tmp_path, fault):
    config = load_config(write_config(tmp_path, server), root)
    files = config["datasets"]["shards"]["files"]
    assert len(set(files)) == 2
    plan = resolve({**config, "mirror": f"{secret_address(server)}/"}, root)
    downloads = plan.pop("downloads")
    assert leaks(json.dumps(downloads)) != []
    ended = classify_call(lambda: repr(plan), lambda text: leaks(text) == [])
    fault("secrets", ended)
    rows = {name: one["row"] for name, one in downloads.items()}
    shown = fetch_list([row["file"] for row in rows.values()], rows, "res", secret_address(server))
    assert leaks(shown) == []


@pytest.mark.parametrize(
    "bad",
    [
        {"mirror": "ftp://s0mebody:pass:w0rd@host/x?t0kengeheim"},
        {"mirror": "https://s0mebody:pass w0rd@host/x"},
        {"mirror": ["https://s0mebody:pass:w0rd@host/x"]},
        {
            "datasets": {
                "a": {"kind": "webdataset", "shards": "ftp://s0mebody:pass:w0rd@h/x?t0kengeheim"}
            }
        },
        {"datasets": {"a": {"kind": "image_folder", "path": "HTTPS://h/x?t0kengeheim"}}},
        {"results": 3, "https://s0mebody:pass:w0rd@h/": 1},
    ],
)
def test_refused_configurations_say_no_secret(root, fault, bad):
    message = fault("secrets", classify_call(lambda: load_config(bad, root)))
    assert [secret for secret in (*SECRETS, "w0rd") if secret in message] == []


def test_a_run_leaves_no_secret_behind(root, server, tmp_path, fault):
    """Screen, logs, provenance, tables, Snakemake's own records, and the lists of -n and -p."""
    project = copy_project(root, tmp_path / "project")
    write_config(project, server)
    snakemake = Path(sys.executable).parent / "snakemake"
    mine = ["--configfile", "mine.yaml"]
    listed = subprocess.run(
        list(map(str, [snakemake, "prepare", "-n", "-p", *mine])),
        cwd=project,
        text=True,
        capture_output=True,
    )
    assert "<- http://***@" in listed.stdout + listed.stderr
    assert leaks(listed.stdout + listed.stderr) == []
    target = "results/mine/samples/shards.parquet"
    run = [snakemake, target, "--cores", "1", "-p", "--verbose", *mine]
    told = fault("secrets", classify_run(run, cwd=project))
    assert leaks(told) == []
    assert (project / "results" / "mine" / "samples" / "shards.parquet").is_file()
    assert files_with_secrets(project) == ["mine.yaml"]
