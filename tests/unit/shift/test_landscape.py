"""Tables of a landscape: from known curves, and from few pairs against the slow formula."""

import numpy as np
import pandas as pd
import pytest

from modgap.shift import landscape, moves
from modgap.shift.loss import Terms, loss_terms
from modgap.statistics.geometry import normalise
from moved_pairs import move_rows

GRID = np.linspace(-2, 2, 41)
SHARED = {"moved": "both", "n_resamples": 50, "seed": 0}


@pytest.fixture(scope="module")
def pairs():
    rng = np.random.default_rng(0)
    base = rng.normal(size=(24, 6))
    first = normalise(base + 0.7)
    second = normalise(base + 0.5 * rng.normal(size=(24, 6)) - 0.7)
    return first, second, *moves.gap_direction(first, second)


def wells(shifts, noise=0.0):
    """Terms (k, 1, 20) whose mean is a curve of two wells, the left one the lower."""
    shifts = np.asarray(shifts)
    curve = (shifts**2 - 1) ** 2 + 0.1 * shifts
    wobble = noise * np.linspace(-1, 1, 20)
    terms = curve[:, None, None] + wobble
    return Terms(terms, terms + 1)


def locate(noise):
    curves, draws = {}, {}
    for side in landscape.SIDES:
        curves[side] = wells(GRID).side(side).mean(axis=-1)[:, 0]
    for side, means in landscape.resampled_side_means(wells(GRID, noise), 60, 0).items():
        draws[side] = means[:, :, 0]
    return landscape.locate_extrema(
        lambda shifts: wells(shifts, noise), GRID, curves, draws, n_resamples=60, seed=0
    )


def test_protocols_are_named_by_side_and_batch():
    assert landscape.protocol_name("both", 50) == "corrected"
    assert landscape.protocol_name("first_to_second", 50) == "published"
    assert landscape.protocol_name("first_to_second", 51) == "neither"
    assert landscape.protocol_name("second_to_first", 50) == "neither"


@pytest.mark.parametrize(("moved", "per_gap"), [("both", 0.5), ("first", 1), ("second", 1)])
def test_distances_of_the_grid(pairs, moved, per_gap):
    first, second, u, gap = pairs
    table = landscape.distance_table(first, second, u, gap, GRID, moved)
    np.testing.assert_allclose(table["paper_lambda"], per_gap * GRID / gap)
    for row in table.iloc[::8].itertuples():
        x, y = move_rows(first, second, u, row.delta, moved)
        assert abs(row.distance) == pytest.approx(np.linalg.norm(x.mean(axis=0) - y.mean(axis=0)))
        assert abs(row.distance_pca) == pytest.approx(abs(row.distance))
        assert abs(row.distance_smallest) == pytest.approx(abs(row.distance))
    assert table.loc[20, "distance"] == pytest.approx(gap)


def test_resampled_sides_are_of_the_same_pairs():
    means = landscape.resampled_side_means(wells(GRID[:3], noise=1.0), 30, seed=4)
    assert means["both"].shape == (30, 3, 1)
    np.testing.assert_allclose(means["second_to_first"] - means["first_to_second"], 1)
    np.testing.assert_allclose(means["both"] - means["first_to_second"], 0.5)
    assert means["both"].std(axis=0).min() > 0.05


def test_minima_and_barrier_of_two_wells():
    rows = locate(noise=0.3)
    left, top, right = np.sort(np.roots([4, 0, -4, 0.1]).real)
    for side, lift in (("first_to_second", 0), ("second_to_first", 1), ("both", 0.5)):
        found = {row["extremum"]: row for row in rows if row["side"] == side}
        assert list(found) == ["grid_minimum", "minimum", "barrier", "other_minimum"]
        for name, position in (("minimum", left), ("barrier", top), ("other_minimum", right)):
            curve = (position**2 - 1) ** 2 + 0.1 * position
            row = found[name]
            # The wobble moves every point of the curve alike: no shift, and no height, is unsure.
            np.testing.assert_allclose(row["shifts"], position, atol=1e-6)
            assert row["loss"][0] == pytest.approx(curve + lift, abs=1e-9)
            assert row["loss"][1] < row["loss"][0] < row["loss"][2]
            lowest = (left**2 - 1) ** 2 + 0.1 * left
            np.testing.assert_allclose(row["height"], curve - lowest, atol=1e-9)
        assert found["grid_minimum"]["shifts"] == (-1.0, -1.0, -1.0)


def test_lowest_grid_point_at_the_end_is_marked():
    curve = GRID + 3
    row = landscape.grid_minimum("both", GRID, curve, np.stack([curve - 1, curve + 1]))
    assert row["boundary"]
    assert row["shifts"][0] == -2
    value, low, high = row["loss"]
    assert (value, low + high) == (1, pytest.approx(2))


@pytest.mark.parametrize("boundary", [True, False])
def test_only_extrema_between_the_ends_have_an_interval_of_the_shift(boundary):
    row = {
        "side": "both", "extremum": "minimum", "number": 1, "boundary": boundary,
        "shifts": (0.1, 0.0, 0.3), "loss": (2.0, 1.0, 3.0), "height": (0.0, 0.0, 0.0),
    }  # fmt: skip
    left = {0.1: 0.8, 0.0: 0.9, 0.3: 0.6}
    table = pd.DataFrame(landscape.extremum_statistics(row, 0.01, left)).set_index("statistic")
    assert list(table.index) == ["delta", "distance", "loss", "height"]
    assert list(table["value"]) == [0.1, 0.8, 2.0, 0.0]
    assert list(table.loc["loss", ["low", "high"]]) == [1.0, 3.0]
    if boundary:
        assert table.loc[["delta", "distance"], ["low", "high"]].isna().all().all()
        assert (table["interval_method"][:2] == landscape.NO_INTERVAL_BOUNDARY).all()
    else:
        assert list(table.loc["delta", ["low", "high"]]) == [0.0, 0.3]
        assert list(table.loc["distance", ["low", "high"]]) == [0.6, 0.9]


def test_landscape_of_few_pairs(pairs):
    first, second, u, gap = pairs
    distances = landscape.distance_table(first, second, u, gap, GRID, "both")
    losses, extrema = landscape.measure_landscape(
        first, second, u, distances, temperatures=[0.05, 1], batch_size=10, device="cpu", **SHARED
    )
    assert len(losses) == 3 * 2 * len(GRID)
    assert set(losses["n"]) == set(extrema["n"]) == {20}
    for (side, tau), rows in losses.groupby(["side", "tau"]):
        terms = loss_terms(first, second, u, GRID, [tau], batch_size=10).side(side)
        np.testing.assert_allclose(rows["value"], terms.mean(axis=-1)[:, 0])
        found = extrema[(extrema["side"] == side) & (extrema["tau"] == tau)]
        lowest = found.set_index(["extremum", "statistic"])["value"]
        assert lowest["grid_minimum", "loss"] == pytest.approx(rows["value"].min())
        assert lowest["minimum", "loss"] <= lowest["grid_minimum", "loss"] + 1e-12
        left = moves.remaining_gap(first, second, u, [lowest["minimum", "delta"]])[0]
        assert lowest["minimum", "distance"] == pytest.approx(left)


def test_gradient_is_the_slope_of_the_landscape(pairs):
    first, second, u, _ = pairs
    table = landscape.measure_gradient(
        first, second, u, temperatures=[0.05, 1], batch_size=12, **SHARED
    )
    table = table.set_index(["side", "tau", "statistic"]).sort_index()
    step = 1e-5
    terms = loss_terms(first, second, u, [-step, step], [0.05, 1], batch_size=12)
    for side in landscape.SIDES:
        below, above = terms.side(side).mean(axis=-1)
        for t, tau in enumerate([0.05, 1]):
            row = table.loc[side, tau, "gradient"]
            assert row["value"] == pytest.approx((above[t] - below[t]) / (2 * step), abs=1e-6)
            parts = table.loc[(side, tau)].loc[["repulsion", "attraction"], "value"]
            assert row["value"] == pytest.approx(parts.sum())
            assert row["low"] < row["value"] < row["high"]


def test_clouds_are_the_moved_rows_on_the_axes_of_the_union(pairs):
    first, second, u, _ = pairs
    table = landscape.shifted_clouds(
        first, second, u, deltas=[0.0, 1.5], moved="first", n_drawn=5, seed=1
    )
    mean, axes = moves.principal_axes(first, second, 2)
    assert len(table) == 2 * 2 * 5
    for (delta, modality), rows in table.groupby(["delta", "modality"]):
        moved = move_rows(first, second, u, delta, "first")[modality == "second"]
        expected = (moved[rows["pair"]] - mean) @ axes.T
        np.testing.assert_allclose(rows[["pc1", "pc2"]], expected, atol=1e-12)
