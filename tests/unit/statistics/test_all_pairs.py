"""What compares every picture with every other: retrieval, single clouds, samples."""

import numpy as np
import pandas as pd
import pytest

from modgap.statistics.all_pairs import measure_all_pairs, measure_cloud, measure_pair
from modgap.statistics.measurements import COLUMNS, measure_linear, summary_row
from toy_pairs import captioned, cosines_between_pictures

SETTINGS = {"n_resamples": 200, "seed": 0, "block": 64}
PAIRED = {**SETTINGS, "relevance": None}


@pytest.fixture(scope="module")
def data():
    return captioned(n=60, dim=8)


@pytest.fixture(scope="module")
def frame(data):
    return measure_pair("toy", *data, **PAIRED)


def test_recall_stands_between_chance_and_ceiling(frame):
    row = summary_row(frame)
    for side in ("first_to_second", "second_to_first"):
        for k in (1, 5, 10):
            recall = row[f"recall{k}_{side}"]
            assert row[f"recall{k}_{side}_chance"] < recall
            assert recall <= row[f"recall{k}_{side}_ceiling"] <= 1


def test_retrieval_ranks_the_whole_gallery_and_geometry_the_chosen_texts(data, frame):
    X, Y, owner = data
    chosen = np.unique(owner, return_index=True)[1]
    mixed = measure_pair("toy", X, Y[chosen], owner[chosen], gallery=(Y, owner), **PAIRED)
    single = measure_pair("toy", X, Y[chosen], owner[chosen], **PAIRED)
    recall = frame["statistic"].str.startswith(("recall", "median_rank"))
    assert mixed[recall].equals(frame[recall])
    assert mixed[~recall].equals(single[~recall])
    assert not single[recall].equals(frame[recall])


def test_cloud_rows_and_histogram(data):
    _, Y, owner = data
    rows, histogram = measure_cloud(
        "texts", Y, owner=owner, bins=20, n_resamples=200, seed=0, block=16
    )
    assert list(rows.columns) == COLUMNS
    assert set(rows["side"]) == {"both"}
    cosines = cosines_between_pictures(Y, owner)
    row = summary_row(rows)
    assert row["mean_cosine"] == pytest.approx(cosines.mean())
    assert row["sd_cosine"] == pytest.approx(cosines.std(ddof=1))
    edges = np.linspace(-1, 1, 21)
    np.testing.assert_allclose(histogram["low"], edges[:-1])
    np.testing.assert_allclose(histogram["high"], edges[1:])
    np.testing.assert_array_equal(histogram["pairs"], np.histogram(cosines, edges)[0])


def test_a_tower_measured_alone_agrees_with_the_pair(data, frame):
    X, _, _ = data
    rows, _ = measure_cloud("images", X, bins=10, **SETTINGS)
    alone, pair = summary_row(rows), summary_row(frame)
    for name in ("mean_cosine", "sd_cosine", "q05_cosine", "centre_norm", "effective_rank"):
        assert alone[name] == pytest.approx(pair[f"{name}_first"])
    assert alone["sd_cosine_low"] == pytest.approx(pair["sd_cosine_first_low"])


def test_the_two_tables_share_no_row_and_are_all_there_is(data, frame):
    linear = measure_linear("toy", *data, n_resamples=200, seed=0)
    compared = measure_all_pairs("toy", *data, relevance=None, seed=0, block=64)
    keys = ["statistic", "side"]
    whole = pd.concat([linear, compared], ignore_index=True)
    assert not whole.duplicated(keys).any()
    pd.testing.assert_frame_equal(whole, frame)
    assert {"gap", "rmg", "margin", "sd_cosine", "separability_auc"} <= set(linear["statistic"])
    assert {"recall1", "uniformity", "min_cosine"} <= set(compared["statistic"])
    assert {"frechet", "gap_share1"} <= set(linear["statistic"])
    assert {"mmd_squared", "mmd_p"} <= set(compared["statistic"])


def test_with_one_text_a_picture_mmd_is_what_the_uniformities_say():
    """Their kernel is the same: mean within both less twice the mean across."""
    X, Y, _ = captioned(n=30, dim=8)
    row = summary_row(measure_pair("one", X, Y[:30], np.arange(30), **PAIRED))
    first, second, across = (
        np.exp(row[f"uniformity_{side}"]) for side in ("first", "second", "cross")
    )
    assert row["mmd_squared"] == pytest.approx(first + second - 2 * across, abs=1e-6)
    assert row["mmd_squared_low"] < row["mmd_squared"] < row["mmd_squared_high"]


def test_a_cloud_is_compared_on_the_chosen_pictures_and_averaged_over_all(data):
    _, Y, owner = data
    options = {"bins": 10, "n_resamples": 200, "seed": 0, "block": 16}
    compared = np.array([3, 5, 8, 13, 21, 34])
    here = np.isin(owner, compared)
    rows, histogram = measure_cloud("texts", Y, owner=owner, compared=compared, **options)
    whole, _ = measure_cloud("texts", Y, owner=owner, **options)
    cosines = cosines_between_pictures(Y[here], owner[here])
    row, all_of_them = summary_row(rows), summary_row(whole)
    assert row["min_cosine"] == pytest.approx(cosines.min())
    assert histogram["pairs"].sum() == len(cosines)
    for name in ("mean_cosine", "sd_cosine", "effective_rank", "centre_norm"):
        assert row[name] == all_of_them[name]
    noted = rows["interval_method"].str.endswith("on 6 of 60 pictures, drawn at random")
    assert set(rows.loc[noted, "n"]) == {here.sum()}
    assert set(rows.loc[~noted, "statistic"]) == {
        "mean_cosine", "sd_cosine", "effective_rank", "centre_norm",
    }  # fmt: skip
