"""Zero-shot classification after a method: accuracy, and how evenly classes are predicted.

Class prompts are texts: they are transformed as texts, with means of calibration and never with
their own.
"""

from typing import NamedTuple

import numpy as np

from modgap.methods.fits.transforms import apply_transform, item_terms, score_items
from modgap.methods.outcomes.evaluation import Result


class LabelledSet(NamedTuple):
    """Pictures (n, dim) with labels (n,), class vectors (n_classes, dim), and the pictures' groups
    and parts (n,).
    """

    first: np.ndarray
    labels: np.ndarray
    prompts: np.ndarray
    groups: np.ndarray
    parts: np.ndarray


def class_scores(transform, labelled):
    """Scores of all classes for every picture, (n, n_classes)."""
    pictures = apply_transform(transform, labelled.first, "first")
    prompts = apply_transform(transform, labelled.prompts, "second")
    terms = item_terms(transform, prompts, np.ones(len(prompts), dtype=bool), "first")
    return score_items(transform, pictures @ prompts.T, terms)


def measure_classes(transform, labelled, task="zero-shot"):
    """Accuracy, Gini of predictions and of labels: dict from (task, measure) to ``Result``."""
    predicted = class_scores(transform, labelled).argmax(axis=1)
    hits = (predicted == labelled.labels).astype(float)
    n_classes = len(labelled.prompts)
    left_out = left_out_means(hits, labelled.parts)
    return {
        (task, "accuracy"): Result(hits, labelled.groups, float(hits.mean()), left_out),
        (task, "gini"): Result(None, None, gini(np.bincount(predicted, minlength=n_classes))),
        (task, "gini_of_labels"): Result(
            None, None, gini(np.bincount(labelled.labels, minlength=n_classes))
        ),
    }


def left_out_means(values, parts):
    """Mean of values (n,) without each part, (k,)."""
    sums, counts = np.bincount(parts, weights=values), np.bincount(parts)
    return (values.sum() - sums) / (len(values) - counts)


def gini(counts):
    """Gini coefficient of counts (C,): 0 where all are equal, 1 − 1/C where one has everything.

    2 Σ r·m₍r₎ / (C Σ m) − (C + 1)/C with m₍r₎ increasing (Sato et al., arXiv 2609.01103).
    """
    ordered = np.sort(np.asarray(counts, dtype=float))
    size = len(ordered)
    return float(2 * np.arange(1, size + 1) @ ordered / (size * ordered.sum()) - (size + 1) / size)
