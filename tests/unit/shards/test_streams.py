"""Moments and samples of shards: the same whatever the shards, and those of the rows in memory."""

import numpy as np
import pytest

from modgap.data.shards import list_shards
from modgap.errors import InputError
from modgap.shards import streams
from modgap.shards.blocks import index_shards
from modgap.shards.streams import (
    collect_shards,
    count_pairs_of,
    draw_side_of,
    rank_queries,
    rebatch,
)
from modgap.statistics import retrieval
from modgap.statistics.geometry import normalise
from modgap.statistics.measurements import (
    cross_rows,
    frechet_rows,
    gap_rows,
    measure_linear,
    moment_rows,
    rank_row,
)
from shard_files import toy_sides, write_folder


def open_folder(folder, *sides, parts, layout="npy"):
    arrays, shards = list_shards(write_folder(folder, *sides, parts, layout))
    return index_shards(shards, arrays), arrays


def all_rows(pairs):
    """Everything that moments tell, by statistic and side."""
    sides = (("first", pairs.first), ("second", pairs.second))
    rows = [
        *gap_rows(pairs, 100, 0),
        *(row for side in sides for row in (*moment_rows(*side), rank_row(*side))),
        *cross_rows(pairs, 100, 0),
        *frechet_rows(pairs, 0),
    ]
    return {(row["statistic"], row["side"]): row for row in rows}


def sum_by_jobs(index, arrays, each, seed=3):
    """Moments as jobs of ``each`` shards sum them."""
    total = None
    for start in range(0, len(index), each):
        chosen = range(start, min(start + each, len(index)))
        part = collect_shards(index, arrays, chosen, seed)
        if total is None:
            total = part
        else:
            total.add(part)
    return total


@pytest.mark.parametrize("n", [300, 2600])
def test_shards_and_jobs_change_no_number(n, tmp_path):
    sides = toy_sides(n, dtype=np.float16)
    expected = None
    for parts, each in ((1, 1), (7, 1), (40, 1), (40, 4)):
        folder = tmp_path / f"{parts}-{each}"
        pairs = sum_by_jobs(*open_folder(folder, *sides, parts=parts), each)
        expected = expected or pairs
        for name in ("matched", "owned", "cross"):
            found = getattr(pairs, name)
            np.testing.assert_allclose(found, getattr(expected, name), rtol=1e-12, atol=1e-12)
        rows, first = all_rows(pairs), all_rows(expected)
        for key, row in rows.items():
            for what in ("value", "low", "high"):
                assert row[what] == pytest.approx(first[key][what], rel=1e-9, nan_ok=True), key


@pytest.mark.parametrize("layout", ["npy", "npz", "parquet", "lists"])
def test_they_are_the_numbers_of_the_rows_in_memory(layout, tmp_path, monkeypatch):
    monkeypatch.setattr(streams, "DOUBLE_BYTES", 8 * 6 * 11)  # blocks of 11 rows
    first, second = toy_sides(300)
    index, arrays = open_folder(tmp_path, first, second, parts=3, layout=layout)
    rows = all_rows(collect_shards(index, arrays, range(3), seed=3))
    options = {"n_resamples": 100, "seed": 0}
    frame = measure_linear("toy", first, second, np.arange(300), **options)
    for measured in frame.to_dict("records"):
        found = rows.get((measured["statistic"], measured["side"]))
        if found is None:
            assert measured["statistic"].startswith(("margin", "separability"))
            continue
        for what in ("value", "low", "high"):
            expected = pytest.approx(measured[what], rel=1e-9, abs=1e-9, nan_ok=True)
            assert found[what] == expected, measured["statistic"]
        assert found["interval_method"] == measured["interval_method"]


def test_many_pairs_have_intervals_over_groups_and_say_so(tmp_path):
    index, arrays = open_folder(tmp_path, *toy_sides(2600), parts=2)
    rows = all_rows(collect_shards(index, arrays, range(2), seed=3))
    assert "over 2,000 groups of pictures" in rows["gap", "both"]["interval_method"]
    assert rows["gap", "both"]["n"] == 2600
    assert rows["sd_cosine", "first"]["interval_method"] == "jackknife over 50 groups of pictures"


def test_both_sides_draw_the_same_pairs_without_repetition(tmp_path):
    first, second = toy_sides(300)
    index, arrays = open_folder(tmp_path, first, second, parts=4)
    assert count_pairs_of(index) == 300
    numbers, X = draw_side_of(index, arrays, 0, 50, seed=1)
    others, Y = draw_side_of(index, arrays, 1, 50, seed=1)
    np.testing.assert_array_equal(numbers, others)
    assert len(np.unique(numbers)) == 50
    assert (np.diff(numbers) > 0).all()
    np.testing.assert_array_equal(X, first[numbers])
    np.testing.assert_array_equal(Y, second[numbers])
    assert not np.array_equal(draw_side_of(index, arrays, 0, 50, seed=2)[0], numbers)
    everything, rows = draw_side_of(index, arrays, 0, 300, seed=1)
    np.testing.assert_array_equal(everything, np.arange(300))
    np.testing.assert_array_equal(rows, first)


def test_a_bad_row_is_named_by_its_file_and_row(tmp_path):
    first, second = toy_sides(30)
    second[17] = 0
    index, arrays = open_folder(tmp_path, first, second, parts=2)
    with pytest.raises(InputError, match=r"text_emb_1\.npy: row 2 is all zeros"):
        collect_shards(index, arrays, range(2), seed=0)
    with pytest.raises(InputError, match=r"text_emb_1\.npy: row 2 is all zeros"):
        draw_side_of(index, arrays, 1, 30, seed=0)


def test_shards_that_changed_since_they_were_indexed_are_refused(tmp_path):
    first, second = toy_sides(30)
    index, arrays = open_folder(tmp_path, first, second, parts=2)
    np.save(tmp_path / "img_emb" / "img_emb_1.npy", first[:14])
    with pytest.raises(InputError, match=r"img_emb_1\.npy: 14 rows of 6 numbers, but it had 15"):
        collect_shards(index, arrays, range(2), seed=0)


def test_blocks_of_any_length_become_blocks_of_one():
    rows = np.arange(23)[:, None]
    pieces = [rows[:4], rows[4:5], rows[5:19], rows[19:]]
    assert [len(block) for block in rebatch(pieces, 5)] == [5, 5, 5, 5, 3]
    np.testing.assert_array_equal(np.concatenate(list(rebatch(pieces, 5))), rows)


@pytest.mark.parametrize("layout", ["npy", "parquet"])
def test_queries_stand_among_shards_where_they_stand_in_memory(layout, tmp_path, monkeypatch):
    monkeypatch.setattr(streams, "DOUBLE_BYTES", 8 * 6 * 11)
    first, second = toy_sides(120)
    first[7], second[9] = first[3], second[4]  # ties
    index, arrays = open_folder(tmp_path, first, second, parts=5, layout=layout)
    X, Y = normalise(first), normalise(second)
    numbers = np.array([3, 4, 7, 9, 50, 119])
    asked = X[numbers], Y[numbers]
    counts = sum(
        rank_queries(index, arrays, chosen, asked, numbers, block=4)
        for chosen in (range(2), range(2, 5))
    )
    ranks = retrieval.ranks_both_ways(X, Y, np.arange(120), *own_relevance(120), block=50)
    for found, expected in zip(counts, ranks, strict=True):
        np.testing.assert_array_equal(found[:, 0], expected[numbers, 0])
        np.testing.assert_array_equal(found[:, 1] + 1, expected[numbers, 1])
    assert counts[:, :, 1].sum() > 0


def own_relevance(n):
    return retrieval.own_relevance(np.arange(n), n)


def test_torch_gives_the_same_sums_to_single_precision_and_the_same_ranks(tmp_path):
    """What runs where statistics.device is cuda, here on the processor."""
    pytest.importorskip("torch")
    first, second = toy_sides(2600)
    index, arrays = open_folder(tmp_path, first, second, parts=3)
    shared = index, arrays, range(3)
    pairs = all_rows(collect_shards(*shared, seed=3, device="cpu:0"))
    for key, row in all_rows(collect_shards(*shared, seed=3)).items():
        for what in ("value", "low", "high"):
            assert pairs[key][what] == pytest.approx(row[what], rel=1e-5, abs=1e-6, nan_ok=True)
    numbers = np.arange(0, 2600, 50)
    queries = normalise(first[numbers]), normalise(second[numbers])
    ranks = rank_queries(*shared, queries, numbers, 100)
    np.testing.assert_array_equal(rank_queries(*shared, queries, numbers, 100, "cpu:0"), ranks)
    assert ranks.any()
