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


def test_hardware_and_versions_are_named():
    assert set(machine.hardware()) == {"system", "processor", "memory", "GPU"}
    assert all(machine.hardware().values())
    assert machine.versions()["snakemake"].startswith("9.")
