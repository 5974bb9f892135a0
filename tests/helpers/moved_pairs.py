"""Embeddings moved along a direction one by one, as the text of the paper says it."""

import numpy as np

SHARES = {"both": (0.5, 0.5), "first": (1.0, 0.0), "second": (0.0, 1.0)}


def move_rows(first, second, u, delta, sides="both"):
    """Rows of both modalities after one shift towards each other, each of length one again."""
    of_first, of_second = SHARES[sides]
    return (
        np.array([scale_to_one(row - of_first * delta * u) for row in first]),
        np.array([scale_to_one(row + of_second * delta * u) for row in second]),
    )


def scale_to_one(row):
    return row / np.sqrt(np.sum(row**2))
