"""What methods are compared on, from files."""

import numpy as np
import pandas as pd
import pytest

from modgap.errors import InputError
from modgap.methods.reading import (
    read_classes,
    read_other,
    read_relevance,
    read_set,
    read_set_labels,
    warn_of_unseen,
    why_left_out,
)
from modgap.tables import write_embeddings, write_table
from planted_tasks import write_task


def write_pair(folder, n=20, dim=4):
    rng = np.random.default_rng(0)
    ids = pd.DataFrame({"sample_id": [f"i{k}" for k in range(n)]})
    paths = []
    for side in ("first", "second"):
        path = str(folder / f"{side}.parquet")
        rows = 3 * rng.standard_normal((n, dim))
        write_embeddings(path, ids, rows.astype(np.float32), {"model": "imported"})
        paths.append([path])
    return [*paths, None]


def test_rows_of_a_set_have_unit_length(tmp_path):
    pair, X, Y = read_set(*write_pair(tmp_path))
    for rows in (X, Y):
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1)
    codes, kind = read_relevance(pair, None)
    np.testing.assert_array_equal(codes, [np.arange(20)])
    assert not kind.any()


def test_labels_follow_the_pictures_and_not_the_table(tmp_path):
    pair, _, _ = read_set(*write_pair(tmp_path))
    table = pd.DataFrame({"sample_id": pair.ids[::-1], "label": np.repeat(["b", "a"], 10)})
    write_table(table, tmp_path / "labels.parquet")
    labels, classes = read_set_labels(pair, tmp_path / "labels.parquet", ["label"], "mine")
    assert (classes[labels[0]], classes[labels[-1]]) == ("a", "b")
    assert len(set(labels[:10])) == len(set(labels[10:])) == 1
    assert labels[0] != labels[-1]
    assert read_set_labels(pair, None, ["label"], "mine") == (None, None)


def test_a_task_has_pictures_labels_and_class_vectors(tmp_path):
    paths = write_task(tmp_path, n=40, n_classes=4)
    task = {**paths, "name": "t", "columns": ["label"], "prompts_file": "p", "templates": "own"}
    X, labels, vectors = read_classes(task)
    assert (len(X), len(vectors)) == (40, 4)
    np.testing.assert_array_equal(labels, np.arange(40) % 4)


def test_another_set_is_cut_to_the_most_and_must_fit(tmp_path):
    files = write_pair(tmp_path)
    part = read_other(*files, 4, "mine", 8, 0)
    assert (part.n_pictures, len(part.second)) == (8, 8)
    np.testing.assert_array_equal(part.owner, np.arange(8))
    assert read_other(*files, 4, "mine", 100, 0).n_pictures == 20
    with pytest.raises(InputError, match="4 dimensions, but 'mine' has 5"):
        read_other(*files, 5, "mine", 8, 0)
    ids = pd.DataFrame({"sample_id": [f"i{k}" for k in range(20)]})
    write_embeddings(files[1][0], ids, np.ones((20, 4), np.float32), {"model": "imported"})
    with pytest.raises(InputError, match=r"second\.parquet: all 20 embeddings of texts"):
        read_other(*files, 4, "mine", 100, 0)


def test_what_is_left_out_is_said():
    assert why_left_out(200, "mine") is None
    assert why_left_out(199, "mine").startswith("mine: 199 pairs are too few")


def test_classes_without_calibration_texts_are_told():
    labels, classes = np.array([0, 0, 1, 1, 2]), np.array(["cat", "dog", "x" * 400])
    assert warn_of_unseen(labels, classes, np.array([0, 2, 4]), "mine") == []
    (line,) = warn_of_unseen(labels, classes, np.array([0, 4]), "mine (labels.csv)")
    assert line.startswith(
        "mine (labels.csv): no calibration texts of 'dog', of 3 classes; methods"
    )
    assert line.endswith("add pairs of them, or leave them out")
    assert warn_of_unseen(None, None, np.array([0]), "mine") == []
    (line,) = warn_of_unseen(np.arange(9), np.array(["y" * 400] * 9), np.array([0]), "mine")
    assert "and 6 more, of 9 classes" in line
    assert len(line) <= 300
