"""Moments as files: an .npz of plain arrays, of symmetric matrices one triangle. Nothing pickled.

The archive has a checksum of every array, which reading compares.
"""

import json
import zipfile
import zlib

import numpy as np

from modgap.errors import InputError
from modgap.files import atomic_path
from modgap.inputs import check_file
from modgap.statistics.moments.squares import KeptSquares, SummedSquares
from modgap.statistics.moments.sums import PairMoments, SideMoments

SIDES = ("first", "second")
OF_SIDE = ("counts", "sums", "own", "repeats", "within", "weighted", "norms")
OF_PAIR = ("matched", "matched_squares", "owned", "cross", "cosines")


def write_moments(path, pairs, about):
    """Write ``PairMoments`` and a JSON-able dict on what they are of."""
    arrays = {name: getattr(pairs, name) for name in OF_PAIR}
    for name in SIDES:
        side = getattr(pairs, name)
        arrays |= {f"{name}.{key}": getattr(side, key) for key in OF_SIDE}
        arrays |= {f"{name}.squares.{key}": value for key, value in pack_squares(side.squares)}
    told = json.dumps({**about, "pictures": pairs.first.pictures}, sort_keys=True)
    arrays["about"] = np.frombuffer(told.encode(), dtype=np.uint8)
    with atomic_path(path) as temporary, open(temporary, "wb") as stream:
        np.savez(stream, **arrays)


def pack_squares(squares):
    """Names and arrays of ``KeptSquares`` or ``SummedSquares``."""
    if isinstance(squares, KeptSquares):
        yield "rows", squares.rows
        yield "groups", squares.groups
    else:
        upper = np.triu_indices(squares.squares.shape[1])
        yield "upper", squares.squares[:, *upper]
        yield "sums", squares.sums
        yield "counts", squares.counts


def read_moments(path):
    """``PairMoments`` and the dict that ``write_moments`` stored with them.

    Raises
    ------
    InputError : a file that is damaged or no such file.
    """
    try:
        with open(check_file(path), "rb") as stream, np.load(stream, allow_pickle=False) as stored:
            return unpack_moments(stored)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(
            f"{path}: not readable moments ({' '.join(str(error).split())}); remove it and give "
            "the same command again"
        ) from error


def unpack_moments(stored):
    """``read_moments`` of an open archive."""
    about = json.loads(bytes(stored["about"]))
    pictures = about.pop("pictures")
    sides = {}
    for name in SIDES:
        arrays = {key: stored[f"{name}.{key}"] for key in OF_SIDE}
        squares = unpack_squares(stored, f"{name}.squares", len(arrays["counts"]))
        sides[name] = SideMoments(pictures=pictures, squares=squares, **arrays)
    return PairMoments(**sides, **{key: stored[key] for key in OF_PAIR}), about


def unpack_squares(stored, name, n_groups):
    """The squares of one side of an open archive."""
    if f"{name}.rows" in stored:
        return KeptSquares(stored[f"{name}.rows"], stored[f"{name}.groups"], n_groups)
    sums = stored[f"{name}.sums"]
    groups, dim = sums.shape
    squares = np.empty((groups, dim, dim))
    rows, columns = np.triu_indices(dim)
    upper = stored[f"{name}.upper"]
    squares[:, rows, columns] = upper
    squares[:, columns, rows] = upper
    return SummedSquares(squares, sums, stored[f"{name}.counts"])


def merge_files(paths):
    """Moments of several files added up in their order, and what the first is of.

    Raises
    ------
    InputError : files of other groups, widths or data.
    """
    total, about = read_moments(paths[0])
    for path in paths[1:]:
        other, other_about = read_moments(path)
        if other_about != about or other.owned.shape != total.owned.shape:
            raise InputError(
                f"{path}: of other data than {paths[0]}; remove both and give the same command "
                "again"
            )
        total.add(other)
    return total, about
