"""Random multi-layer networks: how activation, bias and depth narrow the cone (Figure 2b).

Inputs are standard normal vectors; every layer has fresh weights N(0, 1/width). The mean pairwise
cosine is followed from layer to layer, in float64 and in closed form: it needs only the sum of the
unit vectors. The layers themselves run in float32: a rounding error moves a vector by about 1e-7
and a cosine near 1 by its square.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import erf

from modgap.errors import InputError
from modgap.statistics.geometry import mean_cosine_from_sum

MAXOUT_PIECES = 2
LEAKY_SLOPE = np.float32(0.01)
QUICK_GELU_SLOPE = np.float32(1.702)
LAYER_NORM_EPSILON = np.float32(1e-5)


def sigmoid(z):
    return np.float32(0.5) * (np.float32(1) + np.tanh(np.float32(0.5) * z))


def gelu(z):
    return np.float32(0.5) * z * (np.float32(1) + erf(z * np.float32(np.sqrt(0.5))))


ACTIVATIONS = {
    "Sigmoid": sigmoid,
    "ReLU": lambda z: np.maximum(z, 0),
    "LeakyReLU": lambda z: np.maximum(z, LEAKY_SLOPE * z),
    "Tanh": np.tanh,
    "Linear": lambda z: z,
    "Maxout": lambda z: z,  # the maximum over pieces is taken where the pieces are made
    "GELU": gelu,
    "QuickGELU": lambda z: z * sigmoid(QUICK_GELU_SLOPE * z),
}
BIASES = ("normal", "uniform", "none")
ARCHITECTURES = ("plain", "residual", "normalised", "residual_normalised")


@dataclass(frozen=True)
class Variant:
    """One curve: an activation, the law of the biases, and what surrounds the layer."""

    activation: str
    bias: str
    architecture: str = "plain"


def check_variant(variant):
    """Raise an InputError for a name that does not exist."""
    for kind, known in (
        ("activation", tuple(ACTIVATIONS)),
        ("bias", BIASES),
        ("architecture", ARCHITECTURES),
    ):
        name = getattr(variant, kind)
        if name not in known:
            raise InputError(f"random networks: unknown {kind} {name!r}; use {', '.join(known)}")


def mean_cosines(x, buffer=None):
    """Mean pairwise cosine of the rows of ``x`` (n, d), in float64 and closed form.

    With s the sum of the unit vectors, the mean over all n² pairs is ‖s‖²/n² and the mean over
    the n(n − 1) pairs of different rows is (‖s‖² − n)/(n(n − 1)).

    Parameters
    ----------
    x : (n, d) array, n ≥ 2, no zero row.
    buffer : optional (n, d) float64 array to work in.

    Returns
    -------
    off_diagonal, with_diagonal : floats; the second is what the paper's Figure 2(b) shows.

    Raises
    ------
    InputError : a row is all zeros.
    """
    n = len(x)
    if buffer is None:
        buffer = np.empty(x.shape)
    np.copyto(buffer, x)
    norms = np.sqrt(np.einsum("ij,ij->i", buffer, buffer))
    if not norms.all():
        raise InputError(
            f"vector {int(np.argmin(norms))} of {n} is all zeros and has no direction; "
            "use a larger width"
        )
    total = (1.0 / norms) @ buffer
    return mean_cosine_from_sum(total, n), float(total @ total) / n**2


def draw_layer(rng, size_in, width):
    """Weights and biases of one layer, for all activations and biases at once.

    Returns
    -------
    weights : (MAXOUT_PIECES, size_in, width) float32, N(0, 1/width)
    biases : dict of (MAXOUT_PIECES, width) float32 or None, by the names in ``BIASES``
    """
    scale = np.float32(1 / np.sqrt(width))
    weights = rng.standard_normal((MAXOUT_PIECES, size_in, width), dtype=np.float32) * scale
    return weights, {
        "normal": rng.standard_normal((MAXOUT_PIECES, width), dtype=np.float32) * scale,
        "uniform": rng.uniform(-scale, scale, (MAXOUT_PIECES, width)).astype(np.float32),
        "none": None,
    }


def layer_normalise(x):
    """Rows of ``x`` (n, d) to mean 0 and variance 1, as LayerNorm does at initialisation."""
    centred = x - x.mean(axis=1, keepdims=True)
    variance = np.einsum("ij,ij->i", centred, centred) / np.float32(x.shape[1])
    centred /= np.sqrt(variance + LAYER_NORM_EPSILON)[:, None]
    return centred


def apply_layer(x, variant, weights, biases):
    """One layer of ``variant`` on the rows of ``x`` (n, size_in): (n, width) float32.

    plain: φ(xW + b). residual: x + φ(xW + b). normalised: φ(LN(xW + b)).
    residual_normalised: x + φ(LN(x)W + b), the pre-norm block of a transformer.
    The shortcut is left out where the layer changes the width.
    """
    bias = biases[variant.bias]
    normed = layer_normalise(x) if variant.architecture == "residual_normalised" else x
    z = normed @ weights[0]
    if bias is not None:
        z += bias[0]
    if variant.activation == "Maxout":
        for piece in range(1, MAXOUT_PIECES):
            other = normed @ weights[piece]
            if bias is not None:
                other += bias[piece]
            np.maximum(z, other, out=z)
    if variant.architecture == "normalised":
        z = layer_normalise(z)
    z = ACTIVATIONS[variant.activation](z)
    if variant.architecture.startswith("residual") and x.shape == z.shape:
        z = z + x
    return z


def depth_curves(variants, *, n_inputs, input_size, width, depth, seed):
    """Mean pairwise cosine after 0, 1, ... ``depth`` layers for one draw of the weights.

    All variants see the same inputs, the same weights and, where they have them, the same biases;
    a curve does not depend on which other variants are asked for.

    Parameters
    ----------
    variants : list of Variant
    n_inputs, input_size : the inputs are (n_inputs, input_size) standard normal
    width : units per layer
    seed : int

    Returns
    -------
    off_diagonal, with_diagonal : (len(variants), depth + 1) float64, see ``mean_cosines``
    """
    for variant in variants:
        check_variant(variant)
    rng = np.random.default_rng(seed)
    inputs = rng.standard_normal((n_inputs, input_size), dtype=np.float32)
    curves = np.empty((2, len(variants), depth + 1))
    curves[:, :, 0] = np.array(mean_cosines(inputs))[:, None]
    states = [inputs] * len(variants)
    buffer = np.empty((n_inputs, width))
    for layer in range(1, depth + 1):
        weights, biases = draw_layer(rng, states[0].shape[1], width)
        for i, variant in enumerate(variants):
            states[i] = apply_layer(states[i], variant, weights, biases)
            curves[:, i, layer] = mean_cosines(states[i], buffer)
    return curves[0], curves[1]
