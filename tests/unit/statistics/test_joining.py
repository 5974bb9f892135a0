"""Ready embeddings find their partners by id, by position or by owner; what has none is counted."""

import numpy as np
import pandas as pd
import pytest

from modgap.errors import InputError
from modgap.statistics.clouds import load_pair
from modgap.tables import BY_ID, BY_ROW, write_embeddings

PICTURES = np.array([[3.0, 4.0], [0.0, 2.0], [5.0, 0.0]], dtype=np.float32)
TEXTS = np.array([[0.0, 1.0], [2.0, 0.0], [0.0, 3.0], [4.0, 0.0]], dtype=np.float32)


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


def test_numeric_owners_of_numeric_ids_are_ambiguous(tmp_path):
    first = ready(tmp_path, "first", "201", PICTURES)
    second = ready(tmp_path, "second", rows_of(3), TEXTS[:3], BY_ROW, several=True)
    with pytest.raises(InputError, match="its owners are numbers, and so are the ids"):
        load_pair(first, second, None)


def test_rows_that_pair_by_position_with_ids_are_told(tmp_path):
    first = ready(tmp_path, "first", rows_of(3), PICTURES, BY_ROW)
    named = ready(tmp_path, "named", "cab", TEXTS[:3])
    (note,) = load_pair(first, named, None).notes
    assert "first.parquet has no ids: its rows were taken in the order of" in note


def test_two_sides_with_several_rows_an_item_are_no_pair(tmp_path):
    first = ready(tmp_path, "first", "aab", PICTURES, several=True)
    second = ready(tmp_path, "second", "abb", TEXTS[:3], several=True)
    with pytest.raises(InputError, match=r"and so has .*; no pair of rows belongs together"):
        load_pair(first, second, None)
