"""Random initialisations of one encoder: each its own cone (Figure 2c), and the gap at the start.

Inputs are embeddings of the same n items by k random initialisations. The initialisations are the
independent draws: every interval here is over them, with the items fixed.
"""

import numpy as np
from scipy.special import chdtri

from modgap.errors import InputError
from modgap.statistics.geometry import mean_cosine_from_sum, normalise, signed_axes
from modgap.statistics.inference import LEVEL, jackknife_interval, mean_interval


def cone_separation(features):
    """Mean cosine within a cone and between two cones.

    Parameters
    ----------
    features : (k, n, d) raw embeddings of n items by k networks, k ≥ 2, n ≥ 2

    Returns
    -------
    dict : "within" (pairs of different items of one initialisation), "between" (items, alike or
        not, of two initialisations) and "difference", each (value, low, high). Between is an
        average over pairs of initialisations, so all limits are jackknifed over initialisations;
        two of them leave nothing to compare, and the limits are nan.
    """
    unit = normalise(features)
    k, n, _ = unit.shape
    if k < 2:
        raise InputError("one network has no other cone to compare with; use two or more")
    means = unit.mean(axis=1)
    gram = means @ means.T
    within = np.array([mean_cosine_from_sum(total, n) for total in unit.sum(axis=1)])
    pairs = gram.sum(axis=1) - np.diag(gram)  # of each initialisation with all others
    between = pairs.sum() / (k * (k - 1))
    if k == 2:
        values = {"within": within.mean(), "between": between}
        values["difference"] = values["within"] - between
        return {name: (float(value), np.nan, np.nan) for name, value in values.items()}
    within_left_out = (within.sum() - within) / (k - 1)
    between_left_out = (pairs.sum() - 2 * pairs) / ((k - 1) * (k - 2))
    results = {
        "within": (within.mean(), within_left_out),
        "between": (between, between_left_out),
        "difference": (within.mean() - between, within_left_out - between_left_out),
    }
    return {
        name: tuple(map(float, (value, *jackknife_interval(value, left_out))))
        for name, (value, left_out) in results.items()
    }


def principal_components(features, n_components=2):
    """PCA of all unit vectors of all initialisations together.

    Parameters
    ----------
    features : (k, n, d)

    Returns
    -------
    coordinates : (k, n, n_components); each component points so that its coordinate of largest
        magnitude is positive
    singular_values : (d,), of the centred (k·n, d) matrix, falling
    """
    unit = normalise(features)
    k, n, dim = unit.shape
    _, coordinates, squares = signed_axes(
        unit.reshape(k * n, dim), n_components, centred=True, signs="coordinates"
    )
    return coordinates.reshape(k, n, -1), np.sqrt(np.maximum(squares, 0))


def spectrum_drop(singular_values, k):
    """How the PCA spectrum falls after k − 1 components.

    k tight cones are k points, which span k − 1 directions around their mean.

    Returns
    -------
    drop : ratio of singular values k − 1 and k (counted from 1)
    largest_after : after how many of the first 2k components the ratio is largest
    share : share of the variance in the first k − 1 components

    Raises
    ------
    InputError : fewer than k dimensions.
    """
    if len(singular_values) < k:
        raise InputError(
            f"{k} initialisations need embeddings of at least {k} dimensions for the PCA "
            f"spectrum; these have {len(singular_values)}"
        )
    head = singular_values[: 2 * k + 1]
    # Beyond the rank of the data only rounding is left, and ratios of it mean nothing.
    head = head[head > head[0] * 1e-10]
    ratios = head[:-1] / head[1:]
    variances = singular_values**2
    drop = singular_values[k - 2] / singular_values[k - 1] if singular_values[k - 1] else np.inf
    return (
        float(drop),
        int(ratios.argmax()) + 1,
        float(variances[: k - 1].sum() / variances.sum()),
    )


def initial_gaps(first, second):
    """The gap of k untrained two-tower models, and what independent cones predict for it.

    With μx and μy the mean unit vectors of the two modalities, gap² = ‖μx‖² + ‖μy‖² − 2 μx·μy; for
    cones in independent directions the last term is small, cos(μx, μy) being roughly N(0, 1/d).

    Parameters
    ----------
    first, second : (k, n, d) and (k, m, d) raw embeddings

    Returns
    -------
    dict of (k,) arrays: "gap", "predicted" = √(‖μx‖² + ‖μy‖²), "cosine" = cos(μx, μy)
    """
    means = normalise(first).mean(axis=1), normalise(second).mean(axis=1)
    norms = [np.linalg.norm(mean, axis=1) for mean in means]
    return {
        "gap": np.linalg.norm(means[0] - means[1], axis=1),
        "predicted": np.hypot(*norms),
        "cosine": np.einsum("ij,ij->i", *means) / (norms[0] * norms[1]),
    }


def independence_of_cones(gaps, dim):
    """Numbers that show, or refute, that the gap at the start is the cones' doing.

    Parameters
    ----------
    gaps : what ``initial_gaps`` returned for k initialisations
    dim : width of the embeddings

    Returns
    -------
    dict of (value, low, high): the means over initialisations of the gap, of the prediction, of
        their ratio (1 if the cones point in independent directions) and of cos(μx, μy) (0), and
        the standard deviation of cos(μx, μy)·√d (1), with chi-square limits.
    """
    k = len(gaps["gap"])
    scaled = gaps["cosine"] * np.sqrt(dim)
    tails = chdtri(k - 1, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    low, high = scaled.std(ddof=1) * np.sqrt((k - 1) / tails)
    means = {
        "gap": gaps["gap"],
        "predicted_gap": gaps["predicted"],
        "gap_ratio": gaps["gap"] / gaps["predicted"],
        "cosine_of_means": gaps["cosine"],
    }
    return {
        **{name: (values.mean(), *mean_interval(values)) for name, values in means.items()},
        "cosine_of_means_sd_sqrt_dim": (float(scaled.std(ddof=1)), float(low), float(high)),
    }
