"""The library as others install it: a wheel in an environment of its own, without the extras."""

import json
import subprocess
import sys

import numpy as np
import pytest

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
    (tmp_path / "mine.yaml").write_text("datasets: {}\n")
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
