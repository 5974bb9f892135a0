"""The library as others install it: a wheel in an environment of its own, without the extras."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import yaml

from modgap.tables import read_tables
from workflow.runs import copy_project, snakemake

# What only an extra brings.
EXTRA = ["pyarrow", "safetensors", "umap", "numba", "torch", "snakemake", "jsonschema"]


@pytest.fixture(scope="module")
def python(root, tmp_path_factory):
    """Python of an environment that has the wheel and what it needs, in the pinned versions."""
    folder = tmp_path_factory.mktemp("package")
    uv = [str(root / ".venv" / "bin" / "uv"), "--quiet"]

    def call(*words):
        done = subprocess.run([*uv, *map(str, words)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    call("build", "--wheel", "--out-dir", folder / "dist", root)
    call("venv", "--python", sys.executable, folder / "env")
    python = folder / "env" / "bin" / "python"
    (wheel,) = (folder / "dist").glob("*.whl")
    pins = root / "requirements.txt"
    call("pip", "install", "--python", python, "--constraint", pins, wheel)
    return python


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 5)) + 1
    np.save(tmp_path / "images.npy", X)
    np.save(tmp_path / "texts.npy", X + rng.normal(size=X.shape) - 2)
    (tmp_path / "images.parquet").write_bytes(b"")
    # What is wrong with it is told with the reader of the schema.
    (tmp_path / "mine.yaml").write_text(
        "datasets: {mine: {kind: embeddings, first: images.npy, second: texts.npy}}\n"
        "statistics: {block: none}\n"
    )
    return tmp_path


def run(python, folder, *words, command="modgap"):
    program = [python.parent / command] if command == "modgap" else [python, *command.split()]
    return subprocess.run([*program, *words], cwd=folder, capture_output=True, text=True)


def test_the_environment_has_none_of_the_extras(python, folder):
    code = f"import importlib.util as u; print([n for n in {EXTRA} if u.find_spec(n)])"
    assert run(python, folder, "-c", code, command="").stdout == "[]\n"


def test_the_command_measures_without_them_what_the_checkout_measures(python, folder, root):
    words = ("gap", "images.npy", "texts.npy", "--json")
    told = json.loads(run(python, folder, *words).stdout)
    ours = subprocess.run(
        [sys.executable, "-m", "modgap", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(root / "scripts")},
    )
    assert told == json.loads(ours.stdout)
    assert told["n"] == 30
    module = run(python, folder, "gap", "images.npy", "texts.npy", command="-m modgap")
    assert module.stdout.startswith(f"your embeddings: gap {told['gap']:.3f} [")


def test_the_command_says_what_a_run_of_the_workflow_measures(python, root, folder, tmp_path):
    """To the last digit, from an installed package without pyarrow."""
    project = copy_project(root, tmp_path / "project")
    data = {"kind": "embeddings", "first": "images.npy", "second": "texts.npy"}
    for name in ("images.npy", "texts.npy"):
        (project / name).write_bytes((folder / name).read_bytes())
    (project / "run.yaml").write_text(yaml.safe_dump({"datasets": {"mine": data}}))
    snakemake(project, "table_answers", "--cores", 1, "--configfile", "run.yaml")
    statistics = project / "results" / "run" / "statistics"
    measured = read_tables([str(statistics / kind / "mine.parquet") for kind in ("gap", "pairs")])
    told = json.loads(
        run(python, folder, "gap", "images.npy", "texts.npy", "--json", "--label", "mine").stdout
    )
    found = pd.DataFrame(told["statistics"])[list(measured)]
    pd.testing.assert_frame_equal(found, measured, check_exact=True, check_dtype=False)


EVERYTHING = """
import modgap
import numpy as np
from modgap.errors import InputError

images, texts = modgap.load("images.npy"), modgap.load("texts.npy")
gap = modgap.gap(images, texts)
gap.plot().savefig("gap.png")
gap.table(), gap.sentences(), gap._repr_html_(), gap.compare(gap)._repr_html_()
matrix = modgap.matrix({"image": images, "text": texts, "other": images - texts})
matrix.plot().savefig("matrix.png")
matrix.table(), matrix._repr_html_()
gap.plot("landscape").savefig("landscape.png")
many = np.random.default_rng(0).normal(size=(2100, 3))
try:
    modgap.gap(many, many + 1).plot("landscape")
except InputError as error:
    print(error)
"""


def test_everything_public_works_without_them_or_names_what_it_needs(python, folder):
    done = run(python, folder, "-c", EVERYTHING, command="")
    assert done.returncode == 0, done.stderr
    assert 'pip install "modgap[numba]"' in done.stdout
    assert done.stdout.count("\n") == 1
    assert {"gap.png", "landscape.png", "matrix.png"} <= {path.name for path in folder.iterdir()}


@pytest.mark.parametrize(
    ("words", "missing"),
    [
        (["gap", "images.parquet", "texts.npy"], 'pip install "modgap[files]"'),
        (["check", "mine.yaml"], 'pip install "modgap[workflow]"'),
    ],
)
def test_what_is_missing_is_a_line(python, folder, words, missing):
    done = run(python, folder, *words)
    assert done.returncode == 1
    assert missing in done.stderr
    assert done.stderr.count("\n") == 1
    assert not done.stdout
