"""train: killed without warning, the same command goes on and ends with the same numbers."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from modgap.errors import InputError
from modgap.training.distributed import torchrun_command
from modgap.training.loop import RESUME
from tiny_training import make_world, run_training

HELPERS = Path(__file__).resolve().parents[1] / "helpers"

PROGRAM = """
import json, sys
from pathlib import Path
import torch
from tiny_training import run_training
torch.set_num_threads(1)
world, out = json.loads(sys.argv[1]), Path(sys.argv[2])
run_training(world, out, recipe={"steps": 300}, evaluation={"every": 100}, checkpoint_every=10)
"""


def start(world, out):
    environment = {**os.environ, "PYTHONPATH": f"{HELPERS}:{HELPERS.parents[1] / 'scripts'}"}
    command = [sys.executable, "-c", PROGRAM, json.dumps(world), str(out)]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


def test_kill_9_and_the_same_command_again(tmp_path):
    (tmp_path / "world").mkdir()
    world = make_world(tmp_path / "world")
    whole = start(world, tmp_path / "whole")
    killed = start(world, tmp_path / "killed")
    checkpoint = tmp_path / "killed" / RESUME
    deadline = time.monotonic() + 120
    while not checkpoint.exists():
        assert killed.poll() is None, killed.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    assert not (tmp_path / "killed" / "losses.parquet").exists()
    again = start(world, tmp_path / "killed")
    for process in (whole, again):
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
    for name in ("open_clip_model.safetensors", "losses.parquet", "trajectory.parquet"):
        finished = (tmp_path / "whole" / name).read_bytes()
        assert (tmp_path / "killed" / name).read_bytes() == finished
    assert not checkpoint.exists()
    leftovers = [path.name for path in (tmp_path / "killed").iterdir() if ".part" in path.name]
    # A file that was being written when the signal came keeps its temporary name.
    assert len(leftovers) <= 1


def test_torchrun_on_one_node_and_on_several():
    one = torchrun_command("job.json", 2, 1, {})
    assert one[1:] == [
        *("-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone"),
        *("-m", "modgap.training.worker", "job.json"),
    ]
    slurm = {"SLURM_JOB_ID": "17", "SLURMD_NODENAME": "node3"}
    several = torchrun_command("job.json", 4, 2, slurm)
    assert several[:2] == ["srun", "--overlap"]
    assert several[2:5] == ["--nodes=2", "--ntasks=2", "--ntasks-per-node=1"]
    assert {"--nnodes=2", "--rdzv-endpoint=node3:29400", "--rdzv-id=17"} <= set(several)
    with pytest.raises(InputError, match=r"^training\.nodes: 2 nodes are reached"):
        torchrun_command("job.json", 1, 2, {})


def test_a_gpu_that_is_not_there_is_one_line(tmp_path):
    if torch.cuda.is_available():
        pytest.skip("a GPU is there")
    world = tmp_path / "world"
    world.mkdir()
    with pytest.raises(InputError, match=r"^training.device: cuda, but 0 GPUs are visible here"):
        run_training(make_world(world), tmp_path / "out", device="cuda")
