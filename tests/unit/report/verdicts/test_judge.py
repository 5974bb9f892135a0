"""Rows of verdicts: what was measured, of how many, and why in words."""

import math

import pandas as pd

from claim_files import FILE, SCHEMA, make_claim, make_rows, small, write
from modgap.plan.outputs.claims import imported_digest, load_claims
from modgap.report.verdicts.decide import (
    DIRECTION,
    ILLUSTRATION,
    NOT_REPRODUCED,
    NOT_RUN,
    REPRODUCED,
    UNDECIDED,
    VERDICTS,
)
from modgap.report.verdicts.judge import COLUMNS, judge_claim, judge_claims
from modgap.statistics.measurements import TOO_FEW

BOUND = {"published": None, "tolerance": None}


def judge(claim, frame):
    return judge_claim(claim, {"gap": frame})


def test_a_row_has_what_was_measured_with_its_interval_size_and_seed():
    row = judge(make_claim(), make_rows(0.81))
    assert set(row) == set(COLUMNS)
    assert row["verdict"] == REPRODUCED
    assert (row["measured"], row["n"], row["seed"]) == (0.81, "500", "3")
    assert (round(row["low"], 9), round(row["high"], 9)) == (0.80, 0.82)
    assert row["published"] == "0.8 ± 0.1"
    assert (row["source"], row["decidable"]) == ("paper text", "yes")


def test_one_row_against_it_is_enough_and_named():
    rows = make_rows(0.8, 0.06, captions=["partial", "full"], tau=[0.01, 0.07])
    row = judge(make_claim(above=0.1, **BOUND), rows)
    assert (row["verdict"], row["measured"]) == (NOT_REPRODUCED, 0.06)
    assert "the weakest of 2 rows: set, captions full, tau 0.07" in row["why"]
    assert judge(make_claim(above=0.1, **BOUND), rows.iloc[[0]])["verdict"] == REPRODUCED


def test_training_with_one_seed_shows_the_direction_only_and_says_so():
    claim = make_claim(above=0.1, unit="seeds", **BOUND)
    row = judge(claim, make_rows(0.8, n_seeds=1))
    assert row["verdict"] == DIRECTION
    assert "items of one seed" in row["why"]
    three = judge(claim, make_rows(0.8, n_seeds=3))
    assert three["verdict"] == REPRODUCED
    assert "one seed" not in three["why"]
    # Of two rows with three seeds and with one, both are needed.
    mixed = make_rows(0.7, 0.8).assign(n_seeds=[3, 1])
    assert judge(claim, mixed)["verdict"] == DIRECTION
    # A claim about a given model is not about its training.
    given = make_claim(above=0.1, **BOUND)
    assert judge(given, make_rows(0.8, n_seeds=1))["verdict"] == REPRODUCED


def test_seeds_of_one_training_are_one_row_and_a_row_with_one_seed_is_named():
    claim = make_claim(above=0.1, unit="seeds", **BOUND)
    seeds = make_rows(0.7, 0.8, 0.9, training_seed=[4, 5, 6], n_seeds=1)
    row = judge(claim, seeds)
    assert (row["verdict"], row["seed"], row["n"]) == (REPRODUCED, "4, 5, 6", "500")
    assert "mean over seeds 4, 5, 6 (0.7, 0.8, 0.9); the interval is over" in row["why"]
    assert "one seed" not in row["why"]
    other = make_rows(0.8, n_seeds=1, measured_on="other")
    row = judge(claim, pd.concat([seeds, other], ignore_index=True))
    assert row["verdict"] == DIRECTION
    assert "; other: items of one seed" in row["why"]


def test_an_interval_over_both_answers_or_that_nobody_knows_is_undecided():
    row = judge(make_claim(above=0.805, **BOUND), make_rows(0.81))
    assert row["verdict"] == UNDECIDED
    assert "covers both answers" in row["why"]
    few = make_rows(0.2, interval_method=TOO_FEW).assign(low=math.nan, high=math.nan)
    row = judge(make_claim(above=0.1, **BOUND), few)
    assert row["verdict"] == UNDECIDED
    assert math.isnan(row["low"])
    assert math.isnan(row["high"])
    assert "interval unknown" in row["why"]


def test_an_illustration_counts_for_nothing_with_and_without_rows():
    claim = make_claim(illustrates="it is an identity")
    row = judge(claim, make_rows(0.1))
    assert (row["verdict"], row["measured"]) == (ILLUSTRATION, 0.1)
    assert row["why"].endswith("not counted: it is an identity")
    assert judge_claim(claim, {})["verdict"] == ILLUSTRATION


def test_a_file_counts_by_its_content_and_not_by_its_name(tmp_path):
    _, (claim,) = load_claims(write(tmp_path, small()), SCHEMA)
    named_alike = make_rows(0.8, measured_on="features_clip", sha256=imported_digest("b" * 64))
    assert judge(claim, named_alike)["verdict"] == NOT_RUN
    other_name = make_rows(0.8, measured_on="mine", sha256=imported_digest("a" * 64))
    assert judge(claim, other_name)["verdict"] == REPRODUCED


def test_what_is_not_run_names_what_it_needs():
    absent = judge_claim(make_claim(), {})
    assert absent["verdict"] == NOT_RUN
    assert absent["why"] == "needs the weights and the data; this run makes no table gap"
    other = judge(make_claim(rows={"statistic": "rmg"}), make_rows(0.8))
    assert other["why"].startswith("needs the weights and the data; table gap of this run")
    assert math.isnan(other["measured"])


def test_embedded_verdicts_say_whose_they_are_and_why_they_differ():
    change = {"scale": "embedded", "above": 0.9, "otherwise": "another model and other data"}
    claim = make_claim(**change, **BOUND)
    row = judge(claim, make_rows(0.8))
    assert row["verdict"] == NOT_REPRODUCED
    assert "measured on set; this run's own models and data" in row["why"]
    assert row["why"].endswith("another model and other data")
    assert "another model" not in judge(claim, make_rows(0.95))["why"]


def test_every_claim_has_a_verdict_even_of_an_empty_run():
    _, claims = load_claims(FILE, SCHEMA)
    frame = judge_claims(claims, {})
    assert list(frame.columns) == COLUMNS
    assert set(frame["verdict"]) == {NOT_RUN, ILLUSTRATION}
    assert set(frame["verdict"]) <= set(VERDICTS)
    assert frame["why"].str.startswith("needs ").all()
