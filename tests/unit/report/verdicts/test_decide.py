"""Where the verdicts flip: intervals that are a yes, a no, or both."""

import math

import pytest

from modgap.report.verdicts.decide import (
    DIRECTION,
    ILLUSTRATION,
    NOT_REPRODUCED,
    REPRODUCED,
    UNDECIDED,
    decide_verdict,
    rank_support,
)

VALUE = {"published": 0.8, "tolerance": 0.1, "direction": {"above": 0.5}}
NONE = (math.nan, math.nan)
ANYWHERE = (-math.inf, math.inf)


@pytest.mark.parametrize(
    ("value", "interval", "expected"),
    [
        (0.7, NONE, REPRODUCED),  # on the edge of the band
        (0.6999, NONE, DIRECTION),  # just outside, above 0.5
        (0.9, NONE, REPRODUCED),
        (0.9001, NONE, DIRECTION),
        (0.5001, NONE, DIRECTION),
        (0.5, NONE, NOT_REPRODUCED),
        (0.8, (0.7, 0.9), REPRODUCED),  # fills the band
        (0.8, (0.69, 0.9), DIRECTION),  # reaches out of it, above 0.5 all the same
        (0.8, (0.49, 0.9), UNDECIDED),  # a yes, a no, and not even the direction
        (0.8, (0.1, 1.5), UNDECIDED),  # so wide that it speaks for nothing
        (0.55, (0.49, 0.61), NOT_REPRODUCED),  # all outside of the band
        (0.65, (0.6, 0.7), DIRECTION),  # touches the band
        (0.8, ANYWHERE, UNDECIDED),
    ],
)
def test_a_value_with_a_tolerance(value, interval, expected):
    assert decide_verdict(VALUE, value, *interval) == expected


@pytest.mark.parametrize(
    ("value", "interval", "expected"),
    [
        (0.7, NONE, REPRODUCED),
        (0.6999, NONE, NOT_REPRODUCED),
        (0.7, (0.65, 0.75), UNDECIDED),
        (0.6, (0.5, 0.7), UNDECIDED),  # the ends belong to the band
        (0.6, (0.5, 0.6999), NOT_REPRODUCED),
        (1.0, (0.9001, 1.1), NOT_REPRODUCED),
    ],
)
def test_without_a_direction_there_is_no_direction_only(value, interval, expected):
    claim = {"published": 0.8, "tolerance": 0.1}
    assert decide_verdict(claim, value, *interval) == expected


def test_on_the_papers_own_items_a_tolerance_is_judged_by_the_value():
    wide = (0.5, 1.1)
    claim = {"published": 0.8, "tolerance": 0.1}
    assert decide_verdict(claim, 0.75, *wide) == UNDECIDED
    assert decide_verdict({**claim, "sample": "same"}, 0.75, *wide) == REPRODUCED
    assert decide_verdict({**claim, "sample": "same"}, 0.65, *wide) == NOT_REPRODUCED
    # A bound is about more than these items.
    assert decide_verdict({"above": 0.7, "sample": "same"}, 0.75, *wide) == UNDECIDED


def test_a_tolerance_of_nothing_means_exactly():
    claim = {"published": 0.3, "tolerance": 0}
    assert decide_verdict(claim, 0.1 + 0.2, *NONE) == REPRODUCED
    assert decide_verdict(claim, 0.3001, *NONE) == NOT_REPRODUCED


def test_a_target_stands_in_for_the_published_value():
    claim = {"target": 0, "published": 0.8, "tolerance": 0.125}
    assert decide_verdict(claim, -0.1, -0.12, 0.0) == REPRODUCED
    assert decide_verdict(claim, -0.1, -0.13, 0.0) == UNDECIDED
    assert decide_verdict(claim, -0.2, -0.24, -0.126) == NOT_REPRODUCED


@pytest.mark.parametrize(
    ("claim", "value", "interval", "expected"),
    [
        ({"above": 0}, 0.1, (0.001, 0.2), REPRODUCED),
        ({"above": 0}, 0.1, (0, 0.2), UNDECIDED),  # the interval holds the bound
        ({"above": 0}, -0.001, (-0.1, 0.2), UNDECIDED),  # whichever side the value is on
        ({"above": 0}, -0.1, (-0.2, 0), NOT_REPRODUCED),  # nothing of it is above
        ({"above": 0}, 0.001, NONE, REPRODUCED),
        ({"above": 0}, 0, NONE, NOT_REPRODUCED),
        ({"above": 0}, 5, ANYWHERE, UNDECIDED),
        ({"below": 0}, -0.1, (-0.2, -0.001), REPRODUCED),
        ({"below": 0}, -0.1, (-0.2, 0), UNDECIDED),
        ({"below": 0}, 0.001, (-0.2, 0.2), UNDECIDED),
        ({"below": 0}, 0.001, (0, 0.2), NOT_REPRODUCED),
        ({"above": 0.9, "direction": {"above": 0}}, 0.3, NONE, DIRECTION),
        ({"above": 0.9, "direction": {"above": 0}}, 0.92, (0.85, 0.99), DIRECTION),
        ({"above": 0.9, "direction": {"above": 0}}, 0.92, (-0.1, 0.99), UNDECIDED),
        ({"above": 0.9, "direction": {"above": 0}}, 0.2, (-0.1, 0.5), NOT_REPRODUCED),
        ({"above": 0.9, "direction": {"above": 0}}, -0.3, NONE, NOT_REPRODUCED),
        ({"below": -0.9, "direction": {"below": 0}}, -0.3, NONE, DIRECTION),
    ],
)
def test_a_bound(claim, value, interval, expected):
    assert decide_verdict(claim, value, *interval) == expected


def test_one_seed_shows_no_more_than_the_direction():
    clear, covering, against = (0.1, 0.2), (-0.1, 0.2), (-0.2, -0.1)
    claim = {"above": 0}
    assert decide_verdict(claim, 0.15, *clear, one_seed=True) == DIRECTION
    assert decide_verdict(claim, 0.15, *covering, one_seed=True) == UNDECIDED
    assert decide_verdict(claim, -0.15, *against, one_seed=True) == NOT_REPRODUCED


@pytest.mark.parametrize("interval", [(0.1, 0.2), (-0.2, -0.1), NONE])
def test_an_illustration_is_never_judged(interval):
    claim = {"above": 0, "illustrates": "cannot fail"}
    assert decide_verdict(claim, 0.15, *interval) == ILLUSTRATION


def test_the_weakest_is_the_one_whose_interval_ends_worst():
    """0.15 [0.05, 0.25] speaks less for "above 0.1" than 0.12 [0.11, 0.13]."""
    bound = {"above": 0.1}
    assert rank_support(bound, 0.15, 0.05, 0.25) < rank_support(bound, 0.12, 0.11, 0.13)
    below = {"below": 0.1}
    assert rank_support(below, 0.0, -0.2, 0.2) < rank_support(below, 0.05, 0.04, 0.06)
    value = {"published": 0.8, "tolerance": 0.1}
    assert rank_support(value, 0.8, 0.5, 1.1) < rank_support(value, 0.7, 0.69, 0.71)
    assert rank_support({**value, "sample": "same"}, 0.8, 0.5, 1.1) == 0
    assert rank_support(bound, 5, *ANYWHERE) == -math.inf
