"""Studies: means over seeds, with the paper's own interval."""

import numpy as np
import pandas as pd
import pytest

from modgap.statistics.inference import mean_interval
from modgap.training.norms import COLLAPSED
from modgap.training.studies import OVER_SEEDS, summarise, wide_table

# Authors' notebook util/gap_amend_std and the paper's section 4.4: three runs, mean ± half width.
PAPER_RUNS = [
    ([1.1898, 1.1884, 1.1892], 1.1891, 0.0017),
    ([1.3149, 1.2988, 1.2836], 1.2991, 0.0389),
    ([0.0314, 0.0551, 0.0299], 0.0388, 0.0351),
    ([0.7472, 0.7195, 0.7704], 0.7457, 0.0633),
]


@pytest.mark.parametrize(("runs", "mean", "half_width"), PAPER_RUNS)
def test_intervals_over_seeds_are_the_papers(runs, mean, half_width):
    low, high = mean_interval(runs)
    assert (low + high) / 2 == pytest.approx(mean, abs=6e-5)
    assert (high - low) / 2 == pytest.approx(half_width, abs=6e-5)


def trajectory(*gaps):
    """Gap and τ at steps 0, 10, 20, ..."""
    rows = [
        {"step": 10 * i, "statistic": name, "side": "both", "value": value, "low": value - 0.1,
         "high": value + 0.1, "interval_method": method, "n": 50, "dim": 8}
        for i, gap in enumerate(gaps)
        for name, value, method in (("gap", gap, "bootstrap"), ("tau", 0.01, "none: a setting"))
    ]  # fmt: skip
    return pd.DataFrame(rows)


RUNS = {
    "a0": trajectory(1.2, 1.1, 1.0),
    "a1": trajectory(1.4, 1.1, 1.2),
    "b0": trajectory(0.1, 0.4, 0.6),
}
CELLS = [
    {"start": "plain", "seed": 0, "run": "a0"},
    {"start": "plain", "seed": 1, "run": "a1"},
    {"start": "closed", "seed": 0, "run": "b0"},
]


def test_a_study_has_means_over_seeds_at_start_and_end():
    summary = summarise(CELLS, RUNS)
    gap = summary[summary["statistic"] == "gap"].set_index(["start", "stage"])
    end = gap.loc[("plain", "end")]
    assert end["value"] == pytest.approx(1.1)
    assert (end["n_seeds"], end["step"], end["n"]) == (2, 20, 50)
    assert end["interval_method"] == OVER_SEEDS
    assert (end["low"], end["high"]) == pytest.approx(mean_interval([1.0, 1.2]))
    alone = gap.loc[("closed", "start")]
    assert (alone["value"], alone["low"], alone["high"]) == pytest.approx((0.1, 0.0, 0.2))
    assert alone["interval_method"] == "bootstrap; items of one seed"
    assert alone["n_seeds"] == 1


def test_a_cell_with_a_collapsed_run_has_no_gap():
    lost = RUNS["a1"].copy()
    end = (lost["step"] == 20) & (lost["statistic"] == "gap")
    lost.loc[end, ["value", "low", "high"]] = np.nan
    lost.loc[end, "interval_method"] = COLLAPSED
    summary = summarise(CELLS, {**RUNS, "a1": lost})
    table = wide_table(summary)
    assert table["collapsed"].tolist() == ["yes", "no"]
    assert np.isnan(table["gap"].iloc[0])
    assert table["gap_interval"].iloc[0] == COLLAPSED
    assert "collapsed" not in wide_table(summarise(CELLS, RUNS))


def test_the_value_of_every_seed_is_kept_for_paired_differences():
    summary = summarise(CELLS, RUNS)
    gap = summary[summary["statistic"] == "gap"].set_index(["start", "stage"])
    assert gap.loc[("plain", "start"), "seed_numbers"] == [0, 1]
    assert gap.loc[("plain", "start"), "by_seed"] == [1.2, 1.4]
    assert gap.loc[("plain", "end"), "by_seed"] == [1.0, 1.2]
    assert gap.loc[("closed", "end"), "by_seed"] == [0.6]
    # A value without an interval has none of items either.
    tau = summary[(summary["statistic"] == "tau") & (summary["start"] == "closed")]
    assert set(tau["interval_method"]) == {"none: a setting"}


def test_the_wide_table_has_one_row_a_cell_and_says_how_many_seeds():
    table = wide_table(summarise(CELLS, RUNS))
    assert table["start"].tolist() == ["plain", "closed"]
    assert table["n_seeds"].tolist() == [2, 1]
    assert table["steps"].tolist() == [20, 20]
    np.testing.assert_allclose(table["gap"], [1.1, 0.6])
    np.testing.assert_allclose(table["gap_start"], [1.3, 0.1])
    np.testing.assert_allclose(table["gap_low"].iloc[1], 0.5)
    assert table["gap_interval"].tolist() == [OVER_SEEDS, "bootstrap; items of one seed"]
    assert not {"seed_numbers", "by_seed"} & set(table.columns)
    np.testing.assert_array_equal(table["trained_tau_low"].isna(), [False, True])
