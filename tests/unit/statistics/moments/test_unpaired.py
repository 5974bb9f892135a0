"""Modalities whose rows belong to no row of another."""

import numpy as np
import pytest

from modgap.statistics.geometry import normalise
from modgap.statistics.measurements import TOO_FEW, summary_row
from modgap.statistics.moments import unpaired
from modgap.statistics.moments.unpaired import measure_unpaired


def test_modalities_without_pairs_have_what_needs_none():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((80, 6)) + 4 * np.eye(6)[0]
    Y = rng.standard_normal((50, 6)) + 4 * np.eye(6)[1]
    frame = measure_unpaired("apart", X, Y, n_resamples=200, seed=0)
    row = summary_row(frame)
    X, Y = normalise(X), normalise(Y)
    assert row["gap"] == pytest.approx(np.linalg.norm(X.mean(axis=0) - Y.mean(axis=0)))
    assert row["n"] == 130
    assert row["gap_low"] < row["gap_unbiased"] < row["gap"] < row["gap_high"]
    assert row["centre_cosine_low"] < row["centre_cosine"] < row["centre_cosine_high"]
    assert row["separability_accuracy"] > 0.9
    assert {"mean_cosine_first", "effective_rank_second"} <= set(row)
    assert not set(frame["statistic"]) & {"rmg", "mean_matched_cosine", "alignment"}
    # There are no pairs to swap within.
    assert row["mmd_squared_low"] < row["mmd_squared"] < row["mmd_squared_high"]
    assert row["mmd_p"] == 1 / 200
    method = frame.set_index("statistic")["interval_method"]["mmd_p"]
    assert method == "none: a p-value of 199 random exchanges of all rows, at least 0.005"
    # The order of rows means nothing.
    again = measure_unpaired("apart", X[::-1], Y, n_resamples=200, seed=0)
    assert summary_row(again)["gap"] == pytest.approx(row["gap"])


def test_a_closed_gap_of_unpaired_modalities_is_covered():
    rng = np.random.default_rng(1)
    lows = []
    for seed in range(40):
        X, Y = rng.standard_normal((40, 5)), rng.standard_normal((25, 5))
        frame = measure_unpaired("closed", X, Y, n_resamples=200, seed=seed)
        lows.append(frame.set_index("statistic")["low"]["gap_unbiased"])
    # 95 % of such intervals reach down to zero: 33 of 40 or more with probability 0.998.
    assert np.sum(np.array(lows) == 0) >= 33


def test_influences_of_unpaired_separability_count_both_samples():
    rng = np.random.default_rng(2)
    X, Y = rng.standard_normal((60, 4)) + 1, rng.standard_normal((40, 4))
    frame = measure_unpaired("near", X, Y, n_resamples=200, seed=0)
    rows = frame.set_index("statistic").loc[["separability_accuracy", "separability_auc"]]
    assert (rows["n"] == 50).all()
    assert ((rows["low"] < rows["value"]) & (rows["value"] < rows["high"])).all()


def test_few_unpaired_rows_on_one_side_have_no_interval():
    rng = np.random.default_rng(3)
    X, Y = rng.standard_normal((6, 4)) + 1, rng.standard_normal((200, 4))
    frame = measure_unpaired("few", X, Y, n_resamples=50, seed=0).set_index("statistic")
    assert frame.loc["gap", "interval_method"] == TOO_FEW
    assert np.isnan(frame.loc["gap", "low"])


def test_the_gap_of_many_unpaired_rows_does_not_wait_for_all_comparisons(monkeypatch):
    monkeypatch.setattr(unpaired, "MOST_COMPARED", 30)
    rng = np.random.default_rng(4)
    X, Y = rng.standard_normal((60, 4)) + 1, rng.standard_normal((20, 4))
    frame = measure_unpaired("many", X, Y, n_resamples=50, seed=0).set_index("statistic")
    assert (frame.loc[["mmd_squared", "mmd_p"], "n"] == 50).all()
    for method in frame.loc[["mmd_squared", "mmd_p"], "interval_method"]:
        assert method.endswith("; on 50 of 80 rows, drawn at random")
    assert frame.loc["frechet", "n"] == 80
