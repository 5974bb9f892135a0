"""Two clouds and what belongs together: pictures, and the texts of each picture."""

import os
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from modgap.errors import InputError
from modgap.statistics.geometry import normalise
from modgap.statistics.joining import count_strays, describe_joining, match_ids
from modgap.tables import (
    PROVENANCE_KEYS,
    UNPAIRED,
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

    def keep(self, pictures):
        """These pictures (rows of ``first``, in this order) with all their texts, and no others."""
        place = np.full(len(self.first), -1)
        place[pictures] = np.arange(len(pictures))
        rows = np.flatnonzero(place[self.owner] >= 0)
        return replace(
            self,
            first=self.first[pictures],
            second=self.second[rows],
            owner=place[self.owner[rows]],
            texts=self.texts.iloc[rows].reset_index(drop=True),
            ids=self.ids[pictures],
        )


def load_pair(first, second, samples, read=read_embeddings):
    """Read both modalities and join them on the picture.

    Parameters
    ----------
    first, second : lists of embedding shards.
    samples : path of the samples table, or None for ready embeddings.
    read : what reads the files, like ``read_embeddings``.

    Texts of pictures that were left out as unreadable are left out too. Ready embeddings are joined
    by their ids, and what has no partner is left out and counted; without ids, row i belongs to
    row i.

    Raises
    ------
    InputError : provenance that disagrees, other widths, pictures without a text, or modalities
        of different length where rows pair by position.
    """
    if not are_pairs(first):
        raise InputError(f"{first[0]}: its rows are no pairs (paired: false)")
    ids, X, about = read(first)
    text_ids, Y, text_about = read(second)
    # The files of ready embeddings differ from modality to modality.
    keys = [key for key in PROVENANCE_KEYS if samples is not None or key != "dataset_sha256"]
    check_same_provenance(first[0], about, second[0], text_about, keys)
    pair, text_ids = join_clouds(
        (ids, X, about), (text_ids, Y, text_about), (first[0], second[0]), ready=samples is None
    )
    if samples is None:
        return pair
    check_same_provenance(samples, read_metadata(samples), first[0], read_metadata(first[0]))
    texts = text_ids.merge(
        read_table(samples), on=["sample_id", "caption_index"], how="left", validate="1:1"
    )
    return replace(pair, texts=texts)


def join_clouds(first, second, paths, *, ready):
    """The pair of two clouds, and the ids of its texts; ``load_pair`` says what is left out.

    Parameters
    ----------
    first, second : (ids, rows (n, dim), metadata) of each, as ``read_embeddings`` returns them.
    paths : of both, for messages. ready : whether they are ready embeddings.

    Raises
    ------
    InputError : other widths, pictures without a text, and all of ``joining.match_ids``.
    """
    (ids, X, about), (text_ids, Y, text_about) = first, second
    if X.shape[1] != Y.shape[1]:
        raise InputError(
            f"{paths[1]}: {Y.shape[1]} dimensions, but {paths[0]} has {X.shape[1]}; "
            "the two modalities do not share a space"
        )
    notes = ()
    if ready:
        # Messages name the user's own files.
        files = about.get("source", paths[0]), text_about.get("source", paths[1])
        if "caption_index" not in text_ids:
            notes = describe_joining(about, text_about, files)
        ids, text_ids = match_ids(ids, about, text_ids, text_about, files)
        partners = ids["sample_id"].isin(text_ids["sample_id"]).to_numpy()
        notes += count_strays(ids, text_ids, partners, files)
        X, ids = X[partners], ids[partners]
    position = pd.Series(np.arange(len(ids)), index=ids["sample_id"])
    owner = position.reindex(text_ids["sample_id"]).to_numpy()
    known = ~np.isnan(owner)
    Y, text_ids, owner = Y[known], text_ids[known], owner[known].astype(np.int64)
    lonely = np.setdiff1d(np.arange(len(ids)), owner)
    if len(lonely):
        raise InputError(
            f"{paths[1]}: no text for sample {ids['sample_id'].iloc[lonely[0]]!r} of {paths[0]}"
        )
    texts = pd.DataFrame(index=range(len(owner)))
    return Pair(X, Y, owner, texts, ids["sample_id"].to_numpy(), notes), text_ids


def are_pairs(first):
    """Whether rows of one modality belong to rows of another; ready embeddings may say no."""
    return read_metadata(first[0]).get("joined") != UNPAIRED


def load_unpaired(first, second):
    """Raw rows (n, dim) and (m, dim) of two modalities of which no row belongs to another's.

    Raises
    ------
    InputError : other widths.
    """
    X, Y = read_embeddings(first)[1], read_embeddings(second)[1]
    if X.shape[1] != Y.shape[1]:
        raise InputError(
            f"{second[0]}: {Y.shape[1]} dimensions, but {first[0]} has {X.shape[1]}; "
            "the two modalities do not share a space"
        )
    return X, Y


def sample_pictures(n, limit, seed):
    """Rows of at most ``limit`` of n pictures, drawn at random without repetition; increasing."""
    if n <= limit:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).permutation(n)[:limit])


def sample_pairs(pair, limit, seed):
    """At most ``limit`` pictures of a pair, drawn at random, each with all its texts.

    What compares every picture with every other would take hours on many; the same pictures are
    drawn for everything that does. At or below ``limit`` the pair itself.
    """
    if len(pair.first) <= limit:
        return pair
    return pair.keep(sample_pictures(len(pair.first), limit, seed))


def describe_sample(n, total):
    """Metadata of a table about n of ``total`` pictures; empty where they are all."""
    return {} if n == total else {"sampled": {"pictures": n, "of": total}}


def count_pictures(parts, n):
    """Pictures behind a cloud: n, or as many as those n were drawn from (of shards)."""
    return read_metadata(parts[0]).get("sampled", {}).get("of", n)


def draw_queries(clouds, limit, seed):
    """At most ``limit`` pictures, with all their texts, of the samples of two modalities that are
    read shard by shard.

    clouds : path of each sample.

    Returns
    -------
    X (q, dim), Y (m, dim), owner (m,) : unit rows, and the picture of each text. ids : (q,)
    sample_id of the pictures.
    """
    pair = load_pair(*([path] for path in clouds), None)
    pair = pair.keep(sample_pictures(len(pair.first), limit, seed))
    return (normalise(pair.first), normalise(pair.second), pair.owner), pair.ids


def name_sources(table, first, second, samples, caption):
    """What a table of an embedding set says of the files it was measured from (metadata).

    Paths are relative to the table's own folder, so that a results folder can be moved whole.
    """
    folder = os.path.dirname(table)

    def relative(paths):
        return [os.path.relpath(path, folder) for path in paths]

    sources = {"first": relative(first), "second": relative(second)}
    sources["samples"] = relative([] if samples is None else [samples])
    return {"sources": sources, "caption": caption}


def find_sources(table):
    """The files that an embedding set of any run was measured from: (first, second, samples),
    and its caption.

    table : its table of statistics, with the metadata of ``name_sources``.

    Raises
    ------
    InputError : a table that does not say, or files that are not there any more.
    """
    about = read_metadata(table)
    if "sources" not in about:
        raise InputError(
            f"{table}: does not say which embeddings it was measured from, an older version made "
            "it; run its configuration again"
        )
    found = {
        side: [os.path.normpath(os.path.join(os.path.dirname(table), path)) for path in paths]
        for side, paths in about["sources"].items()
    }
    for path in [*found["first"], *found["second"], *found["samples"]]:
        if not os.path.isfile(path):
            raise InputError(
                f"{path}: no such file, but {table} was measured from it; run that configuration "
                "again"
            )
    samples = next(iter(found["samples"]), None)
    return (found["first"], found["second"], samples), about["caption"]


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


def number_pictures(samples):
    """Number of the picture that each row shows, (n,) int: the same for all crops of one file."""
    names = samples["sample_id"]
    if "image" in samples:
        names = samples["image"].where(samples["image"].notna(), names)
    return pd.factorize(names)[0]


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
