"""Labels and class prompts of ready embeddings: what is read, and what is refused in one line."""

import numpy as np
import pandas as pd
import pytest

from modgap.errors import InputError
from modgap.imported_classes import read_class_prompts, read_labels
from modgap.tables import SAMPLE_COLUMNS

IDS = ["a", "b", "c"]


def labels_file(folder, text):
    path = folder / "labels.csv"
    path.write_text(text)
    return str(path)


def test_labels_become_a_samples_table(tmp_path):
    path = labels_file(tmp_path, "label,site\ncat,x\n007,y\nNo,x\n")
    table = read_labels(path, IDS)
    assert list(table.columns) == [*SAMPLE_COLUMNS, "site"]
    assert list(table["sample_id"]) == IDS
    assert list(table["label"]) == ["cat", "007", "No"]
    assert list(table["site"]) == ["x", "y", "x"]


def test_labels_in_parquet_may_be_numbers(tmp_path):
    path = tmp_path / "labels.parquet"
    pd.DataFrame({"label": [1, 0, 1], "sample_id": IDS}).to_parquet(path)
    assert list(read_labels(str(path), IDS)["label"]) == ["1", "0", "1"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("class\na\nb\nc\n", "no column 'label' (found: class)"),
        ("label\na\nb\n", "2 rows, but there are 3 pairs; give one label each"),
        ("label,site\na,x\n,x\nc,x\n", "row 1 has no label"),
        (
            "label,sample_id\nx,a\nx,c\nx,b\n",
            "row 1 has sample_id 'c', but the embeddings have 'b'",
        ),
        ("label\na,b\nc,d,e\n", "not readable"),
    ],
)
def test_labels_that_are_refused(tmp_path, text, line):
    path = labels_file(tmp_path, text)
    with pytest.raises(InputError) as caught:
        read_labels(path, IDS)
    assert line in str(caught.value)
    assert path in str(caught.value)
    assert "\n" not in str(caught.value)


def npy(folder, vectors):
    np.save(folder / "classes.npy", vectors)
    return str(folder / "classes.npy")


def test_class_prompts_of_both_forms(tmp_path):
    vectors = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32)
    labels, read = read_class_prompts(npy(tmp_path, vectors), ["x", "y", "z"], 4)
    assert labels == ["x", "y", "z"]
    np.testing.assert_array_equal(read, vectors)
    path = tmp_path / "classes.parquet"
    pd.DataFrame({"label": [3, 1, 2], "embedding": list(vectors)}).to_parquet(path)
    labels, read = read_class_prompts(str(path), None, 4)
    assert labels == ["3", "1", "2"]
    np.testing.assert_array_equal(read, vectors)


@pytest.mark.parametrize(
    ("vectors", "classes", "dim", "line"),
    [
        (np.ones((2, 4)), None, 4, "a .npy has no class names; list them in 'classes'"),
        (np.ones((2, 4)), ["x", "y", "z"], 4, "2 rows, but 3 classes are listed"),
        (np.ones((2, 4)), ["x", "y"], 5, "4 dimensions, but the embeddings have 5"),
        (np.ones((2, 4)), ["x", "x"], 4, "row 1 has label 'x' again"),
        (np.array([[1.0, 2], [np.nan, 1]]), ["x", "y"], 2, "row 1 has values that are not finite"),
        (np.array([[1.0, 2], [0, 0]]), ["x", "y"], 2, "row 1 is all zeros"),
    ],
)
def test_class_prompts_that_are_refused(tmp_path, vectors, classes, dim, line):
    with pytest.raises(InputError) as caught:
        read_class_prompts(npy(tmp_path, vectors), classes, dim)
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


def test_class_prompts_in_parquet_need_labels(tmp_path):
    path = tmp_path / "classes.parquet"
    pd.DataFrame({"name": ["x"], "embedding": [np.ones(2)]}).to_parquet(path)
    with pytest.raises(InputError, match=r"no column 'label' \(found: name, embedding\)"):
        read_class_prompts(str(path), None, 2)
