"""Random networks against the reference curves of ten seeds, and the closed forms against loops."""

import json

import numpy as np
import pytest
from scipy.special import erf, expit

from modgap.cones.random_networks import (
    ACTIVATIONS,
    ARCHITECTURES,
    BIASES,
    Variant,
    apply_layer,
    depth_curves,
    draw_layer,
    layer_normalise,
    mean_cosines,
)
from modgap.errors import InputError

SMALL = {"n_inputs": 60, "input_size": 32, "width": 32, "depth": 4, "seed": 3}
PUBLISHED = {"normal": "normal", "uniform": "uniform_default", "none": "none"}


def cosine_matrix(x):
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    return unit @ unit.T


@pytest.fixture(scope="module")
def reference(shared):
    path = shared("reference/reference_published_features.json")
    return json.loads(path.read_text())["mlp_layerwise_10_seeds"]


@pytest.fixture(scope="module")
def published_size(reference):
    """Off-diagonal and with-diagonal means over two seeds at the paper's size."""
    published = [name for name in ACTIVATIONS if "GELU" not in name]
    variants = [Variant(activation, bias) for activation in published for bias in BIASES]
    size = {"n_inputs": 1024, "input_size": 512, "width": 512, "depth": 25}
    runs = [depth_curves(variants, **size, seed=seed) for seed in range(2)]
    return variants, np.mean([off for off, _ in runs], 0), np.mean([on for _, on in runs], 0)


def test_agrees_with_the_reference_at_every_depth(reference, published_size):
    variants, off_diagonal, with_diagonal = published_size
    for variant, off, on in zip(variants, off_diagonal, with_diagonal, strict=True):
        key = f"{variant.activation}|bias={PUBLISHED[variant.bias]}"
        tolerance = 4 * np.array(reference[key]["std_incl_diag_ddof1"]) + 1e-9
        assert np.all(np.abs(on - reference[key]["mean_incl_diag"]) <= tolerance), key
        assert np.all(np.abs(off - reference[key]["mean_offdiag"]) <= tolerance), key
    assert len(variants) == len(reference) == 18


def test_first_relu_layer_gives_one_over_pi(published_size):
    variants, off_diagonal, _ = published_size
    cosine = off_diagonal[variants.index(Variant("ReLU", "none")), 1]
    assert cosine == pytest.approx(1 / np.pi, abs=2e-3)


def test_without_bias_tanh_and_linear_show_no_cone(published_size):
    variants, off_diagonal, _ = published_size
    for activation in ("Tanh", "Linear"):
        assert np.abs(off_diagonal[variants.index(Variant(activation, "none"))]).max() < 1e-3


def test_mean_cosines_equal_the_mean_over_the_matrix():
    x = np.random.default_rng(0).normal(0.3, 1, (40, 7))
    matrix = cosine_matrix(x)
    off, on = mean_cosines(x)
    assert on == pytest.approx(matrix.mean(), abs=1e-14)
    assert off == pytest.approx(matrix[~np.eye(40, dtype=bool)].mean(), abs=1e-14)


def test_mean_cosines_refuses_a_zero_vector():
    with pytest.raises(InputError, match="vector 1 of 3 is all zeros"):
        mean_cosines(np.array([[1.0, 0], [0, 0], [0, 1]]))


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Sigmoid", expit),
        ("ReLU", lambda z: z * (z > 0)),
        ("LeakyReLU", lambda z: np.where(z > 0, z, 0.01 * z)),
        ("Tanh", np.tanh),
        ("Linear", lambda z: z),
        ("GELU", lambda z: z * (1 + erf(z / np.sqrt(2))) / 2),
        ("QuickGELU", lambda z: z * expit(1.702 * z)),
    ],
)
def test_activations(name, plain):
    z = np.linspace(-6, 6, 101)
    np.testing.assert_allclose(ACTIVATIONS[name](z.astype(np.float32)), plain(z), atol=1e-6)


def test_maxout_takes_the_larger_of_two_pieces():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((5, 8), dtype=np.float32)
    weights, biases = draw_layer(rng, 8, 6)
    out = apply_layer(x, Variant("Maxout", "uniform"), weights, biases)
    pieces = [x @ w + b for w, b in zip(weights, biases["uniform"], strict=True)]
    np.testing.assert_allclose(out, np.maximum(*pieces), rtol=1e-6)


def test_residual_and_normalised_layers_are_what_they_say():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((5, 8), dtype=np.float32)
    weights, biases = draw_layer(rng, 8, 8)
    w, b = weights[0], biases["normal"][0]

    def out(architecture):
        return apply_layer(x, Variant("ReLU", "normal", architecture), weights, biases)

    def relu(z):
        return np.maximum(z, 0)

    np.testing.assert_allclose(out("plain"), relu(x @ w + b), rtol=1e-5)
    np.testing.assert_allclose(out("residual"), x + relu(x @ w + b), rtol=1e-5)
    np.testing.assert_allclose(out("normalised"), relu(layer_normalise(x @ w + b)), rtol=1e-5)
    expected = x + relu(layer_normalise(x) @ w + b)
    np.testing.assert_allclose(out("residual_normalised"), expected, rtol=1e-5)
    normed = layer_normalise(x)
    np.testing.assert_allclose(normed.mean(1), 0, atol=1e-6)
    np.testing.assert_allclose(normed.var(1), 1, atol=1e-4)


def test_a_curve_does_not_depend_on_the_others():
    every = [Variant(a, b) for a in ACTIVATIONS for b in BIASES]
    every += [Variant("GELU", "normal", architecture) for architecture in ARCHITECTURES]
    together, _ = depth_curves(every, **SMALL)
    for i in (0, 10, len(every) - 1):
        alone, _ = depth_curves([every[i]], **SMALL)
        np.testing.assert_array_equal(alone[0], together[i])


def test_the_seed_decides_the_curve():
    curves = [
        depth_curves([Variant("ReLU", "normal")], **SMALL | {"seed": s})[0] for s in (3, 3, 4)
    ]
    np.testing.assert_array_equal(curves[0], curves[1])
    assert np.abs(curves[0] - curves[2]).max() > 1e-4


def test_input_size_may_differ_from_the_width():
    size = SMALL | {"input_size": 10}
    off, on = depth_curves([Variant("ReLU", "normal", "residual")], **size)
    assert off.shape == on.shape == (1, SMALL["depth"] + 1)
    assert np.all(np.diff(off[0]) > 0)


def test_unknown_names_are_refused():
    with pytest.raises(InputError, match="unknown activation 'Swish'; use Sigmoid"):
        depth_curves([Variant("Swish", "none")], **SMALL)
