"""Claims: what each form measures, and where the verdicts flip."""

import math

import pandas as pd
import pytest

from claim_files import FILE, SCHEMA, small, write
from modgap.errors import InputError
from modgap.plan.outputs.claims import imported_digest, load_claims
from modgap.report.verdicts import (
    DIRECTION,
    NOT_REPRODUCED,
    NOT_RUN,
    REPRODUCED,
    VERDICTS,
    decide_verdict,
    judge_claim,
)
from modgap.statistics.measurements import BIASED, BIASED_OTHERWISE, TOO_FEW

VALUE = {"published": 0.8, "tolerance": 0.1, "direction": {"above": 0.5}}
NONE = (math.nan, math.nan)


# --- where the verdicts flip -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "interval", "expected"),
    [
        (0.7, NONE, REPRODUCED),  # on the edge of the band
        (0.7001, NONE, REPRODUCED),
        (0.6999, NONE, DIRECTION),  # just outside, above 0.5
        (0.9, NONE, REPRODUCED),
        (0.9001, NONE, DIRECTION),
        (0.5001, NONE, DIRECTION),
        (0.5, NONE, NOT_REPRODUCED),
        (0.2, NONE, NOT_REPRODUCED),
        (0.65, (0.6, 0.7), REPRODUCED),  # the interval touches the band
        (0.65, (0.6, 0.6999), DIRECTION),  # just does not
        (0.65, (0.5001, 0.7), REPRODUCED),  # as wide as the band
        (0.6, (0.499, 0.7), NOT_REPRODUCED),  # wider than the band, and it reaches below 0.5
        (0.6, (0.501, 0.7011), DIRECTION),  # wider than the band
        (0.8, (0.1, 1.5), REPRODUCED),  # so wide that the value alone decides
        (0.55, (0.49, 0.61), NOT_REPRODUCED),
    ],
)
def test_a_value_with_a_tolerance(value, interval, expected):
    assert decide_verdict(VALUE, value, *interval) == expected


def test_without_a_direction_there_is_no_direction_only():
    claim = {"published": 0.8, "tolerance": 0.1}
    assert decide_verdict(claim, 0.7, *NONE) == REPRODUCED
    assert decide_verdict(claim, 0.6999, *NONE) == NOT_REPRODUCED


def test_a_tolerance_of_nothing_means_exactly():
    claim = {"published": 0.3, "tolerance": 0}
    assert decide_verdict(claim, 0.1 + 0.2, *NONE) == REPRODUCED
    assert decide_verdict(claim, 0.3001, *NONE) == NOT_REPRODUCED


@pytest.mark.parametrize(
    ("claim", "value", "interval", "expected"),
    [
        ({"above": 0}, 0.1, (0.001, 0.2), REPRODUCED),
        ({"above": 0}, 0.1, (0, 0.2), DIRECTION),  # the interval holds the bound
        ({"above": 0}, -0.001, (-0.1, 0.2), NOT_REPRODUCED),
        ({"above": 0}, 0.001, NONE, REPRODUCED),
        ({"above": 0}, 0, NONE, NOT_REPRODUCED),
        ({"below": 0}, -0.1, (-0.2, -0.001), REPRODUCED),
        ({"below": 0}, -0.1, (-0.2, 0.001), DIRECTION),
        ({"below": 0}, 0.001, (-0.2, 0.2), NOT_REPRODUCED),
        ({"above": 0.9, "direction": {"above": 0}}, 0.95, NONE, REPRODUCED),
        ({"above": 0.9, "direction": {"above": 0}}, 0.3, NONE, DIRECTION),
        ({"above": 0.9, "direction": {"above": 0}}, -0.3, NONE, NOT_REPRODUCED),
        ({"below": -0.9, "direction": {"below": 0}}, -0.3, NONE, DIRECTION),
    ],
)
def test_a_bound(claim, value, interval, expected):
    assert decide_verdict(claim, value, *interval) == expected


# --- what is measured --------------------------------------------------------------------------


def claim_of(**change):
    """A claim as ``load_claims`` returns it."""
    columns = {"value": "value", "low": "low", "high": "high"}
    return {
        **small()["claims"][0],
        "scale": "paper",
        "needs": "the weights and the data",
        "columns": columns,
        **change,
    }


def rows(*values, **columns):
    """Rows with a value, an interval of ± 0.01 and the given columns."""
    frame = pd.DataFrame({"statistic": "gap", "value": values, "n": 500, "seed": 3})
    frame = frame.assign(low=frame["value"] - 0.01, high=frame["value"] + 0.01)
    return frame.assign(measured_on="set", state="trained", sha256="").assign(**columns)


def test_one_row_is_measured_with_its_interval_size_and_seed():
    row = judge_claim(claim_of(), rows(0.81))
    assert row["verdict"] == REPRODUCED
    assert (row["measured"], row["n"], row["seed"]) == (0.81, "500", "3")
    assert (row["low"], row["high"]) == (pytest.approx(0.80), pytest.approx(0.82))
    assert row["published"] == "0.8 ± 0.1"


def test_of_several_rows_the_least_in_favour_is_judged():
    several = rows(0.8, 0.3)
    assert judge_claim(claim_of(), several)["measured"] == 0.3
    bound = {"above": 0.5, "tolerance": None}
    claim = {key: value for key, value in claim_of(**bound).items() if value is not None}
    assert judge_claim(claim, several)["verdict"] == NOT_REPRODUCED
    assert judge_claim(claim, rows(0.8, 0.7))["measured"] == 0.7


def qualitative(**change):
    claim = claim_of(**change)
    return {key: value for key, value in claim.items() if key not in ("tolerance", "published")}


@pytest.mark.parametrize("why", [TOO_FEW, BIASED["gap"], BIASED_OTHERWISE])
def test_no_bound_is_reproduced_by_a_value_whose_interval_is_unknown(why):
    """A closed gap of five pictures measures 0.2; its interval would reach to zero."""
    nothing = {"low": math.nan, "high": math.nan}
    few = rows(0.2, interval_method=why).assign(**nothing)
    row = judge_claim(qualitative(above=0.1), few)
    assert row["verdict"] == DIRECTION
    assert math.isnan(row["low"])
    exact = few.assign(interval_method="none: exact for these captions")
    assert judge_claim(qualitative(above=0.1), exact)["verdict"] == REPRODUCED
    # A value with a tolerance is judged by the value.
    assert judge_claim(claim_of(), few.assign(value=0.8))["verdict"] == REPRODUCED
    assert judge_claim(claim_of(), few)["verdict"] == NOT_REPRODUCED
    claim = qualitative(rows={"stage": "end"}, minus={"stage": "start"}, above=0)
    both = pd.concat([few.assign(stage="end"), few.assign(stage="start", value=0.1)])
    assert judge_claim(claim, both.reset_index(drop=True))["verdict"] == DIRECTION


def test_a_difference_has_the_limits_of_both_ends():
    claim = qualitative(rows={"stage": "end"}, minus={"stage": "start"}, above=0)
    row = judge_claim(claim, rows(1.2, 1.0, stage=["end", "start"]))
    assert row["measured"] == pytest.approx(0.2)
    assert (row["low"], row["high"]) == (pytest.approx(0.18), pytest.approx(0.22))
    assert row["verdict"] == REPRODUCED
    assert judge_claim(claim, rows(1.01, 1.0, stage=["end", "start"]))["verdict"] == DIRECTION
    assert judge_claim(claim, rows(0.9, 1.0, stage=["end", "start"]))["verdict"] == NOT_REPRODUCED
    assert judge_claim(claim, rows(0.9, stage="end"))["verdict"] == NOT_RUN


def test_a_trend_is_within_one_name():
    claim = qualitative(rows={"statistic": "gap"}, trend="tau", below=-0.9, direction={"below": 0})
    taus = [0.01, 0.02, 0.1, 1]
    assert judge_claim(claim, rows(1.0, 0.8, 0.5, 0.1, tau=taus))["verdict"] == REPRODUCED
    assert judge_claim(claim, rows(1.0, 0.8, 0.1, 0.5, tau=taus))["verdict"] == DIRECTION
    assert judge_claim(claim, rows(0.1, 0.5, 0.8, 1.0, tau=taus))["verdict"] == NOT_REPRODUCED
    one, other = rows(1.0, 0.8, 0.5, tau=taus[:3]), rows(0.1, 0.2, 0.3, tau=taus[:3])
    both = pd.concat([one, other.assign(measured_on="other")], ignore_index=True)
    assert judge_claim(claim, both)["verdict"] == NOT_REPRODUCED
    assert judge_claim(claim, rows(1.0, 0.8, tau=taus[:2]))["verdict"] == NOT_RUN


def test_counts_and_shares():
    extrema = rows(1, 2, 3, extremum=["minimum", "other_minimum", "barrier"])
    counted = claim_of(count={"extremum": "other_minimum"}, published=1, tolerance=0)
    assert judge_claim(counted, extrema)["verdict"] == REPRODUCED
    assert judge_claim({**counted, "published": 0}, extrema)["verdict"] == NOT_REPRODUCED
    shared = qualitative(share={"extremum": ["minimum", "barrier"]}, above=0.999)
    assert judge_claim(shared, extrema)["measured"] == pytest.approx(2 / 3)
    assert judge_claim(shared, extrema.iloc[[0, 2]])["verdict"] == REPRODUCED


def test_numbers_match_up_to_rounding_and_missing_ones_never():
    claim = claim_of(rows={"tau": 0.0333333})
    assert judge_claim(claim, rows(0.8, 0.1, tau=[1 / 30, math.nan]))["verdict"] == REPRODUCED
    assert judge_claim(claim, rows(0.8, tau=0.034))["verdict"] == NOT_RUN


def test_a_file_counts_by_its_content_and_not_by_its_name(tmp_path):
    _, (claim,) = load_claims(write(tmp_path, small()), SCHEMA)
    named_alike = rows(0.8, measured_on="features_clip", sha256=imported_digest("b" * 64))
    assert judge_claim(claim, named_alike)["verdict"] == NOT_RUN
    other_name = rows(0.8, measured_on="mine", sha256=imported_digest("a" * 64))
    assert judge_claim(claim, other_name)["verdict"] == REPRODUCED


def test_what_is_not_run_names_what_it_needs():
    absent = judge_claim(claim_of(), None)
    assert absent["verdict"] == NOT_RUN
    assert absent["why"] == "needs the weights and the data; this run makes no table gap"
    other = judge_claim(claim_of(rows={"statistic": "rmg"}), rows(0.8))
    assert other["why"].startswith("needs the weights and the data; table gap of this run")
    assert math.isnan(other["measured"])


def test_embedded_verdicts_say_whose_they_are_and_why_they_differ():
    claim = qualitative(scale="embedded", above=0.9, otherwise="another model and other data")
    row = judge_claim(claim, rows(0.8))
    assert row["verdict"] == NOT_REPRODUCED
    assert "this run's own models and data (set)" in row["why"]
    assert row["why"].endswith("another model and other data")
    assert "another model" not in judge_claim(claim, rows(0.95))["why"]


def test_a_column_that_a_table_does_not_have_is_an_error():
    with pytest.raises(InputError, match="one: table gap has no column 'temperature'"):
        judge_claim(claim_of(rows={"temperature": 1}), rows(0.8))


def test_every_claim_has_a_verdict_even_of_an_empty_run():
    _, claims = load_claims(FILE, SCHEMA)
    for claim in claims:
        row = judge_claim(claim, None)
        assert row["verdict"] in VERDICTS
        assert row["why"].startswith("needs ")
        assert len(row["why"]) > 20
