"""Run snakemake in a copy of the project, as a user would."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

PARTS = ["Snakefile", "workflow", "rules", "scripts", "config", "envs", "profiles", "report"]


def snakemake(project, *arguments, check=True, timeout=600, environment=None):
    """Run snakemake in ``project`` as a user would; return the finished process.

    environment : variables that are set besides.
    """
    command = [str(Path(sys.executable).parent / "snakemake"), *map(str, arguments)]
    own = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        command,
        cwd=project,
        env=own | (environment or {}),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=timeout,
    )
    if check:
        assert done.returncode == 0, done.stdout
    return done


def planned(project, *arguments):
    """Names and numbers of the jobs that a dry run plans."""
    out = snakemake(project, "-n", *arguments).stdout
    if "Nothing to be done" in out:
        return {}
    lines = out.split("Job stats:")[1].splitlines()
    table = [line.split() for line in lines[3:]]
    jobs = {row[0]: int(row[1]) for row in table[: table.index([])]}
    del jobs["total"]
    return jobs


def copy_project(root, target, results=None):
    """Copy the project's files, and a finished run's results and provenance if given."""
    target.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        source = root / part
        if source.is_dir():
            shutil.copytree(
                source, target / part, ignore=shutil.ignore_patterns("__pycache__", "*.part*")
            )
        else:
            shutil.copy2(source, target / part)
    if results is not None:
        shutil.copytree(results / "results", target / "results")
        shutil.copytree(results / ".snakemake", target / ".snakemake")
    return target


def at_start(project, script, code):
    """Make the copy of a script begin with ``code``, once it has its log."""
    path = project / "scripts" / script
    before, head, after = path.read_text().partition("start_log(snakemake.log[0])")
    assert head, script
    path.write_text(before + head + code + after)
