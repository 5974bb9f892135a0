"""What methods are compared on, read from the files of an embedding set."""

from textwrap import shorten

import numpy as np
import pandas as pd

from modgap.errors import InputError
from modgap.job import LOG
from modgap.methods.fits.calibration import Calibration, check_differing
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

# Classes that a message names, and letters of each.
NAMED_CLASSES, NAME_WIDTH = 2, 24


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
    """Label of each picture as an integer, (n,), and the classes; None twice where there are none.

    labels : path of the table that has the columns, or None.
    """
    if labels is None or not columns:
        return None, None
    table = read_table(labels).drop_duplicates("sample_id").set_index("sample_id")
    pictures = table.reindex(pair.ids).reset_index()
    return pd.factorize(picture_labels(pictures, columns, name))


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
    InputError : another number of dimensions than the set has, or a side of equal rows.
    """
    pair, X, Y = read_set(first, second, samples)
    if X.shape[1] != dim:
        raise InputError(
            f"{first[0]}: {X.shape[1]} dimensions, but {name!r} has {dim}; calibrate on a set of "
            "the same model"
        )
    whole = Calibration(X, Y, pair.owner)
    if len(X) > most:
        whole = whole.keep(np.sort(np.random.default_rng(seed).permutation(len(X))[:most]))
    check_differing(whole.moments, second[0])
    return whole


def why_left_out(n, name):
    """The line for a set that is too small to compare methods on, or None."""
    if n >= FEWEST_PAIRS:
        return None
    return (
        f"{name}: {n} pairs are too few to compare methods on held-out ones, {FEWEST_PAIRS} are "
        "needed; the comparison of methods is left out"
    )


def warn_of_unseen(labels, classes, calibration, where):
    """Log a line with the classes that no calibration picture, and so no text, is of.

    labels : (n,) class of each picture as a place in ``classes``, or None. calibration : rows of
    those that are fitted on. where : the set and the file of its labels.

    Returns
    -------
    list with the line, or an empty one.
    """
    missing = [] if labels is None else np.setdiff1d(labels, labels[calibration])
    if not len(missing):
        return []
    named = ", ".join(repr(shorten(str(classes[i]), NAME_WIDTH)) for i in missing[:NAMED_CLASSES])
    more = f" and {len(missing) - NAMED_CLASSES} more" if len(missing) > NAMED_CLASSES else ""
    line = (
        f"{where}: no calibration texts of {named}{more}, of {len(classes)} classes; methods are "
        "fitted without them and tested on their pictures all the same; add pairs of them, or "
        "leave them out"
    )
    LOG.warning(line)
    return [line]
