"""Two checkouts with one folder of results or of downloads, at the same time."""

import fcntl
import sys
from pathlib import Path

import pytest
import yaml

from faults.outcomes import classify_run
from modgap.report.holding import RESULTS
from workflow.runs import copy_project

SNAKEMAKE = Path(sys.executable).parent / "snakemake"


@pytest.fixture
def checkout(root, tmp_path):
    """A checkout whose results are beside it, and the command of a run of seconds in it."""
    project = copy_project(root, tmp_path / "one")
    results = tmp_path / "results"
    config = yaml.safe_load((root / "config" / "smoke.yaml").read_text(encoding="utf-8"))
    (project / "mine.yaml").write_text(yaml.safe_dump({**config, "results": str(results)}))
    target = results / "tables" / "theorems.csv"
    return project, results, [SNAKEMAKE, target, "--cores", "1", "--configfile", "mine.yaml"]


def test_results_of_another_run_are_refused_before_anything_is_planned(checkout, fault):
    project, results, command = checkout
    results.mkdir()
    with open(results / RESULTS, "w", encoding="utf-8") as lock:
        lock.write("process 7 on elsewhere, from /other")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        ended = classify_run(command, cwd=project)
        assert ended[0] == "refused"
        said = fault("two runs", ended)
        assert f"another run is at work in {results} (process 7 on elsewhere" in said
        assert "Building DAG" not in said
        for looking in ("-n", "--unlock", "--summary"):
            ended = classify_run([*command, looking], cwd=project)
            assert ended[0] == "survived", ended
            fault("two runs", ended)
        assert (results / RESULTS).read_text() == "process 7 on elsewhere, from /other"
    ended = classify_run(command, lambda said: "Done in" in said, cwd=project)
    fault("two runs", ended)
    assert "from " + str(project) in (results / RESULTS).read_text()


def test_looking_holds_nothing(checkout, fault):
    project, results, command = checkout
    fault("two runs", classify_run([*command, "-n"], cwd=project))
    assert not (results / RESULTS).exists()
