"""Statistics from moments against the formulas on all rows, which are slow and obvious."""

import numpy as np
import pytest

from modgap.statistics import distributions, geometry, inference
from modgap.statistics.geometry import normalise
from modgap.statistics.moments import estimates, groups, sums
from modgap.statistics.moments.sums import collect_pairs
from toy_pairs import captioned, sd_pairwise_cosine


@pytest.fixture(params=["captions", "one text each"])
def clouds(request):
    X, Y, owner = captioned(n=60, dim=6)
    if request.param != "captions":
        Y, owner = Y[:60] + 0.1, np.arange(60)
    return normalise(X), normalise(Y), owner


@pytest.fixture(params=["pictures", "groups, rows kept", "groups, squares summed"])
def grouping(request, monkeypatch):
    """How the 60 pictures are dealt: each its own group, or 13 groups with 5 of their squares."""
    if request.param != "pictures":
        monkeypatch.setattr(groups, "GROUPS", 13)
        monkeypatch.setattr(groups, "SQUARE_GROUPS", 5)
        monkeypatch.setattr(sums, "SQUARE_GROUPS", 5)
        kept = request.param == "groups, rows kept"
        monkeypatch.setattr(sums, "keeps_rows", lambda *_: kept)
    return request.param


def group_masks(n, group):
    """Masks of the pictures of each group, as many as the statistic has."""
    of, n_groups = groups.group_pictures(np.arange(n), n, 2)
    of, n_groups = (of % group, group) if group < n_groups else (of, n_groups)
    return [of == g for g in range(n_groups)]


def keep(X, Y, owner, mask):
    kept = mask[owner]
    return X[mask], Y[kept], np.searchsorted(np.flatnonzero(mask), owner[kept])


def sd_of_unmatched(X, Y, owner):
    """Slowly: of the cosines of each text with the pictures of others, one by one."""
    cosines = (X / np.linalg.norm(X, axis=1, keepdims=True)) @ (
        Y / np.linalg.norm(Y, axis=1, keepdims=True)
    ).T
    others = owner[None, :] != np.arange(len(X))[:, None]
    return (cosines[others].std(ddof=1),)


FIRST_ORDER = {
    "centre_cosine": (estimates.grouped_centre_cosine, geometry.centre_cosine),
    "matched": (estimates.grouped_matched_cosine, geometry.mean_matched_cosine),
    "unmatched": (estimates.grouped_unmatched_cosine, geometry.mean_unmatched_cosine),
    "sd_unmatched": (estimates.grouped_sd_unmatched_cosine, sd_of_unmatched),
    "residual": (estimates.grouped_alignment_residual, geometry.alignment_residual),
    "mean_first": (
        lambda pairs: estimates.grouped_mean_cosine(pairs.first),
        lambda X, Y, owner: geometry.mean_pairwise_cosine(X, np.arange(len(X)), len(X)),
    ),
    "mean_second": (
        lambda pairs: estimates.grouped_mean_cosine(pairs.second),
        lambda X, Y, owner: geometry.mean_pairwise_cosine(Y, owner, len(X)),
    ),
    "sd_first": (
        lambda pairs: estimates.grouped_sd_cosine(pairs.first),
        lambda X, Y, owner: sd_pairwise_cosine(X, np.arange(len(X)), len(X)),
    ),
    "sd_second": (
        lambda pairs: estimates.grouped_sd_cosine(pairs.second),
        lambda X, Y, owner: sd_pairwise_cosine(Y, owner, len(X)),
    ),
}


@pytest.mark.parametrize("statistic", FIRST_ORDER)
def test_values_and_those_without_a_group_are_those_of_the_rows(statistic, clouds, grouping):
    from_moments, from_rows = FIRST_ORDER[statistic]
    value, left_out = from_moments(collect_pairs(*clouds, seed=2))
    assert value == pytest.approx(from_rows(*clouds)[0], rel=1e-12)
    masks = group_masks(60, len(left_out))
    assert len(masks) == len(left_out)
    for mask, without in zip(masks, left_out, strict=True):
        assert without == pytest.approx(from_rows(*keep(*clouds, ~mask))[0], rel=1e-9)


def test_the_gap_and_its_influences(clouds, grouping):
    X, Y, owner = clouds
    vector, influence, square = estimates.gap_moments(collect_pairs(X, Y, owner, seed=2))
    by_picture = geometry.gap_influence(X, Y, owner)
    np.testing.assert_allclose(vector, geometry.gap_vector(X, Y), atol=1e-14)
    # The unbiased square is that over pictures, whatever the groups.
    assert square == pytest.approx(geometry.unbiased_square(vector, by_picture), rel=1e-10)
    masks = group_masks(60, len(influence))
    expected = [by_picture[mask].sum(axis=0) * len(masks) / 60 for mask in masks]
    np.testing.assert_allclose(influence, expected, atol=1e-12)


def test_the_difference_of_pairs_and_its_influences(clouds, grouping):
    X, Y, owner = clouds
    mean, influence = estimates.matched_difference(collect_pairs(X, Y, owner, seed=2))
    expected, by_picture = geometry.pair_difference(X, Y, owner)
    np.testing.assert_allclose(mean, expected, atol=1e-14)
    masks = group_masks(60, len(influence))
    summed = [by_picture[mask].sum(axis=0) * len(masks) / 60 for mask in masks]
    np.testing.assert_allclose(influence, summed, atol=1e-12)


def test_effective_rank_and_its_influences(clouds, grouping):
    _X, Y, owner = clouds
    rank, influence = estimates.grouped_effective_rank(collect_pairs(*clouds, seed=2).second)
    expected, by_picture = geometry.effective_rank(Y, owner, 60)
    assert rank == pytest.approx(expected, rel=1e-12)
    masks = group_masks(60, len(influence))
    summed = [by_picture[mask].sum() * len(masks) / 60 for mask in masks]
    np.testing.assert_allclose(influence, summed, atol=1e-9)


def test_effective_rank_of_equal_rows_is_undefined(grouping):
    X = np.tile([1.0, 0.0, 0.0], (60, 1))
    pairs = collect_pairs(X, X, np.arange(60), seed=2)
    assert np.isnan(estimates.grouped_effective_rank(pairs.first)[0])


def test_frechet_its_influences_and_its_halves(clouds, grouping):
    X, Y, owner = clouds
    pairs = collect_pairs(X, Y, owner, seed=2)
    value, influence = estimates.grouped_frechet(pairs)
    expected, first, second = distributions.frechet(X, Y, influence=True)
    assert value == pytest.approx(expected, rel=1e-10)
    by_picture = geometry.gap_influence(first[:, None], second[:, None], owner)[:, 0]
    masks = group_masks(60, len(influence))
    summed = [by_picture[mask].sum() * len(masks) / 60 for mask in masks]
    np.testing.assert_allclose(influence, summed, atol=1e-9)
    drawn = np.random.default_rng(7).permutation(len(masks)) < len(masks) // 2
    side = np.any([mask for mask, chosen in zip(masks, drawn, strict=True) if chosen], axis=0)
    halves = [distributions.frechet(*keep(X, Y, owner, half)[:2]) for half in (side, ~side)]
    assert estimates.frechet_of_halves(pairs, 7) == pytest.approx(halves, rel=1e-9)


@pytest.mark.parametrize("gap", [0.0, 0.02, 0.4])
def test_intervals_over_groups_hold_the_true_gap_as_often_as_they_say(gap, monkeypatch):
    """A closed and a nearly closed gap included. 95 % of 200 less three standard errors is 181."""
    monkeypatch.setattr(groups, "GROUPS", 60)
    monkeypatch.setattr(sums, "keeps_rows", lambda *_: False)
    rng, dim, n = np.random.default_rng(0), 6, 300
    axis = np.eye(dim)[0]
    true = true_gap(axis, gap, dim)
    held = 0
    for seed in range(200):
        X, Y = draw_around(rng, axis, gap, n, dim)
        vector, influence, _ = estimates.gap_moments(collect_pairs(X, Y, np.arange(n), seed))
        low, high = inference.norm_interval(vector, influence, n_resamples=200, seed=seed)
        held += low <= true <= high
    assert held >= 181


def draw_around(rng, axis, gap, n, dim):
    shared = axis + 0.5 * rng.standard_normal((n, dim))
    shift = gap * np.eye(dim)[1]
    return (
        normalise(shared + 0.2 * rng.standard_normal((n, dim)) + shift / 2),
        normalise(shared + 0.2 * rng.standard_normal((n, dim)) - shift / 2),
    )


def true_gap(axis, gap, dim):
    if gap == 0:
        return 0.0
    X, Y = draw_around(np.random.default_rng(1), axis, gap, 400_000, dim)
    return np.linalg.norm(geometry.gap_vector(X, Y))
