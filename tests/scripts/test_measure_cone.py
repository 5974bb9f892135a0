"""measure_cone: which rows enter, and what the two tables hold."""

import numpy as np
import pandas as pd
import pytest

import measure_cone
from modgap.errors import InputError
from modgap.statistics.geometry import normalise
from modgap.statistics.measurements import summary_row
from modgap.tables import read_metadata, read_table, write_embeddings
from toy_pairs import cosines_between_pictures

SETTINGS = {
    "name": "toy", "bins": 50, "block": 16, "n_resamples": 100, "seed": 0, "exact_rows": 100,
}  # fmt: skip


@pytest.fixture
def texts(tmp_path):
    """Ten pictures with three captions each, in two shards."""
    rows = np.random.default_rng(0).standard_normal((30, 5)).astype(np.float32) + 0.5
    ids = pd.DataFrame(
        {"sample_id": np.repeat(list("abcdefghij"), 3), "caption_index": np.tile(range(3), 10)}
    )
    parts = [tmp_path / "part-0.parquet", tmp_path / "part-1.parquet"]
    write_embeddings(parts[0], ids[:12], rows[:12], {"model": "toy"})
    write_embeddings(parts[1], ids[12:], rows[12:], {"model": "toy"})
    return parts, normalise(rows)


@pytest.mark.parametrize(("caption", "chosen"), [("first", slice(0, None, 3)),
                                                 ("last", slice(2, None, 3)),
                                                 ("all", slice(None))])  # fmt: skip
def test_the_chosen_captions_enter(texts, tmp_path, caption, chosen):
    parts, rows = texts
    table, histogram = tmp_path / "cone.parquet", tmp_path / "histogram.parquet"
    measure_cone.main(parts, table, histogram, caption=caption, **SETTINGS)
    # Two captions of one picture are not a pair.
    cosines = cosines_between_pictures(rows[chosen], np.repeat(np.arange(10), 3)[chosen])
    row = summary_row(read_table(table))
    assert row["mean_cosine"] == pytest.approx(cosines.mean())
    assert row["min_cosine"] == pytest.approx(cosines.min())
    counts = read_table(histogram)
    assert len(counts) == 50
    assert counts["pairs"].sum() == len(cosines)


def test_images_have_no_captions_to_choose(tmp_path):
    ids = pd.DataFrame({"sample_id": list("abcdef")})
    rows = np.random.default_rng(0).standard_normal((6, 4)).astype(np.float16)
    path = tmp_path / "part-0.parquet"
    write_embeddings(path, ids, rows, {})
    values = []
    for caption in ("first", "all"):
        table = tmp_path / f"{caption}.parquet"
        measure_cone.main([path], table, tmp_path / "h.parquet", caption=caption, **SETTINGS)
        values.append(summary_row(read_table(table)))
    assert values[0] == values[1]
    assert values[0]["n"] == 6


def test_too_few_samples_are_an_error(tmp_path):
    ids = pd.DataFrame({"sample_id": ["a", "a", "b", "b", "c"], "caption_index": [0, 1, 0, 1, 0]})
    path = tmp_path / "part-0.parquet"
    write_embeddings(path, ids, np.eye(5, dtype=np.float32), {})
    with pytest.raises(InputError, match="3 samples; the statistics of 'toy' need at least 4"):
        measure_cone.main(
            [path], tmp_path / "t.parquet", tmp_path / "h.parquet", caption="all", **SETTINGS
        )
    assert not (tmp_path / "t.parquet").exists()


def test_many_pictures_are_compared_on_a_sample(texts, tmp_path):
    parts, rows = texts
    table, histogram = tmp_path / "cone.parquet", tmp_path / "histogram.parquet"
    settings = {**SETTINGS, "exact_rows": 6, "seed": 3}
    measure_cone.main(parts, table, histogram, caption="first", **settings)
    row = summary_row(read_table(table))
    chosen = np.random.default_rng(3).permutation(10)[:6]
    cosines = cosines_between_pictures(rows[::3][chosen], np.arange(6))
    assert row["max_cosine"] == pytest.approx(cosines.max())
    assert row["n"] == 10
    assert read_table(histogram)["pairs"].sum() == 30
    for path in (table, histogram):
        assert read_metadata(path) == {"sampled": {"pictures": 6, "of": 10}}
