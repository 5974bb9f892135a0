"""Interrupted runs continue, and end with the same bytes."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from workflow.runs import copy_project, snakemake

SMOKE = ["--cores", "2", "--configfile", "config/smoke.yaml"]


def embedding_files(project):
    """All finished embedding shards, by their path below the results."""
    folder = project / "results" / "smoke" / "embeddings"
    return {path.relative_to(folder): path for path in folder.rglob("part-*.parquet")}


def test_two_runs_in_one_folder_are_refused(finished):
    (finished / "results" / "smoke" / "tables" / "gap_statistics.csv").unlink()
    with open(finished / ".snakemake" / "run.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = snakemake(finished, *SMOKE, check=False)
        assert done.returncode != 0
        assert "another run is at work" in done.stdout
    snakemake(finished, *SMOKE)


def test_a_run_holds_its_folder_until_it_ends(root, tmp_path):
    project = copy_project(root, tmp_path / "project")
    command = [Path(sys.executable).parent / "snakemake", "results/smoke/tables/theorems.csv"]
    running = subprocess.Popen([*command, *SMOKE], cwd=project, stderr=subprocess.DEVNULL)
    theorems = project / "results" / "smoke" / "logs" / "check_theorems.log"
    deadline = time.monotonic() + 300
    while not theorems.is_file() and time.monotonic() < deadline:
        time.sleep(0.05)
    with open(project / ".snakemake" / "run.lock", encoding="utf-8") as lock:
        with pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert running.wait() == 0
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_kill_9_during_extraction_then_the_same_command(root, smoke, tmp_path):
    project = copy_project(root, tmp_path / "project")
    command = [Path(sys.executable).parent / "snakemake", "embeddings", *SMOKE]
    running = subprocess.Popen(
        command,
        cwd=project,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 300
    while not embedding_files(project) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    done_before = embedding_files(project)
    total = len(embedding_files(smoke))
    assert 0 < len(done_before) < total
    stamps = {name: path.stat().st_mtime_ns for name, path in done_before.items()}

    snakemake(project, "embeddings", *SMOKE)

    after = embedding_files(project)
    expected = embedding_files(smoke)
    assert set(after) == set(expected)
    for name, path in after.items():
        assert path.read_bytes() == expected[name].read_bytes(), name
    kept = [name for name in stamps if after[name].stat().st_mtime_ns == stamps[name]]
    # Snakemake may redo the one shard that had its name but not yet its record.
    assert len(kept) >= len(stamps) - 2
    assert not list((project / "results").rglob("*.part.*"))


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_says_what_to_do_without_a_traceback(root, tmp_path, times):
    project = copy_project(root, tmp_path / "project")
    target = "results/smoke/tables/theorems.csv"
    running = subprocess.Popen(
        [Path(sys.executable).parent / "snakemake", target, *SMOKE],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    # In the middle of a job's imports, where Python would print a traceback.
    said = ""
    while "check_theorems" not in said.partition("Job stats")[2].partition("Execute")[2]:
        line = running.stdout.readline()
        assert line, said
        said += line
    for _ in range(times):
        time.sleep(0.4)
        os.killpg(running.pid, signal.SIGINT)  # as a terminal does
    said, _ = running.communicate(timeout=120)
    assert running.returncode != 0
    assert "Stopped by Ctrl-C after" in said
    assert "give the same command again" in said
    for noise in ("Traceback", "KeyboardInterrupt", "Error", "failed"):
        assert noise not in said
    assert not (project / target).exists()
    assert not list((project / "results").rglob("*.part*"))
    # The whole log has what the terminal does not show.
    (log,) = (project / ".snakemake" / "log").glob("*.log")
    assert "Error in rule check_theorems" in log.read_text()

    snakemake(project, target, *SMOKE)
    assert (project / target).is_file()
