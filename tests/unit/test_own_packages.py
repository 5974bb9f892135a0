"""A job in a conda environment does not see the packages that Snakemake appends to its path."""

import json
import os
import subprocess
import sys

import pytest

# What the head of a script does, with Snakemake's own packages in the folder of argv[1].
JOB = """
import json, sys, types
host = types.ModuleType("snakemake")
host.__file__ = sys.argv[1] + "/snakemake/__init__.py"
hosted = types.ModuleType("hosted")
hosted.__file__ = sys.argv[1] + "/hosted.py"
sys.modules |= {"snakemake": host, "hosted": hosted}
before = list(sys.path)
sys.path.extend([sys.argv[1], sys.argv[1].replace("/site-packages", ""), "/project/rules"])
import modgap
print(json.dumps([before, sys.path, [name in sys.modules for name in ("snakemake", "hosted")]]))
"""
HOST = "/elsewhere/lib/python3.11/site-packages"


def paths(root, host, conda_prefix):
    """sys.path before the host's packages are appended and after modgap is imported.

    And whether Snakemake, and a package that it has loaded, are still found.
    """
    environment = {**os.environ, "PYTHONPATH": str(root / "scripts"), "CONDA_PREFIX": conda_prefix}
    command = [sys.executable, "-c", JOB, host]
    out = subprocess.run(command, env=environment, text=True, capture_output=True, check=True)
    return json.loads(out.stdout)


def test_in_an_environment_of_its_own(root):
    before, after, found = paths(root, HOST, sys.prefix)
    assert after == [*before, "/project/rules"]
    assert found == [True, False]


@pytest.mark.parametrize("elsewhere", ["", "/some/other/environment"])
def test_elsewhere_nothing_changes(root, elsewhere):
    before, after, found = paths(root, HOST, elsewhere)
    assert after == [*before, HOST, HOST.replace("/site-packages", ""), "/project/rules"]
    assert found == [True, True]


def test_snakemake_in_the_same_environment(root):
    own = f"{sys.prefix}/lib/python3.11/site-packages"
    before, after, found = paths(root, own, sys.prefix)
    assert after == [*before, own, own.replace("/site-packages", ""), "/project/rules"]
    assert found == [True, True]
