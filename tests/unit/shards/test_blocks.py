"""Shards are read in blocks, row for row, in every format; what is wrong is one line."""

import io
import zipfile

import numpy as np
import pytest

from modgap.errors import InputError
from modgap.shards import blocks
from modgap.shards.blocks import (
    Header,
    block_rows,
    index_shards,
    read_blocks,
    read_header,
    read_rows,
    unit_rows,
)
from shard_files import toy_sides, write_folder

LAYOUTS = ["npy", "npz", "parquet", "lists"]
FIRST = {
    "npy": ("img_emb/img_emb_0.npy", None),
    "npz": ("00000000.npz", "b32_img"),
    "parquet": ("part-0.parquet", "b32_img"),
    "lists": ("part-0.parquet", "b32_img"),
}


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_blocks_are_the_rows_whatever_their_size(layout, dtype, tmp_path):
    first, second = toy_sides(50, dtype=dtype)
    write_folder(tmp_path, first, second, 1, layout)
    name, array = FIRST[layout]
    path = str(tmp_path / name)
    header = read_header(path, array)
    assert (header.rows, header.dim, np.dtype(header.dtype)) == (50, 6, np.dtype(dtype))
    for rows in (7, 50, 1000):
        blocks = list(read_blocks(path, array, rows=rows))
        assert max(map(len, blocks)) <= rows
        np.testing.assert_array_equal(np.concatenate(blocks), first)
    np.testing.assert_array_equal(read_rows(path, array, np.array([0, 3, 49])), first[[0, 3, 49]])


def test_a_block_holds_so_many_bytes():
    assert block_rows(Header(10, 512, "<f2")) == (64 << 20) // 1024
    assert block_rows(Header(10, 512, "<f4"), most=100) == 1


def test_only_its_own_rows_of_an_npy_are_read(tmp_path, monkeypatch):
    np.save(tmp_path / "a.npy", toy_sides(100)[0])
    monkeypatch.setattr(blocks, "read_blocks", None)
    assert read_rows(str(tmp_path / "a.npy"), None, np.array([5])).shape == (1, 6)


def damaged(kind, path):
    """Write a file that is damaged in one way; what is said of it."""
    rows = toy_sides(20)[0]
    if kind == "cut":
        np.save(path, rows)
        path.write_bytes(path.read_bytes()[:-8])
        return "cut short, 600 bytes and not 608 for 20 rows"
    if kind == "longer":
        np.save(path, rows)
        path.write_bytes(path.read_bytes() + b"more")
        return "longer than its header says"
    if kind == "objects":
        np.save(path, np.array([[{}]], dtype=object), allow_pickle=True)
        return "holds pickled objects, which are never loaded"
    if kind == "text":
        path.write_text("no array", encoding="utf-8")
        return "not a readable array"
    shapes = {"flat": rows[0], "cube": rows[None], "integers": rows.astype(int)}
    said = {"flat": "shape (6,), expected (n, dim)", "cube": "shape (1, 20, 6)"}
    said |= {"integers": "dtype int64", "columns": "column by column", "none": "no rows in it"}
    shapes |= {"columns": np.asfortranarray(rows), "none": rows[:0]}
    np.save(path, shapes[kind])
    return said[kind]


@pytest.mark.parametrize(
    "kind", ["cut", "longer", "objects", "text", "flat", "cube", "integers", "columns", "none"]
)
def test_a_damaged_npy_is_one_line(kind, tmp_path):
    path = tmp_path / "bad.npy"
    said = damaged(kind, path)
    with pytest.raises(InputError) as error:
        read_header(str(path))
    assert said in str(error.value)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_an_npz_without_the_array_lists_those_there(tmp_path):
    write_folder(tmp_path, *toy_sides(10), 1, "npz")
    with pytest.raises(
        InputError, match=r"no 'l14_txt' in it \(found: b32_img, b32_txt, l14_img\)"
    ):
        read_header(str(tmp_path / "00000000.npz"), "l14_txt")


def test_an_npz_whose_array_is_shorter_than_it_says_is_one_line(tmp_path):
    stream = io.BytesIO()
    np.save(stream, toy_sides(10)[0])
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("b32_img.npy", stream.getvalue()[:-4])
    with pytest.raises(InputError, match="cut short"):
        read_header(str(tmp_path / "a.npz"), "b32_img")


def test_a_flipped_bit_in_an_npz_is_found(tmp_path):
    write_folder(tmp_path, *toy_sides(10), 1, "npz")
    path = tmp_path / "00000000.npz"
    content = bytearray(path.read_bytes())
    content[300] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"00000000\.npz"):
        list(read_blocks(str(path), "b32_img"))


def test_rows_get_length_one_and_bad_ones_are_named():
    rows = np.array([[3.0, 4.0], [0.0, 2.0]], dtype=np.float16)
    unit, lengths = unit_rows(rows, "f.npy")
    np.testing.assert_allclose(unit, [[0.6, 0.8], [0, 1]])
    np.testing.assert_allclose(lengths, [5, 2])
    rows[1] = 0
    with pytest.raises(InputError, match=r"f\.npy: row 101 is all zeros"):
        unit_rows(rows, "f.npy", 100)
    rows[1, 0] = np.nan
    with pytest.raises(InputError, match=r"f\.npy: row 7 has values that are not finite"):
        unit_rows(rows, "f.npy", np.array([2, 7]))
    with pytest.raises(InputError, match=r"f\.npy: row 0 is too long or too short"):
        unit_rows(np.array([[1e-200, 0.0]]), "f.npy")


def test_the_index_numbers_rows_through_all_shards(tmp_path):
    first, second = toy_sides(25)
    write_folder(tmp_path, first, second, 4, "npz")
    paths = [[str(path)] * 2 for path in sorted(tmp_path.iterdir())]
    index = index_shards(paths, ["b32_img", "b32_txt"])
    assert [row["start"] for row in index] == [0, 7, 13, 19]
    assert [row["rows"] for row in index] == [7, 6, 6, 6]
    assert {row["dim"] for row in index} == {6}


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (np.ones((3, 6), np.float32), "3 rows, but {}/a.npy has 4"),
        (np.ones((4, 5), np.float32), "5 dimensions, but {}/a.npy has 6"),
        (np.ones((4, 6), np.float16), "float16 numbers, but {}/a.npy has float32"),
    ],
)
@pytest.mark.parametrize("where", ["partner", "next shard"])
def test_shards_that_disagree_are_named(bad, said, where, tmp_path):
    names = {"a.npy": np.ones((4, 6), np.float32), "bad.npy": bad}
    for name, rows in names.items():
        np.save(tmp_path / name, rows)
    good, other = (str(tmp_path / name) for name in names)
    pairs = [[good, other]] if where == "partner" else [[good, good], [other, other]]
    if where == "next shard" and len(bad) == 3:
        assert len(index_shards(pairs, [None, None])) == 2  # as long as they like
        return
    with pytest.raises(InputError) as error:
        index_shards(pairs, [None, None])
    assert str(error.value).endswith(said.format(tmp_path))
    assert str(error.value).startswith(other)
