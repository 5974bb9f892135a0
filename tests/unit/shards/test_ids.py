"""Ids of pictures: read in blocks from every file that holds them, and told apart."""

import io
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from modgap.errors import InputError
from modgap.shards import ids as module
from modgap.shards.ids import hash_ids, index_ids, locate_pictures, pick_ids, read_ids

HASHES = [1760245841805064774, 13950350942979735504, 639464881952108352, 16908809132758853863]
NAMES = ["b", "b", "é", "10", "10", "10", "a"]


def shard(path, rows=7):
    """A row of an index."""
    return {"first": "img_emb_0.npy", "rows": rows, "ids": str(path)}


def write_ids(path, values, **options):
    """Ids as ``key`` of a file, with another column beside them."""
    if path.suffix == ".npz":
        np.savez(path, key=values, other=np.ones((len(values), 2)))
    else:
        pq.write_table(pa.table({"other": [1.5] * len(values), "key": values}), path, **options)
    return path


@pytest.mark.parametrize("size", [1, 2, 100])
@pytest.mark.parametrize(
    "values",
    [
        pa.array(NAMES),
        pa.array(NAMES, "large_string"),
        pa.array(NAMES).dictionary_encode(),
        np.array(NAMES),
        np.char.encode(np.array(NAMES), "utf-8"),
    ],
    ids=["string", "large", "dictionary", "unicode", "bytes"],
)
def test_texts_are_read_in_blocks(values, size, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "BLOCK_IDS", size)
    suffix = "npz" if isinstance(values, np.ndarray) else "parquet"
    options = {} if suffix == "npz" else {"row_group_size": 3}
    path = write_ids(tmp_path / f"a.{suffix}", values, **options)
    blocks = list(read_ids(str(path), "key"))
    assert max(map(len, blocks)) <= size
    assert np.concatenate(blocks).tolist() == NAMES
    found = locate_pictures(shard(path), "key", single=False)
    assert found.starts.tolist() == [0, 2, 3, 6]
    assert found.counts.tolist() == [2, 1, 3, 1]
    assert pick_ids(str(path), "key", np.array([2, 6])).tolist() == ["é", "a"]


@pytest.mark.parametrize("dtype", ["int64", "uint8", "int32"])
@pytest.mark.parametrize("suffix", ["npz", "parquet"])
def test_numbers_and_their_digits_are_one_id(suffix, dtype, tmp_path):
    numbers = np.array([7, 7, 120], dtype=dtype)
    path = write_ids(tmp_path / f"a.{suffix}", numbers)
    found = locate_pictures(shard(path, 3), "key", single=False)
    np.testing.assert_array_equal(found.keys, hash_ids(np.array(["7", "120"])))


def test_a_hash_is_the_same_on_every_machine():
    assert hash_ids(["", "a", "7", "é"]).tolist() == HASHES
    names = [f"{number}.jpg" for number in range(50_000)]
    assert len(np.unique(hash_ids(names))) == len(names)


def refused(tmp_path, values, name="a.parquet", single=False):
    path = write_ids(tmp_path / name, values)
    with pytest.raises(InputError) as error:
        locate_pictures(shard(path, len(values)), "key", single=single)
    message = str(error.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    return message.removeprefix(str(path))


@pytest.mark.parametrize("size", [1, 2, 100])
def test_an_id_that_comes_back_is_named_with_both_rows(size, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "BLOCK_IDS", size)
    values = ["a", "a", "b", "c", "b", "a", "c"]
    said = refused(tmp_path, values)
    assert said == ": key 'b' of row 2 comes back in row 4; sort the shard by key"
    said = refused(tmp_path, ["a", "b", "a"], single=True)
    assert said == ": key 'a' of row 0 comes back in row 2; every row needs its own"
    said = refused(tmp_path, ["x", "a", "a"], single=True)
    assert said.startswith(": key 'a' is in row 1 and in row 2; where a picture has several rows")


def test_two_ids_of_one_hash_are_two(tmp_path, monkeypatch):
    path = write_ids(tmp_path / "a.parquet", ["a", "b", "c"])
    monkeypatch.setattr(module, "hash_ids", lambda texts: np.zeros(len(texts), np.uint64))
    assert locate_pictures(shard(path, 3), "key", single=True).counts.tolist() == [1, 1, 1]


def test_a_column_that_tells_nothing_apart_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MOST_TEXTS", 4)
    said = refused(tmp_path, ["x", *["success"] * 5])
    assert said == ": 5 rows from row 1 have key 'success', more than 4; does it name pictures?"


@pytest.mark.parametrize(
    ("values", "name", "said"),
    [
        (["a", None, "b"], "a.parquet", ": row 1 has no key"),
        (["a", "b", ""], "a.parquet", ": row 2 has no key"),
        ([1.0, 2.0], "a.parquet", ": column 'key' is double; ids of pictures are texts or whole"),
        ([["a"], ["b"]], "a.parquet", ": column 'key' is list<"),
        (np.array([1.0, 2.0]), "a.npz", ": 'key' is float64 of shape (2,); ids of pictures are"),
        (np.array([["a"], ["b"]]), "a.npz", ": 'key' is <U1 of shape (2, 1); ids of"),
        (np.array(["a", ""]), "a.npz", ": row 1 has no key"),
        (np.array([b"a", b"\xff"]), "a.npz", ", after row 0: not a readable column of ids"),
        (np.array(["a", "\udcff"]), "a.npz", ", after row 0: not a readable column of ids"),
        (np.array(["a", print], object), "a.npz", ": holds pickled objects, which are never"),
    ],
)
def test_what_is_no_id_is_one_line(values, name, said, tmp_path):
    assert refused(tmp_path, values, name).startswith(said)


def test_the_index_compares_rows_and_chooses_the_file_that_has_them(tmp_path):
    other = write_ids(tmp_path / "other.parquet", ["a", "b"])
    pq.write_table(pa.table({"x": [1, 2]}), tmp_path / "own.parquet")
    own = str(tmp_path / "own.parquet")
    assert index_ids([shard("", 2)], [[own, str(other)]], "key") == [str(other)]
    with pytest.raises(InputError, match=r"other\.parquet: 2 rows, but img_emb_0\.npy has 3"):
        index_ids([shard("", 3)], [[own, str(other)]], "key")
    with pytest.raises(InputError, match=r"own\.parquet: no 'key' in it \(found: x\)"):
        index_ids([shard("", 2)], [[own]], "key")
    with pytest.raises(InputError, match=r"other\.parquet: 2 rows, but"):
        locate_pictures(shard(other, 3), "key", single=False)


@pytest.mark.parametrize("name", ["a.parquet", "a.npz"])
def test_a_damaged_file_is_one_line(name, tmp_path):
    (tmp_path / name).write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(InputError, match="not a readable file of ids"):
        index_ids([shard("", 2)], [[str(tmp_path / name)]], "key")


def test_ids_of_an_npz_that_end_too_early_are_one_line(tmp_path):
    stream = io.BytesIO()
    np.save(stream, np.arange(10))
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("key.npy", stream.getvalue()[:-8])
    with pytest.raises(InputError, match="cut short"):
        index_ids([shard("", 10)], [[str(tmp_path / "a.npz")]], "key")
