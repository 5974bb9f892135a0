"""The public interface: what ``import modgap`` offers, measured as the workflow measures it."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from modgap.embeddings.formats.arrays import read_array
from modgap.embeddings.formats.saved_datasets import read_saved_dataset
from modgap.embeddings.ready import as_storage, number_copies, number_rows
from modgap.errors import InputError
from modgap.interface.given import take_given
from modgap.interface.matrix import Matrix
from modgap.interface.measuring import Gap
from modgap.project import read_settings
from modgap.statistics.clouds import find_sources, join_clouds, load_pair
from modgap.tables import BY_ID, BY_ROW, read_table

FEWEST = 4  # leaving one picture out must leave pairs


def load(path, name=None):
    """Embeddings of a file, (n, dim) float16 or float32.

    path : .npy, .npz, .csv, .tsv, .parquet, .arrow, .pt, .pth or .safetensors, or a folder that
        ``save_to_disk`` of HuggingFace ``datasets`` wrote.
    name : array, column or tensor in it, or block 0 or 1 of an array of shape (2, n, dim).

    Raises
    ------
    InputError : see ``embeddings.formats.read_array`` and
        ``embeddings.formats.saved_datasets.read_saved_dataset``.

    >>> import numpy as np, modgap, os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "images.npy")
    ...     np.save(path, np.ones((5, 3)))
    ...     modgap.load(path).shape
    (5, 3)
    """
    if Path(path).is_dir():
        return as_storage(read_saved_dataset(path, name), str(path))
    return as_storage(read_array(str(path), name)[0], str(path))


def gap(
    first, second, groups=None, *, label="your embeddings", caption="first", seed=0,
    modalities=("first", "second"),
):  # fmt: skip
    """The modality gap of two sets of embeddings, as the workflow measures it.

    Parameters
    ----------
    first, second : (n, dim) and (m, dim), raw or normalised: arrays, DataFrames, tensors, lists,
        columns of HuggingFace ``datasets``.
    groups : (m,) for each row of ``second`` its row of ``first``; or, where both have m rows, the
        item of each row, copies counting once. None: row i of both is a pair.
    label : what the line calls them. modalities : names of the two.
    caption : first, last or all of several texts a picture.

    Raises
    ------
    InputError : wrong shapes, values that are not finite, too few rows.

    >>> import numpy as np, modgap
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(50, 8)) + 1
    >>> modgap.gap(X, -X).n
    50
    >>> modgap.gap(X, X[:3])
    Traceback (most recent call last):
    ...
    modgap.errors.InputError: second: 3 rows, but first has 50; row i of both must be one item, ...
    """
    X, Y = (
        take_given(block, name) for block, name in zip((first, second), modalities, strict=True)
    )
    ids, text_ids = (pd.DataFrame({"sample_id": number_rows(range(len(b)))}) for b in (X, Y))
    about = {"joined": BY_ROW}
    if groups is not None:
        keys = np.asarray(groups)
        if keys.shape != (len(Y),):
            raise InputError(f"groups: shape {keys.shape}, expected ({len(Y)},)")
        if len(X) == len(Y):
            about = {"joined": BY_ID}
            ids, X = number_copies([str(key) for key in keys], X, grouped=True)
            text_ids, Y = number_copies([str(key) for key in keys], Y, grouped=True)
        else:
            if not np.issubdtype(keys.dtype, np.integer) or (keys < 0).any():
                raise InputError("groups: expected rows of the first modality, from 0")
            text_ids, Y = number_copies(number_rows(keys.tolist()), Y, grouped=False)
    pair, _ = join_clouds((ids, X, about), (text_ids, Y, about), modalities, ready=True)
    if len(pair.first) < FEWEST:
        raise InputError(f"{modalities[0]}: {len(pair.first)} rows; a gap needs at least {FEWEST}")
    return Gap(pair, label, caption, seed, read_settings("statistics"), tuple(modalities))


def matrix(modalities, *, label="your embeddings", seed=0):
    """The gaps of every pair of two or more modalities of the same items.

    modalities : name -> (n, dim), row i of all being one item. label : what tables call them.

    Raises
    ------
    InputError : fewer than two modalities, and all of ``gap``.

    >>> import numpy as np, modgap
    >>> X = np.random.default_rng(0).normal(size=(50, 8)) + 1
    >>> modgap.matrix({"image": X, "text": -X}).modalities
    ['image', 'text']
    """
    if not isinstance(modalities, dict) or len(modalities) < 2:
        raise InputError('matrix: give two or more modalities: {"image": X, "text": Y}')
    clouds = {str(name): take_given(given, str(name)) for name, given in modalities.items()}
    if len(clouds) < len(modalities):
        raise InputError("matrix: two modalities have the same name")
    gaps = {}
    for first, second in combinations(clouds, 2):
        found = gap(
            clouds[first], clouds[second], label=f"{label}-{first}-{second}", seed=seed,
            modalities=(first, second),
        )  # fmt: skip
        gaps[first, second] = found
    return Matrix(gaps, clouds, label)


def open_set(table):
    """The gap of an embedding set of a run, from its table in ``<results>/statistics/gap``.

    Raises
    ------
    InputError : see ``statistics.clouds.find_sources``.
    """
    files, caption = find_sources(table)
    seed, settings = int(read_table(table)["seed"].iloc[0]), read_settings("statistics")
    pair = load_pair(*files)
    return Gap(pair, Path(table).stem, caption, seed, settings, samples=files[2])
