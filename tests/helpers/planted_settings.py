"""A setting with all tasks, of planted pairs."""

import numpy as np

from modgap.methods.comparing import prepare_setting
from modgap.statistics.geometry import normalise
from modgap.statistics.retrieval import own_relevance
from planted_pairs import draw_gap_pairs

N, DIM = 220, 16


def make_setting(captions=2, labelled=True, **planted):
    X, Y, owner = draw_gap_pairs(N, DIM, captions=captions, **planted)
    codes, kind = own_relevance(owner, N)
    labels = (X[:, 0] > 0).astype(int)
    prompts = normalise(np.stack([Y[labels[owner] == c].mean(axis=0) for c in (0, 1)]))
    others = draw_gap_pairs(90, DIM, seed=5)[0]
    classes = {"zero-shot": (others, (others[:, 0] > 0).astype(int), prompts)}
    return prepare_setting(
        X, Y, owner, codes, kind, labels=labels, classes=classes if labelled else None, seed=1
    )
