"""The sphere simulation: published numbers, convexity, gap-closing temperature."""

import json

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from modgap.errors import InputError
from modgap.shift import sphere

ANGLES = [90, 75, 60, 45, 30, 15, 0]


@pytest.mark.parametrize("spacing", [20, 15])
@pytest.mark.parametrize("pairs", ["mismatched", "matched"])
def test_published_simulation(shared, spacing, pairs):
    reference = json.loads(shared("reference/reference_published_features.json").read_text())
    expected = reference["deterministic_simulations"][f"six_pairs_spacing{spacing}_{pairs}"]
    points = sphere.arc_points(6, spacing)
    cosines = sphere.equator_cosines(
        points, sphere.mismatched_pairs(6, 1 / 3 if pairs == "mismatched" else 0)
    )
    kappa = sphere.best_kappa(cosines)
    assert len(expected) == 5
    for name, row in expected.items():
        tau = 1 / int(name.split("/")[1])
        losses = sphere.loss_curve(cosines, ANGLES, tau)
        np.testing.assert_allclose(
            losses, row["loss_at_dtheta_90_75_60_45_30_15_0"], rtol=0, atol=1e-12
        )
        whole = np.arange(91)
        assert whole[sphere.loss_curve(cosines, whole, tau).argmin()] == row["grid_min_dtheta"]
        angle = sphere.best_angle(kappa, tau)
        # The reference searched numerically: flat minima at 0 came out as up to 2.2e-5 degrees.
        assert angle == pytest.approx(row["refined_min_dtheta"], abs=2.2e-5)
        if row["refined_min_dtheta"] > 1:
            assert angle == pytest.approx(row["refined_min_dtheta"], abs=2e-6)
        loss = sphere.kappa_loss(cosines, np.cos(np.deg2rad(angle)) / tau)
        assert loss == pytest.approx(row["refined_min_loss"], abs=1e-10)
        distance = sphere.centre_distance(points, angle)
        assert distance == pytest.approx(row["centre_distance_at_refined_min"], abs=1e-6)


def test_loss_equals_the_contrastive_loss_of_points_in_space():
    points, match = sphere.random_equator_points(7, 5, seed=2), sphere.mismatched_pairs(7, 0.5)
    cosines, tau, theta = sphere.equator_cosines(points, match), 0.05, 40.0
    images = np.column_stack([points, np.zeros(7)])
    raised = np.deg2rad(theta)
    texts = np.column_stack([np.cos(raised) * points[match], np.full(7, np.sin(raised))])
    logits = images @ texts.T / tau
    rows = np.log(np.exp(logits).sum(axis=1)) - np.diag(logits)
    columns = np.log(np.exp(logits).sum(axis=0)) - np.diag(logits)
    expected = (rows.mean() + columns.mean()) / 2
    assert sphere.loss_curve(cosines, [theta], tau)[0] == pytest.approx(expected, abs=1e-12)
    assert sphere.centre_distance(points, theta) == pytest.approx(
        np.linalg.norm(images.mean(axis=0) - texts.mean(axis=0)), abs=1e-12
    )


@pytest.mark.parametrize(("n", "dim", "share"), [(6, 3, 0.5), (40, 8, 0.1), (100, 64, 0.3)])
def test_closed_form_of_the_minimum(n, dim, share):
    points = sphere.random_equator_points(n, dim, seed=1)
    cosines = sphere.equator_cosines(points, sphere.mismatched_pairs(n, share))
    kappa = sphere.best_kappa(cosines)
    closing = 1 / kappa
    for tau in (0.4 * closing, 0.9 * closing, 1.1 * closing):
        found = minimize_scalar(
            lambda theta, tau=tau: sphere.loss_curve(cosines, [theta], tau)[0],
            bounds=(-1, 90), method="bounded", options={"xatol": 1e-7},
        )  # fmt: skip
        assert sphere.best_angle(kappa, tau) == pytest.approx(abs(found.x), abs=0.01)
    assert sphere.best_angle(kappa, 1.1 * closing) == 0
    assert sphere.best_angle(kappa, 0.9 * closing) > 20


def test_slope_and_convexity():
    cosines = sphere.equator_cosines(sphere.arc_points(6, 20), sphere.mismatched_pairs(6, 1 / 3))
    kappas = np.linspace(0, 120, 200)
    slopes = [sphere.kappa_loss_and_slope(cosines, k)[1] for k in kappas]
    differences = [
        (sphere.kappa_loss(cosines, k + 1e-5) - sphere.kappa_loss(cosines, k - 1e-5)) / 2e-5
        for k in kappas
    ]
    np.testing.assert_allclose(slopes, differences, atol=1e-8)
    assert (np.diff(slopes) > 0).all()


def test_orthogonal_images_have_a_closed_form():
    cosines = sphere.equator_cosines(np.eye(50), sphere.mismatched_pairs(50, 0.2))
    expected = sphere.orthogonal_gap_closing_temperature(50, 0.2)
    assert expected == pytest.approx(1 / np.log(49 * 0.8 / 0.2))
    assert 1 / sphere.best_kappa(cosines) == pytest.approx(expected, rel=1e-10)


def test_without_mismatch_every_temperature_closes_the_gap():
    cosines = sphere.equator_cosines(sphere.arc_points(6, 20), sphere.mismatched_pairs(6, 0))
    assert sphere.best_kappa(cosines) == np.inf
    assert sphere.orthogonal_gap_closing_temperature(6, 0) == 0
    assert sphere.best_angle(np.inf, 0.01) == 0


def test_when_nothing_matches_no_temperature_closes_the_gap():
    # Two points, both texts at the other's place: the loss only rises with kappa.
    cosines = sphere.equator_cosines(sphere.arc_points(2, 60), sphere.mismatched_pairs(2, 1))
    assert sphere.best_kappa(cosines) == 0
    assert sphere.best_angle(0.0, 0.01) == 90
    assert sphere.orthogonal_gap_closing_temperature(2, 1) == np.inf


def test_mismatch_moves_the_given_share():
    np.testing.assert_array_equal(sphere.mismatched_pairs(6, 1 / 3), [1, 0, 2, 3, 4, 5])
    np.testing.assert_array_equal(sphere.mismatched_pairs(5, 0.6), [1, 2, 0, 3, 4])
    np.testing.assert_array_equal(sphere.mismatched_pairs(4, 0), range(4))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: sphere.mismatched_pairs(1, 0), "needs at least 2"),
        (lambda: sphere.mismatched_pairs(6, 1.2), "must be between 0 and 1"),
        (lambda: sphere.mismatched_pairs(6, 0.2), "one pair, which has none to swap with"),
        (lambda: sphere.random_equator_points(6, 2, 0), "needs 3 dimensions or more"),
        (lambda: sphere.best_angle(20, 0), "temperature 0: must be above 0"),
    ],
)
def test_bad_input_is_one_clear_line(call, words):
    with pytest.raises(InputError, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)
