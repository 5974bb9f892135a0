"""measure_gap and measure_pairs: which texts enter what, samples, ready embeddings, bad input."""

import numpy as np
import pandas as pd
import pytest

import measure_gap
import measure_pairs
import project_pairs
from modgap.errors import InputError
from modgap.statistics.measurements import summary_row
from modgap.tables import (
    SAMPLE_COLUMNS,
    UNPAIRED,
    read_metadata,
    read_table,
    read_tables,
    write_embeddings,
    write_table,
)

SHARED = {"name": "toy", "caption": "first", "seed": 0}
LINEAR = {"n_resamples": 100}
COMPARED = {"exact_rows": 1000, "block": 50}
N, DIM = 24, 6


@pytest.fixture
def files(tmp_path):
    """Samples with two captions a picture, and their embeddings in two shards each."""
    rng = np.random.default_rng(0)
    names = [f"p{index:02d}" for index in range(N)]
    samples = pd.DataFrame(
        {
            "sample_id": np.repeat(names, 2),
            "image": "x.jpg",
            "caption": [f"caption {index}" for index in range(2 * N)],
            "caption_index": np.tile([0, 1], N),
            "label": np.repeat(rng.choice(["dog", "cat"], N), 2),
            "mentioned": None,
            "split": "all",
        }
    )[SAMPLE_COLUMNS]
    images = rng.standard_normal((N, DIM)) + 1
    texts = np.repeat(images, 2, axis=0) + rng.standard_normal((2 * N, DIM)) - 1
    paths = {name: tmp_path / f"{name}.parquet" for name in ("samples", "gap", "pairs")}
    write_table(samples, paths["samples"])
    for modality, columns, rows in (
        ("first", ["sample_id"], images),
        ("second", ["sample_id", "caption_index"], texts),
    ):
        ids = samples.drop_duplicates(columns)[columns].reset_index(drop=True)
        half = len(rows) // 2
        paths[modality] = []
        for shard, part in enumerate((slice(0, half), slice(half, None))):
            path = tmp_path / f"{modality}-{shard}.parquet"
            write_embeddings(path, ids[part], rows[part].astype(np.float32), {"model": "toy"})
            paths[modality].append(path)
    return paths


def measure(first, second, samples, gap, pairs, **changes):
    """Both tables of a set as one row."""
    for script, path, own in (
        (measure_gap, gap, LINEAR),
        (measure_pairs, pairs, COMPARED),
    ):
        given = {key: value for key, value in changes.items() if key in {**SHARED, **own}}
        script.main(first, second, samples, path, **{**SHARED, **own, **given})
    return summary_row(read_tables([gap, pairs]))


def run(files, **changes):
    return measure(**files, **changes)


def test_the_caption_changes_the_geometry_and_not_the_retrieval(files):
    rows = {caption: run(files, caption=caption) for caption in ("first", "last", "all")}
    assert len({row["gap"] for row in rows.values()}) == 3
    assert len({row["recall1_second_to_first"] for row in rows.values()}) == 1
    assert {row["n"] for row in rows.values()} == {N}
    table = read_table(files["pairs"])
    queries = table[(table["statistic"] == "recall1") & (table["side"] == "second_to_first")]
    assert queries["n"].item() == 2 * N


def test_what_a_caption_mentions_decides_what_is_a_hit(files):
    own = run(files)
    samples = read_table(files["samples"])
    samples["mentioned"] = "label"
    write_table(samples, files["samples"])
    alike = run(files)
    assert alike["recall1_second_to_first"] > own["recall1_second_to_first"]
    assert alike["recall1_second_to_first_chance"] > 5 * own["recall1_second_to_first_chance"]
    assert alike["gap"] == own["gap"]


def test_equal_captions_lower_the_ceiling(files):
    samples = read_table(files["samples"])
    samples["caption"] = "a picture"
    write_table(samples, files["samples"])
    row = run(files)
    assert row["recall1_second_to_first_ceiling"] == pytest.approx(1 / N)


def test_texts_of_skipped_pictures_are_left_out(files):
    files["first"] = files["first"][:1]
    assert run(files)["n"] == N // 2


def test_pictures_without_a_text_are_an_error(files):
    files["second"] = files["second"][:1]
    with pytest.raises(InputError, match="no text for sample 'p12'"):
        run(files)
    assert not files["gap"].exists()


def test_a_mentioned_column_that_is_not_there_is_named(files):
    samples = read_table(files["samples"])
    samples["mentioned"] = "colour+label"
    write_table(samples, files["samples"])
    with pytest.raises(InputError, match=r"samples\.parquet: .*no column 'colour'"):
        run(files)


def test_two_models_are_not_one_pair(files):
    ids = pd.DataFrame({"sample_id": [f"p{index:02d}" for index in range(N)]})
    other = files["first"][0].with_name("other.parquet")
    write_embeddings(other, ids, np.ones((N, DIM), np.float32), {"model": "another"})
    files["first"] = [other]
    with pytest.raises(InputError, match="model is 'toy'"):
        run(files)


def test_ready_embeddings_pair_by_position(shared, tmp_path):
    X, Y = np.load(shared("data/published/features_clasp.npy"))
    ids = pd.DataFrame({"sample_id": np.arange(len(X)).astype(str)})
    paths = [tmp_path / "first.parquet", tmp_path / "second.parquet"]
    for path, block in zip(paths, (X, Y), strict=True):
        write_embeddings(path, ids, block, {})
    tables = [tmp_path / "gap.parquet", tmp_path / "pairs.parquet"]
    row = measure(paths[:1], paths[1:], None, *tables)
    assert row["gap"] == pytest.approx(1.0446642514478812, abs=1e-9)
    assert (row["n"], row["dim"]) == (99, 768)
    # One text appears twice: its two pictures can share the first place only once.
    assert row["recall1_second_to_first_ceiling"] == pytest.approx(98 / 99)


def test_too_few_rows_are_an_error(tmp_path):
    ids = pd.DataFrame({"sample_id": ["a", "b", "c"]})
    path = tmp_path / "both.parquet"
    write_embeddings(path, ids, np.eye(3, dtype=np.float32), {})
    for script, own in ((measure_gap, LINEAR), (measure_pairs, COMPARED)):
        with pytest.raises(InputError, match="3 rows; the statistics of 'toy' need at least 4"):
            script.main([path], [path], None, tmp_path / "table.parquet", **SHARED, **own)


def test_many_pictures_are_compared_on_a_sample_that_says_so(files):
    """The gap takes every row; a sample is measured as if it were the whole."""
    whole = run(files)
    assert read_metadata(files["pairs"]) == {}
    sampled = run(files, exact_rows=10)
    assert sampled["gap"] == whole["gap"]
    assert sampled["mean_cosine_first"] == whole["mean_cosine_first"]
    assert sampled["n"] == N
    assert sampled["recall1_first_to_second"] != whole["recall1_first_to_second"]
    table = read_table(files["pairs"])
    assert read_metadata(files["pairs"]) == {"sampled": {"pictures": 10, "of": N}}
    assert set(table["n"]) == {10, 20}  # both captions of a picture are texts of the gallery
    assert table["interval_method"].str.endswith("; on 10 of 24 pictures, drawn at random").all()
    again = run(files, exact_rows=10)
    assert again == sampled
    assert run(files, exact_rows=10, seed=1)["max_cosine_first"] != sampled["max_cosine_first"]


def test_modalities_without_pairs(tmp_path):
    rng = np.random.default_rng(0)
    about = {"model": "imported", "joined": UNPAIRED}
    paths = []
    for name, n in (("first", 12), ("second", 9)):
        ids = pd.DataFrame({"sample_id": [f"item-{row}" for row in range(n)]})
        rows = rng.standard_normal((n, 5)).astype(np.float32)
        paths.append([tmp_path / f"{name}.parquet"])
        write_embeddings(paths[-1][0], ids, rows, about)
    table = tmp_path / "gap.parquet"
    measure_gap.main(*paths, None, table, **SHARED, **LINEAR)
    measured = read_table(table)
    assert measured.set_index("statistic")["n"]["gap"] == 21
    assert "rmg" not in set(measured["statistic"])
    projection = tmp_path / "projection.parquet"
    look = {"max_pairs": 10, "n_neighbors": 5, "min_dist": 0.1, "seed": 0}
    project_pairs.main(*paths, None, projection, name="toy", caption="all", **look)
    points = read_table(projection).query("method == 'pca'")
    assert points.groupby("modality").size().to_dict() == {"first": 10, "second": 9}
    with pytest.raises(InputError, match=r"its rows are no pairs \(paired: false\)"):
        measure_pairs.main(*paths, None, table, **SHARED, **COMPARED)
