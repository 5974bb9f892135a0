"""The facade: the workflow's numbers to the last digit, light to import, errors in one line."""

import doctest
import subprocess
import sys
from importlib import import_module

import numpy as np
import pandas as pd
import pytest

import measure_gap
import measure_pairs
import modgap
from modgap.errors import InputError
from modgap.plan.digest import list_reached
from modgap.tables import read_tables, write_embeddings

RNG = np.random.default_rng(0)
X = (RNG.normal(size=(40, 6)) + 1).astype(np.float32)
Y = (X + RNG.normal(size=X.shape) - 2).astype(np.float32)


def test_the_table_is_that_of_the_workflow_to_the_last_digit(tmp_path):
    ids = pd.DataFrame({"sample_id": [f"item-{row:06d}" for row in range(len(X))]})
    paths = [tmp_path / "first.parquet", tmp_path / "second.parquet"]
    for path, block in zip(paths, (X, Y), strict=True):
        write_embeddings(path, ids, block, {"model": "imported", "joined": "by row"})
    tables = [tmp_path / "gap.parquet", tmp_path / "pairs.parquet"]
    shared = {"name": "mine", "caption": "first", "seed": 0}
    files = [[str(path)] for path in paths]
    measure_gap.main(*files, None, tables[0], n_resamples=2000, **shared)
    measure_pairs.main(*files, None, tables[1], exact_rows=20000, block=2000, **shared)
    found = modgap.gap(X, Y, label="mine")
    pd.testing.assert_frame_equal(found.table(), read_tables(tables), check_exact=True)
    assert repr(found).startswith(f"mine: gap {found.value:.3f} [{found.interval[0]:.3f}, ")
    assert found.n == 40


def test_importing_loads_no_numbers_and_changes_no_paths():
    code = (
        "import sys; before = list(sys.path); import modgap; assert sys.path == before; "
        "assert not {'numpy', 'pandas', 'sklearn', 'torch'} & set(sys.modules)"
    )
    environment = {"PYTHONPATH": str(next(iter(modgap.__path__)).removesuffix("/modgap"))}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


def test_no_script_reaches_the_facade(root):
    scripts = root / "scripts"
    for script in scripts.glob("*.py"):
        assert scripts / "modgap" / "api.py" not in list_reached(script, scripts)


def test_tensors_and_files_give_the_same(tmp_path):
    torch = pytest.importorskip("torch")
    np.save(tmp_path / "x.npy", X)
    expected = modgap.gap(X, Y).value
    assert modgap.gap(torch.tensor(X, requires_grad=True), torch.tensor(Y)).value == expected
    assert modgap.gap(modgap.load(tmp_path / "x.npy"), pd.DataFrame(Y)).value == expected
    half = modgap.gap(torch.tensor(X).bfloat16(), Y).value
    assert half == pytest.approx(expected, abs=0.01)


def test_several_texts_a_picture():
    groups = np.repeat(np.arange(40), 2)
    texts = np.repeat(Y, 2, axis=0)
    assert modgap.gap(X, texts, groups).value == modgap.gap(X, Y).value
    assert modgap.gap(np.repeat(X, 2, axis=0), texts, groups).n == 40


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (X[0], Y, "expected"),
        (X, Y[:, :3], "3 dimensions"),
        (X[:3], Y[:3], "at least 4"),
        (X, Y[:9], "9 rows"),
        (X * np.nan, Y, "not finite"),
    ],
)
def test_what_is_wrong_is_one_line(first, second, message):
    with pytest.raises(InputError, match=message) as error:
        modgap.gap(first, second)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "module", ["api", "interface.measuring", "interface.comparing", "interface.matrix"]
)
def test_examples_of_the_documentation_are_so(module):
    examined = import_module(f"modgap.{module}")
    found = doctest.testmod(examined, optionflags=doctest.ELLIPSIS)
    assert found.failed == 0
    assert found.attempted >= 3
