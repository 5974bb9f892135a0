"""What a run says of the machine that made it."""

import subprocess

import pytest

from modgap.report import machine


def test_what_a_command_prints():
    assert machine.run_command("printf", " one GPU\n") == "one GPU"
    assert machine.run_command("false") == ""
    assert machine.run_command("no-such-command-here") == ""


@pytest.mark.parametrize("error", [subprocess.TimeoutExpired("nvidia-smi", 30), PermissionError()])
def test_a_command_that_hangs_or_does_not_start_says_nothing(monkeypatch, error):
    def failing(*_, **__):
        raise error

    monkeypatch.setattr(subprocess, "run", failing)
    assert machine.run_command("printf", "something") == ""


def test_a_commit_is_that_of_the_project_and_of_no_repository_around_it(tmp_path):
    git = ["git", "-C", tmp_path, "-c", "user.name=a", "-c", "user.email=a@b.c"]
    (tmp_path / "Snakefile").write_text("rule all:\n")
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "All"]):
        subprocess.run([*git, *command], check=True)
    head = machine.run_command("git", "-C", str(tmp_path), "rev-parse", "HEAD")
    assert machine.find_commit(tmp_path) == head
    (tmp_path / "Snakefile").write_text("rule some:\n")
    assert machine.find_commit(tmp_path) == f"{head}, with changes"
    vendored, unpacked = tmp_path / "vendored", tmp_path / ("0a" * 20)
    vendored.mkdir()
    unpacked.mkdir()
    assert machine.find_commit(vendored) == ""
    assert machine.find_commit(unpacked) == "0a" * 20


def test_hardware_and_versions_are_named():
    assert set(machine.hardware()) == {"system", "processor", "memory", "GPU"}
    assert all(machine.hardware().values())
    assert machine.versions()["snakemake"].startswith("9.")
