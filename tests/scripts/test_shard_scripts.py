"""The scripts of a folder of shards, one after the other, on a few hundred rows."""

import numpy as np
import pandas as pd
import pytest

import import_embeddings
import index_shards
import measure_cone
import measure_gap
import measure_pairs
import merge_moments
import rank_shards
import sample_shards
import sum_shards
from faults.outcomes import classify_call
from modgap.data.shards import list_shards
from modgap.errors import InputError
from modgap.plan.shards import plan_pictures
from modgap.statistics.all_pairs import measure_all_pairs
from modgap.statistics.measurements import measure_linear
from modgap.statistics.moments.files import read_moments
from modgap.statistics.retrieval import read_ranks
from modgap.tables import read_embeddings, read_metadata, read_table
from shard_files import toy_pictures, toy_sides, write_folder

N, DRAWN = 400, 50
LINEAR = {"n_resamples": 100, "seed": 0}


@pytest.fixture(scope="module")
def sides():
    return toy_sides(N)


@pytest.fixture(scope="module")
def made(sides, tmp_path_factory):
    """What the jobs before the measurements write: (parts of both sides, moments)."""
    return run_shards(tmp_path_factory.mktemp("run"), *sides)


def run_shards(path, *sides, limit=DRAWN, layout="npz", ids=None):
    entry = write_folder(path / "data", *sides, 7, layout, ids)
    arrays, shards = list_shards(entry)
    index = path / "index.parquet"
    pictures = plan_pictures(entry, shards)
    index_shards.main(index, folder="data", arrays=arrays, shards=shards, **pictures)
    parts = []
    for side in (0, 1):
        parts.append([str(path / f"{side}.parquet")])
        sample_shards.main(index, parts[-1][0], name="big", side=side, limit=limit, seed=0)
    jobs = [path / f"0-{part}.npz" for part in range(4)]
    for part, job in enumerate(jobs):
        chosen = [2 * part, min(2, 7 - 2 * part)]
        sum_shards.main(index, job, name="big", shards=chosen, seed=0, device="cpu")
    merge_moments.main(jobs[:2], path / "1-0.npz")
    merge_moments.main([path / "1-0.npz", *jobs[2:]], path / "big.npz")
    return *parts, path / "big.npz"


def measure(made, path, **options):
    first, second, moments = made
    settings = {"name": "big", "caption": "all", **LINEAR, **options}
    measure_gap.main(first, second, None, path, moments=moments, **settings)
    return read_table(path).set_index(["statistic", "side"])


def test_the_gap_is_that_of_all_pairs_and_the_sample_says_so(made, sides, tmp_path):
    rows = measure(made, tmp_path / "gap.parquet")
    expected = measure_linear("big", *sides, np.arange(N), **LINEAR)
    expected = expected.set_index(["statistic", "side"])
    assert list(rows.index) == list(expected.index)
    fitted = rows["interval_method"].str.endswith(f"; on {DRAWN} of {N} pictures, drawn at random")
    assert set(rows.index[fitted].get_level_values(0)) == {
        "margin", "separability_accuracy", "separability_auc",
    }  # fmt: skip
    for column in ("value", "low", "high"):
        pd.testing.assert_series_equal(
            rows.loc[~fitted, column], expected.loc[~fitted, column], rtol=1e-9, atol=1e-9
        )
    assert rows.loc[("gap", "both"), "n"] == N


def test_the_table_says_how_long_the_rows_were(made, sides, tmp_path):
    measure(made, tmp_path / "raw.parquet")
    (note,) = read_metadata(tmp_path / "raw.parquet")["notes"]
    lengths = np.linalg.norm(sides[0], axis=1)
    assert note.startswith(f"rows were stored with lengths {lengths.min():.3g} to")
    unit = [side / np.linalg.norm(side, axis=1, keepdims=True) for side in sides]
    measure(run_shards(tmp_path / "unit", *unit), tmp_path / "unit.parquet")
    assert read_metadata(tmp_path / "unit.parquet")["notes"] == [
        "all rows were stored with length 1"
    ]


def test_a_sample_knows_of_how_many_it_is(made, tmp_path):
    first, second, _moments = made
    assert read_metadata(first[0])["sampled"] == {"pictures": DRAWN, "of": N}
    ids, rows, _ = read_embeddings(first)
    assert len(ids) == len(rows) == DRAWN
    options = {"caption": "all", "exact_rows": 20, "seed": 0, "block": 16}
    measure_pairs.main(first, second, None, tmp_path / "pairs.parquet", name="big", **options)
    assert read_metadata(tmp_path / "pairs.parquet")["sampled"] == {"pictures": 20, "of": N}
    table = read_table(tmp_path / "pairs.parquet")
    assert table["interval_method"].str.contains("on 20 of 400 pictures, drawn at random").all()


def test_recall_is_of_queries_among_all_pairs(made, sides, tmp_path):
    first, second, _ = made
    index = made[2].with_name("index.parquet")
    ranking = {"queries": 30, "exact_rows": 20, "seed": 0, "block": 16, "device": "cpu"}
    ranks = [tmp_path / "0.npy", tmp_path / "1.npy"]
    for path, chosen in zip(ranks, ([0, 4], [4, 3]), strict=True):
        rank_shards.main(index, [first[0], second[0]], path, shards=chosen, **ranking)
    options = {"caption": "all", "exact_rows": 20, "seed": 0, "block": 16}
    table = tmp_path / "pairs.parquet"
    measure_pairs.main(first, second, None, table, ranks=ranks, name="big", **options)
    rows = read_table(table).set_index(["statistic", "side"])
    # The exact value, of every picture among all, lies inside the interval of the 30 queries.
    exact = measure_all_pairs(
        "big", *sides, np.arange(N), relevance=None, seed=0, block=64
    ).set_index(["statistic", "side"])
    for statistic in ("recall1", "recall10", "median_rank"):
        for side in ("first_to_second", "second_to_first"):
            row = rows.loc[(statistic, side)]
            assert row["low"] <= exact["value"][statistic, side] <= row["high"]
            assert row["n"] == 30
            note = "; 30 queries, drawn at random, among all 400"
            assert row["interval_method"].endswith(note)
    assert rows["value"]["recall10_chance", "first_to_second"] == pytest.approx(10 / N)
    assert not [name for name, _ in rows.index if name.endswith("_ceiling")]


def test_of_few_pairs_every_one_is_a_query_and_nothing_is_ranked_apart(made, tmp_path):
    index = made[2].with_name("index.parquet")
    ranking = {"queries": 30, "exact_rows": N, "seed": 0, "block": 16, "device": "cpu"}
    clouds = [made[0][0], made[1][0]]
    rank_shards.main(index, clouds, tmp_path / "0.npy", shards=[0, 7], **ranking)
    assert read_ranks([tmp_path / "0.npy"]) is None


def test_a_cone_of_shards_is_over_all_rows_and_its_quantiles_over_the_sample(made, sides, tmp_path):
    paths = tmp_path / "cone.parquet", tmp_path / "histogram.parquet"
    options = {"caption": "all", "bins": 10, "block": 16, "exact_rows": 20, **LINEAR}
    measure_cone.main(made[1], *paths, moments=made[2], name="big", side=1, **options)
    rows = read_table(paths[0]).set_index("statistic")
    expected = measure_linear("big", *sides, np.arange(N), **LINEAR)
    expected = expected[expected["side"] == "second"].set_index("statistic")
    for statistic in ("mean_cosine", "sd_cosine", "centre_norm", "effective_rank"):
        assert rows["value"][statistic] == pytest.approx(expected["value"][statistic], rel=1e-9)
        assert rows["n"][statistic] == N
    assert rows["interval_method"]["median_cosine"].endswith(
        "on 20 of 400 pictures, drawn at random"
    )


def test_fewer_pairs_than_the_sample_are_all_there(sides, tmp_path):
    first, second, moments = run_shards(tmp_path, *sides, limit=1000, layout="npy")
    assert "sampled" not in read_metadata(first[0])
    np.testing.assert_array_equal(read_embeddings(first)[1], sides[0])
    np.testing.assert_array_equal(read_embeddings(second)[1], sides[1])
    assert read_moments(moments)[1] == {"dataset": "big", "seed": 0}


def damage_rows(sides, side, row, value):
    changed = [rows.copy() for rows in sides]
    changed[side][row] = value
    return changed


@pytest.mark.parametrize(
    ("side", "value", "said"),
    [(1, 0, "is all zeros"), (0, np.nan, "has values that are not finite")],
)
def test_a_bad_row_stops_with_its_file_and_row_and_leaves_nothing(
    sides, side, value, said, tmp_path
):
    bad = damage_rows(sides, side, N - 1, value)
    arrays, shards = list_shards(write_folder(tmp_path / "data", *bad, 7, "parquet"))
    index = tmp_path / "index.parquet"
    index_shards.main(index, folder="data", arrays=arrays, shards=shards)
    ended, message = classify_call(
        lambda: sum_shards.main(
            index, tmp_path / "m.npz", name="big", shards=[6, 1], seed=0, device="cpu"
        )
    )
    assert ended == "refused"
    assert f"part-6.parquet: row {len(read_last(shards)) - 1} {said}" in message
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == [
        ".index.parquet.sha256", "index.parquet",
    ]  # fmt: skip


def read_last(shards):
    return pd.read_parquet(shards[-1][0])


def test_swapped_sides_of_other_lengths_leave_no_index(sides, tmp_path):
    arrays, shards = list_shards(write_folder(tmp_path / "data", *sides, 7))
    np.save(shards[3][1], sides[1][:5])
    with pytest.raises(InputError, match=r"text_emb_3\.npy: 5 rows, but .*img_emb_3\.npy has 57"):
        index_shards.main(tmp_path / "i.parquet", folder="data", arrays=arrays, shards=shards)
    assert not (tmp_path / "i.parquet").exists()


PICTURES = 300


@pytest.fixture(scope="module")
def named():
    """Rows of pictures of several texts, and their ids."""
    return toy_pictures(PICTURES)


def import_whole(path, first, second, ids):
    """The same rows as one file a modality, read whole."""
    np.savez(path / "whole.npz", first=first, second=second, key=ids)
    parts = []
    for array in ("first", "second"):
        part = {"path": str(path / "whole.npz"), "array": array, "id": None, "owner": None}
        part |= {"groups": {"column": "key"}, "paired": True}
        parts.append([str(path / f"{array}.parquet")])
        import_embeddings.main(parts[-1][0], name="big", part=part)
    return parts


@pytest.mark.parametrize("layout", ["npy", "npz", "parquet"])
def test_pictures_of_several_texts_measure_as_in_memory(named, layout, tmp_path):
    *sides, ids = named
    made = run_shards(tmp_path, *sides, limit=PICTURES, layout=layout, ids=ids)
    whole = *import_whole(tmp_path, *named), None
    for found, expected in zip(made[:2], whole[:2], strict=True):
        (ids_found, rows, about), (ids_there, there, _) = map(read_embeddings, (found, expected))
        pd.testing.assert_frame_equal(ids_found, ids_there)
        np.testing.assert_array_equal(rows, there)
        assert "sampled" not in about
    rows, plain = measure(made, tmp_path / "a.parquet"), measure(whole, tmp_path / "b.parquet")
    same = rows.index.get_level_values(0) != "frechet_extrapolated"  # of other halves
    for column in ("value", "n"):
        pd.testing.assert_series_equal(
            rows.loc[same, column], plain.loc[same, column], rtol=1e-9, atol=1e-9
        )
    assert rows.loc[("gap", "both"), "n"] == PICTURES
    assert rows.loc[("mean_matched_cosine", "both"), "n"] == len(ids)


def test_recall_of_pictures_of_several_texts_is_that_in_memory(named, tmp_path):
    *sides, ids = named
    first, second, moments = run_shards(tmp_path, *sides, ids=ids, limit=PICTURES)
    ranking = {"queries": PICTURES, "exact_rows": 20, "seed": 0, "block": 256, "device": "cpu"}
    ranks = [tmp_path / "0.npy", tmp_path / "1.npy"]
    for path, chosen in zip(ranks, ([0, 4], [4, 3]), strict=True):
        index = moments.with_name("index.parquet")
        rank_shards.main(index, [first[0], second[0]], path, shards=chosen, **ranking)
    options = {"caption": "all", "seed": 0, "block": 256, "name": "big"}
    tables = tmp_path / "pairs.parquet", tmp_path / "whole.parquet"
    measure_pairs.main(first, second, None, tables[0], ranks=ranks, exact_rows=20, **options)
    whole = import_whole(tmp_path, *named)
    measure_pairs.main(*whole, None, tables[1], exact_rows=PICTURES, **options)
    rows, plain = (read_table(path).set_index(["statistic", "side"]) for path in tables)
    retrieved = [key for key in rows.index if key[0].startswith(("recall", "median_rank"))]
    assert len(retrieved) == 24
    # Every picture and text was a query among all: nothing is left to the sample.
    for column in ("value", "low", "high", "n"):
        pd.testing.assert_series_equal(rows[column][retrieved], plain[column][retrieved], rtol=1e-9)
    note = f"; {len(ids)} queries, drawn at random, among all {PICTURES}"
    assert rows["interval_method"]["recall5", "second_to_first"].endswith(note)
    note = f"; {PICTURES} queries, drawn at random, among all {len(ids)}"
    assert rows["interval_method"]["recall5", "first_to_second"].endswith(note)


def test_a_sample_of_pictures_has_their_texts_and_says_of_how_many_it_is(named, tmp_path):
    *sides, ids = named
    first, second, moments = run_shards(tmp_path, *sides, ids=ids)
    for part in (first[0], second[0]):
        assert read_metadata(part)["sampled"] == {"pictures": DRAWN, "of": PICTURES}
    pictures, texts = read_embeddings(first)[0], read_embeddings(second)[0]
    assert list(pictures) == ["sample_id"]
    assert list(texts) == ["sample_id", "caption_index"]
    counts = pd.Series(ids).value_counts()
    assert texts["sample_id"].value_counts().to_dict() == {
        name: counts[name] for name in pictures["sample_id"]
    }
    assert read_moments(moments)[0].first.pictures == PICTURES
    assert read_moments(moments)[0].second.n == len(ids)


def test_rows_of_pictures_without_texts_of_their_own_keep_their_names(sides, tmp_path):
    names = np.array([f"picture {number}" for number in range(N)])
    entry = write_folder(tmp_path / "data", *sides, 2, "npy", names)
    entry["id"] = entry.pop("groups")
    arrays, shards = list_shards(entry)
    index, sample = tmp_path / "index.parquet", str(tmp_path / "0.parquet")
    pictures = plan_pictures(entry, shards)
    index_shards.main(index, folder="data", arrays=arrays, shards=shards, **pictures)
    sample_shards.main(index, sample, name="big", side=1, limit=N, seed=0)
    ids, rows, _ = read_embeddings([sample])
    assert list(ids) == ["sample_id"]
    assert ids["sample_id"].tolist() == names.tolist()
    np.testing.assert_array_equal(rows, sides[1])
