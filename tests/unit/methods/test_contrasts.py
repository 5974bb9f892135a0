"""Intervals and the test of all cells against closed forms and simulations."""

from itertools import combinations

import numpy as np
import pytest

from modgap.methods.contrasts import (
    change_parts,
    compare_family,
    delete_group_variance,
    interval_around,
    name_change,
    pair_variance,
    refit_variance,
    smallest_detectable,
)
from modgap.tasks.bands import standard_errors


def test_the_jackknife_of_a_mean_is_its_variance():
    values = np.random.default_rng(0).standard_normal(40)
    left_out = (values.sum() - values) / 39
    assert delete_group_variance(left_out) == pytest.approx(values.var(ddof=1) / 40)


def test_refits_of_a_mean_have_its_variance():
    """All subsets of two thirds of 6 values: the closed form of a mean without replacement."""
    values = np.random.default_rng(5).standard_normal(6)
    means = [np.mean([values[i] for i in rows]) for rows in combinations(range(6), 4)]
    expected = values.var(ddof=1) / 6
    assert refit_variance(means, 1 / 3) == pytest.approx(expected * len(means) / (len(means) - 1))


def test_a_jump_is_counted_twice_and_not_nineteen_times():
    """What any other fit does to single queries, however little it differs."""
    rng = np.random.default_rng(6)
    jumps = rng.standard_normal((2000, 20))
    thirds = np.mean([refit_variance(values, 1 / 3) for values in jumps])
    twentieths = np.mean([delete_group_variance(values) for values in jumps])
    assert thirds == pytest.approx(2, rel=0.05)
    assert twentieths == pytest.approx(18, rel=0.05)


def test_pairs_by_a_table_of_all_queries_and_items():
    rng = np.random.default_rng(7)
    tables, lists = [], []
    for _ in range(2):
        items = np.array([rng.permutation(30)[:10] for _ in range(12)])
        effects = rng.standard_normal((12, 10)).astype(np.float32)
        table = np.zeros((12, 30))
        np.put_along_axis(table, items, effects, axis=1)
        tables.append(table)
        lists.append((items, effects))
    expected = ((tables[0] - tables[1]) ** 2).sum() / 12**2
    assert pair_variance(*lists, 12) == pytest.approx(expected, rel=1e-5)
    assert pair_variance(lists[0], lists[0], 12) == pytest.approx(0, abs=1e-9)


def test_chance_of_single_pairs_is_counted_once():
    """Each item keeps each query from its place by a chance of the two: the variance of the share
    of queries that are kept from theirs is p(1 − p)/n, the jackknife over both gives twice it.
    """
    rng = np.random.default_rng(8)
    n, jackknifed, taken, shares = 60, [], [], []
    for _ in range(400):
        # Who stands in the way of whom; a query that two stand in the way of is not freed by one.
        blocks = rng.random((n, n)) < 0.6 / n
        np.fill_diagonal(blocks, False)
        free = (blocks.sum(axis=1) == 0).astype(float)
        left_out = []
        for k in range(n):
            others = np.arange(n) != k
            left_out.append((blocks[np.ix_(others, others)].sum(axis=1) == 0).mean())
        jackknifed.append(delete_group_variance(left_out))
        lone = blocks & (blocks.sum(axis=1, keepdims=True) == 1)
        items = np.tile(np.arange(n), (n, 1))
        nothing = (items, np.zeros((n, n)))
        taken.append(pair_variance((items, lone.astype(float)), nothing, n))
        shares.append(free.mean())
    true = np.var(shares)
    assert np.mean(jackknifed) > 1.4 * true
    assert np.mean(jackknifed) - np.mean(taken) == pytest.approx(true, rel=0.2)


def test_intervals_add_variances():
    low, high, error = interval_around(1.0, [0.01], [10**6])
    assert (low, high) == pytest.approx((1 - 0.196, 1 + 0.196), abs=1e-3)
    wider = interval_around(1.0, [0.01, 0.01], [10**6, 10**6])
    assert wider[2] == pytest.approx(np.sqrt(2) * error)
    assert interval_around(1.0, [0.01], [5])[0] < low
    assert interval_around(0.3, [0.0], [5]) == (0.3, 0.3, 0.0)


def test_parts_are_those_of_means_of_groups():
    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(50), 2)
    changes = rng.standard_normal(100)
    changes[3] = np.nan
    (part,) = change_parts([(changes, groups, "test")])
    known = ~np.isnan(changes)
    sums = np.bincount(groups[known], weights=changes[known] - changes[known].mean())
    expected = np.sqrt((sums**2).sum() * 50 / 49) / 99
    assert standard_errors([part])[0] == pytest.approx(expected)
    two = change_parts([(changes, groups, "test"), (changes[:20], groups[:20], "other")])
    assert [p.shape for p in two] == [(50, 2), (10, 2)]
    assert (two[0][:, 1] == 0).all()


def cells_of(rng, n_cells, n, effect=0.0):
    changes = rng.choice([-1.0, 0, 0, 0, 1], size=(n_cells, n))
    changes[0] += effect
    return changes, [(row, np.arange(n), "test") for row in changes]


def test_the_level_holds_for_all_cells_together():
    """300 draws of 8 cells without any change: some p below 0.05 in about 5 %."""
    rng = np.random.default_rng(2)
    found = 0
    for seed in range(300):
        changes, cells = cells_of(rng, 8, 80)
        p, _ = compare_family(changes.mean(axis=1), cells, n_draws=199, seed=seed)
        found += p.min() < 0.05
    assert 2 <= found <= 27


def test_a_real_change_is_found_and_what_does_not_change_is_not():
    rng = np.random.default_rng(3)
    changes, cells = cells_of(rng, 5, 200, effect=0.3)
    changes[4] = 0
    cells[4] = (changes[4], np.arange(200), "test")
    p, critical = compare_family(changes.mean(axis=1), cells, n_draws=999, seed=0)
    assert p[0] < 0.01
    assert p[4] == 1
    assert 2 < critical < 3.5
    assert smallest_detectable(0.01, critical) == pytest.approx(
        0.01 * (critical + 0.8416), rel=1e-3
    )


@pytest.mark.parametrize(
    ("change", "low", "high", "p", "word"),
    [
        (0.03, 0.01, 0.05, 0.01, "better"),
        (-0.03, -0.05, -0.01, 0.01, "worse"),
        (0.001, -0.004, 0.0049, 0.9, "no change"),
        (0.001, -0.008, 0.009, 0.9, "undecided"),
        (0.03, 0.001, 0.05, 0.05, "undecided"),
    ],
)
def test_words(change, low, high, p, word):
    assert name_change(change, low, high, p) == word
