"""Kendall's τ and its test within families, against scipy, brute force and closed cases."""

from itertools import permutations, product
from math import factorial

import numpy as np
import pytest
from scipy.stats import kendalltau

from modgap.statistics import association


@pytest.mark.parametrize("seed", range(5))
def test_tau_is_that_of_scipy(seed):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(2, 14))
    ties = np.round(x), np.round(y)
    assert association.kendall(x, y) == pytest.approx(kendalltau(x, y).statistic)
    assert association.kendall(*ties) == pytest.approx(kendalltau(*ties).statistic)
    assert np.isnan(association.kendall(x, np.ones(14)))


@pytest.mark.parametrize("seed", range(5))
def test_in_one_family_the_p_value_is_the_exact_one_of_scipy(seed):
    x, y = np.random.default_rng(seed).normal(size=(2, 8))
    tested = association.within_families(x, y, np.zeros(8), seed=0)
    assert tested["p"] == pytest.approx(kendalltau(x, y, method="exact").pvalue)
    assert tested["smallest"] == pytest.approx(2 / factorial(8))
    assert tested["permutations"] == factorial(8)
    assert association.kendall_within(x, y, np.zeros(8)) == association.kendall(x, y)


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_within_families_against_every_order(seed, tied):
    rng = np.random.default_rng(seed)
    family = np.array(list("aabbbcdddd"))
    x, y = rng.normal(size=(2, 10))
    if tied:
        x, y = np.round(x), np.round(y)
    same = (family[:, None] == family) & ~np.eye(10, dtype=bool)

    def excess(y):
        return (np.sign(x[:, None] - x) * np.sign(y[:, None] - y))[same].sum()

    places = [np.flatnonzero(family == name) for name in "abcd"]
    every = []
    for orders in product(*(permutations(place) for place in places)):
        order = np.empty(10, dtype=int)
        order[np.concatenate(places)] = np.concatenate(orders)
        every.append(abs(excess(y[order])))
    every = np.array(every)
    tested = association.within_families(x, y, family, seed=0)
    assert tested["p"] == pytest.approx(np.mean(every >= abs(excess(y))))
    assert tested["smallest"] == pytest.approx(np.mean(every == every.max()))
    assert tested["permutations"] == len(every)


def test_random_orders_come_close_to_all_and_are_never_zero(monkeypatch):
    rng = np.random.default_rng(0)
    family = np.repeat([0, 1], [7, 4])
    x = rng.normal(size=11)
    y = x + rng.normal(size=11)
    exact = association.within_families(x, y, family, seed=0)
    monkeypatch.setattr(association, "ENUMERATED", 3)
    drawn = association.within_families(x, y, family, seed=0)
    assert drawn["p"] == pytest.approx(exact["p"], abs=0.02)
    assert drawn["method"] == "9,999 random orders within families"
    assert association.within_families(x, x, family, seed=0)["p"] >= 1 / 10_000
    assert association.within_families(x, y, family, seed=0) == drawn


def test_families_of_one_permit_no_test():
    x = np.arange(12.0)
    tested = association.within_families(x, x, np.arange(12), seed=0)
    assert np.isnan([tested["p"], tested["smallest"]]).all()
    ties = association.within_families(x, np.ones(12), np.zeros(12), seed=0)
    assert np.isnan(ties["p"])
    pairs = association.within_families(x, x, np.repeat(np.arange(6), 2), seed=0)
    assert pairs["p"] == pairs["smallest"] == 2 / 2**6


def test_differences_between_families_alone_have_no_small_p():
    """All models of one family beat all of the other; within them the order is opposite."""
    family = np.repeat([0, 1], 6)
    x = np.concatenate([np.arange(6.0), 100 + np.arange(6.0)])
    y = np.concatenate([[0, 2, 1, 2.5, 0.5, 1.5], 100 + np.array([1, 0, 2, 1.5, 0.5, 1.7])])
    assert association.kendall(x, y) > 0.5
    assert association.within_families(x, y, family, seed=0)["p"] > 0.05


def test_the_test_holds_its_level_where_families_differ():
    rng = np.random.default_rng(1)
    family = np.repeat([0, 1, 2], 4)
    p = []
    for _ in range(300):
        level = 5 * rng.normal(size=3)[family]
        x, y = level + rng.normal(size=12), level + rng.normal(size=12)
        p.append(association.within_families(x, y, family, seed=0)["p"])
    # 5 % of 300: more than 27 with probability below 0.001.
    assert np.sum(np.array(p) <= 0.05) <= 27


def test_without_each_family():
    family = np.array(list("aaab"))
    x, y = np.arange(4.0), np.array([2.0, 1, 0, 9])
    left = association.without_each_family(x, y, family)
    assert left["b"] == -1
    assert np.isnan(left["a"])


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        ((9, 1.0, 0.001, 0.001, (0.5, 0.9)), "too few models (9 of at least 10)"),
        ((12, 1.0, np.nan, np.nan, (0.5, 0.9)), "no test possible"),
        ((12, 1.0, 0.06, 0.06, (0.5, 0.9)), "no test possible"),
        ((12, 1.0, 0.051, 0.001, (0.5, 0.9)), "none shown"),
        ((12, 1.0, 0.05, 0.001, (0.5, 0.9)), "positive"),
        ((12, -0.6, 0.01, 0.001, (-0.5, -0.1)), "negative"),
        ((12, 0.6, 0.01, 0.001, (-0.1, 0.9)), "hangs on one family"),
    ],
)
def test_no_verdict_above_the_level_nor_below_ten_models(given, verdict):
    assert association.judge_association(*given) == verdict
