"""Reading two clouds: which text belongs to which picture, labels, and what does not fit."""

import numpy as np
import pandas as pd
import pytest

from modgap.errors import InputError
from modgap.statistics.clouds import (
    label_indices,
    load_pair,
    picture_labels,
    read_class_vectors,
    read_clouds,
    read_pictures,
)
from modgap.tables import BY_ID, BY_ROW, write_embeddings, write_table

PICTURES = np.array([[3.0, 4.0], [0.0, 2.0], [5.0, 0.0]], dtype=np.float32)
TEXTS = np.array([[0.0, 1.0], [2.0, 0.0], [0.0, 3.0], [4.0, 0.0]], dtype=np.float32)


@pytest.fixture
def files(tmp_path):
    """Three pictures, of which the first has two captions; the texts are in another order."""
    paths = {name: tmp_path / f"{name}.parquet" for name in ("first", "second", "samples")}
    samples = pd.DataFrame(
        {
            "sample_id": ["a", "a", "b", "c"],
            "caption_index": [0, 1, 0, 0],
            "caption": ["a0", "a1", "b0", "c0"],
        }
    )
    write_table(samples, paths["samples"])
    write_embeddings(paths["first"], pd.DataFrame({"sample_id": list("abc")}), PICTURES, {})
    ids = samples[["sample_id", "caption_index"]].iloc[[3, 0, 1, 2]].reset_index(drop=True)
    write_embeddings(paths["second"], ids, TEXTS, {})
    return paths


def test_texts_find_their_pictures(files):
    pair = load_pair([files["first"]], [files["second"]], files["samples"])
    np.testing.assert_array_equal(pair.first, PICTURES)
    np.testing.assert_array_equal(pair.second, TEXTS)
    assert list(pair.owner) == [2, 0, 0, 1]
    assert list(pair.texts["caption"]) == ["c0", "a0", "a1", "b0"]


@pytest.mark.parametrize(
    ("caption", "kept"), [("all", [0, 1, 2, 3]), ("first", [0, 1, 3]), ("last", [0, 2, 3])]
)
def test_one_caption_a_picture_or_all(files, caption, kept):
    whole = load_pair([files["first"]], [files["second"]], files["samples"])
    chosen = whole.choose(caption)
    np.testing.assert_array_equal(chosen.second, TEXTS[kept])
    np.testing.assert_array_equal(chosen.owner, whole.owner[kept])
    assert list(chosen.texts["caption"]) == list(whole.texts["caption"].iloc[kept])


def test_clouds_are_unit_rows(files):
    first, second = read_clouds([files["first"]], [files["second"]], files["samples"], "last")
    np.testing.assert_allclose(first, [[0.6, 0.8], [0, 1], [1, 0]])
    np.testing.assert_allclose(second, [[0, 1], [0, 1], [1, 0]])


def test_texts_of_pictures_left_out_are_left_out(files):
    ids = pd.DataFrame({"sample_id": ["c", "b"]})
    write_embeddings(files["first"], ids, PICTURES[:2], {})
    pair = load_pair([files["first"]], [files["second"]], files["samples"])
    assert list(pair.owner) == [0, 1]
    assert list(pair.texts["caption"]) == ["c0", "b0"]


def test_clouds_that_are_no_pair(files, tmp_path):
    other = tmp_path / "other.parquet"
    write_embeddings(other, pd.DataFrame({"sample_id": list("abd")}), PICTURES, {})
    with pytest.raises(InputError, match="no text for sample 'd'"):
        load_pair([other], [files["second"]], files["samples"])
    write_embeddings(other, pd.DataFrame({"sample_id": list("abc")}), np.ones((3, 3), "f4"), {})
    with pytest.raises(InputError, match=r"2 dimensions, but .* has 3"):
        load_pair([other], [files["second"]], files["samples"])


def ready(folder, name, keys, rows, joined=BY_ID, several=False):
    """A cloud of ready embeddings as the import writes it."""
    ids = pd.DataFrame({"sample_id": list(keys)})
    if several:
        ids["caption_index"] = ids.groupby("sample_id").cumcount()
    about = {"model": "imported", "dataset_sha256": name, "joined": joined}
    write_embeddings(folder / f"{name}.parquet", ids, rows, about)
    return [folder / f"{name}.parquet"]


def rows_of(n):
    return [f"item-{row:06d}" for row in range(n)]


def test_ids_join_ready_embeddings_in_any_order(tmp_path):
    first = ready(tmp_path, "first", "abc", PICTURES)
    second = ready(tmp_path, "second", "cab", PICTURES[[2, 0, 1]])
    pair = load_pair(first, second, None)
    np.testing.assert_array_equal(pair.first[pair.owner], pair.second)
    assert list(pair.ids) == ["a", "b", "c"]
    assert pair.notes == ()


def test_rows_without_a_partner_are_left_out_and_counted(tmp_path):
    first = ready(tmp_path, "first", "abc", PICTURES)
    second = ready(tmp_path, "second", "cxyb", TEXTS)
    pair = load_pair(first, second, None)
    np.testing.assert_array_equal(pair.first, PICTURES[[1, 2]])
    np.testing.assert_array_equal(pair.second, TEXTS[[0, 3]])
    assert list(pair.owner) == [1, 0]
    (note,) = pair.notes
    assert "left out 1 of 3 rows of the first modality and 2 of 4 of the second" in note
    stranger = ready(tmp_path, "stranger", "stuv", TEXTS)
    with pytest.raises(InputError, match=r"no id in common .*'s' and 'a'"):
        load_pair(first, stranger, None)


def test_rows_pair_by_position_without_ids(tmp_path):
    first = ready(tmp_path, "first", rows_of(3), PICTURES, BY_ROW)
    named = ready(tmp_path, "named", "cab", TEXTS[:3])
    for one, other in ((first, named), (named, first)):
        pair = load_pair(one, other, None)
        assert list(pair.owner) == [0, 1, 2]
        assert list(pair.ids) == ["c", "a", "b"]
    longer = ready(tmp_path, "longer", rows_of(4), TEXTS, BY_ROW)
    with pytest.raises(InputError, match=r"longer\.parquet: 4 rows, but .*first\.parquet has 3"):
        load_pair(first, longer, None)


@pytest.mark.parametrize("joined", [BY_ID, BY_ROW])
def test_several_texts_of_an_owner(tmp_path, joined):
    keys = "abc" if joined == BY_ID else rows_of(3)
    first = ready(tmp_path, "first", keys, PICTURES, joined)
    numbers = [rows_of(3)[row] for row in (2, 0, 2, 1)]
    second = ready(tmp_path, "second", numbers, TEXTS, BY_ROW, several=True)
    pair = load_pair(first, second, None)
    assert list(pair.owner) == [2, 0, 2, 1]
    with pytest.raises(InputError, match="several rows an item, and so belongs second"):
        load_pair(second, first, None)
    far = ready(tmp_path, "far", [*numbers[:3], "item-000007"], TEXTS, BY_ROW, several=True)
    with pytest.raises(InputError, match=r"row 3 is of item 7, but .* has rows 0 to 2"):
        load_pair(first, far, None)


def test_owners_by_id_need_ids(tmp_path):
    first = ready(tmp_path, "first", rows_of(3), PICTURES, BY_ROW)
    second = ready(tmp_path, "second", "aabc", TEXTS, several=True)
    with pytest.raises(InputError, match="its rows have no ids, which the owners"):
        load_pair(first, second, None)


def test_pictures_come_with_their_samples(files, tmp_path):
    prompts = tmp_path / "prompts.parquet"
    rows = pd.DataFrame({"templates": ["clip"], "class": ["a"], "category": [""]})
    write_embeddings(prompts, rows, PICTURES[:1], {})
    X, table = read_pictures([files["first"]], files["samples"], prompts)
    np.testing.assert_allclose(X, [[0.6, 0.8], [0, 1], [1, 0]])
    assert list(table["caption"]) == ["a0", "b0", "c0"]


def test_class_vectors_are_those_of_one_set_of_templates(tmp_path):
    rows = pd.DataFrame({"templates": ["clip", "own", "clip"], "class": ["a", "a", "b"]})
    rows["category"] = ""
    vectors = np.array([[1.0, 0], [0.6, 0.8], [0, 1]], dtype=np.float32)
    write_embeddings(tmp_path / "p.parquet", rows, vectors, {})
    classes, read = read_class_vectors(tmp_path / "p.parquet", "clip")
    assert list(classes["class"]) == ["a", "b"]
    np.testing.assert_allclose(read, [[1, 0], [0, 1]])


LABELS = pd.Series(["cat", "dog", "cat"])


def test_labels_become_positions():
    np.testing.assert_array_equal(label_indices(LABELS, ["dog", "cat"], "pets", "f"), [1, 0, 1])
    more = label_indices(LABELS, ["dog", "cat", "bird"], "pets", "f", complete=False)
    np.testing.assert_array_equal(more, [1, 0, 1])


@pytest.mark.parametrize(
    ("labels", "classes", "message"),
    [
        (LABELS, ["cat", "bird"], "pets: label 'dog' has no prompt; add it to the classes of f"),
        (LABELS, ["cat", "dog", "bird"], "pets: no picture of class 'bird' of f; take more"),
        (LABELS[:1], ["cat", "dog"], "pets: only one class, 'cat'; zero-shot needs two"),
    ],
)
def test_labels_that_do_not_fit(labels, classes, message):
    with pytest.raises(InputError, match=message):
        label_indices(labels, classes, "pets", "f")


def test_columns_that_are_not_there_or_not_filled():
    samples = pd.DataFrame({"sample_id": ["p1", "p2"], "race": ["X", None], "gender": ["M", "M"]})
    with pytest.raises(InputError, match="no column 'age'; there are sample_id, race, gender"):
        picture_labels(samples, ["age"], "faces")
    with pytest.raises(InputError, match="faces: p2 has no race"):
        picture_labels(samples, ["race", "gender"], "faces")
    assert list(picture_labels(samples[:1], ["race", "gender"], "faces")) == ["X M"]
