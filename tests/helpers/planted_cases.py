"""Planted embeddings of which it is known what each method must do."""

import numpy as np

from modgap.methods.comparing import measure_method, prepare_setting, tabulate_changes
from modgap.methods.fits.calibration import Calibration
from modgap.methods.fits.registry import METHODS, TRANSLATIONS
from modgap.methods.outcomes.classes import LabelledSet
from modgap.statistics.geometry import normalise
from modgap.statistics.retrieval import own_relevance

CONTROLS = tuple(name for name, method in METHODS.items() if method.kind == "control")
N_CLASSES, DIM = 10, 32


def draw_translated(n, seed, *, offset=1.2):
    """Pictures, two texts each, owners: one content, and texts moved along its largest axis."""
    rng = np.random.default_rng(seed)
    scale = np.arange(1.0, DIM + 1) ** -0.5
    scale /= np.linalg.norm(scale)
    content = rng.standard_normal((n, DIM)) * scale
    owner = np.repeat(np.arange(n), 2)
    axis = offset / 2 * np.eye(DIM)[0]
    first = content + 0.4 * rng.standard_normal((n, DIM)) * scale + axis
    second = content[owner] + 0.4 * rng.standard_normal((2 * n, DIM)) * scale - axis
    return normalise(first), normalise(second), owner


def draw_classes(n, seed, *, ratio=0.6):
    """Balanced pictures and texts whose classes have shares ∝ ratio^c, for zero-shot.

    Returns
    -------
    calibration : ``Calibration`` of n unpaired pictures and texts. labelled : ``LabelledSet`` of n
    other pictures with the classes' own vectors as prompts.
    """
    rng = np.random.default_rng(seed)
    centres = np.eye(DIM)[:N_CLASSES]
    cones = [np.eye(DIM)[N_CLASSES], np.eye(DIM)[N_CLASSES + 1]]
    shares = ratio ** np.arange(N_CLASSES)

    def rows(labels, cone):
        own = 0.25 * rng.standard_normal((len(labels), DIM))
        return normalise(cone + centres[labels] + own)

    balanced = np.arange(n) % N_CLASSES
    skewed = rng.choice(N_CLASSES, n, p=shares / shares.sum())
    calibration = Calibration(rows(balanced, cones[0]), rows(skewed, cones[1]))
    prompts = normalise(cones[1] + centres)
    pictures = np.arange(n)
    labelled = LabelledSet(rows(balanced, cones[0]), balanced, prompts, pictures, pictures % 50)
    return calibration, labelled


def draw_without_gap(n, seed):
    """Pairs that share content about one common centre, the origin."""
    rng = np.random.default_rng(seed)
    scale = np.arange(1.0, DIM + 1) ** -0.3
    content, own, other = rng.standard_normal((3, n, DIM)) * scale
    return normalise(content + 0.7 * own), normalise(content + 0.7 * other), np.arange(n)


def draw_exchangeable(n, seed):
    """Isotropic rows; any text might be any picture's."""
    first, second = np.random.default_rng(seed).standard_normal((2, n, DIM))
    return normalise(first), normalise(second), np.arange(n)


def tabulate_family(draw, names, n, seed, *, n_draws=499):
    """All tested cells of some methods on one draw, as the comparison makes them."""
    X, Y, owner = draw(n, seed)
    setting = prepare_setting(X, Y, owner, *own_relevance(owner, n), seed=seed)
    measured = {name: measure_method(name, setting, refits=False) for name in ("raw", *names)}
    frame = tabulate_changes(measured, n_draws=n_draws, seed=seed)
    return frame[frame["p"].notna()]


# Cases (c) and (d): how pairs are drawn, and the methods that must not be found to change anything.
GREY = {
    "no gap": (draw_without_gap, TRANSLATIONS),
    "exchangeable pairs": (draw_exchangeable, CONTROLS),
}
