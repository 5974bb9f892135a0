"""Moments: blocks of any size add up to the same, and are the sums that they say."""

import numpy as np
import pytest

from modgap.statistics.geometry import normalise
from modgap.statistics.moments import sums
from modgap.statistics.moments.files import OF_PAIR, OF_SIDE, SIDES
from modgap.statistics.moments.groups import group_pictures
from modgap.statistics.moments.sums import collect_pairs, collect_side, take_block, take_side
from toy_pairs import captioned


def all_arrays(pairs):
    for name in OF_PAIR:
        yield name, getattr(pairs, name)
    for side in SIDES:
        for name in OF_SIDE:
            yield f"{side}.{name}", getattr(getattr(pairs, side), name)


def test_the_sums_of_captioned_pictures_one_by_one():
    X, Y, owner = captioned(n=40, dim=5)
    pairs = collect_pairs(X, Y, owner, seed=0)
    X, Y = normalise(X), normalise(Y)
    for picture in range(40):
        texts = Y[owner == picture]
        total = texts.sum(axis=0)
        side = pairs.second
        assert side.counts[picture] == len(texts)
        assert side.repeats[picture] == len(texts) ** 2
        np.testing.assert_allclose(side.sums[picture], total)
        assert side.own[picture] == pytest.approx(total @ total)
        assert side.within[picture] == pytest.approx(np.sum((texts @ texts.T) ** 2))
        assert pairs.matched[picture] == pytest.approx(X[picture] @ total)
        assert pairs.matched_squares[picture] == pytest.approx(np.sum((texts @ X[picture]) ** 2))
        np.testing.assert_allclose(pairs.owned[picture], len(texts) * X[picture])
    counts = np.bincount(owner)
    np.testing.assert_allclose(
        pairs.second.weighted, sum(counts[o] * y for o, y in zip(owner, Y, strict=False))
    )
    np.testing.assert_allclose(pairs.cross, X[owner].T @ Y)
    cosines = np.einsum("ij,ij->i", X[owner], Y)
    np.testing.assert_allclose(pairs.cosines, [cosines.min(), cosines.max()])


def test_lengths_are_those_before_normalising():
    X, Y, owner = captioned(n=40, dim=5)
    lengths = np.linalg.norm(X, axis=1)
    norms = collect_pairs(X, Y, owner, seed=0).first.norms
    np.testing.assert_allclose(norms, [lengths.min(), lengths.max()])


@pytest.mark.parametrize("n", [100, 3000])
def test_pictures_in_any_blocks_are_the_same_sums(n, monkeypatch):
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((n, 4)), rng.standard_normal((n, 4)) + 1
    whole = collect_pairs(X, Y, np.arange(n), seed=1)
    blocks = [np.arange(start, min(start + 37, n)) for start in range(0, n, 37)]
    merged = take_block(X[blocks[0]], Y[blocks[0]], None, blocks[0], n, 1)
    for numbers in blocks[1:]:
        merged.add(take_block(X[numbers], Y[numbers], None, numbers, n, 1))
    assert merged.first.pictures == n
    monkeypatch.setattr(sums, "BLOCK", 64)
    other = collect_pairs(X, Y, np.arange(n), seed=1)
    for (name, expected), (_, found), (_, again) in zip(
        all_arrays(whole), all_arrays(merged), all_arrays(other), strict=True
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12, err_msg=name)
        np.testing.assert_allclose(again, expected, rtol=1e-12, atol=1e-12, err_msg=name)
    centre, matrix = np.zeros(4), np.arange(16.0).reshape(4, 4)
    for side in SIDES:
        squares = [getattr(pairs, side).squares for pairs in (whole, merged, other)]
        for found in squares[1:]:
            np.testing.assert_allclose(found.scatter(centre), squares[0].scatter(centre))
            np.testing.assert_allclose(
                found.forms(matrix, centre), squares[0].forms(matrix, centre)
            )


def test_blocks_hold_all_texts_of_their_pictures_whatever_the_order(monkeypatch):
    X, Y, owner = captioned(n=50, dim=4)
    shuffled = np.random.default_rng(3).permutation(len(Y))
    whole = collect_pairs(X, Y, owner, seed=0)
    monkeypatch.setattr(sums, "BLOCK", 8)
    other = collect_pairs(X, Y[shuffled], owner[shuffled], seed=0)
    for (name, expected), (_, found) in zip(all_arrays(whole), all_arrays(other), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-12, err_msg=name)


def test_groups_are_those_of_the_pictures_numbers():
    n = 2500
    rows = normalise(np.random.default_rng(0).standard_normal((n, 3)))
    side = collect_side(rows, np.arange(n), n, seed=4)
    groups, n_groups = group_pictures(np.arange(n), n, 4)
    assert not side.by_picture
    assert side.pictures == side.n == n
    np.testing.assert_array_equal(side.counts, np.bincount(groups, minlength=n_groups))
    np.testing.assert_allclose(side.centre, rows.mean(axis=0))


def test_as_many_groups_as_pictures_are_theirs_only_where_none_is_empty():
    rows = normalise(np.random.default_rng(0).standard_normal((6, 3)))
    assert take_side(rows, None, np.arange(6)[::-1], 6, kept=True).by_picture
    assert not take_side(rows, None, np.array([0, 0, 1, 2, 3, 5]), 6, kept=True).by_picture
