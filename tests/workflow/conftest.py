"""The smoke run that many tests look at."""

import pytest

from workflow.runs import copy_project, snakemake


@pytest.fixture(scope="session")
def smoke(root, tmp_path_factory):
    """The finished smoke run, in a project copy of its own; read only."""
    project = copy_project(root, tmp_path_factory.mktemp("smoke"))
    snakemake(project, "--cores", 2, "--configfile", "config/smoke.yaml")
    return project


@pytest.fixture
def finished(root, smoke, tmp_path):
    """A copy of the finished smoke run that a test may change."""
    return copy_project(root, tmp_path / "project", results=smoke)


def pytest_collection_modifyitems(items):
    """Side by side (-n), tests of the same fixtures stay on one worker: each is made once."""
    for item in items:
        if item.path.parent.name == "workflow":
            on_smoke = {"smoke", "finished"} & set(item.fixturenames)
            item.add_marker(pytest.mark.xdist_group("smoke" if on_smoke else item.path.stem))
