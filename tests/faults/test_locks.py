"""Disks without file locks: the work goes on, with a warning."""

import errno
import fcntl

import pytest

from faults.outcomes import classify_call
from modgap.embeddings import devices
from modgap.fetch.download import download
from modgap.fetch.integrity import read_lock
from modgap.report import holding


@pytest.fixture(params=[errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def no_locks(request, monkeypatch):
    """A machine whose disk answers every lock with an error."""

    def refuse(*_):
        raise OSError(request.param, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)


def test_downloads_go_on_without_locks(no_locks, tmp_path, fault, caplog):
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / "a.csv").write_text("caption\na red circle\n")
    row = {"file": "a.csv", "url": "https://nowhere.invalid/a.csv"}
    ended = classify_call(
        lambda: download(row, tmp_path / "resources", mirror=str(tmp_path / "mirror")),
        right=lambda path: (
            "circle" in path.read_text() and "a.csv" in read_lock(tmp_path / "resources")
        ),
    )
    fault("locks", ended)
    assert "no file locks" in caplog.text


def test_gpu_jobs_go_on_without_locks(no_locks, fault, monkeypatch, caplog):
    monkeypatch.setattr(devices, "HELD", [])
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-fault-0,GPU-fault-1")
    ended = classify_call(
        lambda: devices.take_gpus(1, every=0.01),
        right=lambda _: [devices.os.environ["CUDA_VISIBLE_DEVICES"]] == ["GPU-fault-0"],
        seconds=10,
    )
    fault("locks", ended)
    assert "no file locks" in caplog.text
    for stream in devices.HELD:
        stream.close()


def test_runs_go_on_without_locks(no_locks, fault, tmp_path, monkeypatch):
    monkeypatch.setattr(holding, "HELD", {})
    said = []
    ended = classify_call(
        lambda: holding.hold_folders(tmp_path / "r", said.append, OSError, tmp_path)
    )
    fault("locks", ended)
    assert "no file locks" in said[0]
    for lock in holding.HELD.values():
        lock.close()
