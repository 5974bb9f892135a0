"""Unit rows in blocks: those that reading whole gives, whatever the shards and the blocks."""

import numpy as np
import pandas as pd
import pytest

from modgap.errors import InputError
from modgap.statistics.clouds import load_pair, read_pictures
from modgap.statistics.geometry import normalise
from modgap.tables import write_embeddings, write_table
from modgap.tasks import rows as blocks
from modgap.tasks.rows import as_unit_rows, open_clouds, open_pictures, rows_of

N = 20
ROWS = np.random.default_rng(0).normal(size=(N, 5)).astype(np.float16)


@pytest.fixture(params=[7, 1000])
def block(request, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", request.param)
    return request.param


@pytest.fixture
def files(tmp_path):
    """Twenty pictures in two shards; texts of all but two of them in another order, two each."""
    ids = [f"s{i}" for i in range(N)]
    paths = {name: str(tmp_path / f"{name}.parquet") for name in ("a", "b", "texts", "samples")}
    for name, part in (("a", slice(0, 13)), ("b", slice(13, N))):
        write_embeddings(paths[name], pd.DataFrame({"sample_id": ids[part]}), ROWS[part], {})
    texts = pd.DataFrame({"sample_id": ids[::-1] * 2, "caption_index": [0] * N + [1] * N})
    write_embeddings(paths["texts"], texts, np.concatenate([ROWS[::-1]] * 2) * 2, {})
    write_table(texts.assign(caption="words", label="x"), paths["samples"])
    return paths


def whole(rows):
    return np.concatenate([block for _, block in rows.blocks()])


def test_blocks_of_shards_are_their_rows(files, block):
    prompts = files["texts"]
    rows, table = open_pictures([files["a"], files["b"]], files["samples"], prompts)
    X, expected = read_pictures([files["a"], files["b"]], files["samples"], prompts)
    pd.testing.assert_frame_equal(table, expected)
    assert (len(rows), rows.dim) == X.shape
    for _ in range(2):  # they can be read again
        found = list(rows.blocks())
        assert [len(values) for _, values in found] == [len(X[here]) for here, _ in found]
        assert all(len(values) <= block for _, values in found)
        np.testing.assert_array_equal(whole(rows), X)
    np.testing.assert_allclose(rows.centre(), X.mean(axis=0), atol=1e-15)
    some = np.array([0, 3, 12, 13, 19])
    np.testing.assert_allclose(rows.centre(some), X[some].mean(axis=0), atol=1e-15)


def test_what_fits_into_one_block_is_read_once(files, monkeypatch):
    rows, _ = open_pictures([files["a"]], files["samples"], files["texts"])
    first = whole(rows)
    monkeypatch.setattr(rows, "read", None)
    np.testing.assert_array_equal(whole(rows), first)


@pytest.mark.parametrize("caption", ["first", "last", "all"])
def test_clouds_are_those_of_the_pair(files, block, caption):
    given = [files["a"], files["b"]], [files["texts"]], files["samples"]
    pair = load_pair(*given).choose(caption)
    first, second = open_clouds(*given, caption)
    np.testing.assert_array_equal(whole(first), normalise(pair.first))
    np.testing.assert_array_equal(whole(second), normalise(pair.second))


def test_rows_without_a_partner_are_left_out(files, block, tmp_path):
    texts = str(tmp_path / "other.parquet")
    ids = pd.DataFrame({"sample_id": ["s19", "s2", "new", "s5"]})
    write_embeddings(texts, ids, ROWS[:4], {"joined": "by id"})
    for name in ("a", "b"):
        part = slice(0, 13) if name == "a" else slice(13, N)
        ids = pd.DataFrame({"sample_id": [f"s{i}" for i in range(N)][part]})
        write_embeddings(files[name], ids, ROWS[part], {"joined": "by id"})
    given = [files["a"], files["b"]], [texts], None
    pair = load_pair(*given)
    assert len(pair.first) == len(pair.second) == 3
    first, second = open_clouds(*given, "first")
    np.testing.assert_array_equal(whole(first), normalise(pair.first))
    np.testing.assert_array_equal(whole(second), normalise(pair.second))


def test_other_widths_and_bad_rows_are_one_line(files, block, tmp_path):
    other = str(tmp_path / "other.parquet")
    ids = pd.DataFrame({"sample_id": [f"s{i}" for i in range(N)]})
    write_embeddings(other, ids, np.ones((N, 3), "f4"), {})
    with pytest.raises(InputError, match=r"3 dimensions, but .* has 5"):
        open_clouds([files["a"], files["b"]], [other], None, "first")
    bad = ROWS.astype(np.float32)
    bad[11] = 0
    write_embeddings(other, ids, bad, {})
    rows, _ = open_pictures([other], files["samples"], files["texts"])
    with pytest.raises(InputError, match=r"other.parquet: row 11 is all zeros"):
        rows.centre()


def test_rows_in_memory_are_normalised(block):
    np.testing.assert_array_equal(whole(rows_of(ROWS)), normalise(ROWS))
    rows = rows_of(ROWS)
    assert as_unit_rows(rows) is rows
    np.testing.assert_array_equal(whole(as_unit_rows(ROWS)), normalise(ROWS))
    sums = rows.collect(lambda _, values: values.sum(axis=1))
    np.testing.assert_allclose(sums, normalise(ROWS).sum(axis=1))
