"""Held-out linear separability of the two modalities."""

import numpy as np

from modgap.statistics.inference import mean_influence, share_below


def separability(X, Y, owner, *, seed):
    """Logistic regression (C = 1) told which modality a row is; half of the pictures held out.

    A picture and its texts fall on the same side of the split; with ``owner`` None, rows are no
    pairs and each modality is split by itself. With more dimensions than rows any two modalities
    separate perfectly in training, so only the held-out half says something. Both
    modalities weigh the same, whatever the number of texts.

    Returns
    -------
    dict with ``accuracy`` (mean of the two modalities' shares classified right) and ``auc``, each
    a pair (value, influence of each held-out item), and ``held_out``, the number of items.
    """
    # Here, as it takes half a second that most users of this package need not wait for.
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(seed)
    is_held_out = draw_half(len(X), rng)
    text_held_out = draw_half(len(Y), rng) if owner is None else is_held_out[owner]
    held_out = np.flatnonzero(is_held_out)
    model = LogisticRegression(class_weight="balanced", max_iter=1000)
    model.fit(
        np.concatenate([X[~is_held_out], Y[~text_held_out]]),
        np.repeat([1, 0], [(~is_held_out).sum(), (~text_held_out).sum()]),
    )
    first = model.decision_function(X[held_out])
    second = model.decision_function(Y[text_held_out])
    place = None if owner is None else np.searchsorted(held_out, owner[text_held_out])
    return {
        "accuracy": balanced_accuracy(first, second, place),
        "auc": area_under_curve(first, second, place),
        "held_out": len(held_out) if owner is not None else len(first) + len(second),
    }


def draw_half(n, rng):
    """Mask (n,) of half of n items, rounded down."""
    mask = np.zeros(n, dtype=bool)
    mask[rng.permutation(n)[: n // 2]] = True
    return mask


def add_influences(first, second, owner):
    """Influence of each item on mean(first) + mean(second).

    owner : item of each of ``second``; None where the two are independent samples, of which every
    row is an item of its own.
    """
    if owner is not None:
        return first - first.mean() + mean_influence(second, owner, len(first))
    total = len(first) + len(second)
    return np.concatenate(
        [(values - values.mean()) * (total / len(values)) for values in (first, second)]
    )


def balanced_accuracy(first, second, owner):
    """Mean of the shares of ``first`` above and ``second`` below zero, and its influences (n,)."""
    hits_first, hits_second = (first > 0).astype(float), (second <= 0).astype(float)
    influence = add_influences(hits_first, hits_second, owner)
    return (hits_first.mean() + hits_second.mean()) / 2, influence / 2


def area_under_curve(first, second, owner):
    """P(a ``first`` score exceeds a ``second``), ties half, and its influences (n,).

    The influences are DeLong's placement values, added up over a picture and its texts.
    """
    below, above = share_below(first, second), 1 - share_below(second, first)
    return below.mean(), add_influences(below, above, owner)
