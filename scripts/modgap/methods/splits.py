"""Calibration, validation and test: split by picture, what is equal on one side.

owner   (m,) picture of each text
groups  (n,) group of each picture; equal pictures, and pictures with equal texts, are one
"""

from typing import NamedTuple

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from modgap.errors import InputError
from modgap.statistics.retrieval import label_equal_rows

FEWEST_PAIRS = 200
TEST_SHARE, VALIDATION_SHARE = 0.4, 0.2
MOST_TESTED, MOST_VALIDATED = 2_000, 1_000
# Texts that so large a share of the pictures has in common are templates, as names of classes.
TEMPLATE_SHARE = 0.1
# A refit leaves one of so many parts of the calibration pictures out.
LEFT_OUT = 3
SMALLEST_CALIBRATION = 32
# Unit rows nearer than this are of one picture: float32 embeddings of two batches differ by less.
SAME_ROW = 1e-5


class Split(NamedTuple):
    """Rows of the pictures of each part, increasing."""

    calibration: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def tie_pictures(X, Y, owner):
    """Groups of pictures that must stay together, (n,) numbered from 0, and whether texts tied.

    Equal rows of X are one picture. Pictures that share an equal row of Y are one too, unless that
    ties more than a tenth of all together: then texts are templates that say nothing of a single
    picture, and only pictures tie.
    """
    n = len(X)
    pictures = label_equal_rows(X)
    texts = label_equal_rows(Y)
    by_text = join_groups(n, pictures, owner, texts)
    if np.bincount(by_text).max() <= max(TEMPLATE_SHARE * n, 2):
        return by_text, True
    return np.unique(pictures, return_inverse=True)[1], False


def join_groups(n, pictures, owner, texts):
    """Connected components of pictures over equal pictures and equal texts, (n,)."""
    n_labels, n_texts = int(pictures.max()) + 1, int(texts.max()) + 1
    starts = np.concatenate([np.arange(n), owner])
    ends = np.concatenate([n + pictures, n + n_labels + texts])
    size = n + n_labels + n_texts
    graph = coo_matrix((np.ones(len(starts)), (starts, ends)), shape=(size, size))
    found = connected_components(graph, directed=False)[1][:n]
    return np.unique(found, return_inverse=True)[1]


def split_pictures(groups, seed, *, most_tested=MOST_TESTED):
    """``Split`` of pictures into calibration, validation and test, whole groups at a time.

    Four tenths are tested, two validated, at most ``most_tested`` and 1,000; the rest calibrates.

    Raises
    ------
    InputError : fewer than 200 pictures.
    """
    n = len(groups)
    if n < FEWEST_PAIRS:
        raise InputError(
            f"{n} pairs are too few to compare methods on held-out ones, {FEWEST_PAIRS} are "
            "needed; the comparison of methods is left out"
        )
    order = np.random.default_rng(seed).permutation(int(groups.max()) + 1)
    place = np.empty(len(order), dtype=int)
    place[order] = np.arange(len(order))
    by_draw = np.argsort(place[groups], kind="stable")
    reached = np.cumsum(np.bincount(place[groups], minlength=len(order)))[place[groups]]
    tested = min(round(TEST_SHARE * n), most_tested)
    validated = min(round(VALIDATION_SHARE * n), MOST_VALIDATED)
    part = np.where(reached <= tested, 2, np.where(reached <= tested + validated, 1, 0))
    rows = [np.sort(by_draw[part[by_draw] == which]) for which in range(3)]
    return Split(*rows)


def calibration_sizes(n):
    """Numbers of calibration pictures to compare: 32, doubled until all n."""
    sizes = []
    size = SMALLEST_CALIBRATION
    while size < n:
        sizes.append(size)
        size *= 2
    return [*sizes, n]


def draw_refits(groups, n_refits, seed):
    """Rows of the pictures that each refit is fitted on: all groups but a random third of them.

    Thirds of the same draw are disjoint, so that every picture is left out about equally often.
    """
    rows = []
    for draw in range(-(-n_refits // LEFT_OUT)):
        parts = deal_groups(groups, LEFT_OUT, [seed, draw])
        rows += [np.flatnonzero(parts != part) for part in range(LEFT_OUT)]
    return rows[:n_refits]


def deal_groups(groups, n_parts, seed):
    """Part of each picture, (n,) 0 … k − 1: whole groups dealt at random into equally many parts.

    k = n_parts, or fewer where there are fewer groups.
    """
    names, place = np.unique(groups, return_inverse=True)
    k = min(n_parts, len(names))
    dealt = np.empty(len(names), dtype=int)
    dealt[np.random.default_rng(seed).permutation(len(names))] = np.arange(len(names)) % k
    return dealt[place]


def unseen_rows(rows, seen, block=4_096):
    """Which unit rows (n, dim) are none of the unit rows ``seen`` (m, dim), (n,) bool.

    A task on other pictures may hold some that a method was fitted or chosen on.
    """
    result = np.ones(len(rows), dtype=bool)
    seen = np.asarray(seen, dtype=float)
    for start in range(0, len(rows), block):
        here = slice(start, start + block)
        nearest = (np.asarray(rows[here], dtype=float) @ seen.T).max(axis=1)
        result[here] = 2 - 2 * nearest > SAME_ROW**2
    return result
