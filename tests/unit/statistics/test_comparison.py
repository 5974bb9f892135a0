"""Differences of two sets on the same pictures: planted ones are found, and none is none."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_rel

from modgap.errors import InputError
from modgap.statistics.comparison import (
    combine_intervals,
    compare_sides,
    comparison_frame,
    gap_difference_row,
    jackknife_difference_row,
    match_pictures,
    measure_gap_length,
    measure_side,
    picture_shares,
    share_difference_row,
    top_hits,
)
from modgap.statistics.geometry import normalise
from modgap.statistics.inference import mcnemar, paired_difference_interval
from toy_pairs import captioned

NAMES = ("before", "after")


def clouds(rng, n=80, dim=12, gap=0.5, noise=0.5, items=None):
    """Pairs around the same items; ``gap`` moves the modalities apart along the first axis."""
    items = rng.standard_normal((n, dim)) if items is None else items
    away = gap * np.eye(dim)[0]
    X = normalise(items + noise * rng.standard_normal(items.shape) + away)
    return X, normalise(items + noise * rng.standard_normal(items.shape) - away)


def measure(X, Y, owner=None, seed=0):
    owner = np.arange(len(X)) if owner is None else owner
    return measure_side(
        X, Y, owner, gallery=(Y, owner), relevance=None, n_resamples=200, seed=seed, block=50
    )


def compare(before, after):
    rows = compare_sides(measure(*before), measure(*after))
    return comparison_frame(rows, "toy", 0).set_index(["statistic", "side"])


def test_a_set_against_itself_differs_in_nothing():
    X, Y, owner = captioned(n=20)
    found = compare((X, Y, owner), (X, Y, owner))
    assert (found["difference"] == 0).all()
    assert (found["p"] == 1).all()
    assert ((found["low"] <= 0) & (found["high"] >= 0)).all()
    # Where nothing changed, the hits still leave room for a change.
    assert (found.loc["recall1", "high"] > 0).all()


def test_before_and_after_swapped_turn_every_sign():
    rng = np.random.default_rng(0)
    items = rng.standard_normal((60, 12))
    one, other = clouds(rng, items=items), clouds(rng, gap=0.9, items=items)
    there, back = compare(one, other), compare(other, one)
    np.testing.assert_allclose(there["difference"], -back["difference"])
    np.testing.assert_allclose(there["low"], -back["high"], atol=1e-12)
    np.testing.assert_allclose(there["p"], back["p"], atol=1e-12)


def test_a_rotation_of_one_set_changes_nothing():
    rng = np.random.default_rng(1)
    items = rng.standard_normal((40, 12))
    one, (X, Y) = clouds(rng, items=items), clouds(rng, gap=0.9, items=items)
    turn = np.linalg.qr(rng.standard_normal((12, 12)))[0]
    wide = np.pad(X @ turn, ((0, 0), (0, 5))), np.pad(Y @ turn, ((0, 0), (0, 5)))
    tables = [compare(one, other).reset_index() for other in ((X, Y), wide)]
    # The classifier is fitted by steps, which a rotation changes.
    tables = [table[table["statistic"] != "separability_accuracy"] for table in tables]
    for column in ("before", "after", "difference"):
        np.testing.assert_allclose(tables[0][column], tables[1][column], atol=1e-9)


def test_a_planted_difference_has_its_sign_and_passes_holm():
    rng = np.random.default_rng(2)
    items = rng.standard_normal((300, 12))
    found = compare(clouds(rng, items=items), clouds(rng, gap=0.9, noise=1.0, items=items))
    for place, sign in {
        ("gap_unbiased", "both"): 1,
        ("rmg", "both"): 1,
        ("mean_matched_cosine", "both"): -1,
        ("recall1", "first_to_second"): -1,
        ("recall1", "second_to_first"): -1,
    }.items():
        row = found.loc[place]
        assert np.sign(row["difference"]) == sign, place
        assert np.sign(row["low"]) == np.sign(row["high"]) == sign, place
        assert row["p"] <= row["p_holm"] < 0.05, place


@pytest.mark.parametrize("gaps", [(0.5, 0.5), (0.5, 0.6), (0.0, 0.6)])
def test_the_intervals_cover_the_true_difference(gaps):
    """Also where one gap is closed: an ordinary jackknife of the length would miss that."""
    rng = np.random.default_rng(3)
    dim, draws = 12, 60
    truth = []
    for gap in gaps:
        X, Y = clouds(rng, n=100_000, dim=dim, gap=gap)
        truth.append(np.linalg.norm(X.mean(axis=0) - Y.mean(axis=0)) if gap else 0.0)
    covered = 0
    for draw in range(draws):
        items = rng.standard_normal((60, dim))
        lengths = [
            measure_gap_length(*clouds(rng, items=items, gap=gap), np.arange(60), 200, draw)
            for gap in gaps
        ]
        row = gap_difference_row(*lengths)
        covered += row["low"] <= truth[1] - truth[0] <= row["high"]
    # 95 % of 60 would give 51 or fewer in one of two hundred runs.
    assert covered >= 52


def test_equal_gaps_are_rarely_told_apart():
    rng = np.random.default_rng(4)
    rejected = np.zeros(3)
    for _ in range(100):
        items = rng.standard_normal((40, 8))
        sides = []
        for _ in range(2):
            X, Y = clouds(rng, dim=8, items=items)
            sides.append((X * Y).sum(axis=1))
        left = [(values.sum() - values) / (len(values) - 1) for values in sides]
        row = jackknife_difference_row(
            "mean_matched_cosine", "both", (sides[0].mean(), left[0]), (sides[1].mean(), left[1])
        )
        rejected[0] += row["p"] < 0.05
        hits = [(values > 0.7).astype(float) for values in sides]
        rejected[1] += (
            share_difference_row("x", "both", (hits[0], True), (hits[1], True))["p"] < 0.05
        )
        rejected[2] += (
            share_difference_row("x", "both", (hits[0], False), (hits[1], False))["p"] < 0.05
        )
    assert (rejected <= 12).all()


def test_the_jackknife_of_a_mean_is_the_paired_t_test():
    rng = np.random.default_rng(5)
    one, other = rng.standard_normal((2, 30))
    sides = [(values.mean(), (values.sum() - values) / 29) for values in (one, other)]
    row = jackknife_difference_row("x", "both", *sides)
    expected = ttest_rel(other, one)
    assert row["p"] == pytest.approx(expected.pvalue)
    interval = expected.confidence_interval(0.95)
    assert (row["low"], row["high"]) == pytest.approx((interval.low, interval.high))


def test_hits_of_single_queries_are_paired_counts():
    before = np.array([1, 1, 1, 0, 0, 0, 0, 1.0])
    after = np.array([1, 0, 1, 1, 1, 1, 0, 1.0])
    row = share_difference_row("x", "both", (before, True), (after, True))
    assert row["p"] == mcnemar(1, 3)
    assert (row["low"], row["high"]) == paired_difference_interval(1, 3, 8)
    # The form for pictures with several texts is the same interval.
    clustered = share_difference_row("x", "both", (before, False), (after, False))
    assert (clustered["low"], clustered["high"]) == pytest.approx((row["low"], row["high"]))


def test_several_texts_of_a_picture_count_as_one_picture():
    hits = np.repeat([1.0, 0.0, 1.0, 1.0], 5)
    shares, single = picture_shares(hits, np.repeat(np.arange(4), 5), 4)
    assert not single
    np.testing.assert_allclose(shares, [1, 0, 1, 1])
    uneven = picture_shares(np.array([1.0, 0, 0, 1]), np.array([0, 1, 1, 1]), 2)[0]
    assert uneven.mean() == pytest.approx(0.5)


def test_symmetric_intervals_combine_as_variances_do():
    low, high = combine_intervals((1, 0, 2), (5, 3, 7), 0.25)
    reach = np.sqrt(1 + 4 - 2 * 0.25 * 2)
    assert (low, high) == pytest.approx((4 - reach, 4 + reach))


def test_pictures_are_matched_by_id_and_ready_rows_by_number():
    before, after = pd.Series(list("abcd")), pd.Series(list("dxab"))
    kept, places = match_pictures(before, after, NAMES)
    assert (list(kept), list(places)) == ([0, 1, 3], [2, 3, 0])
    rows = pd.Series([f"item-{i:06d}" for i in range(3)])
    assert list(match_pictures(rows, rows, NAMES)[1]) == [0, 1, 2]


def test_pictures_that_cannot_be_matched_are_an_error():
    rows = [pd.Series([f"item-{i:06d}" for i in range(n)]) for n in (3, 4)]
    with pytest.raises(InputError, match=r"has 3 pictures and after has 4.*no ids"):
        match_pictures(*rows, NAMES)
    with pytest.raises(InputError, match="share no picture: 'a' and 'b' stand first"):
        match_pictures(pd.Series(["a"]), pd.Series(["b"]), NAMES)


def test_a_tie_between_classes_is_a_miss():
    X, T = np.eye(3)[[0, 1, 2]], np.array([[1.0, 0, 0], [0, 1.0, 0], [0, 1.0, 0]])
    assert list(top_hits(X, T, np.array([0, 1, 0]))) == [True, False, False]


def test_last_digits_are_no_difference():
    """The coordinates in another order: every statistic is the same but for its rounding."""
    rng = np.random.default_rng(0)
    X, Y = (normalise(rng.standard_normal((500, 512)) + shift) for shift in (0.2, -0.2))
    owner = np.arange(len(X))
    sides = [
        measure_side(
            np.ascontiguousarray(first),
            np.ascontiguousarray(second),
            owner,
            gallery=(first, owner),
            relevance=None,
            n_resamples=50,
            seed=0,
            block=500,
        )
        for first, second in ((X, Y), (X[:, ::-1], Y[:, ::-1]))
    ]
    rows = compare_sides(*sides)
    assert any(row["difference"] != 0 for row in rows)
    assert [row["p"] for row in rows] == [1] * len(rows)
