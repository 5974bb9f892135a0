"""What people hand over as embeddings: arrays, frames, tensors, lists, columns of datasets."""

import os

import numpy as np

from modgap.embeddings.ready import as_storage
from modgap.errors import InputError


def take_given(given, where):
    """Embeddings as (n, dim) float16 or float32.

    given : array, DataFrame, torch tensor, list of rows, or a column whose slices are one of
        these, as those of HuggingFace ``datasets``. where : what messages call it.

    Raises
    ------
    InputError : no (n, dim) of floats, values that are not finite, rows of zeros.
    """
    if isinstance(given, str | os.PathLike):
        raise InputError(f"{where}: {str(given)!r} is a path; read it with modgap.load(path)")
    try:
        block = as_numbers(given)
    except (TypeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{where}: no (n, dim) array of numbers ({reason})") from error
    if not np.issubdtype(block.dtype, np.floating) or block.ndim != 2 or 0 in block.shape:
        raise InputError(
            f"{where}: {block.dtype} of shape {block.shape}, expected (n, dim) floating point"
        )
    return as_storage(block, where)


def as_numbers(given):
    """An array of whatever shape; no package is imported that is not there already."""
    if hasattr(given, "detach"):  # a torch tensor
        given = given.detach().cpu()
        given = given.float() if str(given.dtype) == "torch.bfloat16" else given
    elif not hasattr(given, "__array__") and not isinstance(given, list | tuple):
        if isinstance(given, dict) or hasattr(given, "column_names"):
            names = ", ".join(map(str, getattr(given, "column_names", given)))
            raise ValueError(f"these are columns, give one of them: {names}")
        given = given[:] if hasattr(given, "__getitem__") else list(given)
        if not isinstance(given, list | tuple):
            return as_numbers(given)
    if isinstance(given, list | tuple):
        given = [as_numbers(row) if hasattr(row, "detach") else row for row in given]
    block = np.asarray(given)
    if block.dtype == object and block.ndim == 1:  # a column of lists
        block = np.array([np.asarray(row, dtype=float) for row in block])
    return block.astype(np.float64) if block.dtype == object else block
