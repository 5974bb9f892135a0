"""GPUs of one machine are handed out one to a job, and come back when it ends."""

import itertools
import os
import subprocess
import sys
import time

import pytest

from modgap.embeddings.devices import HELD, lock_file, take_gpus, try_lock, visible_gpus
from modgap.errors import InputError

JOB = """
import os, sys, time
from modgap.embeddings.devices import take_gpus
take_gpus(int(sys.argv[1]), every=0.05)
print(os.environ["CUDA_VISIBLE_DEVICES"], time.monotonic(), flush=True)
time.sleep(float(sys.argv[2]))
print(time.monotonic(), flush=True)
"""


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Make this a machine with so many GPUs, by an nvidia-smi that names them."""

    def make(names):
        tool = tmp_path / "nvidia-smi"
        tool.write_text("#!/bin/sh\n" + "".join(f"echo {name}\n" for name in names))
        tool.chmod(0o755)

    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    yield make
    while HELD:
        HELD.pop().close()


def start(root, n, seconds):
    """A job of its own process that takes ``n`` GPUs for so long."""
    return subprocess.Popen(
        [sys.executable, "-c", JOB, str(n), str(seconds)],
        env={**os.environ, "PYTHONPATH": str(root / "scripts")},
        stdout=subprocess.PIPE,
        text=True,
    )


def uses(jobs):
    """(device, start, end) of everything that finished jobs used."""
    rows = []
    for job in jobs:
        out, _ = job.communicate(timeout=60)
        devices, begin, end = out.split()
        rows += [(device, float(begin), float(end)) for device in devices.split(",")]
    return sorted(rows)


def test_no_two_jobs_have_one_gpu_and_all_gpus_work(root, machine):
    machine(["GPU-a", "GPU-b"])
    rows = uses([start(root, n, 0.4) for n in (1, 1, 2, 1, 2)])
    assert len(rows) == 7
    for (device, _, end), (following, begin, _) in itertools.pairwise(rows):
        assert device != following or end <= begin
    assert {device for device, _, _ in rows} == {"GPU-a", "GPU-b"}


def test_a_killed_job_gives_its_gpu_back(root, machine):
    machine(["GPU-a"])
    job = start(root, 1, 600)
    assert job.stdout.readline().startswith("GPU-a ")
    assert try_lock(lock_file("GPU-a")) is None
    job.kill()
    job.communicate()
    begin = time.monotonic()
    take_gpus(1)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "GPU-a"
    assert time.monotonic() - begin < 5


def test_a_users_own_choice_of_devices_is_kept(machine, monkeypatch):
    machine(["GPU-a", "GPU-b"])
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    held = try_lock(lock_file("3"))
    take_gpus(1)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "5"
    held.close()


def test_more_gpus_than_there_are(machine):
    machine(["GPU-a"])
    with pytest.raises(InputError, match="asks for 2 GPUs, this machine has 1"):
        take_gpus(2)


def test_nothing_to_hand_out(machine, monkeypatch, tmp_path):
    machine(["GPU-a"])
    take_gpus(0)
    monkeypatch.setenv("SLURM_JOB_ID", "1")
    take_gpus(1)
    monkeypatch.delenv("SLURM_JOB_ID")
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\necho no driver\nexit 9\n")
    assert visible_gpus() == []
    take_gpus(1)
    assert "CUDA_VISIBLE_DEVICES" not in os.environ
    assert not list(tmp_path.glob("*.lock"))
