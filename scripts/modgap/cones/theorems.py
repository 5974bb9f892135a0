"""The paper's two theorems and Lemma 3, each measured against the bound it states.

Setting of all three: one layer h = φ(Wx + b) with φ = ReLU and entries of W and b drawn
independently from N(0, 1/width). A row of W meets an input x only through a Gaussian, so pairs of
pre-activations can be drawn directly, and the second moment of a ReLU layer is the first-order
arc-cosine kernel (Cho and Saul 2009): for Gaussians of unit variance and correlation ρ = cos θ,
E[φ(z)φ(z′)] = κ(ρ)/2 with κ(ρ) = (sin θ + (π − θ) cos θ)/π.

Every check yields rows of one form: ``bound`` is what the theorem promises, ``estimate`` with its
limits what was found, ``holds`` one of "yes", "no", "undecided", "no claim".
"""

import math

import numpy as np

from modgap.statistics.inference import LEVEL, clopper_pearson_interval

ROUNDING = 1e-12


def arc_cosine_kernel(rho):
    """κ(ρ) = (sin θ + (π − θ) cos θ)/π with ρ = cos θ: κ(1) = 1, κ(0) = 1/π, κ(−1) = 0."""
    theta = np.arccos(np.clip(rho, -1.0, 1.0))
    return (np.sin(theta) + (np.pi - theta) * np.cos(theta)) / np.pi


# Theorem 1 ------------------------------------------------------------------------------------


def cosine_threshold(norm_ratio):
    """Theorem 1 claims something for cosines below (½(r + 1/r))⁻¹, r the ratio of the norms."""
    return 2.0 / (norm_ratio + 1.0 / norm_ratio)


def count_failures(rng, *, cosine, norm_ratio, norm, width, trials, block_values=2**17):
    """How many of ``trials`` random ReLU layers do not increase the cosine of one pair.

    The pair has ‖v‖ = norm and ‖u‖ = norm_ratio · norm; per unit the pre-activations are
    (‖u‖ g₁ + b, ‖v‖(cos·g₁ + sin·g₂) + b) with g₁, g₂, b independent N(0, 1/width). An output that
    is all zeros has no cosine and counts as a failure.
    """
    # Python numbers keep single precision single: a tie within 1e-6 decides nothing.
    sine, norm = math.sqrt(1 - cosine**2), float(norm)
    per_block = max(1, block_values // width)
    failures = 0
    for start in range(0, trials, per_block):
        shape = (min(per_block, trials - start), width)
        # A common factor of all three (here √width) cancels in the cosine.
        first, second, bias = rng.standard_normal((3, *shape), dtype=np.float32)
        second = norm * (cosine * first + sine * second) + bias
        first = norm * norm_ratio * first + bias
        np.maximum(first, 0, out=first)
        np.maximum(second, 0, out=second)
        inner = np.einsum("ij,ij->i", first, second)
        lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
        failures += int(np.sum(~(inner > cosine * lengths)))
    return failures


def failure_constant(*, cosine, norm_ratio, norm, points=2**16):
    """The constant C of Theorem 1 in P(the cosine does not increase) ≤ C/width.

    With φ, φ′ the outputs of one unit for u and v, the cosine can fail to increase only if the
    mean over the units of X = φφ′ − (c/2)(φ²/t + tφ′²) is not positive, c = max(cos, 0) and t the
    ratio of the root mean squares, because √(ab) ≤ (a/t + tb)/2. The units are independent, so
    Chebyshev's inequality gives C = Var X/(E X)². The pre-activations are Gaussian and X is a
    square of their radius times a function of their angle: one integral over the angle, with
    E R² = 2 and E R⁴ = 8.

    Returns inf where E X ≤ 0, that is where the cosine falls in a wide enough layer.
    """
    first, second = np.sqrt((norm_ratio * norm) ** 2 + 1), np.sqrt(norm**2 + 1)
    correlation = (cosine * norm_ratio * norm**2 + 1) / (first * second)
    angle = 2 * np.pi * (np.arange(points) + 0.5) / points
    a = np.maximum(np.cos(angle), 0)
    b = np.maximum(np.cos(angle - np.arccos(min(correlation, 1.0))), 0)
    x = a * b - max(cosine, 0.0) / 2 * (a**2 + b**2)
    mean, square = 2 * x.mean(), 8 * np.mean(x**2)
    return float((square - mean**2) / mean**2) if mean > 0 else np.inf


def judge_upper_bound(low, high, bound):
    """Does a quantity with limits ``low`` and ``high`` stay below an upper bound?"""
    if high <= bound:
        return "yes"
    return "no" if low > bound else "undecided"


def check_theorem_1(*, cosines, norm_ratios, norms, widths, trials, seed):
    """Theorem 1: one layer raises cos(u, v) with probability at least 1 − O(1/width).

    Parameters
    ----------
    cosines, norm_ratios : of the pairs; norm_ratio is ‖u‖/‖v‖
    norms : ‖v‖, numbers or "sqrt_width" for vectors whose norm is the root of the width
    widths : units of the layer
    trials : random layers per cell

    Returns
    -------
    list of dict, one per (norm, ratio, cosine, width): ``estimate`` is P(the cosine does not
    increase) with Clopper–Pearson limits and ``bound`` is C/width (``failure_constant``).
    ``holds`` is "yes" where the upper limit of width × P is at most C and "no claim" at and above
    the threshold of the theorem.
    """
    cells = [(norm, ratio, cosine) for norm in norms for ratio in norm_ratios for cosine in cosines]
    rows = []
    for index, (norm, ratio, cosine) in enumerate(cells):
        rng = np.random.default_rng([seed, 1, index])
        claimed = cosine < cosine_threshold(ratio)
        for width in widths:
            pair = {
                "cosine": cosine,
                "norm_ratio": ratio,
                "norm": np.sqrt(width) if norm == "sqrt_width" else float(norm),
            }
            failures = count_failures(rng, **pair, width=width, trials=trials)
            low, high = clopper_pearson_interval(failures, trials)
            bound = min(1.0, failure_constant(**pair) / width) if claimed else np.nan
            rows.append(
                {
                    "theorem": "theorem 1",
                    "quantity": "P(cosine does not increase)",
                    "layer": 1,
                    "width": width,
                    "cosine": cosine,
                    "norm_ratio": ratio,
                    "norm": str(norm),
                    "bias": "normal",
                    "bound": bound,
                    "estimate": failures / trials,
                    "estimate_low": low,
                    "estimate_high": high,
                    "interval_method": "Clopper-Pearson 95 %",
                    "n": trials,
                    "holds": judge_upper_bound(low, high, bound) if claimed else "no claim",
                }
            )
    return rows


# Lemma 3 --------------------------------------------------------------------------------------


def check_lemma_3(*, cosines, norm_ratios, norms):
    """Lemma 3: 1 + uᵀv = E[(Wu + b)ᵀ(Wv + b)] ≤ 2 E[φ(Wu + b)ᵀφ(Wv + b)], in closed form.

    With s² = ‖u‖² + 1 and s′² = ‖v‖² + 1 the pre-activations have correlation
    ρ = (1 + uᵀv)/(ss′) and 2 E[φᵀφ] = ss′κ(ρ). A number is its positive minus its negative part,
    z = φ(z) − φ(−z), so that E[zᵀz′] = ss′(κ(ρ) − κ(−ρ)): the equality is checked on the very
    kernel that the inequality uses.

    Parameters
    ----------
    norms : numbers ‖v‖; the width does not enter.

    Returns
    -------
    list of dict, two per (norm, ratio, cosine): ``bound`` is 1 + uᵀv.
    """
    rows = []
    for norm in norms:
        for ratio in norm_ratios:
            for cosine in cosines:
                inner = 1 + cosine * ratio * norm**2
                scale = np.sqrt(((ratio * norm) ** 2 + 1) * (norm**2 + 1))
                positive = scale * arc_cosine_kernel(inner / scale)
                linear = positive - scale * arc_cosine_kernel(-inner / scale)
                shared = {
                    "theorem": "lemma 3",
                    "layer": 1,
                    "cosine": cosine,
                    "norm_ratio": ratio,
                    "norm": str(norm),
                    "bias": "normal",
                    "bound": inner,
                    "interval_method": "none: closed form",
                }
                slack = ROUNDING * scale
                for quantity, value, holds in (
                    ("E[(Wu+b)'(Wv+b)], an equality", linear, abs(linear - inner) <= slack),
                    ("2 E[relu(Wu+b)'relu(Wv+b)]", positive, positive >= inner - slack),
                ):
                    rows.append(
                        {
                            **shared,
                            "quantity": quantity,
                            "estimate": value,
                            "estimate_low": value,
                            "estimate_high": value,
                            "holds": "yes" if holds else "no",
                        }
                    )
    return rows


# Theorem 2 ------------------------------------------------------------------------------------


def closed_form_share(cosine):
    """Share of an output's variance due to the weights, one ReLU layer on unit vectors.

    Two inputs at cosine ρ₀, with a bias N(0, 1/width): the pre-activations have variance 2/width
    and correlation ρ = (1 + ρ₀)/2, so E[h h′] = κ(ρ)/width, E[h²] = 1/width and
    E[h]² = 1/(π width); the covariance of two outputs of one network is the variance due to the
    weights, and its share is (κ(ρ) − 1/π)/(1 − 1/π). Without bias ρ = ρ₀, and the factor ½ that
    all three moments get cancels. ``cosine`` is ρ.
    """
    return (arc_cosine_kernel(cosine) - 1 / np.pi) / (1 - 1 / np.pi)


def equicorrelated_vectors(cosine, count):
    """``count`` unit vectors (count, count + 1) at pairwise cosine ``cosine`` ≥ 0."""
    vectors = np.zeros((count, count + 1))
    vectors[:, 0] = np.sqrt(cosine)
    vectors[:, 1:] = np.sqrt(1 - cosine) * np.eye(count)
    return vectors


def network_moments(rng, starts, *, width, depth, networks):
    """Outputs of random ReLU networks, reduced to what the variance components need.

    Parameters
    ----------
    starts : list of (inputs, bias), inputs (m, size) unit vectors of one size, bias "normal" or
        "none"; all of them meet the same weights

    Returns
    -------
    list of (means, within), one per start:
        means (depth, networks, width), each unit's mean over the inputs;
        within (depth + 1, networks), the trace of the inputs' unbiased covariance, inputs first
    """
    results = []
    for inputs, _ in starts:
        within = np.empty((depth + 1, networks))
        within[0] = inputs.var(axis=0, ddof=1).sum()
        results.append((np.empty((depth, networks, width)), within))
    for network in range(networks):
        states = [inputs.astype(np.float32) for inputs, _ in starts]
        for layer in range(depth):
            weights = rng.standard_normal((states[0].shape[1] + 1, width), dtype=np.float32)
            weights /= np.float32(np.sqrt(width))
            for i, ((_, bias), (means, within)) in enumerate(zip(starts, results, strict=True)):
                x = states[i] @ weights[1:]
                if bias == "normal":
                    x += weights[0]
                states[i] = np.maximum(x, 0)
                means[layer, network] = states[i].mean(axis=0, dtype=np.float64)
                within[layer + 1, network] = states[i].var(axis=0, ddof=1, dtype=np.float64).sum()
    return results


def variance_share(means, within, n_inputs, counts):
    """Share of the variance that lies between networks, by unbiased variance components.

    One-way random effects with networks as groups and inputs within them, pooled over the units:
    σ²_between = (MSB − MSW)/m, share = σ²_between/(σ²_between + MSW).

    Parameters
    ----------
    means : (N, width) mean over the inputs, within : (N,) trace of the covariance over the inputs
    counts : (resamples, N), how often each network was drawn; a row of ones is the sample itself

    Returns
    -------
    (resamples,) shares
    """
    networks, width = means.shape
    centred = means - means.mean(axis=0)
    spread = counts @ (centred**2).sum(axis=1) - ((counts @ centred) ** 2).sum(axis=1) / networks
    between_mean_square = n_inputs * spread / ((networks - 1) * width)
    # A resample of N networks has (N - 1)/N of the sample's variance; the sample itself has not.
    drawn = (counts != 1).any(axis=1)
    between_mean_square[drawn] *= networks / (networks - 1)
    within_mean_square = counts @ within / (networks * width)
    between = (between_mean_square - within_mean_square) / n_inputs
    return between / (between + within_mean_square)


def check_theorem_2(*, cosines, widths, depth, networks, n_inputs, n_bootstrap, biases, seed):
    """Theorem 2: the share of an output's variance due to the weights is at least β.

    ‖U‖ = 1, W and b ~ N(0, 1/width); 1 − β is the trace of the variance of the outputs of the
    layer before, given its weights, averaged over networks. With a bias E‖h‖² = 1 at every layer;
    without one it halves, and β refers to outputs scaled back to 1.

    Parameters
    ----------
    cosines : pairwise cosine of the ``n_inputs`` inputs, all pairs alike
    biases : "normal" is what the theorem assumes, "none" shows that it needs the bias

    Returns
    -------
    list of dict, one per (width, bias, cosine, layer): ``bound`` is β, ``estimate`` the share with
    percentile limits of a bootstrap over networks, ``infinite_width`` what the closed form gives
    layer by layer. ``holds`` is "no" where the upper limit is below the bound, else "yes".
    """
    starts = [(bias, cosine) for bias in biases for cosine in cosines]
    rows = []
    for index, width in enumerate(widths):
        rng = np.random.default_rng([seed, 2, index])
        moments = network_moments(
            rng,
            [(equicorrelated_vectors(cosine, n_inputs), bias) for bias, cosine in starts],
            width=width,
            depth=depth,
            networks=networks,
        )
        counts = rng.multinomial(networks, np.full(networks, 1 / networks), n_bootstrap)
        for (bias, cosine), (means, within) in zip(starts, moments, strict=True):
            rows += share_rows(means, within, counts, n_inputs=n_inputs, cosine=cosine, bias=bias)
    return rows


def share_rows(means, within, counts, *, n_inputs, cosine, bias):
    """The rows of ``check_theorem_2`` for one start and width, one per layer."""
    tail = (1 - LEVEL) / 2
    depth, networks, width = means.shape
    input_cosine, rows = cosine, []
    for layer in range(1, depth + 1):
        pre_activation_cosine = (1 + cosine) / 2 if bias == "normal" else cosine
        squared_norm = 1.0 if bias == "normal" else 0.5 ** (layer - 1)
        bound = 1 - float(within[layer - 1].mean()) / squared_norm
        data = (means[layer - 1], within[layer], n_inputs)
        low, high = np.quantile(variance_share(*data, counts), (tail, 1 - tail))
        rows.append(
            {
                "theorem": "theorem 2",
                "quantity": "share of variance due to the weights",
                "layer": layer,
                "width": width,
                "cosine": input_cosine,
                "norm_ratio": 1.0,
                "norm": "1",
                "bias": bias,
                "bound": bound,
                "estimate": float(variance_share(*data, np.ones((1, networks)))[0]),
                "estimate_low": float(low),
                "estimate_high": float(high),
                "interval_method": "bootstrap over networks 95 %",
                "n": networks,
                "infinite_width": float(closed_form_share(pre_activation_cosine)),
                "holds": "no" if high < bound else "yes",
            }
        )
        cosine = float(arc_cosine_kernel(pre_activation_cosine))
    return rows
