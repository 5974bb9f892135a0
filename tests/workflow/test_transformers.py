"""Models of transformers, in an environment that has the package (`make transformers`)."""

import csv
import subprocess
import sys

import pytest
import yaml

from workflow.runs import copy_project

WRITE = """
import sys
from transformers_folders import write_clip, write_siglip
write_clip(sys.argv[1] + "/clip")
write_siglip(sys.argv[1] + "/siglip")
"""


@pytest.fixture(scope="module")
def bin_folder(root, tmp_path_factory):
    """Programs of an environment with the pinned packages, transformers and the test tools."""
    environment = tmp_path_factory.mktemp("transformers") / "env"
    uv = [str(root / ".venv" / "bin" / "uv"), "--quiet"]
    files = [
        word
        for name in ("requirements-transformers.txt", "requirements-dev.txt")
        for word in ("-r", str(root / name))
    ]
    python = ["--python", str(environment / "bin" / "python")]
    for words in (
        ["venv", "--python", sys.executable, str(environment)],
        ["pip", "install", *python, *files],
    ):
        done = subprocess.run([*uv, *words], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    return environment / "bin"


def call(*words, folder):
    done = subprocess.run(
        [str(word) for word in words],
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_their_unit_tests_run_there(root, bin_folder):
    tests = "tests/unit/embeddings/networks/test_from_transformers.py"
    words = ("-m", "pytest", "-rs", "-p", "no:cacheprovider", tests)
    assert "SKIPPED" not in call(bin_folder / "python", *words, folder=root)


def test_a_run_measures_them_beside_each_other(root, tmp_path, bin_folder):
    project = copy_project(root, tmp_path / "project")
    helpers = f"import sys; sys.path.insert(0, {str(root / 'tests' / 'helpers')!r})\n"
    call(bin_folder / "python", "-c", helpers + WRITE, tmp_path, folder=project)
    given = {
        "datasets": {"scenes": {"kind": "scenes", "n": 24, "seed": 0}},
        "models": {
            name: {"source": "transformers", "path": str(tmp_path / name)}
            for name in ("clip", "siglip")
        },
        "embedding_sets": {"grid": {"models": ["clip", "siglip"], "datasets": ["scenes"]}},
    }
    (project / "mine.yaml").write_text(yaml.safe_dump(given))
    words = ("--cores", "2", "--configfile", "mine.yaml")
    call(bin_folder / "snakemake", "table_answers", *words, folder=project)
    answers = project / "results" / "mine" / "tables" / "answers.csv"
    with open(answers, encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 2
    assert {row["n"] for row in rows} == {"24"}
    assert len({row["gap"] for row in rows}) == 2
