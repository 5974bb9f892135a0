"""Parquet in and out: what comes back, and what every reader refuses."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from modgap.errors import InputError
from modgap.tables import (
    check_same_provenance,
    data_provenance,
    embedding_column,
    read_embeddings,
    read_metadata,
    read_table,
    read_tables,
    write_embeddings,
    write_table,
)

IDS = pd.DataFrame({"sample_id": ["a", "b", "c"]})


def rows(dtype=np.float32, n=3, dim=4):
    return np.random.default_rng(n).standard_normal((n, dim)).astype(dtype)


def test_tables_and_their_metadata_come_back(tmp_path):
    frame = pd.DataFrame({"name": ["x", None], "value": [1.5, 2.0]})
    about = {"dataset": "d", "dataset_sha256": "0", "mean": [0.1, 0.2]}
    write_table(frame, tmp_path / "t.parquet", about)
    pd.testing.assert_frame_equal(read_table(tmp_path / "t.parquet"), frame)
    assert read_metadata(tmp_path / "t.parquet") == about
    assert data_provenance(tmp_path / "t.parquet") == {"dataset": "d", "dataset_sha256": "0"}
    assert list(read_table(tmp_path / "t.parquet", ["value"]).columns) == ["value"]
    both = read_tables([tmp_path / "t.parquet"] * 2)
    assert list(both["value"]) == [1.5, 2.0, 1.5, 2.0]
    assert list(both.index) == [0, 1, 2, 3]


def test_the_same_table_gives_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        write_table(IDS, tmp_path / name, {"b": 1, "a": 2} if name == "one" else {"a": 2, "b": 1})
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_files_of_others_have_no_metadata(tmp_path):
    pq.write_table(pa.table({"x": [1]}), tmp_path / "t.parquet")
    assert read_metadata(tmp_path / "t.parquet") == {}


def test_what_is_no_parquet_is_named(tmp_path):
    (tmp_path / "t.parquet").write_text("no")
    for name in ("t.parquet", "gone.parquet"):
        with pytest.raises(InputError, match=rf"{name}: (not a readable parquet|no such) file"):
            read_table(tmp_path / name)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_embeddings_of_several_shards_come_back(tmp_path, dtype):
    parts, blocks = [tmp_path / f"part-{i}.parquet" for i in range(2)], [rows(dtype), rows(dtype)]
    for path, block in zip(parts, blocks, strict=True):
        write_embeddings(path, IDS, block, {"model": "m"})
    ids, found, about = read_embeddings(parts)
    assert list(ids["sample_id"]) == ["a", "b", "c"] * 2
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, np.concatenate(blocks))
    assert about == {"model": "m"}


def test_a_column_of_vectors_may_come_from_any_layout():
    whole = rows(n=6)
    for block in (whole, whole[::2], np.asfortranarray(whole)):
        column = embedding_column(block)
        assert column.type == pa.list_(pa.float32(), 4)
        np.testing.assert_array_equal(np.array(column.to_pylist(), np.float32), block)


@pytest.mark.parametrize(
    ("value", "words"),
    [(np.nan, "row 1 has values that are not finite"), (0.0, "row 1 is all zeros")],
)
def test_rows_without_a_direction(tmp_path, value, words):
    block = rows()
    block[1] = value
    write_embeddings(tmp_path / "x.parquet", IDS, block, {})
    with pytest.raises(InputError, match=rf"x\.parquet: {words}"):
        read_embeddings([tmp_path / "x.parquet"])


def test_shards_that_do_not_belong_together(tmp_path):
    one, other = tmp_path / "one.parquet", tmp_path / "other.parquet"
    write_embeddings(one, IDS, rows(), {"model": "m"})
    write_embeddings(other, IDS, rows(), {"model": "n"})
    with pytest.raises(InputError, match=r"other\.parquet: model is 'n', but .*one\.parquet has"):
        read_embeddings([one, other])
    write_embeddings(other, IDS, rows(dim=5), {"model": "m"})
    with pytest.raises(InputError, match=r"other\.parquet: embeddings have 5 dimensions"):
        read_embeddings([one, other])
    write_table(IDS, other)
    with pytest.raises(InputError, match="no column 'embedding'"):
        read_embeddings([other])


def test_provenance_is_compared_where_both_have_it():
    check_same_provenance("a", {"model": "m", "seed": 1}, "b", {"dataset": "d", "seed": 2})
    with pytest.raises(InputError, match="b: dataset is 'e', but a has 'd'"):
        check_same_provenance("a", {"dataset": "d"}, "b", {"dataset": "e"})
