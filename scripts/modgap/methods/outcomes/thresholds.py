"""What a fixed score threshold becomes after a method: the same share of unrelated pairs passes.

Scores of a text with pictures that are not its own are looked at; a threshold t of raw scores that
a share p of these pass becomes the score after the method that p of them pass.
"""

import numpy as np

from modgap.methods.fits.transforms import item_terms, score_items
from modgap.methods.outcomes.evaluation import move_held_out

# Shares of unrelated pairs that pass: one in two to one in ten thousand.
PASSING = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001)


def unrelated_scores(transform, held_out):
    """Scores of every text with every picture it is not true of, (n,)."""
    moved = move_held_out(transform, held_out, dtype=np.float64)
    terms = item_terms(transform, moved.first, np.zeros(len(moved.first), dtype=bool), "second")
    scores = score_items(transform, moved.queries @ moved.first.T, terms)
    codes = held_out.codes[held_out.kind]
    own = codes[np.arange(len(codes)), held_out.owner]
    return scores[codes != own[:, None]]


def translate_thresholds(raw, transform, held_out):
    """Thresholds of raw scores beside those after a method.

    Returns
    -------
    dict of increasing lists: ``passing`` (share of unrelated pairs at or above), ``raw``, ``after``
    and ``n``, the number of unrelated pairs of validation. Shares of fewer than ten pairs are left
    out. Between two of them, interpolate.
    """
    before, after = (unrelated_scores(method, held_out) for method in (raw, transform))
    passing = [share for share in PASSING if share * len(before) >= 10]
    levels = [1 - share for share in passing]
    return {
        "passing": passing,
        "raw": [float(score) for score in np.quantile(before, levels)],
        "after": [float(score) for score in np.quantile(after, levels)],
        "n": len(before),
    }
