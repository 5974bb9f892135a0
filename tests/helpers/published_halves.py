"""Methods on the published CLIP pairs, fitted on one half and scored on the other, both ways."""

from typing import NamedTuple

import numpy as np

from modgap.methods.fits.calibration import Calibration
from modgap.methods.fits.registry import fit_method
from modgap.methods.outcomes.evaluation import TestPairs, measure_retrieval, move_held_out
from modgap.statistics.geometry import normalise
from modgap.statistics.retrieval import own_relevance

CLIP = "data/published/features_clip.npy"
RECALL = ("text to picture", "recall1")


class Reference(NamedTuple):
    """A method with its parameters, and its recall in gap-methods §7.1 (5 repeats, ± 0.01)."""

    method: str
    parameters: dict
    recall: float


VALUES = {
    "raw": Reference("raw", {}, 0.608),
    "shift, gap to 0": Reference("shift", {}, 0.445),
    "shift, not renormalised": Reference("shift_unscaled", {}, 0.522),
    "random vector": Reference("random_vector", {}, 0.554),
    "mean removal": Reference("mean_removal", {}, 0.594),
    "one shared mean": Reference("shared_mean", {}, 0.501),
    "partial mean, 0.5": Reference("partial_mean", {"share": 0.5}, 0.615),
    "gap projected out": Reference("projection", {}, 0.438),
    "standardised dimensions": Reference("standardising", {}, 0.591),
    "whitening, shrunk 0.3": Reference("whitening", {"shrinkage": 0.3}, 0.528),
    "ReAlign": Reference("realign", {}, 0.382),
    "Procrustes, centred": Reference("procrustes", {}, 0.275),
    "NNN, k 8, α 0.75": Reference("nnn", {"k": 8, "alpha": 0.75}, 0.672),
    "CSLS": Reference("csls", {}, 0.658),
    "QB-Norm, everywhere": Reference("qb_norm", {"dynamic": False}, 0.656),
    "dual softmax": Reference("dual_softmax", {}, 0.731),
}
# Random vectors whose mean counts.
N_VECTORS = 20


def read_pairs(path):
    """Unit rows of pictures and texts, float64."""
    return [normalise(rows.astype(float)) for rows in np.load(path, allow_pickle=False)]


def calibrate(pairs):
    """Pairs of rows as a ``Calibration``."""
    return Calibration(*pairs, np.arange(len(pairs[0])))


def halve_pairs(pairs, repeats):
    """(``Calibration`` of one half, rows of both modalities of the other) twice a repeat."""
    n, found = len(pairs[0]), []
    for repeat in range(repeats):
        order = np.random.default_rng(repeat).permutation(n)
        halves = [calibrate([rows[half] for rows in pairs]) for half in np.split(order, 2)]
        for fitted, scored in (halves, halves[::-1]):
            found.append((fitted, (scored.first, scored.second)))
    return found


def text_recall(transform, pairs):
    """Recall@1 of the texts among their pictures, as every comparison measures it."""
    n = len(pairs[0])
    own, nothing = np.arange(n), np.zeros(n, dtype=int)
    test = TestPairs(*pairs, own, *own_relevance(own, n), own, nothing, None, np.zeros(n))
    return measure_retrieval(transform, test, move_held_out(transform, test), brief=True)[
        RECALL
    ].value


def measure_halves(name, halves):
    """Recall of a method of ``VALUES`` in every half, (2·repeats,)."""
    method, parameters, _ = VALUES[name]
    drawn = [{"seed": seed} for seed in range(N_VECTORS)] if name == "random vector" else [{}]
    return np.array(
        [
            np.mean(
                [text_recall(fit_method(method, fitted, parameters | one), scored) for one in drawn]
            )
            for fitted, scored in halves
        ]
    )
