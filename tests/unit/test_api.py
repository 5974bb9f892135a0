"""The facade: the workflow's numbers to the last digit, light to import, errors in one line."""

import json
import subprocess
import sys

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


def write_arrow_dataset(folder, block, files=2):
    """A dataset in the layout of HuggingFace ``datasets``: streams, and a state that names them."""
    pa = pytest.importorskip("pyarrow")
    folder.mkdir()
    names = [f"data-{i:05d}-of-{files:05d}.arrow" for i in range(files)]
    for name, part in zip(names, np.array_split(block, files), strict=True):
        vectors = pa.array(part.tolist(), type=pa.list_(pa.float32()))
        table = pa.table({"id": [str(i) for i in range(len(part))], "vector": vectors})
        with pa.ipc.new_stream(str(folder / name), table.schema) as writer:
            writer.write_table(table)
    state = {"_data_files": [{"filename": name} for name in names], "_split": "train"}
    (folder / "state.json").write_text(json.dumps(state))
    (folder / "dataset_info.json").write_text("{}")
    return folder


def test_a_saved_dataset_is_read_file_by_file(tmp_path):
    folder = write_arrow_dataset(tmp_path / "saved", X)
    np.testing.assert_array_equal(modgap.load(folder, "vector"), X)
    np.testing.assert_array_equal(modgap.load(folder), X)
    (first, *_) = sorted(folder.glob("*.arrow"))
    np.testing.assert_array_equal(modgap.load(first, "vector"), X[:20])


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "state.json").unlink(), "no state.json"),
        (lambda folder: (folder / "state.json").write_text("{"), "does not name the files"),
        (
            lambda folder: (folder / "state.json").write_text(
                '{"_data_files": [{"filename": "../x.arrow"}]}'
            ),
            "no files of this folder",
        ),
        (lambda folder: next(folder.glob("*.arrow")).unlink(), "no such file"),
        (lambda folder: next(folder.glob("*.arrow")).write_bytes(b"x" * 99), "arrow file"),
        (lambda folder: (folder / "dataset_dict.json").write_text("{}"), "has splits"),
    ],
)
def test_a_damaged_dataset_is_a_line(tmp_path, damage, message):
    folder = write_arrow_dataset(tmp_path / "saved", X)
    damage(folder)
    with pytest.raises(InputError, match=message) as error:
        modgap.load(folder)
    assert "\n" not in str(error.value)


class Column:
    """A column of ``datasets``: rows by number and slice, and no array protocol."""

    def __init__(self, rows):
        self.rows = rows

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, place):
        return self.rows[place]


@pytest.mark.parametrize(
    "given",
    [
        Column([row.tolist() for row in X]),
        pd.Series(list(X)),
        X.tolist(),
        [row.astype(np.float64) for row in X],
    ],
)
def test_columns_of_lists_are_arrays(given):
    assert modgap.gap(given, Y).value == modgap.gap(X, Y).value


def test_a_ragged_column_is_a_line():
    with pytest.raises(InputError, match=r"first: no \(n, dim\) array"):
        modgap.gap([[1.0, 2.0], [1.0]] * 9, Y)
