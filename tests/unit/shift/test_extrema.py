"""Minima, barriers and intervals of loss landscapes."""

import json

import numpy as np
import pytest

from modgap.shift import moves
from modgap.shift.extrema import (
    Extremum,
    find_extrema,
    lowest_of_polynomial,
    percentile_interval,
    refine_extrema,
    resampled_means,
    spline_extremum,
)
from modgap.shift.loss import loss_terms
from modgap.statistics.geometry import normalise

GRID = np.arange(-5, 5, 0.25)
FILES = [
    f"features_{name}{state}"
    for name in ("clip", "videoclip", "convirt", "clasp")
    for state in ("", "_random")
]


def published(shared, name):
    reference = json.loads(shared("reference/reference_published_features.json").read_text())
    features = np.load(shared(f"data/published/{name}.npy"), allow_pickle=False)
    first, second = normalise(features[0]), normalise(features[1])
    u, _ = moves.gap_direction(first, second)
    return first, second, u, reference["files"][name]["landscape"]["by_temperature"]


def located(first, second, u, tau, side, batch_size):
    """Extrema with refined positions and losses."""

    def loss_at(shifts):
        terms = loss_terms(first, second, u, shifts, [tau], batch_size=batch_size)
        return terms.side(side).mean(axis=-1)

    extrema = find_extrema(GRID, loss_at(GRID)[:, 0])
    positions = refine_extrema(loss_at, GRID, [(0, extremum) for extremum in extrema])
    return [(e, p, loss_at([p])[0, 0]) for e, p in zip(extrema, positions, strict=True)]


@pytest.mark.parametrize("name", FILES)
def test_published_minima(shared, name):
    first, second, u, reference = published(shared, name)
    compared = 0
    for entry in reference.values():
        for key, side, batch_size in (
            ("continuous_local_minima_symmetric_delta_in_-6_6", "both", len(first)),
            ("continuous_local_minima_batch50_i2t_authors_code", "first_to_second", 50),
        ):
            # The reference looked a little beyond our grid and knows no smallest height.
            expected = [
                minimum
                for minimum in entry.get(key) or []
                if not minimum["boundary"] and abs(minimum["delta"]) < 4.7
            ]
            if not expected or len(first) < 50:
                continue
            found = located(first, second, u, entry["temperature"], side, batch_size)
            minima = [(p, loss) for e, p, loss in found if e.kind != "barrier" and not e.boundary]
            for minimum in expected:
                if not minima:  # shallower than PROMINENCE
                    assert name == "features_clasp_random"
                    continue
                position, loss = min(minima, key=lambda m: abs(m[0] - minimum["delta"]))
                left = moves.remaining_gap(first, second, u, [position])[0]
                assert loss == pytest.approx(minimum["loss"], abs=1e-9)
                assert position == pytest.approx(minimum["delta"], abs=5e-6)
                assert left == pytest.approx(minimum["signed_distance"], abs=5e-6)
                compared += 1
    if name == "features_clip":
        assert compared == 20


def test_published_clip_row_at_one_hundredth(shared):
    first, second, u, _ = published(shared, "features_clip")
    found = located(first, second, u, 0.01, "both", 500)
    kinds = {extremum.kind: (p, loss) for extremum, p, loss in found}
    assert kinds["minimum"] == pytest.approx((-0.009822, 1.80071520), abs=1e-6)
    assert kinds["other_minimum"] == pytest.approx((3.572888, 3.3761312), abs=1e-6)
    position, height = kinds["barrier"]
    dense = np.linspace(position - 0.1, position + 0.1, 201)
    curve = loss_terms(first, second, u, dense, [0.01], batch_size=500).side("both").mean(axis=-1)
    assert curve.max() == pytest.approx(height, abs=1e-6)
    assert curve.argmax() == 100
    distances = moves.remaining_gap(first, second, u, [kinds["minimum"][0], position])
    assert distances[0] == pytest.approx(0.8593414, abs=1e-6)


def test_shallow_minimum_between_grid_points_is_seen(shared):
    first, second, u, _ = published(shared, "features_videoclip")
    found = located(first, second, u, 0.01, "both", 100)
    minima = sorted(p for extremum, p, _ in found if extremum.kind != "barrier")
    assert minima == pytest.approx([-1.084269, 0.234699, 3.846586], abs=1e-5)


def test_two_wells_and_the_barrier():
    deltas = np.linspace(-2, 2, 41)

    def losses(shifts):
        shifts = np.asarray(shifts)
        return ((shifts**2 - 1) ** 2 + 0.1 * shifts)[:, None]

    extrema = find_extrema(deltas, losses(deltas)[:, 0])
    assert [extremum.kind for extremum in extrema] == ["minimum", "barrier", "other_minimum"]
    positions = refine_extrema(losses, deltas, [(0, extremum) for extremum in extrema])
    roots = np.sort(np.roots([4, 0, -4, 0.1]).real)
    np.testing.assert_allclose(positions, roots, atol=1e-7)


def test_lowest_point_at_the_end_of_the_grid_is_marked():
    extrema = find_extrema(GRID, GRID**1.0)
    assert [(e.kind, e.boundary, e.position) for e in extrema] == [("minimum", True, -5.0)]
    assert refine_extrema(None, GRID, [(0, extrema[0])]) == [-5.0]


def test_refinement_follows_a_minimum_away_from_its_first_guess():
    def loss_at(shifts):
        return (np.asarray(shifts)[:, None] - 0.3) ** 2

    far = Extremum("minimum", -0.2, (-1.0, 1.0))
    assert refine_extrema(loss_at, GRID, [(0, far)])[0] == pytest.approx(0.3, abs=1e-9)


def test_lowest_of_a_polynomial():
    nodes = np.linspace(-1, 1, 5)
    assert lowest_of_polynomial(nodes, (nodes - 0.2) ** 2) == pytest.approx(0.2)
    assert lowest_of_polynomial(nodes, nodes) == -1
    assert lowest_of_polynomial(nodes, -nodes) == 1


def test_spline_extremum_of_many_curves():
    centres = np.array([-1.3, 0.1, 2.02])
    curves = (GRID - centres[:, None]) ** 2
    whole = Extremum("minimum", 0.0, (-5.0, 4.75))
    np.testing.assert_allclose(spline_extremum(GRID, curves, whole), centres, atol=1e-9)
    top = Extremum("barrier", 0.0, (-5.0, 4.75))
    np.testing.assert_allclose(spline_extremum(GRID, -curves, top), centres, atol=1e-9)


def test_resampled_means_are_paired_and_right():
    rng = np.random.default_rng(1)
    terms = rng.normal(size=(2, 400))
    means = resampled_means(np.stack([terms[0], terms[0] + 3]), 500, seed=4)
    assert means.shape == (500, 2)
    np.testing.assert_allclose(means[:, 1] - means[:, 0], 3)
    assert means[:, 0].std() == pytest.approx(terms[0].std() / 20, rel=0.1)
    low, high = percentile_interval(means[:, 0])
    assert low < terms[0].mean() < high


def test_interval_holds_the_loss_where_resampling_pairs_does_not(shared):
    first, second, u, _ = published(shared, "features_clip")
    terms = loss_terms(first, second, u, [0.0], [0.01], batch_size=500).side("both")
    low, high = percentile_interval(resampled_means(terms, 1000, seed=0))
    assert low < 1.800886 < high
    rng = np.random.default_rng(0)
    naive = []
    for _ in range(100):
        chosen = rng.integers(500, size=500)
        resampled = loss_terms(first[chosen], second[chosen], u, [0.0], [0.01], batch_size=500)
        naive.append(resampled.side("both").mean())
    assert np.quantile(naive, 0.025) > 1.800886
