"""Two clouds and what belongs together: pictures, and the texts of each picture."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from modgap.errors import InputError
from modgap.statistics.geometry import normalise
from modgap.tables import (
    BY_ID,
    BY_ROW,
    PROVENANCE_KEYS,
    check_same_provenance,
    read_embeddings,
    read_metadata,
    read_table,
)


@dataclass(frozen=True)
class Pair:
    """The two modalities of an embedding set, raw.

    first : (n, dim), one row per picture.
    second : (m, dim), one row per text.
    owner : (m,) row of ``first`` that each text belongs to.
    texts : DataFrame, m rows: the samples table's columns; empty of columns for ready embeddings.
    ids : (n,) sample_id of the pictures.
    notes : lines on what was left out when the two sides were joined.
    """

    first: np.ndarray
    second: np.ndarray
    owner: np.ndarray
    texts: pd.DataFrame
    ids: np.ndarray
    notes: tuple = ()

    def choose(self, caption):
        """Keep the ``first`` or ``last`` caption of each picture, or ``all``."""
        if caption == "all":
            return self
        keep = "first" if caption == "first" else "last"
        rows = np.flatnonzero(~pd.Series(self.owner).duplicated(keep=keep))
        return replace(
            self,
            second=self.second[rows],
            owner=self.owner[rows],
            texts=self.texts.iloc[rows].reset_index(drop=True),
        )


def load_pair(first, second, samples):
    """Read both modalities and join them on the picture.

    Parameters
    ----------
    first, second : lists of embedding shards.
    samples : path of the samples table, or None for ready embeddings.

    Texts of pictures that were left out as unreadable are left out too. Ready embeddings are joined
    by their ids, and what has no partner is left out and counted; without ids, row i belongs to
    row i.

    Raises
    ------
    InputError : provenance that disagrees, other widths, pictures without a text, or modalities
        of different length where rows pair by position.
    """
    ids, X, about = read_embeddings(first)
    text_ids, Y, text_about = read_embeddings(second)
    # The files of ready embeddings differ from modality to modality.
    keys = [key for key in PROVENANCE_KEYS if samples is not None or key != "dataset_sha256"]
    check_same_provenance(first[0], about, second[0], text_about, keys)
    if X.shape[1] != Y.shape[1]:
        raise InputError(
            f"{second[0]}: {Y.shape[1]} dimensions, but {first[0]} has {X.shape[1]}; "
            "the two modalities do not share a space"
        )
    notes = ()
    if samples is None:
        ids, text_ids = match_ids(ids, about, text_ids, text_about, (first[0], second[0]))
        partners = ids["sample_id"].isin(text_ids["sample_id"]).to_numpy()
        notes = count_strays(ids, text_ids, partners, (first[0], second[0]))
        X, ids = X[partners], ids[partners]
    position = pd.Series(np.arange(len(ids)), index=ids["sample_id"])
    owner = position.reindex(text_ids["sample_id"]).to_numpy()
    known = ~np.isnan(owner)
    Y, text_ids, owner = Y[known], text_ids[known], owner[known].astype(np.int64)
    lonely = np.setdiff1d(np.arange(len(ids)), owner)
    if len(lonely):
        raise InputError(
            f"{second[0]}: no text for sample {ids['sample_id'].iloc[lonely[0]]!r} of {first[0]}"
        )
    texts = pd.DataFrame(index=range(len(owner)))
    if samples is not None:
        check_same_provenance(samples, read_metadata(samples), first[0], read_metadata(first[0]))
        texts = text_ids.merge(
            read_table(samples), on=["sample_id", "caption_index"], how="left", validate="1:1"
        )
    return Pair(X, Y, owner, texts, ids["sample_id"].to_numpy(), notes)


def match_ids(ids, about, text_ids, text_about, paths):
    """Ids of both sides of ready embeddings in one language: the user's own, or numbers of rows.

    ids, text_ids : DataFrames with ``sample_id``, ``caption_index`` where an item has several rows.
    about, text_about : metadata with ``joined``. paths : of both, for messages.

    Raises
    ------
    InputError : a first side with several rows an item, sides that pair by row and differ in
        number, owners that are no row of the first side, ids on one side only.
    """
    owned = "caption_index" in text_ids
    if "caption_index" in ids:
        raise InputError(
            f"{paths[0]}: has several rows an item, and so belongs second; name the other first"
        )
    sides = about.get("joined"), text_about.get("joined")
    if not owned and BY_ROW in sides and len(ids) != len(text_ids):
        raise InputError(
            f"{paths[1]}: {len(text_ids)} rows, but {paths[0]} has {len(ids)}; row i of both must "
            "be one item, or 'id' or 'owner' must say which rows belong together"
        )
    if sides == (BY_ROW, BY_ID):
        if owned:
            raise InputError(
                f"{paths[0]}: its rows have no ids, which the owners of {paths[1]} are; name their "
                "column with 'id', or give owners as numbers of rows"
            )
        return ids.assign(sample_id=text_ids["sample_id"].to_numpy()), text_ids
    if sides == (BY_ID, BY_ROW):
        if not owned:
            return ids, text_ids.assign(sample_id=ids["sample_id"].to_numpy())
        numbers = text_ids["sample_id"].str.removeprefix("item-").astype(int)
        check_owners(numbers, len(ids), paths)
        return ids, text_ids.assign(sample_id=ids["sample_id"].to_numpy()[numbers])
    if owned and sides == (BY_ROW, BY_ROW):
        numbers = text_ids["sample_id"].str.removeprefix("item-").astype(int)
        check_owners(numbers, len(ids), paths)
    return ids, text_ids


def check_owners(numbers, n, paths):
    """Raise an InputError for the first owner that is no row of the first side."""
    beyond = np.flatnonzero(numbers >= n)
    if len(beyond):
        row = int(beyond[0])
        raise InputError(
            f"{paths[1]}: row {row} is of item {numbers.iloc[row]}, but {paths[0]} has rows 0 to "
            f"{n - 1}"
        )


def count_strays(ids, text_ids, partners, paths):
    """One line on the rows without a partner, if there are any; none with one is an error.

    partners : (n,) whether each row of the first side has a partner.
    """
    surplus = int((~text_ids["sample_id"].isin(ids["sample_id"])).sum())
    missing = int((~partners).sum())
    if missing == len(ids):
        raise InputError(
            f"{paths[1]}: no id in common with {paths[0]} ({text_ids['sample_id'].iloc[0]!r} and "
            f"{ids['sample_id'].iloc[0]!r}, for example); do both name the same items?"
        )
    if not (missing or surplus):
        return ()
    return (
        f"left out {missing} of {len(ids)} rows of the first modality and {surplus} of "
        f"{len(text_ids)} of the second, which have no partner of the same id",
    )


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
