"""Tidy rows and wide rows: what they hold, and what must not change them."""

import numpy as np
import pytest

from modgap.statistics import measurements
from modgap.statistics.all_pairs import measure_cloud, measure_pair
from modgap.statistics.measurements import (
    COLUMNS,
    FEWEST_FOR_INTERVAL,
    TOO_FEW,
    summary_row,
)
from modgap.tables import column_name
from toy_pairs import captioned

SETTINGS = {"n_resamples": 200, "seed": 0, "block": 64}
PAIRED = {**SETTINGS, "relevance": None}


@pytest.fixture(scope="module")
def data():
    return captioned(n=60, dim=8)


@pytest.fixture(scope="module")
def frame(data):
    return measure_pair("toy", *data, **PAIRED)


def test_every_row_says_where_it_comes_from(frame):
    assert list(frame.columns) == COLUMNS
    assert not frame.duplicated(["statistic", "side"]).any()
    assert frame["value"].notna().all()
    shared = frame.drop(columns=["value", "low", "high"])
    assert shared.notna().all(axis=None)
    assert set(frame["embeddings"]) == {"toy"}
    assert set(frame["dim"]) == {8}


def test_an_interval_or_the_reason_why_not(frame):
    without = frame["interval_method"].str.startswith("none: ")
    assert frame.loc[without, ["low", "high"]].isna().all(axis=None)
    kept = frame[~without]
    assert kept[["low", "high"]].notna().all(axis=None)
    assert kept["value"].between(kept["low"], kept["high"]).all()
    extremes = frame["statistic"].str.startswith(("min_", "max_", "q", "median_cosine", "margin"))
    assert without[extremes].all()


def test_every_statistic_of_both_sides_is_there(frame):
    row = summary_row(frame)
    both = ["gap", "gap_unbiased", "rmg", "alignment", "margin", "separability_auc"]
    sided = ["centre_norm", "mean_cosine", "sd_cosine", "uniformity", "effective_rank"]
    recalls = [
        f"recall{k}_{side}{variant}"
        for k in (1, 5, 10)
        for side in ("first_to_second", "second_to_first")
        for variant in ("", "_low", "_high", "_published", "_chance", "_ceiling")
    ]
    expected = [
        *(name + end for name in both for end in ([""] if name == "margin" else ["", "_low"])),
        *(f"{name}_{side}{end}" for name in sided for side in ("first", "second")
          for end in ("", "_low", "_high")),
        *recalls,
    ]  # fmt: skip
    assert set(expected) <= set(row)
    assert list(row)[:6] == ["embeddings", "n", "dim", "gap", "gap_low", "gap_high"]
    assert "min_cosine_first_low" not in row


def test_neither_block_size_nor_scale_nor_order_changes_a_number(data, frame):
    X, Y, owner = data
    rng = np.random.default_rng(1)
    texts = rng.permutation(len(Y))
    lengths = rng.uniform(0.5, 2, size=(len(X), 1))
    other = measure_pair("toy", X * lengths, Y[texts], owner[texts], **{**PAIRED, "block": 7})
    for column in ("value", "low", "high"):
        np.testing.assert_allclose(other[column], frame[column], atol=1e-6)


def test_same_input_same_table(data, frame):
    assert measure_pair("toy", *data, **PAIRED).equals(frame)


def test_opposite_clouds_have_the_widest_gap():
    rng = np.random.default_rng(0)
    X = np.array([1.0, 0, 0]) + 1e-4 * rng.standard_normal((40, 3))
    row = summary_row(measure_pair("poles", X, -X, np.arange(40), **PAIRED))
    assert row["gap"] == pytest.approx(2, abs=1e-6)
    assert row["margin"] == pytest.approx(2, abs=1e-6)
    assert row["mean_matched_cosine"] == pytest.approx(-1)
    assert row["rmg"] == pytest.approx(1, abs=1e-6)
    assert row["separability_accuracy"] == 1


def test_a_closed_gap_is_reported_as_such():
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((2, 300, 20))
    frame = measure_pair("closed", X, Y, np.arange(300), **PAIRED)
    row = summary_row(frame)
    assert row["gap"] > 0.05
    assert row["gap_unbiased_low"] == 0
    # The distance in the sample cannot be the true one, so the interval is not printed beside it.
    assert row["gap_unbiased"] <= row["gap_unbiased_high"] < row["gap"]
    assert "gap_low" not in row
    why = frame.set_index("statistic").loc["gap", "interval_method"]
    assert why == "none: biased upwards at this n; see gap_unbiased"
    # Centres at zero have no direction.
    assert "centre_cosine_low" not in row


def small_clouds(rng):
    """Pairs of any number, width, spread and gap; one or more captions; sometimes equal ones."""
    n, dim = int(rng.integers(4, 40)), int(rng.choice([2, 8, 64]))
    owner = np.repeat(np.arange(n), rng.integers(1, rng.integers(2, 4), n))
    content = rng.standard_normal((n, dim)) + rng.choice([0, 1, 5]) * rng.standard_normal(dim)
    texts = content[owner] + rng.choice([0, 0.3, 3]) * rng.standard_normal((len(owner), dim))
    if rng.random() < 0.2:
        content[: n // 2], texts[owner < n // 2] = content[0], texts[0]
    return content + rng.choice([0, 0.2, 2]) * np.eye(dim)[0], texts, owner


@pytest.mark.parametrize("seed", range(25))
def test_no_row_has_its_value_outside_its_interval(seed):
    X, Y, owner = small_clouds(np.random.default_rng(seed))
    settings = {**SETTINGS, "n_resamples": 100}
    cloud, _ = measure_cloud("small", Y, owner=owner, bins=4, **settings)
    for frame in (measure_pair("small", X, Y, owner, relevance=None, **settings), cloud):
        given = frame[frame["low"].notna()]
        outside = given[~given["value"].between(given["low"], given["high"])]
        assert outside.empty, outside
        reasons = frame.loc[frame["low"].isna(), "interval_method"]
        assert reasons.str.startswith("none: ").all()
        assert (frame.loc[frame["low"].isna(), "n_resamples"] == 0).all()


def test_few_pictures_have_intervals_of_counts_only():
    for n, few in ((FEWEST_FOR_INTERVAL - 1, True), (FEWEST_FOR_INTERVAL, False)):
        X, Y, owner = captioned(n=n, dim=8)
        frame = measure_pair("few", X, Y, owner, **PAIRED).set_index("statistic")
        assert (frame.loc["gap_unbiased", "interval_method"] == TOO_FEW) == few
        assert (frame.loc["mean_matched_cosine", "interval_method"] == TOO_FEW) == few
        assert frame.loc[["recall1", "separability_auc"], "low"].notna().all()


def test_what_is_undefined_says_so():
    """Collapsed clouds have no covariance; everything else is still measured."""
    X = np.ones((20, 4))
    frame = measure_pair("collapsed", X, X, np.arange(20), **PAIRED)
    undefined = frame[frame["value"].isna()]
    assert set(undefined["statistic"]) == {"effective_rank", "rmg", "gap_share1", "gap_share8"}
    assert set(undefined["interval_method"]) == {"none: undefined, nothing varies"}
    row = summary_row(frame)
    assert row["gap"] == row["gap_high"] == 0
    assert row["recall1_first_to_second"] == pytest.approx(1 / 20)
    assert row["recall1_first_to_second_published"] == 1


@pytest.mark.parametrize(
    ("statistic", "side", "column"),
    [
        ("gap", "both", "gap"),
        ("mean_cosine", "first", "mean_cosine_first"),
        ("recall1", "first_to_second", "recall1_first_to_second"),
        ("recall1_published", "first_to_second", "recall1_first_to_second_published"),
        ("median_rank_chance", "second_to_first", "median_rank_second_to_first_chance"),
    ],
)
def test_column_names(statistic, side, column):
    assert column_name(statistic, side) == column


@pytest.mark.parametrize(
    ("n", "given", "method"),
    [
        (15, False, "none: fewer than 2 times as many rows as dimensions"),
        (40, True, "none: fewer than 8 times as many rows as dimensions"),
        (70, True, measurements.FRECHET),
    ],
)
def test_an_extrapolated_distance_needs_rows_for_its_dimensions(n, given, method):
    rng = np.random.default_rng(5)
    X, Y = rng.standard_normal((2, n, 8)) * np.linspace(0.2, 1, 8) + 2 * np.eye(8)[:2, None]
    frame = measure_pair("some", X, Y, np.arange(n), **PAIRED).set_index("statistic")
    row = frame.loc["frechet_extrapolated"]
    assert np.isfinite(row["value"]) == given
    assert row["interval_method"] == method
    assert np.isfinite(row["low"]) == (method == measurements.FRECHET)
    if given:
        assert row["value"] < frame.loc["frechet", "value"]


def test_a_gap_along_one_coordinate_is_concentrated_and_a_rotated_one_is_not():
    rng = np.random.default_rng(6)
    X, Y = rng.standard_normal((2, 200, 40)) + 8 * np.eye(40)[[0, 1]][:, None]
    turn = np.linalg.qr(rng.standard_normal((40, 40)))[0]
    rows = [
        summary_row(measure_pair("one", *pair, np.arange(200), **PAIRED))
        for pair in ((X, Y), (X @ turn, Y @ turn))
    ]
    along, rotated = rows
    assert along["gap_share1_low"] < along["gap_share1"] < along["gap_share1_high"]
    assert along["gap_share8_low"] > along["gap_share8_rotated_high"]
    assert rotated["gap_share8"] < rotated["gap_share8_rotated_high"]
    assert rotated["gap"] == pytest.approx(along["gap"])
    assert rotated["frechet"] == pytest.approx(along["frechet"])


def test_coordinates_of_no_gap_have_no_interval():
    X, Y = np.random.default_rng(7).standard_normal((2, 200, 20))
    frame = measure_pair("none", X, Y, np.arange(200), **PAIRED).set_index("statistic")
    assert frame.loc["gap_share1", "interval_method"] == measurements.NO_GAP
    assert frame.loc["mmd_p", "value"] > 0.05
    assert "swaps within pairs" in frame.loc["mmd_p", "interval_method"]
