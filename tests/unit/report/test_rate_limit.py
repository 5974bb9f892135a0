"""Snakemake looks at its jobs when one starts or ends, and not ever more often."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from modgap.report.rate_limit import drop_rate_limit

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"
# Four quick jobs, then a slow one that another waits for.
SNAKEFILE = f"""
import sys

sys.path.insert(0, {str(SCRIPTS)!r})
from modgap.report.rate_limit import drop_rate_limit

onstart:
    drop_rate_limit(workflow) if config["drop"] else None

rule all:
    input: expand("{{i}}", i=range(6))

rule one:
    output: "{{i}}"
    priority: lambda wildcards: 10 - int(wildcards.i)
    shell: "sleep $(( {{wildcards.i}} == 4 ? 3 : 0 )); touch {{output}}"
"""


def count_looks(folder, *more, drop):
    """How often a run of six jobs looks at what could start."""
    folder.mkdir(exist_ok=True)
    (folder / "Snakefile").write_text(SNAKEFILE)
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--verbose", *more]
    done = subprocess.run(
        [*command, "--config", f"drop={int(drop)}"], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert (folder / "5").is_file()
    return done.stderr.count("Ready jobs")


def test_a_waiting_run_does_not_look(tmp_path):
    kept = count_looks(tmp_path / "kept", drop=False)
    dropped = count_looks(tmp_path / "dropped", drop=True)
    assert kept >= dropped + 5
    # A limit that was asked for stays.
    asked = count_looks(tmp_path / "asked", "--max-jobs-per-timespan", "50/1s", drop=True)
    assert asked >= dropped + 5


@pytest.mark.parametrize(("limit", "left"), [((100, 1), False), ((100, 60), True), (None, True)])
def test_only_the_default_limit_goes(limit, left):
    given = None if limit is None else SimpleNamespace(max_jobs=limit[0], timespan=limit[1])
    workflow = SimpleNamespace(
        scheduling_settings=SimpleNamespace(max_jobs_per_timespan=given),
        scheduler=SimpleNamespace(job_rate_limiter="limiter"),
    )
    drop_rate_limit(workflow)
    assert (workflow.scheduler.job_rate_limiter == "limiter") == left
