"""Cones of random initialisations: constructed clouds with known answers."""

import numpy as np
import pytest

from modgap.cones.initialisations import (
    cone_separation,
    independence_of_cones,
    initial_gaps,
    principal_components,
    spectrum_drop,
)
from modgap.errors import InputError


def cones(k=12, n=30, d=64, spread=0.4, seed=0):
    """k clouds of n points around k random directions."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((k, 1, d)) / np.sqrt(d)
    return centres + spread * rng.standard_normal((k, n, d)) / np.sqrt(d)


def test_cone_separation_equals_the_means_over_pairs():
    features = cones(k=4, n=5, d=8)
    unit = features / np.linalg.norm(features, axis=-1, keepdims=True)
    cosine = np.einsum("ind,jmd->ijnm", unit, unit)
    same = ~np.eye(5, dtype=bool)
    within = np.mean([cosine[i, i][same] for i in range(4)])
    between = np.mean([cosine[i, j] for i in range(4) for j in range(4) if i != j])
    result = cone_separation(features)
    assert result["within"][0] == pytest.approx(within, abs=1e-14)
    assert result["between"][0] == pytest.approx(between, abs=1e-14)
    assert result["difference"][0] == pytest.approx(within - between, abs=1e-14)


def test_cone_separation_is_invariant_to_rotation_scale_and_order():
    features = cones()
    rotation = np.linalg.qr(np.random.default_rng(1).standard_normal((64, 64)))[0]
    changed = 3 * (features @ rotation)[::-1, ::-1]
    for key, values in cone_separation(features).items():
        np.testing.assert_allclose(cone_separation(changed)[key], values, atol=1e-12)


def test_intervals_of_cone_separation_cover():
    # Random directions: the expected cosine between cones is zero.
    covered = 0
    for seed in range(200):
        _, low, high = cone_separation(cones(k=15, n=10, d=20, seed=seed))["between"]
        covered += low <= 0 <= high
    assert 178 <= covered <= 200


def test_two_networks_have_cones_without_limits_and_one_is_too_few():
    three, two = cones(k=3), cones(k=3)[:2]
    found = cone_separation(two)
    unit = two / np.linalg.norm(two, axis=-1, keepdims=True)
    assert found["between"][0] == pytest.approx((unit[0] @ unit[1].T).mean())
    assert all(np.isnan(limits[1:]).all() for limits in found.values())
    assert not np.isnan(cone_separation(three)["between"]).any()
    with pytest.raises(InputError, match="one network has no other cone"):
        cone_separation(three[:1])


def test_an_all_zero_embedding_is_refused():
    features = cones()
    features[3, 2] = 0
    with pytest.raises(InputError, match="no direction"):
        cone_separation(features)


def test_tight_cones_drop_after_k_minus_one_components():
    _, values = principal_components(cones(k=12, spread=0.05))
    drop, largest_after, share = spectrum_drop(values, 12)
    assert largest_after == 11
    assert drop > 5
    assert share > 0.99


def test_one_cloud_does_not_drop():
    rng = np.random.default_rng(0)
    _, values = principal_components(rng.standard_normal((12, 30, 64)))
    assert spectrum_drop(values, 12)[0] < 1.1


def test_points_without_spread_drop_to_nothing():
    features = np.repeat(np.eye(6)[:5, None], 4, axis=1)
    _, values = principal_components(features)
    drop, _, share = spectrum_drop(values, 5)
    assert drop > 1e6
    assert share == pytest.approx(1)


def test_singular_values_and_coordinates_are_those_of_an_svd():
    features = cones(k=4, n=6, d=9)
    unit = features / np.linalg.norm(features, axis=-1, keepdims=True)
    centred = unit.reshape(24, 9) - unit.reshape(24, 9).mean(0)
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    coordinates, values = principal_components(features)
    np.testing.assert_allclose(values, s, atol=1e-7)
    np.testing.assert_allclose(
        np.abs(coordinates.reshape(24, 2)), np.abs(u[:, :2] * s[:2]), atol=1e-10
    )
    largest = np.abs(coordinates.reshape(24, 2)).argmax(0)
    assert (coordinates.reshape(24, 2)[largest, [0, 1]] > 0).all()


def test_spectrum_needs_as_many_dimensions_as_initialisations():
    with pytest.raises(InputError, match="at least 12 dimensions"):
        spectrum_drop(np.ones(8), 12)


def test_gap_follows_from_the_cones():
    first, second = cones(seed=1), cones(seed=2)
    gaps = initial_gaps(first, second)
    unit = [x / np.linalg.norm(x, axis=-1, keepdims=True) for x in (first, second)]
    means = [x.mean(1) for x in unit]
    np.testing.assert_allclose(gaps["gap"], np.linalg.norm(means[0] - means[1], axis=1))
    lengths = [np.linalg.norm(mean, axis=1) for mean in means]
    np.testing.assert_allclose(gaps["predicted"] ** 2, lengths[0] ** 2 + lengths[1] ** 2)
    expected = gaps["predicted"] ** 2 - 2 * gaps["cosine"] * lengths[0] * lengths[1]
    np.testing.assert_allclose(gaps["gap"] ** 2, expected)


def test_published_random_clip_has_the_predicted_gap(shared):
    embeddings = np.load(shared("data/published/features_clip_random.npy"), allow_pickle=False)
    gaps = initial_gaps(*embeddings.astype(np.float64)[:, None])
    assert gaps["gap"][0] == pytest.approx(1.136, abs=5e-4)
    assert gaps["predicted"][0] == pytest.approx(1.160, abs=5e-4)


def test_independent_cones_are_recognised_and_shared_ones_refuted():
    first, second = cones(k=40, seed=1), cones(k=40, seed=2)
    independent = independence_of_cones(initial_gaps(first, second), 64)
    assert independent["gap_ratio"][1] < 1 < independent["gap_ratio"][2]
    low, high = independent["cosine_of_means_sd_sqrt_dim"][1:]
    assert low < 1 < high
    together = independence_of_cones(initial_gaps(first, second + 0.7 * first), 64)
    assert together["gap_ratio"][2] < 1
    assert together["cosine_of_means"][1] > 0.1
