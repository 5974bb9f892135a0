"""The smoke run that many tests look at."""

import fcntl

import pytest

from workflow.runs import copy_project, snakemake


@pytest.fixture(scope="session")
def smoke(root, tmp_path_factory, worker_id):
    """The finished smoke run, in a project copy of its own; read only.

    Made once a session: side by side (-n), workers share it, and the others wait for the first.
    """
    shared = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        shared = shared.parent
    project, done = shared / "smoke", shared / "smoke.done"
    with open(shared / "smoke.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            copy_project(root, project)
            snakemake(project, "--cores", 2, "--configfile", "config/smoke.yaml")
            done.touch()
    return project


@pytest.fixture
def finished(root, smoke, tmp_path):
    """A copy of the finished smoke run that a test may change."""
    return copy_project(root, tmp_path / "project", results=smoke)
