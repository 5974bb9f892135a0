"""Embedded pictures and class prompts, and the labels that must fit them."""

import numpy as np

from modgap.errors import InputError
from modgap.geometry import normalise
from modgap.pairs import load_pair
from modgap.tables import check_same_provenance, read_embeddings, read_metadata, read_table


def read_class_vectors(path, templates):
    """Classes (DataFrame with class and category) and their unit vectors (n_classes, dim).

    path : embedded prompts. templates : which set of them.
    """
    rows, vectors, _ = read_embeddings([path])
    chosen = np.flatnonzero(rows["templates"] == templates)
    return rows.iloc[chosen].reset_index(drop=True), normalise(vectors[chosen])


def read_pictures(images, samples, prompts):
    """Unit embeddings (n, dim) of the pictures and their rows of the samples table.

    images : embedding shards. prompts : embedded prompts, which must come from the same model.
    """
    ids, X, provenance = read_embeddings(images)
    check_same_provenance(images[0], provenance, prompts, read_metadata(prompts))
    table = read_table(samples).drop_duplicates("sample_id")
    return normalise(X), ids.merge(table, on="sample_id", how="left", validate="1:1")


def read_clouds(first, second, samples, caption):
    """Unit rows of both modalities of the embedding set that gives the gap direction."""
    pair = load_pair(first, second, samples).choose(caption)
    return normalise(pair.first), normalise(pair.second)


def picture_labels(samples, columns, where):
    """Label of every row of a samples table: the columns' values joined by a space.

    Raises
    ------
    InputError : a column that is not there, or a value that is missing.
    """
    for column in columns:
        if column not in samples:
            known = ", ".join(samples.columns)
            raise InputError(f"{where}: the samples have no column {column!r}; there are {known}")
        if samples[column].isna().any():
            sample = samples["sample_id"][samples[column].isna()].iloc[0]
            raise InputError(f"{where}: {sample} has no {column}; zero-shot needs it everywhere")
    return samples[list(columns)].agg(" ".join, axis=1) if len(columns) > 1 else samples[columns[0]]


def label_indices(labels, classes, where, prompts, *, complete=True):
    """Position of each label among the classes, (n,) int64.

    Parameters
    ----------
    labels : Series of n strings. classes : list of labels that pictures may have.
    where : the dataset, for messages. prompts : the prompt file, for messages.
    complete : whether every class must have a picture.

    Raises
    ------
    InputError : a label without a prompt, a class without a picture, only one class.
    """
    position = {label: i for i, label in enumerate(classes)}
    for label in labels.unique():
        if label not in position:
            raise InputError(
                f"{where}: label {label!r} has no prompt; add it to the classes of {prompts}"
            )
    present = set(labels)
    if len(present) < 2:
        raise InputError(f"{where}: only one class, {labels.iloc[0]!r}; zero-shot needs two")
    for label in classes:
        if complete and label not in present:
            raise InputError(
                f"{where}: no picture of class {label!r} of {prompts}; take more pictures or "
                "remove the class"
            )
    return labels.map(position).to_numpy(dtype=np.int64)
