"""What methods are compared on, read from the files of an embedding set."""

import numpy as np
import pandas as pd

from modgap.errors import InputError
from modgap.job import LOG
from modgap.methods.calibration import Calibration
from modgap.methods.splits import FEWEST_PAIRS
from modgap.statistics.clouds import (
    label_indices,
    load_pair,
    picture_labels,
    read_class_vectors,
    read_pictures,
)
from modgap.statistics.geometry import normalise
from modgap.statistics.retrieval import caption_relevance
from modgap.tables import read_table


def read_set(first, second, samples):
    """The pair of an embedding set with all its texts, its rows of unit length, in float64.

    Returns
    -------
    pair : ``clouds.Pair``. X, Y : unit rows of pictures and texts.
    """
    pair = load_pair(first, second, samples)
    return pair, normalise(pair.first), normalise(pair.second)


def read_relevance(pair, samples):
    """codes and kind: what is relevant to what, see ``modgap.statistics.retrieval``."""
    return caption_relevance(pair.texts, pair.owner, samples)


def read_set_labels(pair, labels, columns, name):
    """Label of each picture as an integer, (n,); None where the data has none.

    labels : path of the table that has the columns, or None.
    """
    if labels is None or not columns:
        return None
    table = read_table(labels).drop_duplicates("sample_id").set_index("sample_id")
    pictures = table.reindex(pair.ids).reset_index()
    return pd.factorize(picture_labels(pictures, columns, name))[0]


def read_classes(task):
    """Pictures (n, dim), labels (n,) and class vectors of a zero-shot task.

    task : dict with ``images``, ``prompts``, ``samples``, ``templates``, ``columns``, ``name`` and
    ``prompts_file``.
    """
    classes, vectors = read_class_vectors(task["prompts"], task["templates"])
    X, pictures = read_pictures(task["images"], task["samples"], task["prompts"])
    labels = label_indices(
        picture_labels(pictures, task["columns"], task["name"]),
        list(classes["class"]),
        task["name"],
        task["prompts_file"],
    )
    return X, labels, vectors


def read_other(first, second, samples, dim, name, most, seed):
    """Calibration rows of another embedding set: at most so many pictures.

    Raises
    ------
    InputError : another number of dimensions than the set has.
    """
    pair, X, Y = read_set(first, second, samples)
    if X.shape[1] != dim:
        raise InputError(
            f"{first[0]}: {X.shape[1]} dimensions, but {name!r} has {dim}; calibrate on a set of "
            "the same model"
        )
    whole = Calibration(X, Y, pair.owner)
    if len(X) <= most:
        return whole
    return whole.keep(np.sort(np.random.default_rng(seed).permutation(len(X))[:most]))


def why_left_out(n, name):
    """The line for a set that is too small to compare methods on, or None."""
    if n >= FEWEST_PAIRS:
        return None
    return (
        f"{name}: {n} pairs are too few to compare methods on held-out ones, {FEWEST_PAIRS} are "
        "needed; the comparison of methods is left out"
    )


def warn_of_unseen(labels, calibration, where):
    """Log a line for each class that no calibration picture, and so no text, is of.

    labels : (n,) labels of all pictures, or None. calibration : rows of those that are fitted on.
    """
    if labels is None:
        return []
    missing = np.setdiff1d(labels, labels[calibration])
    if not len(missing):
        return []
    line = (
        f"{where}: {len(missing)} of {len(np.unique(labels))} classes have no calibration texts; "
        "methods are fitted without them, and their pictures are tested all the same"
    )
    LOG.warning(line)
    return [line]
