"""The workflow through a real Slurm of one node: GPUs asked for, jobs lost, memory exceeded.

A part of the smoke run, the six jobs behind Supplementary Figure 10: two of them ask for a GPU, one
reads what another node wrote. Every Slurm job starts Snakemake twice more, so all sixty would take
minutes.
"""

import re
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from modgap.training.distributed import torchrun_command
from workflow.runs import at_start, copy_project, snakemake

TARGET = "results/smoke/figures/figS10_zero_shot_shift.pdf"
PROMPTS = "results/smoke/prompts/vit/scenes_size.parquet"
THROUGH_SLURM = [
    *("--workflow-profile", "profiles/slurm", "--configfile", "config/smoke.yaml"),
    *("--slurm-init-seconds-before-status-checks", "3", "--latency-wait", "5"),
]

FAIL_ONCE = """
    from pathlib import Path
    if not Path("failed").exists():
        Path("failed").touch()
        raise SystemExit("a fault, once")
"""

# The first attempt has half its output when it hangs; the second one goes through.
HANG_ONCE = """
    import time
    from pathlib import Path
    from modgap.files import atomic_path
    if not Path("hung").exists():
        with atomic_path(snakemake.output[0]) as half:
            half.write_bytes(b"half a table")
            Path("hung").touch()
            time.sleep(600)
"""

NOTE_DEVICES = """
    import os
    from pathlib import Path
    Path("devices").write_text(os.environ.get("CUDA_VISIBLE_DEVICES", ""))
"""

# More than the 1,500 MB of the first attempt, less than the 3,000 of the second.
TAKE_MEMORY = """
    import time
    much = b"x" * 1_600_000_000
    time.sleep(6)
    del much
"""


def answer(*command):
    """What a Slurm command says, or nothing where there is no Slurm."""
    try:
        done = subprocess.run(command, text=True, capture_output=True, timeout=60)
    except FileNotFoundError:
        return ""
    return done.stdout if done.returncode == 0 else ""


@pytest.fixture(scope="module")
def slurm():
    """Skip where no Slurm with the partitions of the profile runs."""
    lines = answer("sinfo", "-h", "-o", "%R %G").splitlines()
    if not lines:
        pytest.skip("no Slurm runs here: sinfo gives no answer (.ci/run starts one where it can)")
    partitions = dict(line.split() for line in lines)
    if "cpu" not in partitions or "gpu" not in partitions.get("gpu", ""):
        pytest.skip(f"this Slurm has no partition cpu, or none gpu with GPUs, but {partitions}")


@pytest.fixture
def enforced_memory(slurm, root):
    """Have jobs killed that exceed their memory, as every real cluster does."""
    before = answer("scontrol", "show", "config")
    if "OverMemoryKill" in before or "task/cgroup" in before:
        yield
        return
    tool = root.parent / "shared" / "tools" / "slurm-up.sh"  # knows its own throw-away Slurm
    if (
        not tool.exists()
        or subprocess.run(["bash", tool, "status"], capture_output=True).returncode
    ):
        pytest.skip("this Slurm does not enforce memory, and it is not ours to change")
    file = Path(re.search(r"^SLURM_CONF\s*= (.+)$", before, flags=re.MULTILINE)[1])
    plain = file.read_text(encoding="utf-8")
    polled = "JobAcctGatherType=jobacct_gather/linux\nJobAcctGatherFrequency=task=1\n"
    polled += "JobAcctGatherParams=OverMemoryKill"
    file.write_text(
        re.sub("^JobAcctGatherType=.*$", polled, plain, flags=re.MULTILINE), encoding="utf-8"
    )
    subprocess.run(["scontrol", "reconfigure"], check=True)
    yield
    file.write_text(plain, encoding="utf-8")
    subprocess.run(["scontrol", "reconfigure"], check=True)


def jobs_of(rule):
    """Slurm's numbers of this user's jobs of a rule, the newest last."""
    lines = answer("squeue", "--me", "--states=all", "-h", "-o", "%A %k").splitlines()
    pairs = [line.split(maxsplit=1) for line in lines]
    return sorted(int(job) for job, rule_and_more in pairs if rule_and_more.startswith(rule))


def wait_for(condition, seconds=400):
    """Return when ``condition()`` holds; fail after so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.5)


def test_lost_jobs_run_again_and_the_end_is_that_of_a_local_run(root, slurm, smoke, tmp_path):
    project = copy_project(root, tmp_path / "project")
    at_start(project, "draw_samples.py", FAIL_ONCE)
    at_start(project, "embed_images.py", NOTE_DEVICES)
    at_start(project, "sweep_zero_shot.py", HANG_ONCE)
    out = tmp_path / "out.txt"
    command = [Path(sys.executable).parent / "snakemake", TARGET, *THROUGH_SLURM]
    with open(out, "w", encoding="utf-8") as stream:
        running = subprocess.Popen(command, cwd=project, stdout=stream, stderr=subprocess.STDOUT)
    wait_for(lambda: (project / "hung").exists() or running.poll() is not None)
    assert running.poll() is None, out.read_text()
    subprocess.run(["scancel", str(jobs_of("rule_sweep_zero_shot")[-1])], check=True)
    assert running.wait(timeout=400) == 0, out.read_text()

    said = out.read_text()
    assert said.count("Trying to restart job") == 2
    assert "a fault, once" in said
    assert "SLURM status is: 'CANCELLED" in said
    assert (project / TARGET).stat().st_size > 5000
    # Both jobs that embed asked for a GPU, and Slurm gave one; drawing asked for none.
    for rule in ("rule_embed_images", "rule_embed_prompts"):
        job = answer("scontrol", "show", "job", str(jobs_of(rule)[-1]))
        assert "TresPerJob=gres:gpu:1" in job
        assert "Partition=gpu" in job
    assert (project / "devices").read_text() == "0"
    job = answer("scontrol", "show", "job", str(jobs_of("rule_draw_samples")[-1]))
    assert "gres:gpu" not in job
    assert "Partition=cpu" in job
    # What the cancelled job had written keeps its hidden, temporary name.
    tables = sorted((project / "results" / "smoke" / "statistics").rglob("[!.]*.parquet"))
    assert [path.stem for path in tables] == ["scenes-size"] * 3
    for path in tables:
        local = smoke / path.relative_to(project)
        pd.testing.assert_frame_equal(pd.read_parquet(path), pd.read_parquet(local))


def test_a_job_that_exceeds_its_memory(root, slurm, enforced_memory, tmp_path):
    project = copy_project(root, tmp_path / "project")
    profile = project / "profiles" / "slurm" / "profile.yaml"
    assert "16000 * attempt" in profile.read_text()
    profile.write_text(profile.read_text().replace("16000 * attempt", "1500 * attempt"))
    at_start(project, "embed_prompts.py", TAKE_MEMORY)
    # Without a second attempt the run ends, says which job and why, and leaves no file ...
    done = snakemake(project, PROMPTS, *THROUGH_SLURM, "--retries", 0, check=False)
    assert done.returncode != 0
    assert "Error in rule embed_prompts" in done.stdout
    assert re.search("SLURM status is: '(FAILED|OUT_OF_MEMORY)'", done.stdout)
    assert "Traceback" not in done.stdout
    assert not (project / PROMPTS).exists()
    # ... and with the profile's own retry the second attempt has twice the memory.
    done = snakemake(project, PROMPTS, *THROUGH_SLURM)
    assert done.stdout.count("Trying to restart job") == 1
    assert len(pd.read_parquet(project / PROMPTS)) > 0
    job = answer("scontrol", "show", "job", str(jobs_of("rule_embed_prompts")[-1]))
    assert "MinMemoryNode=3000M" in job


def test_a_training_job_can_start_processes_on_its_nodes(slurm, tmp_path):
    """The command for several nodes, told to use one, inside a step as the plugin makes it."""
    slurm_job = {"SLURM_JOB_ID": "1", "SLURMD_NODENAME": "node"}
    command = torchrun_command("job.json", 1, 2, slurm_job)
    start = [word.replace("=2", "=1") for word in command[: command.index(sys.executable)]]
    assert {"srun", "--nodes=1", "--ntasks=1"} <= set(start)
    inner = " ".join([*start, "echo", "started"])
    job = tmp_path / "job.sh"
    job.write_text(f"#!/bin/sh\nsrun -n1 --cpus-per-task=1 --nodes=1 sh -c 'timeout 30 {inner}'\n")
    out = tmp_path / "out.txt"
    subprocess.run(["sbatch", "--wait", "-t", "2", "--mem", "300", "-o", out, job], check=True)
    assert "started" in out.read_text()
