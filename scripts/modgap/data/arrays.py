"""Pixel arrays on disk: written as they come, never whole in memory, checked when opened."""

import numpy as np

from modgap.digests import check_digest
from modgap.errors import InputError
from modgap.files import atomic_path


def write_array(path, items, shape, dtype):
    """Write equally shaped items as one ``.npy`` array; return how many there were.

    Parameters
    ----------
    items : iterable of arrays of ``shape`` and ``dtype``; their number need not be known.
    """
    with atomic_path(path) as temporary, open(temporary, "wb") as stream:
        write_header(stream, 0, shape, dtype)
        start = stream.tell()
        n = 0
        for item in items:
            stream.write(np.ascontiguousarray(item, dtype=dtype).data)
            n += 1
        stream.seek(0)
        # numpy leaves room in the header for any length of the first axis.
        write_header(stream, n, shape, dtype)
        if stream.tell() != start:
            raise RuntimeError(f"{path}: numpy changed the length of its header")
    return n


def write_header(stream, n, shape, dtype):
    """The ``.npy`` header of an (n, *shape) array."""
    header = {
        "descr": np.lib.format.dtype_to_descr(np.dtype(dtype)),
        "fortran_order": False,
        "shape": (n, *shape),
    }
    np.lib.format.write_array_header_1_0(stream, header)


def open_array(path):
    """An ``.npy`` that ``write_array`` wrote, memory-mapped, after its digest was checked.

    Raises
    ------
    InputError : damaged, missing, or no array.
    """
    try:
        return np.load(check_digest(path), mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path}: not a readable .npy array ({error}); remove it and run again"
        ) from error
