"""Splits keep together what belongs together."""

import numpy as np
import pytest

from modgap.errors import InputError
from modgap.methods.splits import (
    calibration_sizes,
    deal_groups,
    draw_refits,
    join_groups,
    split_pictures,
    tie_pictures,
    unseen_rows,
)
from planted_pairs import draw_gap_pairs


def test_equal_pictures_and_equal_texts_are_one_group():
    X, Y, owner = draw_gap_pairs(60, captions=2)
    X[7] = X[3]
    Y[2 * 9 + 1] = Y[2 * 3]
    groups, tied = tie_pictures(X, Y, owner)
    assert tied
    assert groups[3] == groups[7] == groups[9]
    assert len(set(groups)) == 58


def test_templates_tie_nothing():
    X, Y, owner = draw_gap_pairs(60)
    Y[:30] = Y[0]
    X[7] = X[3]
    groups, tied = tie_pictures(X, Y, owner)
    assert not tied
    assert len(set(groups)) == 59


def test_groups_join_over_several_steps():
    found = join_groups(4, np.array([0, 0, 1, 2]), np.arange(4), np.array([0, 1, 1, 2]))
    assert found[0] == found[1] == found[2] != found[3]


def test_parts_are_disjoint_whole_groups_and_nothing_is_lost():
    groups = np.repeat(np.arange(200), 3)
    split = split_pictures(groups, 0)
    together = np.concatenate(split)
    np.testing.assert_array_equal(np.sort(together), np.arange(600))
    members = [set(groups[part]) for part in split]
    assert not (members[0] & members[1] | members[0] & members[2] | members[1] & members[2])
    assert [len(part) for part in split] == pytest.approx([240, 120, 240], abs=3)
    again = split_pictures(groups, 1)
    assert set(again.test) != set(split.test)


def test_many_pictures_test_at_most_so_many():
    split = split_pictures(np.arange(9000), 0)
    assert [len(part) for part in split] == [6000, 1000, 2000]
    assert len(split_pictures(np.arange(9000), 0, most_tested=3000).test) == 3000


def test_too_few_pairs_are_one_line():
    with pytest.raises(InputError, match=r"199 pairs are too few .* 200 are needed"):
        split_pictures(np.arange(199), 0)


def test_sizes_double_up_to_all():
    assert calibration_sizes(300) == [32, 64, 128, 256, 300]
    assert calibration_sizes(64) == [32, 64]


def test_parts_are_of_equal_size_and_keep_groups():
    groups = np.repeat(np.arange(100), 2)
    parts = deal_groups(groups, 20, 0)
    np.testing.assert_array_equal(np.bincount(parts), np.full(20, 10))
    np.testing.assert_array_equal(parts[0::2], parts[1::2])
    assert deal_groups(np.zeros(5, dtype=int), 20, 0).max() == 0


def test_refits_are_without_a_third_and_without_each_picture_equally_often():
    groups = np.repeat(np.arange(60), 2)
    refits = draw_refits(groups, 20, 0)
    assert len(refits) == 20
    kept = np.array([np.isin(np.arange(120), rows) for rows in refits])
    np.testing.assert_array_equal(kept.sum(axis=1), np.full(20, 80))
    np.testing.assert_array_equal(kept[:, 0::2], kept[:, 1::2])
    assert set((~kept).sum(axis=0)) <= {6, 7}
    assert len({tuple(row) for row in kept}) == 20


def test_rows_that_were_seen_are_told_from_others():
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((9, 5))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    again = rows[[2, 7]].astype(np.float32).astype(float)
    unseen = unseen_rows(rows, again, block=4)
    assert list(np.flatnonzero(~unseen)) == [2, 7]
