"""What each form of a claim measures, in which rows, and with which interval."""

import math

import numpy as np
import pandas as pd
import pytest

from claim_files import make_claim, make_rows
from modgap.errors import InputError
from modgap.methods.comparing import change_intervals
from modgap.report.verdicts.measure import measure_claim, select_rows, weakest
from modgap.statistics.inference import mean_interval
from modgap.statistics.measurements import BIASED, BIASED_OTHERWISE, TOO_FEW

BOUND = {"published": None, "tolerance": None}


def measure(claim, frame):
    """All measurements of a claim in one table."""
    return measure_claim(claim, {"gap": frame})


def measure_one(claim, frame):
    (found,) = measure(claim, frame)
    return found


def test_a_row_is_measured_with_its_interval():
    found = measure_one(make_claim(), make_rows(0.81))
    assert found["value"] == 0.81
    assert (found["low"], found["high"]) == (pytest.approx(0.80), pytest.approx(0.82))
    assert found["n_seeds"] is None


def test_every_row_is_measured_and_the_end_of_the_interval_ranks():
    several = make_rows(0.12, 0.15).assign(low=[0.11, 0.05], high=[0.13, 0.25])
    claim = make_claim(above=0.1, **BOUND)
    found = measure(claim, several)
    assert [one["value"] for one in found] == [0.12, 0.15]
    assert weakest(claim, found)["value"] == 0.15


def test_a_claim_is_measured_in_every_table_that_it_is_about():
    also = [{"table": "study", "rows": {"stage": "end"}, "columns": {"value": "value"}}]
    claim = make_claim(above=0.1, also=also, **BOUND)
    study = make_rows(0.06, 0.9, stage=["end", "start"], n_seeds=1)
    found = measure_claim(claim, {"gap": make_rows(0.8), "study": study})
    assert [one["value"] for one in found] == [0.8, 0.06]
    assert weakest(claim, found)["n_seeds"] == 1
    # A run without the study is judged by what it has.
    assert len(measure_claim(claim, {"gap": make_rows(0.8)})) == 1


NO_JACKKNIFE = change_intervals(0.1, None, None)["interval_method"]


@pytest.mark.parametrize("why", [TOO_FEW, BIASED["gap"], BIASED_OTHERWISE, NO_JACKKNIFE])
def test_an_interval_that_nobody_knows_may_be_anywhere(why):
    """A closed gap of five pictures measures 0.2; its interval would reach to zero."""
    nothing = {"low": math.nan, "high": math.nan}
    few = make_rows(0.2, interval_method=why).assign(**nothing)
    found = measure_one(make_claim(), few)
    assert (found["low"], found["high"]) == (-math.inf, math.inf)
    exact = few.assign(interval_method="none: exact for these captions")
    assert math.isnan(measure_one(make_claim(), exact)["low"])
    claim = make_claim(rows={"stage": "end"}, minus={"stage": "start"}, above=0, **BOUND)
    both = pd.concat([few.assign(stage="end"), few.assign(stage="start", value=0.1)])
    assert measure_one(claim, both.reset_index(drop=True))["low"] == -math.inf


def test_rows_without_a_value_measure_nothing():
    """A collapsed run has no gap."""
    assert len(measure(make_claim(), make_rows(0.8, math.nan))) == 1
    assert measure(make_claim(), make_rows(math.nan)) == []


def test_a_difference_has_the_limits_of_both_ends():
    claim = make_claim(rows={"stage": "end"}, minus={"stage": "start"}, above=0, **BOUND)
    found = measure_one(claim, make_rows(1.2, 1.0, stage=["end", "start"]))
    assert found["value"] == pytest.approx(0.2)
    assert (found["low"], found["high"]) == (pytest.approx(0.18), pytest.approx(0.22))
    assert measure(claim, make_rows(0.9, stage="end")) == []


def test_a_difference_is_of_rows_that_are_alike_in_all_else():
    claim = make_claim(rows={"stage": "end"}, minus={"stage": "start"}, above=0, **BOUND)
    rows = make_rows(
        1.2, 1.0, 0.5, 0.9, stage=["end", "start"] * 2, captions=["partial"] * 2 + ["full"] * 2
    )
    found = measure(claim, rows)
    assert [one["value"] for one in found] == pytest.approx([0.2, -0.4])
    assert weakest(claim, found)["row"]["captions"] == "full"


SEEDS = {"seed_numbers": [[0, 1, 2]] * 2, "n_seeds": 3}
ENDS, STARTS = [1.3149, 1.2988, 1.2836], [1.1898, 1.1884, 1.1892]


def test_a_difference_over_seeds_is_paired():
    """Three runs of the authors (section 4.4): the interval of their own differences."""
    claim = make_claim(rows={"stage": "end"}, minus={"stage": "start"}, above=0, **BOUND)
    means = np.mean(ENDS), np.mean(STARTS)
    rows = make_rows(*means, stage=["end", "start"], **SEEDS).assign(by_seed=[ENDS, STARTS])
    found = measure_one(claim, rows)
    changes = np.subtract(ENDS, STARTS)
    assert found["value"] == pytest.approx(0.1099, abs=1e-4)
    assert (found["low"], found["high"]) == pytest.approx(mean_interval(changes))
    assert found["n_seeds"] == 3
    # Runs that rise together differ by the same amount: no width, however far apart they are.
    together = rows.assign(by_seed=[[1.0, 2.0, 3.0], [0.5, 1.5, 2.5]])
    found = measure_one(claim, together)
    assert (found["low"], found["high"]) == pytest.approx((0.5, 0.5))
    # Only seeds that both have.
    other = rows.assign(seed_numbers=[[0, 1, 2], [5, 1, 2]])
    assert measure_one(claim, other)["value"] == pytest.approx(changes[1:].mean())
    one = rows.assign(seed_numbers=[[0], [0]], by_seed=[[1.3], [1.2]], n_seeds=1)
    assert measure_one(claim, one)["n_seeds"] == 1


def test_a_ratio_is_paired_too():
    claim = make_claim(rows={"start": "removed"}, ratio={"start": "as_is"}, above=0.5, **BOUND)
    rows = make_rows(0.5, 1.0, start=["removed", "as_is"])
    found = measure_one(claim, rows)
    assert found["value"] == pytest.approx(0.5)
    assert (found["low"], found["high"]) == pytest.approx((0.49 / 1.01, 0.51 / 0.99))
    seeds = rows.assign(seed_numbers=[[0, 1]] * 2, by_seed=[[0.4, 0.6], [0.8, 1.2]])
    found = measure_one(claim, seeds)
    assert (found["value"], found["low"], found["high"]) == pytest.approx((0.5, 0.5, 0.5))


TREND = {"rows": {"statistic": "gap"}, "trend": "tau", "below": -0.9, **BOUND}
TAUS = [0.01, 0.02, 0.1, 1]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((1.0, 0.8, 0.5, 0.1), (-1, -1, -1)),
        ((1.0, 0.8, 0.1, 0.5), (-4 / 6, -4 / 6, -4 / 6)),
        ((0.1, 0.5, 0.8, 1.0), (1, 1, 1)),
        # Intervals of ± 0.01 that overlap may lie either way round.
        ((1.0, 0.8, 0.505, 0.5), (-1, -1, -4 / 6)),
    ],
)
def test_a_trend_says_which_pairs_are_certain(values, expected):
    found = measure_one(make_claim(**TREND), make_rows(*values, tau=TAUS))
    assert (found["value"], found["low"], found["high"]) == pytest.approx(expected)
    mixed = make_rows(*values, tau=TAUS).iloc[[2, 0, 3, 1]]
    assert measure_one(make_claim(**TREND), mixed)["value"] == pytest.approx(expected[0])


def test_a_trend_is_within_one_name_and_of_three_places():
    one = make_rows(1.0, 0.8, 0.5, tau=TAUS[:3])
    other = make_rows(0.1, 0.2, 0.3, tau=TAUS[:3], measured_on="other")
    found = measure(make_claim(**TREND), pd.concat([one, other], ignore_index=True))
    assert sorted(one["value"] for one in found) == [-1, 1]
    assert measure(make_claim(**TREND), make_rows(1.0, 0.8, tau=TAUS[:2])) == []


def test_a_spread_is_from_the_smallest_to_the_largest():
    claim = make_claim(rows={"statistic": "gap"}, spread="dim", below=0.1, **BOUND)
    found = measure_one(claim, make_rows(1.0, 1.05, 1.02, dim=[64, 128, 256]))
    assert found["value"] == pytest.approx(0.05)
    assert (found["low"], found["high"]) == pytest.approx((0.03, 0.07))
    assert measure(claim, make_rows(1.0, dim=64)) == []


def test_a_slope_is_of_the_logarithms():
    claim = make_claim(rows={"statistic": "gap"}, slope="width", below=-1, **BOUND)
    widths = [128, 256, 512, 1024]
    shares = [0.4, 0.1, 0.025, 0.00625]  # falls with the square
    found = measure_one(claim, make_rows(*shares, width=widths).assign(n=16000))
    assert found["value"] == pytest.approx(-2, abs=1e-6)
    assert -2.1 < found["low"] < -2 < found["high"] < -1.9
    assert measure(claim, make_rows(0.1, 0, 0, 0, width=widths)) == []


def test_counts_and_shares():
    extrema = make_rows(1, 2, 3, extremum=["minimum", "other_minimum", "barrier"])
    counted = make_claim(count={"extremum": "other_minimum"}, published=1, tolerance=0)
    assert measure_one(counted, extrema)["value"] == 1
    shared = make_claim(share={"extremum": ["minimum", "barrier"]}, above=0.999, **BOUND)
    assert measure_one(shared, extrema)["value"] == pytest.approx(2 / 3)
    both = pd.concat([extrema, extrema.iloc[[0]].assign(measured_on="other")])
    assert sorted(one["value"] for one in measure(counted, both)) == [0, 1]


def test_numbers_match_up_to_rounding_and_missing_ones_never():
    claim = make_claim(rows={"tau": 0.0333333})
    assert measure_one(claim, make_rows(0.8, 0.1, tau=[1 / 30, math.nan]))["value"] == 0.8
    assert measure(claim, make_rows(0.8, tau=0.034)) == []


def test_a_column_that_a_table_does_not_have_is_an_error():
    with pytest.raises(InputError, match="one: its table has no column 'temperature'"):
        select_rows(make_claim(), make_rows(0.8), {"temperature": 1})


def test_cells_of_the_optimisers_study_are_subtracted_from_their_own_start():
    """Decay, loss, rate and logit scale tell cells apart."""
    cells = [
        {"decay": decay, "rate_times_steps": rate, "logit_scale": scale, "loss": "contrastive"}
        for decay in ("none", "l2")
        for rate in (0.0078, 0.7)
        for scale in ("frozen", "trained")
    ]
    rows = [
        make_rows(1.0 + 0.1 * i * (stage == "end"), stage=stage, **cell)
        for i, cell in enumerate(cells)
        for stage in ("start", "end")
    ]
    frame = pd.concat(rows, ignore_index=True)
    claim = make_claim(rows={"stage": "end"}, minus={"stage": "start"}, above=0, **BOUND)
    values = [one["value"] for one in measure(claim, frame)]
    assert values == pytest.approx([0.1 * i for i in range(8)])
    added = make_claim(rows={"stage": "end", "decay": "l2"}, minus={"decay": "none"}, above=0)
    added = {key: value for key, value in added.items() if key not in BOUND}
    assert [one["value"] for one in measure(added, frame)] == pytest.approx([0.4] * 4)


THREE = {"training_seed": [0, 1, 2], "n_seeds": 1}


def test_seeds_of_one_training_are_averaged_with_an_interval_for_seeds_and_items():
    """By hand: t(0.975; 2) = 4.302653, sd 0.1, so ± 0.2484138 by seeds and ± 0.01 by items."""
    found = measure_one(make_claim(), make_rows(0.7, 0.8, 0.9, **THREE))
    assert (found["value"], found["n_seeds"]) == (pytest.approx(0.8), 3)
    reach = math.hypot(4.302653 * 0.1 / math.sqrt(3), 0.01)
    assert found["high"] - 0.8 == pytest.approx(reach, abs=1e-6)
    assert 0.8 - found["low"] == pytest.approx(reach, abs=1e-6)
    assert found["row"]["seeds_of_study"] == "0, 1, 2"
    # Equal seeds leave the items' interval, exact values that of the seeds.
    equal = measure_one(make_claim(), make_rows(0.8, 0.8, 0.8, **THREE))
    assert (equal["low"], equal["high"]) == (pytest.approx(0.79), pytest.approx(0.81))
    exact = make_rows(0.7, 0.8, 0.9, **THREE).assign(low=math.nan, high=math.nan)
    low, high = mean_interval([0.7, 0.8, 0.9])
    found = measure_one(make_claim(), exact)
    assert (found["low"], found["high"]) == (pytest.approx(low), pytest.approx(high))
    unknown = make_rows(0.7, 0.8, 0.9, **THREE, interval_method=["t", "t", TOO_FEW])
    assert measure_one(make_claim(), unknown)["low"] == -math.inf


def test_the_interval_over_seeds_and_items_covers():
    """Seeds differ by 0.3; the items' error, 0.2, is shared by all seeds and has an interval."""
    rng = np.random.default_rng(0)
    inside = over_seeds = 0
    for _ in range(400):
        shared = rng.normal(0, 0.2)
        values = shared + rng.normal(0, 0.3, 3)
        rows = make_rows(*values, **THREE).assign(low=values - 0.392, high=values + 0.392)
        found = measure_one(make_claim(), rows)
        low, high = mean_interval(values)
        inside += found["low"] <= 0 <= found["high"]
        over_seeds += low <= 0 <= high
    assert inside / 400 > 0.95
    # The spread of the seeds alone says nothing of what they share.
    assert over_seeds / 400 < 0.94


def test_only_rows_that_are_alike_in_all_else_are_averaged():
    rows = make_rows(0.7, 0.9, 0.1, 0.3, training_seed=[0, 1, 0, 1], side=["a", "a", "b", "b"])
    found = measure(make_claim(), pd.concat([rows, make_rows(0.5, measured_on="other")]))
    assert sorted(one["value"] for one in found) == pytest.approx([0.2, 0.5, 0.8])
    # One seed alone is the row that it is, and of several minima of a seed the weakest counts.
    one = measure_one(make_claim(), make_rows(0.7, training_seed=3, n_seeds=1))
    assert (one["value"], one["n_seeds"]) == (0.7, 1)
    claim = make_claim(below=-1, **BOUND)
    minima = make_rows(-2, -1.5, -3, training_seed=[0, 0, 1], n_seeds=1)
    assert measure_one(claim, minima)["value"] == pytest.approx((-1.5 - 3) / 2)


def test_forms_are_measured_within_each_seed():
    seeds = [0] * 3 + [1] * 3
    taus = TAUS[:3] * 2
    rows = make_rows(1.0, 0.8, 0.5, 0.1, 0.2, 0.3, tau=taus, training_seed=seeds)
    found = measure_one(make_claim(**TREND), rows)
    assert (found["value"], found["n_seeds"]) == (0, 2)
    counted = make_claim(count={"extremum": "other_minimum"}, published=1, tolerance=0)
    kinds = ["minimum", "other_minimum", "other_minimum", "minimum", "barrier", "other_minimum"]
    assert measure_one(counted, rows.assign(extremum=kinds))["value"] == pytest.approx(1.5)
    stages = make_rows(1.2, 1.0, 0.9, 1.1, stage=["end", "start"] * 2, training_seed=[0, 0, 1, 1])
    claim = make_claim(rows={"stage": "end"}, minus={"stage": "start"}, above=0, **BOUND)
    assert measure_one(claim, stages)["value"] == pytest.approx(0)


def test_methods_of_one_task_are_compared_in_that_task():
    rows = make_rows(0.1, 0.4, method="mean_removal", task=["shapes", "colours"])
    others = make_rows(0.05, 0.1, method="shift", task=["colours", "shapes"])
    claim = make_claim(rows={"method": "mean_removal"}, minus={"method": "shift"}, above=0, **BOUND)
    found = measure(claim, pd.concat([rows, others], ignore_index=True))
    by_task = {one["row"]["task"]: one["value"] for one in found}
    assert by_task == {"shapes": pytest.approx(0.0), "colours": pytest.approx(0.35)}
