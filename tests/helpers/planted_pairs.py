"""Pairs with a planted gap, for the tests of methods."""

import numpy as np

from modgap.methods.fits.calibration import Calibration
from modgap.statistics.geometry import normalise


def draw_gap_pairs(n, dim=24, *, gap=0.8, own=0.5, captions=1, seed=0):
    """Pictures (n, dim), texts (n·captions, dim) and their owners; the gap lies along one axis."""
    rng = np.random.default_rng(seed)
    scale = np.arange(1.0, dim + 1) ** -0.3
    content = rng.standard_normal((n, dim)) * scale
    owner = np.repeat(np.arange(n), captions)
    axis = np.eye(dim)[dim // 2] * gap * np.linalg.norm(scale)
    first = content + own * rng.standard_normal((n, dim)) * scale + axis / 2
    second = content[owner] + own * rng.standard_normal((len(owner), dim)) * scale - axis / 2
    return normalise(first), normalise(second), owner


def draw_calibration(n=200, **planted):
    """The same as a ``Calibration``."""
    return Calibration(*draw_gap_pairs(n, **planted))
