"""Pinned weights through the faults of a server, as any download."""

import hashlib
import json
import logging

import pytest
import torch
from safetensors.torch import save

from faulty_server import faulty_server
from modgap.errors import InputError
from modgap.fetch.download import Patience, download
from modgap.fetch.table import LOCK
from modgap.plan.weights import weight_rows

CONTENT = save({"weight": torch.arange(40_000, dtype=torch.float32)})
DIGEST = hashlib.sha256(CONTENT).hexdigest()
FILE = "weights/someone/model/open_clip_model.safetensors"
QUICK = Patience(timeout=20, attempts=3, pause=0.01)


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A mirror with one weights file."""
    monkeypatch.setenv("no_proxy", "*")
    path = tmp_path / "mirror" / FILE
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    with faulty_server(tmp_path / "mirror") as running:
        yield running


@pytest.fixture
def folder(tmp_path):
    """Where downloads go."""
    return tmp_path / "resources"


def row(sha256=DIGEST):
    """The row of a pin with this much of the hash."""
    pin = {"repo": "someone/model", "revision": None, "file": "open_clip_model.safetensors"}
    pin |= {"architecture": "a", "url": None, "sha256": sha256, "bytes": None, "licence": None}
    (only,) = weight_rows({("a", "t"): pin}, "config/weights.yaml").values()
    return only


def fetch(server, folder, row, patience=QUICK):
    return download(row, folder, mirror=server.address, patience=patience)


def failure(server, folder, row):
    """The one line of a failed download; nothing has the final name."""
    with pytest.raises(InputError) as caught:
        fetch(server, folder, row)
    assert "\n" not in str(caught.value)
    assert not (folder / FILE).exists()
    return str(caught.value)


@pytest.mark.parametrize("sha256", [DIGEST, DIGEST[:8], None])
def test_a_connection_cut_at_every_tenth_ends_whole(server, folder, sha256):
    cuts = [len(CONTENT) * tenth // 10 for tenth in range(1, 10)]
    server.faults[FILE] = [("cut", cut) for cut in cuts]
    patience = Patience(timeout=20, attempts=12, pause=0.01)
    assert fetch(server, folder, row(sha256), patience).read_bytes() == CONTENT
    assert any(asked for _, asked in server.requests), "it goes on where it stopped"


@pytest.mark.parametrize("faults", [[503, 503], [("stall", 50_000)], [("reset", 50_000)], [500]])
def test_what_passes_is_asked_again(server, folder, faults):
    server.faults[FILE] = faults
    patience = Patience(timeout=1, attempts=5, pause=0.01)
    assert fetch(server, folder, row(), patience).read_bytes() == CONTENT


def test_a_wrong_body_names_both_hashes(server, folder):
    server.faults[FILE] = [("body", CONTENT[::-1])]
    line = failure(server, folder, row())
    assert DIGEST in line
    assert hashlib.sha256(CONTENT[::-1]).hexdigest() in line
    assert "config/weights.yaml" in line


def test_first_digits_of_a_hash_are_enforced_and_the_whole_recorded(server, folder, caplog):
    line = failure(server, folder, row("01234567"))
    assert f"sha256 is {DIGEST}, expected one that starts with 01234567" in line
    with caplog.at_level(logging.WARNING):
        fetch(server, folder, row(DIGEST[:8]))
    (warning,) = caplog.records
    assert f"no whole checksum is known for {FILE}" in warning.getMessage()
    assert json.loads((folder / LOCK).read_text())[FILE]["sha256"] == DIGEST


def test_an_unknown_hash_is_recorded_with_one_warning_and_enforced(server, folder, caplog):
    with caplog.at_level(logging.WARNING):
        fetch(server, folder, row(None)).unlink()
    (warning,) = caplog.records
    assert f"no checksum is known for {FILE}; its sha256 {DIGEST} is recorded" in warning.msg % (
        warning.args
    )
    server.faults[FILE] = [("body", save({"weight": torch.zeros(40_000)}))]
    line = failure(server, folder, row(None))
    assert DIGEST in line
    assert LOCK in line


@pytest.mark.parametrize("body", [b"<!DOCTYPE html><p>Sign in</p>" * 9, b"", b"x" * 99])
def test_what_is_no_weights_file_is_never_recorded(server, folder, body):
    server.faults[FILE] = [("body", body)]
    assert "not a .safetensors file" in failure(server, folder, row(None))
    assert not (folder / LOCK).exists()


def test_a_file_that_is_not_on_the_mirror(server, folder):
    server.faults[FILE] = [404]
    assert f"{server.address}/{FILE}: HTTP 404" in failure(server, folder, row())
    assert len(server.requests) == 1


def test_a_wrong_length(server, folder):
    server.faults[FILE] = [("body", b"short")]
    assert "has 5 bytes, expected 160" in failure(server, folder, {**row(), "bytes": len(CONTENT)})


def test_a_full_disk_is_named(server, folder):
    part = folder / FILE
    part.parent.mkdir(parents=True)
    part.with_name(f".{part.name}.part").symlink_to("/dev/full")
    assert "no space left on the disk" in failure(server, folder, row())
