"""The bounds: closed forms against simulation, and verdicts that can come out either way."""

import numpy as np
import pytest

from modgap.cones.theorems import (
    arc_cosine_kernel,
    check_lemma_3,
    check_theorem_1,
    check_theorem_2,
    closed_form_share,
    cosine_threshold,
    count_failures,
    equicorrelated_vectors,
    failure_constant,
    judge_upper_bound,
    network_moments,
    variance_share,
)


def relu(z):
    return np.maximum(z, 0)


def gaussian_pair(rng, rho, size):
    first, second = rng.standard_normal((2, size))
    return first, rho * first + np.sqrt(1 - rho**2) * second


def test_arc_cosine_kernel_at_its_corners():
    np.testing.assert_allclose(arc_cosine_kernel([1, 0, -1]), [1, 1 / np.pi, 0], atol=1e-15)


@pytest.mark.parametrize("rho", [-0.7, 0.2, 0.9])
def test_arc_cosine_kernel_is_the_second_moment_of_relu(rho):
    first, second = gaussian_pair(np.random.default_rng(0), rho, 1_000_000)
    assert np.mean(relu(first) * relu(second)) == pytest.approx(
        arc_cosine_kernel(rho) / 2, abs=5e-3
    )


# Theorem 1


def test_threshold_is_one_for_equal_norms_and_symmetric_in_the_ratio():
    assert cosine_threshold(1.0) == 1.0
    assert cosine_threshold(3.0) == pytest.approx(0.6)
    assert cosine_threshold(1 / 3) == pytest.approx(0.6)


def test_failures_counted_on_gaussians_are_those_of_real_layers():
    pair = {"cosine": 0.75, "norm_ratio": 1.5, "norm": 2.0}
    width, trials = 16, 4000
    u = np.array([3.0, 0, 0])
    v = 2 * np.array([0.75, np.sqrt(1 - 0.75**2), 0])
    rng = np.random.default_rng(0)
    failed = 0
    for _ in range(trials):
        weights = rng.standard_normal((width, 3)) / np.sqrt(width)
        bias = rng.standard_normal(width) / np.sqrt(width)
        a, b = relu(weights @ u + bias), relu(weights @ v + bias)
        failed += not a @ b > 0.75 * np.linalg.norm(a) * np.linalg.norm(b)
    counted = count_failures(np.random.default_rng(1), **pair, width=width, trials=trials)
    error = np.sqrt(2 * 0.25 / trials)
    assert counted / trials == pytest.approx(failed / trials, abs=4 * error)


def test_counting_does_not_depend_on_the_block_of_memory():
    pair = {"cosine": 0.5, "norm_ratio": 1.0, "norm": 1.0, "width": 8, "trials": 3000}
    small = count_failures(np.random.default_rng(0), **pair, block_values=800)
    large = count_failures(np.random.default_rng(1), **pair)
    assert small == pytest.approx(large, abs=4 * np.sqrt(3000 * 0.14 * 2))


def test_an_output_of_zeros_is_a_failure():
    # One unit, opposite inputs: both outputs are never positive together but for the bias.
    failures = count_failures(
        np.random.default_rng(0), cosine=-1.0, norm_ratio=1.0, norm=100.0, width=1, trials=1000
    )
    assert failures > 900


@pytest.mark.parametrize(
    "pair",
    [
        {"cosine": 0.5, "norm_ratio": 1.0, "norm": 1.0},
        {"cosine": 0.6, "norm_ratio": 2.0, "norm": 3.0},
        {"cosine": -0.4, "norm_ratio": 1.5, "norm": 1.0},
    ],
)
def test_constant_is_variance_over_squared_mean(pair):
    cosine, first = pair["cosine"], pair["norm_ratio"] * pair["norm"]
    rng = np.random.default_rng(0)
    g, h, bias = rng.standard_normal((3, 2_000_000))
    a = relu(first * g + bias)
    b = relu(pair["norm"] * (cosine * g + np.sqrt(1 - cosine**2) * h) + bias)
    ratio = np.sqrt((first**2 + 1) / (pair["norm"] ** 2 + 1))
    x = a * b - max(cosine, 0) / 2 * (a**2 / ratio + b**2 * ratio)
    assert failure_constant(**pair) == pytest.approx(x.var() / x.mean() ** 2, rel=0.03)


def test_constant_is_infinite_where_the_cosine_falls():
    assert failure_constant(cosine=0.95, norm_ratio=4.0, norm=1.0) == np.inf


@pytest.mark.parametrize("ratio", [1.0, 1.2, 3.0, 10.0])
def test_below_the_threshold_the_constant_is_finite(ratio):
    for cosine in np.linspace(-0.99, 0.999, 30) * cosine_threshold(ratio):
        for norm in (0.1, 1.0, 30.0):
            assert np.isfinite(failure_constant(cosine=cosine, norm_ratio=ratio, norm=norm))


def test_verdicts():
    assert judge_upper_bound(0.0, 0.1, 0.2) == "yes"
    assert judge_upper_bound(0.3, 0.4, 0.2) == "no"
    assert judge_upper_bound(0.1, 0.4, 0.2) == "undecided"


def test_theorem_1_holds_below_the_threshold_and_claims_nothing_above():
    rows = check_theorem_1(
        cosines=[0.0, 0.5, 0.9],
        norm_ratios=[1.0, 3.0],
        norms=[1, "sqrt_width"],
        widths=[16, 64, 256],
        trials=1000,
        seed=0,
    )
    assert len(rows) == 3 * 2 * 2 * 3
    for row in rows:
        claimed = row["cosine"] < cosine_threshold(row["norm_ratio"])
        assert row["holds"] == ("yes" if claimed else "no claim")
        assert np.isfinite(row["bound"]) == claimed
        assert row["estimate_low"] <= row["estimate"] <= row["estimate_high"]
        if claimed and row["bound"] < 1:
            assert row["width"] * row["estimate_high"] <= row["bound"] * row["width"]
    falling = [r for r in rows if (r["cosine"], r["norm_ratio"], r["norm"]) == (0.9, 3.0, "1")]
    assert falling[-1]["estimate"] > 0.9


def test_failures_fall_much_faster_than_the_bound():
    rows = check_theorem_1(
        cosines=[0.75], norm_ratios=[1.0], norms=[1], widths=[8, 128], trials=20_000, seed=0
    )
    assert rows[1]["estimate_high"] < rows[0]["estimate_low"] / 16**2


# Lemma 3


def test_lemma_3_equality_to_rounding_and_inequality():
    rows = check_lemma_3(
        cosines=[-1.0, -0.5, 0.0, 0.5, 0.99, 1.0], norm_ratios=[1.0, 3.0], norms=[0.5, 1, 22.6]
    )
    assert len(rows) == 6 * 2 * 3 * 2
    assert {row["holds"] for row in rows} == {"yes"}
    for row in rows[::2]:
        scale = (row["norm_ratio"] * float(row["norm"])) ** 2 + 1
        assert abs(row["estimate"] - row["bound"]) <= 1e-12 * scale
    gaps = [row["estimate"] - row["bound"] for row in rows[1::2]]
    assert min(gaps) > -1e-12 * 600
    assert max(gaps) > 0.5


def test_lemma_3_expectations_are_those_of_real_layers():
    u, v = np.array([0.9, 0.3]), np.array([-0.2, 1.1])
    norm, ratio = np.linalg.norm(v), np.linalg.norm(u) / np.linalg.norm(v)
    cosine = u @ v / (np.linalg.norm(u) * norm)
    linear, rectified = check_lemma_3(cosines=[cosine], norm_ratios=[ratio], norms=[norm])
    rng = np.random.default_rng(0)
    width = 2_000_000
    weights, bias = rng.standard_normal((width, 2)), rng.standard_normal(width)
    a, b = weights @ u + bias, weights @ v + bias
    assert linear["bound"] == pytest.approx(1 + u @ v)
    assert linear["estimate"] == pytest.approx(np.mean(a * b), abs=5e-3)
    assert rectified["estimate"] == pytest.approx(2 * np.mean(relu(a) * relu(b)), abs=1e-2)


# Theorem 2


def test_equicorrelated_inputs():
    vectors = equicorrelated_vectors(0.3, 5)
    np.testing.assert_allclose(vectors @ vectors.T, 0.3 + 0.7 * np.eye(5), atol=1e-15)


@pytest.mark.parametrize("cosine", [0.0, 0.5, 0.9])
def test_share_of_two_inputs_is_the_closed_form(cosine):
    (row,) = check_theorem_2(
        cosines=[cosine],
        widths=[256],
        depth=1,
        networks=400,
        n_inputs=2,
        n_bootstrap=500,
        biases=["normal"],
        seed=1,
    )
    expected = (arc_cosine_kernel((1 + cosine) / 2) - 1 / np.pi) / (1 - 1 / np.pi)
    assert row["infinite_width"] == pytest.approx(expected, abs=1e-15)
    assert row["estimate"] == pytest.approx(expected, abs=0.01)
    assert row["estimate_low"] <= expected <= row["estimate_high"]
    assert row["bound"] == pytest.approx(cosine, abs=1e-12)
    assert row["holds"] == "yes"


def test_without_bias_the_bound_is_violated():
    assert closed_form_share(0.5) == pytest.approx(0.4264, abs=5e-5)
    (row,) = check_theorem_2(
        cosines=[0.5],
        widths=[256],
        depth=1,
        networks=200,
        n_inputs=4,
        n_bootstrap=500,
        biases=["none"],
        seed=0,
    )
    assert row["estimate"] == pytest.approx(0.426, abs=0.01)
    assert (row["bound"], row["holds"]) == (pytest.approx(0.5), "no")


def test_deeper_layers_follow_the_recursion_and_keep_the_bound():
    rows = check_theorem_2(
        cosines=[0.5],
        widths=[256],
        depth=4,
        networks=100,
        n_inputs=6,
        n_bootstrap=300,
        biases=["normal"],
        seed=0,
    )
    assert [row["layer"] for row in rows] == [1, 2, 3, 4]
    assert {row["holds"] for row in rows} == {"yes"}
    for row in rows:
        assert row["estimate"] == pytest.approx(row["infinite_width"], abs=0.02)
    # β of a layer is about the cosine of the outputs before it.
    assert rows[1]["bound"] == pytest.approx(arc_cosine_kernel(0.75), abs=0.02)


def test_network_moments_match_the_outputs():
    inputs = equicorrelated_vectors(0.2, 3)
    (means, within), (unbiased_means, _) = network_moments(
        np.random.default_rng(5),
        [(inputs, "normal"), (inputs, "none")],
        width=4,
        depth=1,
        networks=2,
    )
    rng = np.random.default_rng(5)
    for network in range(2):
        weights = rng.standard_normal((5, 4), dtype=np.float32) / np.float32(2)
        outputs = relu(inputs @ weights[1:] + weights[0])
        np.testing.assert_allclose(means[0, network], outputs.mean(0), atol=1e-6)
        without = relu(inputs @ weights[1:]).mean(0)
        np.testing.assert_allclose(unbiased_means[0, network], without, atol=1e-6)
        expected = np.trace(np.cov(outputs.T))
        assert within[1, network] == pytest.approx(expected, abs=1e-6)
    np.testing.assert_allclose(within[0], 1 - 0.2)


def test_variance_components_are_unbiased():
    rng = np.random.default_rng(0)
    networks, width, m = 40, 50, 3
    shares = []
    for _ in range(200):
        between = np.sqrt(0.3) * rng.standard_normal((networks, 1, width))
        values = 2 + between + np.sqrt(0.7) * rng.standard_normal((networks, m, width))
        within = values.var(axis=1, ddof=1).sum(axis=1)
        ones = np.ones((1, networks))
        shares.append(variance_share(values.mean(axis=1), within, m, ones)[0])
    assert np.mean(shares) == pytest.approx(0.3, abs=4 * np.std(shares) / np.sqrt(200))


def test_bootstrap_of_variance_components_covers():
    rng = np.random.default_rng(0)
    networks, width, m, covered = 60, 20, 3, 0
    for _ in range(200):
        between = np.sqrt(0.3) * rng.standard_normal((networks, 1, width))
        values = between + np.sqrt(0.7) * rng.standard_normal((networks, m, width))
        within = values.var(axis=1, ddof=1).sum(axis=1)
        counts = rng.multinomial(networks, np.full(networks, 1 / networks), 400)
        draws = variance_share(values.mean(axis=1), within, m, counts)
        low, high = np.quantile(draws, (0.025, 0.975))
        covered += low <= 0.3 <= high
    assert 176 <= covered <= 198
