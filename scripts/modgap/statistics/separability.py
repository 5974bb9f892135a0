"""Held-out linear separability of the two modalities."""

import numpy as np
from scipy.stats import rankdata
from sklearn.linear_model import LogisticRegression

from modgap.statistics.inference import mean_influence


def separability(X, Y, owner, *, seed):
    """Logistic regression (C = 1) told which modality a row is; half of the pictures held out.

    A picture and its texts fall on the same side of the split. With more dimensions than rows any
    two modalities separate perfectly in training, so only the held-out half says something. Both
    modalities weigh the same, whatever the number of texts.

    Returns
    -------
    dict with ``accuracy`` (mean of the two modalities' shares classified right) and ``auc``, each
    a pair (value, influence of each held-out picture), and ``held_out``, the number of pictures.
    """
    shuffled = np.random.default_rng(seed).permutation(len(X))
    held_out = np.sort(shuffled[: len(X) // 2])
    is_held_out = np.zeros(len(X), dtype=bool)
    is_held_out[held_out] = True
    text_held_out = is_held_out[owner]
    model = LogisticRegression(class_weight="balanced", max_iter=1000)
    model.fit(
        np.concatenate([X[~is_held_out], Y[~text_held_out]]),
        np.repeat([1, 0], [(~is_held_out).sum(), (~text_held_out).sum()]),
    )
    first = model.decision_function(X[held_out])
    second = model.decision_function(Y[text_held_out])
    place = np.searchsorted(held_out, owner[text_held_out])
    return {
        "accuracy": balanced_accuracy(first, second, place),
        "auc": area_under_curve(first, second, place),
        "held_out": len(held_out),
    }


def balanced_accuracy(first, second, owner):
    """Mean of the shares of ``first`` above and ``second`` below zero, and its influences (n,)."""
    hits_first, hits_second = (first > 0).astype(float), (second <= 0).astype(float)
    influence = hits_first - hits_first.mean() + mean_influence(hits_second, owner, len(first))
    return (hits_first.mean() + hits_second.mean()) / 2, influence / 2


def area_under_curve(first, second, owner):
    """P(a ``first`` score exceeds a ``second``), ties half, and its influences (n,).

    The influences are DeLong's placement values, added up over a picture and its texts.
    """
    ranks = rankdata(np.concatenate([first, second]))
    below = (ranks[: len(first)] - rankdata(first)) / len(second)
    above = (len(first) - (ranks[len(first) :] - rankdata(second))) / len(first)
    influence = below - below.mean() + mean_influence(above, owner, len(first))
    return below.mean(), influence
