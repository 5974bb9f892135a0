"""Claims: the file, what each form measures, and where the verdicts flip."""

import math

import numpy as np
import pandas as pd
import pytest
import yaml

from modgap.errors import InputError
from modgap.plan.claims import imported_digest, list_subjects, load_claims, read_claims
from modgap.plan.config import load_config
from modgap.plan.models import PROJECT
from modgap.plan.training import plan_runs
from modgap.report.verdicts import (
    DIRECTION,
    NOT_REPRODUCED,
    NOT_RUN,
    REPRODUCED,
    VERDICTS,
    decide_verdict,
    judge_claim,
)

FILE, SCHEMA = PROJECT / "config/claims.yaml", PROJECT / "config/claims.schema.yaml"

VALUE = {"published": 0.8, "tolerance": 0.1, "direction": {"above": 0.5}}
NONE = (math.nan, math.nan)


# --- the file ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def content():
    return read_claims(FILE, SCHEMA)


def test_the_paper_has_many_checkable_claims(content):
    assert len(content["claims"]) >= 60
    assert len({claim["where"] for claim in content["claims"]}) > 20
    figures = " ".join(claim["where"] for claim in content["claims"])
    for place in ("Figure 1", "Figure 2(a)", "Figure 2(b)", "Figure 2(c)", "Figure 3", "Table 1"):
        assert place in figures
    for place in ("Table 2", "Supp. Table 5", "Supp. Figure 8", "§4.4", "Theorem 1", "Appendix A"):
        assert place in figures


def test_every_source_and_table_is_used(content):
    assert {claim["about"] for claim in content["claims"]} == set(content["sources"])
    assert {claim["table"] for claim in content["claims"]} == set(content["tables"])


def test_at_least_thirty_claims_are_judged_by_name(content):
    judged = content["judged"]
    assert len({*judged["default"], *judged["published"]}) >= 30
    scale = {name: source["scale"] for name, source in content["sources"].items()}
    scales = {claim["id"]: scale[claim["about"]] for claim in content["claims"]}
    assert {scales[name] for name in judged["default"]} == {"simulation", "embedded"}
    assert {scales[name] for name in judged["published"]} == {"published features"}


def subjects_fit(claim, described):
    """Whether a run has a model on data such as a claim is about, as far as its config says."""
    known = {key for about in described for key in about}
    asked = {key: want for key, want in claim["rows"].items() if key in known}
    return any(
        all(about.get(key) in np.atleast_1d(want) for key, want in asked.items())
        for about in described
    )


def fitting(given):
    """Ids of the claims whose models and data a configuration names, files not looked into."""
    config = load_config(given, PROJECT)
    runs = list_subjects(config, plan_runs(config)[1])
    tables, claims = load_claims(FILE, SCHEMA)
    return {
        claim["id"]
        for claim in claims
        if "sha256" not in claim["rows"]
        and subjects_fit(claim, runs[tables[claim["table"]]["of"]].values())
    }


def test_the_default_has_what_the_claims_it_judges_are_about(content):
    assert fitting({}) == set(content["judged"]["default"])


def test_the_papers_configuration_has_what_its_claims_are_about(content):
    given = yaml.safe_load((PROJECT / "config/paper.yaml").read_text())
    scale = {name: source["scale"] for name, source in content["sources"].items()}
    of_paper = {c["id"] for c in content["claims"] if scale[c["about"]] == "paper"}
    # HatefulMemes must be your own; nothing joins CIFAR's training and test sets.
    absent = {"table1-memes-original", "table1-memes-modified"}
    assert of_paper - fitting(given) == {*absent, "tables5-cifar10-p", "tables5-cifar100-p"}


def write(tmp_path, content):
    path = tmp_path / "claims.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"tolerance": -1}, "claims.0.tolerance: -1 is less than the minimum of 0"),
        ({"abovee": 1}, "claims.0: unknown key 'abovee'"),
        ({"above": 0.5}, "claims.one: give one of tolerance, above and below"),
        ({"about": "nothing"}, "claims.one.about: no 'nothing' in sources"),
        ({"table": "nothing"}, "claims.one.table: no 'nothing' in tables"),
        ({"about": "here"}, "claims.one: the paper's values are never judged on embedded"),
        ({"trend": "tau", "count": {"a": 1}}, "claims.one: give at most one of minus, trend"),
        ({"minus": {"a": 1}}, "claims.one: a difference (minus) is judged by above or below"),
        ({"id": "No Name"}, "claims.0.id: 'No Name' does not"),
        ({"reason": None}, "claims.0.reason: None is not of type 'string'"),
        ({"published": "much"}, "claims.0.published: 'much' is not of type 'number'"),
    ],
)
def test_a_mistake_in_the_file_is_one_line(tmp_path, change, line):
    with pytest.raises(InputError) as error:
        read_claims(write(tmp_path, small(**change)), SCHEMA)
    (problem,) = str(error.value).splitlines()[1:]
    assert line in problem
    assert "claims.yaml" in problem


def test_an_id_that_occurs_twice_and_a_judged_claim_that_is_none(tmp_path):
    doubled = small()
    doubled["claims"] *= 2
    with pytest.raises(InputError, match="more than once"):
        read_claims(write(tmp_path, doubled), SCHEMA)
    judged = {"default": ["two"], "published": []}
    with pytest.raises(InputError, match=r"judged\.default: no claim 'two'"):
        read_claims(write(tmp_path, {**small(), "judged": judged}), SCHEMA)


def small(**change):
    """A file with one claim."""
    claim = {
        "id": "one",
        "where": "§1",
        "text": "The gap is 0.8.",
        "protocol": "either",
        "about": "theirs",
        "table": "gap",
        "rows": {"statistic": "gap"},
        "published": 0.8,
        "tolerance": 0.1,
        "reason": "two decimals",
    }
    return {
        "tables": {"gap": {"of": "embedding_sets", "path": "statistics/gap/{name}.parquet"}},
        "sources": {
            "theirs": {"scale": "published features", "sha256": "a" * 64, "needs": "their file"},
            "here": {"scale": "embedded", "rows": {"state": "random"}, "needs": "a model"},
        },
        "judged": {"default": [], "published": ["one"]},
        "claims": [{**claim, **change}],
    }


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
