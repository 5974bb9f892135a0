"""How the processes of a run are started, and what one of them knows."""

import pytest
import torch

from modgap.errors import InputError
from modgap.training.distributed import (
    Place,
    join_processes,
    mean_over_processes,
    torchrun_command,
)


def test_one_node_needs_no_meeting_place():
    command = torchrun_command("job.json", 4, 1, {})
    assert "--nproc-per-node=4" in command
    assert "--standalone" in command
    assert command[-3:] == ["-m", "modgap.training.worker", "job.json"]


def test_several_nodes_meet_at_the_first():
    slurm = {"SLURM_JOB_ID": "17", "SLURMD_NODENAME": "node3"}
    command = torchrun_command("job.json", 2, 3, slurm)
    assert command[0] == "srun"
    for option in ("--nodes=3", "--ntasks=3", "--nnodes=3", "--rdzv-id=17"):
        assert option in command
    assert "--rdzv-endpoint=node3:29400" in command
    assert command[-3:] == ["-m", "modgap.training.worker", "job.json"]


def test_several_nodes_need_slurm():
    with pytest.raises(InputError, match=r"training\.nodes: 3 nodes are reached through Slurm"):
        torchrun_command("job.json", 2, 3, {})


def test_a_process_alone_is_the_first(monkeypatch):
    for name in ("WORLD_SIZE", "RANK", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)
    with join_processes("cpu") as place:
        assert (place.rank, place.size, place.device.type) == (0, 1, "cpu")
        assert place.first
        value = torch.tensor(3.0)
        assert mean_over_processes(value, place) is value
    assert not Place(1, 2, torch.device("cpu")).first


def test_more_processes_than_gpus(monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "1")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    line = r"cuda, but 1 GPUs are visible here and process 1"
    with pytest.raises(InputError, match=line), join_processes("cuda"):
        pass
