"""More than one process: starting them with torchrun, and what each needs to know.

The rule asks for ``processes`` per node and ``nodes``; with more than one in all, the script
writes its arguments to a file and starts torchrun on ``modgap.training.worker``. On several nodes
one torchrun per node is started through Slurm's srun and they meet at the first node.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.distributed as dist

from modgap.errors import InputError

SCRIPTS = Path(__file__).resolve().parents[2]
PORT = 29400


@dataclass(frozen=True)
class Place:
    """This process among all: ``rank`` of ``size``, on ``device``."""

    rank: int
    size: int
    device: torch.device

    @property
    def first(self):
        return self.rank == 0


@contextlib.contextmanager
def join_processes(device):
    """The Place of this process; torchrun's environment makes it one of several.

    device : "cpu" (gloo) or "cuda" (NCCL, one GPU per process).
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    rank = int(os.environ.get("RANK", "0"))
    local = int(os.environ.get("LOCAL_RANK", "0"))
    if device == "cuda":
        if torch.cuda.device_count() <= local:
            raise InputError(
                f"training.device: cuda, but {torch.cuda.device_count()} GPUs are visible here and "
                f"process {local} of this node needs one; set device: cpu or fewer processes"
            )
        torch.cuda.set_device(local)
    place = Place(
        rank, size, torch.device(device, local) if device == "cuda" else torch.device(device)
    )
    if size == 1:
        yield place
        return
    dist.init_process_group("nccl" if device == "cuda" else "gloo")
    try:
        yield place
    finally:
        dist.destroy_process_group()


def mean_over_processes(value, place):
    """Mean of a one-element tensor over all processes."""
    if place.size == 1:
        return value
    value = value.clone()
    dist.all_reduce(value)
    return value / place.size


def torchrun_command(job, processes, nodes, environment):
    """Command line that runs ``modgap.training.worker`` on all processes of all nodes."""
    run = [sys.executable, "-m", "torch.distributed.run", f"--nproc-per-node={processes}"]
    worker = ["-m", "modgap.training.worker", str(job)]
    if nodes == 1:
        return [*run, "--standalone", *worker]
    if "SLURM_JOB_ID" not in environment:
        raise InputError(
            f"training.nodes: {nodes} nodes are reached through Slurm only; run with "
            "--workflow-profile profiles/slurm, or set nodes: 1"
        )
    # The node that Slurm starts the batch script on is the first of the job.
    meeting = f"{environment['SLURMD_NODENAME']}:{PORT}"
    return [
        # Beside the step of this script, which has the CPUs: srun would wait for its end.
        *("srun", "--overlap", f"--nodes={nodes}", f"--ntasks={nodes}", "--ntasks-per-node=1"),
        *run,
        f"--nnodes={nodes}",
        "--rdzv-backend=c10d",
        f"--rdzv-endpoint={meeting}",
        f"--rdzv-id={environment['SLURM_JOB_ID']}",
        *worker,
    ]


def launch_workers(arguments, *, processes, nodes):
    """Run the worker with ``arguments`` (JSON-able) in all processes; wait for the end.

    Raises
    ------
    InputError : the one line of a worker that met an error of the user's.
    """
    folder = Path(arguments["outputs"]["weights"]).parent
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".job-") as scratch:
        job, complaint = Path(scratch, "job.json"), Path(scratch, "error.txt")
        job.write_text(json.dumps(arguments), encoding="utf-8")
        command = torchrun_command(job, processes, nodes, os.environ)
        environment = {**os.environ, "PYTHONPATH": str(SCRIPTS)}
        with subprocess.Popen(
            command,
            env=environment,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
        ) as running:
            for line in running.stderr:
                sys.stderr.write(line)
        if complaint.exists():
            raise InputError(complaint.read_text(encoding="utf-8"))
        if running.returncode:
            raise subprocess.CalledProcessError(running.returncode, command)
