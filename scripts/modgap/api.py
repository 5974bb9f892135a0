"""The public interface: what ``import modgap`` offers, measured as the workflow measures it."""

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from modgap.embeddings.formats import read_array
from modgap.embeddings.ready import as_storage, number_copies, number_rows
from modgap.errors import InputError
from modgap.inputs import check_file
from modgap.measured import Gap, Matrix
from modgap.project import project_folder
from modgap.statistics.clouds import find_sources, join_clouds, load_pair
from modgap.tables import BY_ID, BY_ROW, read_table
from modgap.yaml_files import read_yaml

FEWEST = 4  # leaving one picture out must leave pairs


def gap(
    first,
    second,
    groups=None,
    *,
    label="your embeddings",
    modalities=("first", "second"),
    caption="first",
    seed=0,
):
    """The modality gap of two sets of embeddings, as the workflow measures it.

    Parameters
    ----------
    first, second : (n, dim) and (m, dim), raw or normalised: arrays, data frames, tensors, columns
        of HuggingFace datasets, lists.
    groups : (m,) for each row of ``second`` its row of ``first``; or, where both have m rows, the
        item of each row, copies counting once. None: row i of both is a pair.
    label, modalities : what the line and figures call them. caption : which of several texts a
        picture, ``first``, ``last`` or ``all``. seed : of resampling.

    Returns
    -------
    ``measured.Gap``: prints as a line; ``value``, ``interval``, ``n``, ``table()``, ``plot()``,
    ``compare(other)``.

    Raises
    ------
    InputError : wrong shapes, values that are not finite, too few rows.

    >>> import numpy as np, modgap
    >>> rng = np.random.default_rng(0)
    >>> images = rng.normal(size=(60, 8)) + 1
    >>> texts = images + rng.normal(size=(60, 8)) - 2
    >>> modgap.gap(images, texts, label="mine")  # doctest: +ELLIPSIS
    mine: gap 1.307 [1.246, 1.363], n = 60: above the random twin of the published CLIP pairs ...
    >>> modgap.gap(images, np.repeat(texts, 2, axis=0), groups=np.repeat(range(60), 2)).n
    60
    """
    X, Y = take_given(first, "first"), take_given(second, "second")
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
    pair, _ = join_clouds((ids, X, about), (text_ids, Y, about), ("first", "second"), ready=True)
    if len(pair.first) < FEWEST:
        raise InputError(f"first: {len(pair.first)} rows; a gap needs at least {FEWEST}")
    return Gap(pair, label, caption, seed, read_settings(), tuple(modalities))


def matrix(modalities, *, label="your embeddings", seed=0):
    """The gaps of every two of several modalities whose rows i belong together.

    modalities : name -> (n, dim), two or more, as ``gap`` takes them.

    Returns
    -------
    ``measured.Matrix``: prints as a table; ``gaps``, ``table()``, ``plot()``.

    Raises
    ------
    InputError : fewer than two, and all that ``gap`` raises.

    >>> import numpy as np, modgap
    >>> rng = np.random.default_rng(0)
    >>> image, text, audio = rng.normal(size=(3, 60, 8)) + np.array([1, -1, 0])[:, None, None]
    >>> found = modgap.matrix({"image": image, "text": text, "audio": audio})
    >>> [f"{a}-{b} {gap.value:.1f}" for (a, b), gap in found.gaps.items()]
    ['image-text 1.5', 'image-audio 0.7', 'text-audio 0.8']
    """
    if len(modalities) < 2:
        raise InputError(f"matrix: {len(modalities)} modalities; a gap is between two")
    clouds = {str(name): take_given(rows, name) for name, rows in modalities.items()}
    gaps = {
        pair: gap(
            *(clouds[name] for name in pair), label="-".join(pair), modalities=pair, seed=seed
        )
        for pair in combinations(clouds, 2)
    }
    return Matrix(clouds, gaps, label)


def load(path, name=None):
    """Embeddings of a file or a saved dataset, (n, dim) float16 or float32.

    Parameters
    ----------
    path : .npy, .npz, .csv, .tsv, .parquet, .arrow, .pt, .pth or .safetensors; or the folder of a
        HuggingFace dataset (``save_to_disk``).
    name : array, column or tensor in it, or block 0 or 1 of an array of shape (2, n, dim).

    Raises
    ------
    InputError : see ``embeddings.formats.read_array``; a folder that is no dataset.

    >>> import os, tempfile, numpy as np, modgap
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(os.path.join(folder, "images.npy"), np.ones((5, 3)))
    ...     modgap.load(os.path.join(folder, "images.npy")).shape
    (5, 3)
    """
    if Path(path).is_dir():
        parts = [read_array(part, name)[0] for part in list_dataset_files(path)]
        widths = {part.shape[1] for part in parts}
        if len(widths) > 1:
            raise InputError(f"{path}: its files differ in width: {sorted(widths)}")
        return as_storage(np.concatenate(parts), str(path))
    return as_storage(read_array(str(path), name)[0], str(path))


def list_dataset_files(folder):
    """The arrow files of a dataset that ``datasets`` has saved to disk, in order.

    Raises
    ------
    InputError : no such dataset, or one of several splits (they are named).
    """
    if Path(folder, "dataset_dict.json").is_file():
        splits = sorted(path.name for path in Path(folder).iterdir() if path.is_dir())
        raise InputError(f"{folder}: has splits; name the folder of one ({', '.join(splits)})")
    state = Path(folder, "state.json")
    if not state.is_file():
        raise InputError(
            f"{folder}: a folder, but no dataset saved by save_to_disk (no state.json); name a file"
        )
    try:
        files = [entry["filename"] for entry in json.loads(state.read_text("utf-8"))["_data_files"]]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{state}: does not name the files of the dataset") from error
    if not files or any(Path(file).name != file for file in files):
        raise InputError(f"{state}: names no files of this folder")
    return [str(check_file(str(Path(folder, file)))) for file in files]


def open_set(table):
    """The gap of an embedding set of a run, from its table in ``<results>/statistics/gap``.

    Raises
    ------
    InputError : see ``statistics.clouds.find_sources``.
    """
    files, caption = find_sources(table)
    seed = int(read_table(table)["seed"].iloc[0])
    return Gap(
        load_pair(*files), Path(table).stem, caption, seed, read_settings(), samples=files[2]
    )


def read_settings():
    """The default configuration."""
    return read_yaml(project_folder() / "config" / "config.yaml")


def take_given(given, where):
    """An array, DataFrame, tensor or column of lists as (n, dim) float16 or float32.

    Raises
    ------
    InputError : no (n, dim) of floats, values that are not finite, rows of zeros.
    """
    if hasattr(given, "detach"):  # a torch tensor, without importing torch
        given = given.detach().cpu()
        given = given.float() if str(given.dtype) == "torch.bfloat16" else given
    try:
        block = np.asarray(given if hasattr(given, "__array__") else list(given))
        if block.dtype == object:  # a column of lists
            block = np.stack([np.asarray(row) for row in block.reshape(-1)])
    except (TypeError, ValueError) as error:
        raise InputError(f"{where}: no (n, dim) array ({error})") from error
    if not np.issubdtype(block.dtype, np.floating) or block.ndim != 2 or 0 in block.shape:
        raise InputError(
            f"{where}: {block.dtype} of shape {block.shape}, expected (n, dim) floating point"
        )
    return as_storage(block, where)
