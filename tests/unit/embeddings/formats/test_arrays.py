"""Arrays of embeddings: every format gives the same block, and one clear line for the rest."""

import pickle

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import save_file

from modgap.embeddings.formats.arrays import READERS, read_array
from modgap.errors import InputError

BLOCK = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)
KEYS = ["a", "b", "7", "d"]


def write_npz(path, block):
    np.savez(path, img=block, other=-block, key=np.array(KEYS))
    return "img", ["key"]


def write_lists(path, block):
    columns = {"img": list(block), "other": list(-block), "key": KEYS}
    pq.write_table(pa.table(columns), path)
    return "img", ["key"]


def write_columns(path, block):
    frame = pd.DataFrame(block, columns=[f"img_{i}" for i in range(3)]).assign(key=KEYS, year=1)
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",")
    return "img_*", ["key"]


def write_tensors(path, block):
    torch.save({"img": torch.tensor(block), "other": torch.zeros(2), "key": KEYS}, path)
    return "img", ["key"]


def write_safetensors(path, block):
    save_file({"img": torch.tensor(block), "other": torch.zeros(2)}, path)
    return "img", []


@pytest.mark.parametrize(
    ("suffix", "write"),
    [
        (".npz", write_npz),
        (".parquet", write_lists),
        (".parquet", write_columns),
        (".csv", write_columns),
        (".tsv", write_columns),
        (".pt", write_tensors),
        (".pth", write_tensors),
        (".safetensors", write_safetensors),
    ],
)
def test_every_format_gives_the_same_block(tmp_path, suffix, write):
    path = tmp_path / f"x{suffix}"
    name, further = write(path, BLOCK)
    block, columns = read_array(str(path), name, further)
    np.testing.assert_allclose(block, BLOCK, rtol=1e-6)
    assert columns == {key: KEYS for key in further}
    with pytest.raises(InputError, match="gone"):
        read_array(str(path), "gone")


def test_the_only_array_needs_no_name(tmp_path):
    np.savez(tmp_path / "x.npz", BLOCK)
    torch.save(torch.tensor(BLOCK), tmp_path / "x.pt")
    save_file({"e": torch.tensor(BLOCK)}, tmp_path / "x.safetensors")
    pd.DataFrame({"vector": list(BLOCK), "year": 1}).to_parquet(tmp_path / "x.parquet")
    pd.DataFrame(BLOCK).to_csv(tmp_path / "x.csv", index=False)
    np.save(tmp_path / "x.npy", BLOCK)
    for suffix in (".npz", ".pt", ".safetensors", ".parquet", ".csv", ".npy"):
        block, _ = read_array(str(tmp_path / f"x{suffix}"))
        np.testing.assert_allclose(block, BLOCK, rtol=1e-6)


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was loaded",))


@pytest.mark.parametrize("suffix", sorted(READERS))
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", pickle.dumps(Bomb()), bytes(range(256))])
def test_damaged_files_are_one_line_and_nothing_is_unpickled(tmp_path, suffix, content):
    path = tmp_path / f"x{suffix}"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_array(str(path))
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(str(path))


def test_objects_in_an_npz_are_refused(tmp_path):
    path = tmp_path / "x.npz"
    np.savez(path, img=np.array([{}, None], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match="pickled objects, which are never loaded"):
        read_array(str(path), "img")


def test_several_arrays_without_a_name(tmp_path):
    np.savez(tmp_path / "x.npz", img=BLOCK, txt=BLOCK)
    with pytest.raises(InputError, match=r"holds img, txt; say which with 'columns"):
        read_array(str(tmp_path / "x.npz"))


def test_long_lists_of_names_are_cut(tmp_path):
    np.savez(tmp_path / "x.npz", **{f"array{i}": BLOCK for i in range(300)})
    with pytest.raises(InputError, match=r"\.\.\. and \d+ more") as caught:
        read_array(str(tmp_path / "x.npz"), "gone")
    assert len(str(caught.value)) < 300 + len(str(tmp_path))


def test_columns_that_hold_no_numbers(tmp_path):
    path = tmp_path / "x.csv"
    pd.DataFrame({"d0": [1.0, 2.0], "name": ["a", "b"]}).to_csv(path, index=False)
    with pytest.raises(InputError, match=r"column 'name' holds no numbers; name those"):
        read_array(str(path))
    block, columns = read_array(str(path), None, ["name"])
    assert block.shape == (2, 1)
    assert columns == {"name": ["a", "b"]}


def test_whole_numbers_as_ids(tmp_path):
    np.savez(tmp_path / "x.npz", e=BLOCK, key=np.array([1.0, 2.0, 3.0, 10.0]))
    assert read_array(str(tmp_path / "x.npz"), "e", ["key"])[1] == {"key": ["1", "2", "3", "10"]}


def test_wrong_shapes_and_dtypes(tmp_path):
    for array, line in (
        (np.ones(3), r"shape \(3,\), expected \(n, dim\)"),
        (np.ones((0, 3)), r"shape \(0, 3\), expected"),
        (np.ones((2, 2), int), "dtype int64, expected floating point"),
    ):
        np.save(tmp_path / "x.npy", array)
        with pytest.raises(InputError, match=line):
            read_array(str(tmp_path / "x.npy"))


def test_an_index_or_an_id_is_no_dimension(tmp_path):
    path = tmp_path / "x.csv"
    pd.DataFrame(BLOCK).to_csv(path)
    with pytest.raises(InputError, match="a column without a name, such as an index"):
        read_array(str(path))
    pd.DataFrame(BLOCK).assign(id=range(4)).to_csv(path, index=False)
    with pytest.raises(InputError, match="column 'id' has whole numbers and others have not"):
        read_array(str(path))
    block, columns = read_array(str(path), None, ["id"])
    np.testing.assert_allclose(block, BLOCK, rtol=1e-6)
    assert columns == {"id": ["0", "1", "2", "3"]}


def test_a_first_line_of_numbers_is_a_row(tmp_path):
    path = tmp_path / "x.csv"
    np.savetxt(path, BLOCK, delimiter=",")
    np.testing.assert_allclose(read_array(str(path))[0], BLOCK, rtol=1e-6)
    pd.DataFrame(BLOCK).to_csv(path, index=False)
    np.testing.assert_allclose(read_array(str(path))[0], BLOCK, rtol=1e-6)


@pytest.mark.parametrize("layout", [pa.ipc.new_stream, pa.ipc.new_file])
def test_arrow_files_of_both_layouts(tmp_path, layout):
    vectors = pa.array(BLOCK.tolist(), type=pa.list_(pa.float32()))
    table = pa.table({"vector": vectors, "key": [str(i) for i in range(len(BLOCK))]})
    path = str(tmp_path / "x.arrow")
    with layout(path, table.schema) as writer:
        writer.write_table(table)
    block, columns = read_array(path, None, ["key"])
    np.testing.assert_array_equal(block, BLOCK.astype(np.float32))
    assert columns == {"key": [str(i) for i in range(len(BLOCK))]}
    with pytest.raises(InputError, match="nothing"):
        read_array(path, "nothing")
