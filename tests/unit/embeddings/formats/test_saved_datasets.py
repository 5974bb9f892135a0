"""Folders of HuggingFace ``datasets`` in the layout that ``save_to_disk`` writes."""

import json

import numpy as np
import pyarrow as pa
import pytest

import modgap
from modgap.embeddings.formats.saved_datasets import read_saved_dataset
from modgap.errors import InputError

X = np.random.default_rng(0).normal(size=(7, 3)).astype(np.float32)


@pytest.fixture
def saved(tmp_path):
    """Two shards of a column of lists and a column of texts."""
    parts = np.array_split(np.arange(len(X)), 2)
    names = [f"data-{i:05d}-of-{len(parts):05d}.arrow" for i in range(len(parts))]
    for name, part in zip(names, parts, strict=True):
        rows = pa.array(X[part].tolist(), pa.list_(pa.float32()))
        table = pa.table({"image": rows, "caption": [f"text {row}" for row in part]})
        with pa.ipc.new_stream(str(tmp_path / name), table.schema) as writer:
            writer.write_table(table, max_chunksize=2)
    state = {
        "_data_files": [{"filename": name} for name in names],
        "_fingerprint": "0123456789abcdef",
        "_format_columns": None,
        "_format_kwargs": {},
        "_format_type": None,
        "_output_all_columns": False,
        "_split": None,
    }
    (tmp_path / "state.json").write_text(json.dumps(state, indent=2))
    (tmp_path / "dataset_info.json").write_text(json.dumps({"features": {}}))
    return tmp_path


def test_rows_of_all_shards_in_order(saved):
    np.testing.assert_array_equal(read_saved_dataset(saved), X)
    np.testing.assert_array_equal(modgap.load(saved, "image"), X)


def change(folder, **values):
    path = folder / "state.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "state.json").unlink(), "no dataset that save_to_disk wrote"),
        (lambda folder: (folder / "state.json").write_text("{"), "not readable as JSON"),
        (lambda folder: change(folder, _data_files=[]), "has to name files"),
        (lambda folder: change(folder, _data_files=[{"filename": "../x"}]), "has to name files"),
        (lambda folder: change(folder, _indices_data_files=[{"filename": "i"}]), "old version"),
        (lambda folder: (folder / "data-00001-of-00002.arrow").unlink(), "data-00001-of-00002"),
        (
            lambda folder: (folder / "data-00001-of-00002.arrow").write_bytes(b"x" * 99),
            "not a readable .arrow file",
        ),
        (
            lambda folder: (folder / "dataset_dict.json").write_text('{"splits": ["train"]}'),
            "holds splits",
        ),
    ],
)
def test_damage_is_one_line(saved, damage, message):
    damage(saved)
    with pytest.raises(InputError, match=message) as error:
        read_saved_dataset(saved)
    assert "\n" not in str(error.value)


def test_a_column_of_texts_or_none_is_one_line(saved):
    with pytest.raises(InputError, match="expected lists of floats"):
        read_saved_dataset(saved, "caption")
    with pytest.raises(InputError, match="no 'audio' in it"):
        read_saved_dataset(saved, "audio")
