"""Calibration curves and paths against values that are known."""

import numpy as np
import pytest

from modgap.methods.comparing import prepare_setting
from modgap.methods.curves import (
    INTERVAL,
    PATHS,
    change_variance,
    curve_row,
    measure_curve,
    measure_few,
    measure_paths,
    take_calibration,
)
from modgap.methods.fits.calibration import Calibration
from modgap.methods.fits.registry import SHARES, fit_method
from modgap.methods.outcomes.evaluation import Result
from modgap.statistics.retrieval import own_relevance
from planted_pairs import draw_calibration, draw_gap_pairs

N = 220


@pytest.fixture(scope="module")
def setting():
    X, Y, owner = draw_gap_pairs(N, 12, captions=2)
    return prepare_setting(X, Y, owner, *own_relevance(owner, N), seed=1)


def test_a_part_of_the_calibration_pictures_has_their_texts():
    whole = draw_calibration(50, captions=2)
    part = take_calibration(whole, 20, 0, 1)
    assert (part.n_pictures, len(part.second)) == (20, 40)
    rows = {tuple(row) for row in whole.first}
    assert all(tuple(row) in rows for row in part.first)
    again = take_calibration(whole, 20, 0, 1)
    np.testing.assert_array_equal(part.first, again.first)
    assert not np.array_equal(part.first, take_calibration(whole, 20, 0, 2).first)


def test_variance_of_single_queries_is_that_of_a_mean():
    changes = np.random.default_rng(0).standard_normal(300)
    variance, k = change_variance(changes, np.arange(300))
    assert k == 300
    assert variance == pytest.approx(changes.var(ddof=1) / 300)


def test_copies_in_a_group_count_once():
    changes = np.random.default_rng(0).standard_normal(100)
    single = change_variance(changes, np.arange(100))
    copied = change_variance(np.repeat(changes, 3), np.repeat(np.arange(100), 3))
    assert copied[0] == pytest.approx(single[0])
    with_gap = change_variance(np.append(changes, np.nan), np.arange(101))
    assert with_gap == pytest.approx(single)


def test_a_row_is_the_mean_of_its_draws_with_both_variances():
    groups = np.arange(4)
    raw = Result(np.zeros(4), groups, 0.0)
    draws = [Result(np.array(x, float), groups, np.mean(x)) for x in ([1, 0, 1, 0], [1, 1, 1, 1])]
    row = curve_row(("text to picture", "recall1"), raw, draws)
    assert row["change"] == 0.75
    assert row["n"] == 4
    assert row["low"] < 0.75 < row["high"]
    assert row["interval_method"] == INTERVAL
    frozen = curve_row(("text to picture", "recall1"), raw, draws[1:])
    assert (frozen["low"], frozen["high"]) == (1.0, 1.0)


def test_a_curve_ends_at_the_method_itself(setting):
    other = Calibration(*draw_gap_pairs(60, 12, captions=2, seed=4))
    sources = {"in domain": setting.calibration, "elsewhere": other}
    rows = measure_curve("mean_removal", {}, setting, sources, [32, 500], n_draws=2, seed=0)
    inside = rows[rows["source"] == "in domain"]
    assert sorted(set(inside["n_calibration"])) == [32, 88]
    assert set(rows.loc[rows["source"] == "elsewhere", "n_calibration"]) == {32, 60}
    raw = measure_few(fit_method("raw", setting.calibration), setting.test)
    full = measure_few(fit_method("mean_removal", setting.calibration), setting.test)
    for _, row in inside[inside["n_calibration"] == 88].iterrows():
        key = row["task"], row["measure"]
        assert row["change"] == pytest.approx(full[key].value - raw[key].value)


def test_paths_start_at_raw_and_close_the_gap(setting):
    rows = measure_paths(setting)
    for name in PATHS:
        line = rows[(rows["method"] == name) & (rows["task"] == "text to picture")]
        assert list(line["share"]) == list(SHARES)
        assert line["gap_share"].iloc[0] == 1
        assert line["change"].iloc[0] == 0
        assert line["gap_share"].iloc[-1] < 0.3
