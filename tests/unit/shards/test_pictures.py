"""Pictures of several texts in shards: the numbers of the same rows in memory."""

import numpy as np
import pandas as pd
import pytest

from modgap.data.shards import list_ids, list_shards
from modgap.errors import InputError
from modgap.shards import streams
from modgap.shards.blocks import index_shards
from modgap.shards.ids import hash_ids, index_ids
from modgap.shards.pictures import (
    collect_pictures,
    draw_pictures,
    rank_pictures,
    read_drawn,
    stream_pictures,
)
from modgap.statistics import retrieval
from modgap.statistics.geometry import normalise
from modgap.statistics.measurements import measure_linear, measure_moments
from modgap.statistics.moments.groups import GROUPS, group_keys
from modgap.statistics.moments.sums import take_pairs
from modgap.statistics.retrieval import add_ranks, tabulate_ranks
from shard_files import toy_pictures, toy_sides, write_folder

SEED = 3
OPTIONS = {"n_resamples": 100, "seed": SEED}


def open_named(folder, *sides, parts, layout="npy", single=False):
    """Index of a folder and what it says, as ``index_shards.py`` writes them."""
    *sides, ids = sides
    entry = write_folder(folder, *sides, parts, layout, ids)
    arrays, shards = list_shards(entry)
    index = index_shards(shards, arrays)
    for row, path in zip(index, index_ids(index, list_ids(entry, shards), "key"), strict=True):
        row["ids"] = path
    return index, {"arrays": arrays, "pictures": {"column": "key", "single": single}}


def in_memory(first, second, ids):
    """Pictures (n, dim), texts (m, dim), picture of each text and ids of the pictures."""
    owner, names = pd.factorize(ids)
    return first[np.unique(owner, return_index=True)[1]], second, owner, names


def sum_jobs(index, about, each):
    total = None
    for start in range(0, len(index), each):
        chosen = range(start, min(start + each, len(index)))
        part = collect_pictures(index, about, chosen, SEED)
        if total is None:
            total = part
        else:
            total.add(part)
    return total


def measure(pairs, X, Y, owner, **options):
    rows = normalise(X), normalise(Y), owner
    return measure_moments("toy", pairs, rows, **(options or OPTIONS)).set_index(
        ["statistic", "side"]
    )


@pytest.mark.parametrize("n", [150, 2600])
def test_shards_and_jobs_have_the_numbers_of_the_rows_in_memory(n, tmp_path, monkeypatch):
    monkeypatch.setattr(streams, "DOUBLE_BYTES", 8 * 6 * 101)  # pictures go over ends of blocks
    sides = toy_pictures(n)
    X, Y, owner, names = in_memory(*sides)
    plain = measure_linear("toy", X, Y, owner, **OPTIONS).set_index(["statistic", "side"])
    # The same moments, all rows at once, in the groups of the ids.
    groups = group_keys(hash_ids(names), SEED)
    once = measure(
        take_pairs(normalise(X), normalise(Y), owner, groups, GROUPS, kept=len(Y) <= GROUPS),
        X,
        Y,
        owner,
    )
    for parts, each, layout in ((1, 1, "npy"), (3, 1, "npz"), (7, 2, "parquet"), (7, 1, "lists")):
        folder = tmp_path / f"{parts}-{each}"
        if folder.exists():
            folder = tmp_path / layout
        found = measure(sum_jobs(*open_named(folder, *sides, parts=parts, layout=layout), each),
                        X, Y, owner)  # fmt: skip
        for column in ("value", "low", "high"):
            pd.testing.assert_series_equal(found[column], once[column], rtol=1e-9, atol=1e-11)
        # Halves of groups are other halves of pictures.
        same = plain.index.get_level_values(0) != "frechet_extrapolated"
        pd.testing.assert_series_equal(
            found["value"][same], plain["value"][same], rtol=1e-9, atol=1e-9
        )
        assert (found["n"] == plain["n"]).all()


def test_intervals_over_groups_of_pictures_are_about_as_wide_as_over_pictures(tmp_path):
    sides = toy_pictures(1500)
    X, Y, owner, _ = in_memory(*sides)
    options = {"n_resamples": 1000, "seed": SEED}
    plain = measure_linear("toy", X, Y, owner, **options).set_index(["statistic", "side"])
    pairs = sum_jobs(*open_named(tmp_path, *sides, parts=2), 1)
    found = measure(pairs, X, Y, owner, **options)
    for statistic in ("gap", "rmg", "mean_matched_cosine", "alignment"):
        row, other = found.loc[(statistic, "both")], plain.loc[(statistic, "both")]
        assert row["high"] - row["low"] == pytest.approx(other["high"] - other["low"], rel=0.08)
        assert "over 2,000 groups of pictures" in row["interval_method"]


def test_as_many_pictures_as_groups_are_not_one_each(tmp_path):
    first, second = toy_sides(GROUPS)
    ids = np.array([f"p{number}" for number in range(GROUPS)])
    pairs = sum_jobs(*open_named(tmp_path, first, second, ids, parts=1), 1)
    assert pairs.first.pictures == GROUPS == len(pairs.first.counts)
    assert not pairs.first.by_picture
    X, Y, owner, _ = in_memory(first, second, ids)
    plain = measure_linear("toy", X, Y, owner, **OPTIONS).set_index(["statistic", "side"])
    found = measure(pairs, X, Y, owner)["value"]["gap_unbiased_squared", "both"]
    assert found == pytest.approx(plain["value"]["gap_unbiased_squared", "both"], rel=1e-9)


def test_the_group_of_a_picture_depends_on_no_order_and_no_kind_of_number(tmp_path):
    ids = np.arange(5000, 8000)
    rng = np.random.default_rng(0)
    first, second = toy_sides(3000)
    order = rng.permutation(3000)
    straight = open_named(tmp_path / "a", first, second, ids, parts=2)
    turned = open_named(
        tmp_path / "b", first[order], second[order], ids[order].astype(str), parts=5, layout="npz"
    )
    sums = [sum_jobs(*folder, 1).first.sums for folder in (straight, turned)]
    np.testing.assert_allclose(sums[0], sums[1], rtol=1e-12, atol=1e-12)
    assert not np.array_equal(
        group_keys(hash_ids(ids.astype(str)), 0), group_keys(hash_ids(ids.astype(str)), 1)
    )


def test_rows_with_ids_of_their_own_are_groups_by_picture_where_they_are_few(tmp_path):
    first, second = toy_sides(200)
    ids = np.array([f"p{number}" for number in range(200)])
    folder = open_named(tmp_path, first, second, ids, parts=3, single=True)
    owner = np.arange(200)
    found = measure(sum_jobs(*folder, 2), first, second, owner)
    plain = measure_linear("toy", first, second, owner, **OPTIONS).set_index(["statistic", "side"])
    pd.testing.assert_frame_equal(found, plain, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("rows", [1, 3, 11, 1000])
def test_no_block_holds_half_a_picture(rows, tmp_path, monkeypatch):
    monkeypatch.setattr(streams, "DOUBLE_BYTES", 8 * 6 * rows)
    sides = toy_pictures(60)
    X, Y, owner, names = in_memory(*sides)
    index, about = open_named(tmp_path, *sides, parts=3)
    blocks = list(stream_pictures(index, about, range(3)))
    np.testing.assert_allclose(np.concatenate([block.X for block in blocks]), normalise(X))
    np.testing.assert_allclose(np.concatenate([block.Y for block in blocks]), normalise(Y))
    np.testing.assert_array_equal(np.concatenate([b.keys for b in blocks]), hash_ids(names))
    numbers = np.concatenate([block.numbers for block in blocks])
    np.testing.assert_array_equal(numbers, np.unique(owner, return_index=True)[1])
    for side, rows in enumerate(sides[:2]):
        lengths = np.linalg.norm(rows.astype(float), axis=1)
        found = np.array([block.norms[side] for block in blocks])
        np.testing.assert_allclose(found[:, 0].min(), lengths.min())
        np.testing.assert_allclose(found[:, 1].max(), lengths.max())
    done = 0
    for block in blocks:
        here = np.arange(len(block.X)) if block.owner is None else block.owner
        np.testing.assert_array_equal(here + done, owner[np.isin(owner, here + done)])
        done += len(block.X)


def test_a_sample_is_of_pictures_with_all_their_texts_whatever_the_shards(tmp_path):
    first, second, ids = toy_pictures(300)
    drawn = []
    for parts, layout in ((1, "npy"), (7, "npz")):
        folder = open_named(tmp_path / layout, first, second, ids, parts=parts, layout=layout)
        chosen, n = draw_pictures(*folder, 40, SEED)
        assert (len(chosen), n) == (40, 300)
        names, rows = read_drawn(*folder, 0, chosen)
        np.testing.assert_array_equal(rows, first[chosen["number"]])
        assert names["sample_id"].tolist() == ids[chosen["number"]].tolist()
        texts, rows = read_drawn(*folder, 1, chosen)
        here = np.isin(ids, names["sample_id"])
        np.testing.assert_array_equal(rows, second[here])
        assert texts["sample_id"].tolist() == ids[here].tolist()
        assert (texts["caption_index"] == texts.groupby("sample_id").cumcount()).all()
        drawn.append(chosen)
    pd.testing.assert_frame_equal(*drawn)
    other, _ = draw_pictures(*folder, 40, SEED + 1)
    assert set(other["sample_id"]) != set(chosen["sample_id"])
    everything, _ = draw_pictures(*folder, 300, SEED)
    assert everything["sample_id"].tolist() == pd.unique(ids).tolist()


def test_pictures_are_drawn_alike(tmp_path):
    first, second = toy_sides(2000)
    ids = np.array([f"p{number}" for number in range(2000)])
    folder = open_named(tmp_path, first, second, ids, parts=2, layout="npz")
    times = np.zeros(2000)
    for seed in range(60):
        times[draw_pictures(*folder, 200, seed)[0]["number"]] += 1
    # Binomial(60, 0.1): mean 6, variance 5.4.
    assert times.sum() == 60 * 200
    assert times.var() == pytest.approx(5.4, rel=0.15)


@pytest.mark.parametrize(("parts", "layout"), [(1, "npy"), (5, "parquet")])
def test_queries_stand_where_they_stand_in_memory(parts, layout, tmp_path, monkeypatch):
    monkeypatch.setattr(streams, "DOUBLE_BYTES", 8 * 6 * 17)
    first, second, ids = toy_pictures(120)
    codes = pd.factorize(ids)[0]
    several = int(np.argmax(np.bincount(codes) > 2))
    second[codes == several] = second[codes == several][0]  # ties within a picture,
    first[codes == 60] = first[codes == several][0]  # and without
    second[codes == 17] = second[codes == 60][0]
    X, Y, owner, names = in_memory(first, second, ids)
    index, about = open_named(tmp_path, first, second, ids, parts=parts, layout=layout)
    asked = np.unique([several, 20, 30, 17, 60, 119])
    texts = np.flatnonzero(np.isin(owner, asked))
    queries = normalise(X)[asked], normalise(Y)[texts], np.searchsorted(asked, owner[texts])
    tables = []
    for chosen in (range(parts),) if parts == 1 else (range(2), range(2, parts)):
        found = rank_pictures(index, about, chosen, queries, hash_ids(names[asked]), 7)
        tables.append(tabulate_ranks(queries, *found))
    table = add_ranks(tables)
    relevance = retrieval.own_relevance(owner, len(X))
    ranks = retrieval.ranks_both_ways(normalise(X), normalise(Y), owner, *relevance, block=50)
    for direction, (expected, rows) in enumerate(zip(ranks, (asked, texts), strict=True)):
        _, _, relevant, own, above, tied, gallery = table[table[:, 0] == direction].T
        counts = np.column_stack([above, tied + own, own, relevant])
        np.testing.assert_array_equal(counts, expected[rows])
        assert set(gallery) == {(len(Y), len(X))[direction]}
    assert (ranks[0][asked, 2] > 1).any()
    assert (ranks[0][asked, 1] > ranks[0][asked, 2]).any()
    assert (ranks[1][texts, 1] > 1).any()


def test_rows_with_ids_rank_as_those_without(tmp_path):
    first, second = toy_sides(80)
    ids = np.array([f"p{number}" for number in range(80)])
    index, about = open_named(tmp_path, first, second, ids, parts=3, single=True)
    numbers = np.array([0, 7, 33, 79])
    X, Y = normalise(first)[numbers], normalise(second)[numbers]
    plain = streams.rank_queries(index, about["arrays"], range(3), (X, Y), numbers, block=9)
    queries = X, Y, np.arange(4)
    found = rank_pictures(index, about, range(3), queries, hash_ids(ids[numbers]), 9)
    np.testing.assert_array_equal(found[:2], plain)
    assert found[2].tolist() == [80, 80]
    assert plain[:, :, 0].sum() > 0


def test_rows_of_a_picture_that_are_no_copies_are_one_line(tmp_path):
    first, second, ids = toy_pictures(50)
    row = int(np.flatnonzero(ids[1:] == ids[:-1])[5]) + 1
    first[row] *= -1
    index, about = open_named(tmp_path, first, second, ids, parts=1)
    with pytest.raises(InputError, match=rf"rows \d+ and {row} have key '{ids[row]}' and differ"):
        collect_pictures(index, about, range(1), SEED)


def test_a_picture_in_two_shards_is_found_among_those_drawn(tmp_path):
    first, second, ids = toy_pictures(50)
    index, about = open_named(tmp_path, first, second, ids, parts=1)
    (other, *_), _ = open_named(tmp_path / "b", first[:9], second[:9], ids[:9], parts=1)
    index.append({**other, "start": index[0]["rows"]})
    with pytest.raises(InputError, match=rf"key '{ids[0]}' of row 0 is in row 0 of .* too"):
        draw_pictures(index, about, 100, SEED)
