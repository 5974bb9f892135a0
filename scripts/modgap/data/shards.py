"""Folders of embeddings in many files: which shards there are, told from their names alone.

    FOLDER/img_emb/img_emb_0.npy, FOLDER/text_emb/text_emb_0.npy     a folder a modality (.npy or
                                                                     .parquet), as clip-retrieval
    FOLDER/*.npz                                                     two arrays a file, as DataComp
    FOLDER/*.parquet                                                 two columns of vectors a file
    FOLDER/metadata/metadata_0.parquet                               what else is known of the rows

Standard library only: the workflow lists them while it is parsed, and opens none.
"""

import itertools
import os
import re

from modgap.errors import InputError

# What clip-retrieval calls its folders, by the names that their modalities get here.
CLIP_RETRIEVAL = {"image": "img_emb", "text": "text_emb"}

# Formats of one file for both modalities, and of the folders of one.
SHARED, APART = (".npz", ".parquet"), (".npy", ".parquet")

# The folder beside those of the modalities that tells which picture a row is of.
METADATA = "metadata"

NUMBER = re.compile(r"(.*?)([0-9]+)", re.DOTALL)


def sharded_columns(entry):
    """By modality its folder, array or column, of an entry with ``folder``."""
    columns = entry.get("columns")
    return columns if isinstance(columns, dict) else CLIP_RETRIEVAL


def list_shards(entry):
    """The shards of an entry with ``folder``, in their order.

    Parameters
    ----------
    entry : dict: ``folder`` and, where the names are not clip-retrieval's, ``columns``.

    Returns
    -------
    arrays : the array or column of each of the two modalities; None where a file holds nothing
        else. shards : list of [file of the first, file of the second].

    Raises
    ------
    InputError : no such folder, none or two of the layouts in it, a shard of one modality without
        that of the other, a number that is missing between others or there twice.
    """
    folder, columns = entry["folder"], sharded_columns(entry)
    names = list_visible(folder)
    sides = list(columns.values())
    shared = {end: [name for name in names if name.endswith(end)] for end in SHARED}
    found = {f"{end} files": shards for end, shards in shared.items() if shards}
    apart = [name for name in sides if os.path.isdir(os.path.join(folder, name))]
    if apart:
        found[f"the folder{'s' * (len(apart) > 1)} {' and '.join(apart)}"] = []
    if len(found) > 1:
        raise InputError(f"{folder}: holds {' and '.join(found)}; keep one of them there")
    if not found:
        raise InputError(
            f"{folder}: holds neither folders {' and '.join(sides)} nor .npz or .parquet files; "
            "say with 'columns' what the folder or array of each modality is called"
        )
    if apart:
        paths = [list_side(os.path.join(folder, name)) for name in sides]
        return [None, None], match_sides(folder, *paths)
    if "columns" not in entry:
        raise InputError(
            f"{folder}: say with 'columns' which array or column of its files is which modality, "
            "such as {image: b32_img, text: b32_txt}"
        )
    shards = number_shards(folder, *found.values())
    return sides, [[path, path] for path in shards.values()]


def list_visible(folder):
    """Names of the plain files and folders of a folder, without hidden ones."""
    try:
        return sorted(name for name in os.listdir(folder) if not name.startswith("."))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(f"{folder}: no such folder") from error
    except OSError as error:
        raise InputError(f"{folder}: cannot be read ({error.strerror})") from error


def list_side(folder):
    """Paths of the shards of one modality by what they are numbered or called."""
    names = list_visible(folder)
    kinds = {end: [name for name in names if name.endswith(end)] for end in APART}
    kinds = {end: shards for end, shards in kinds.items() if shards}
    if len(kinds) != 1:
        what = "both .npy and .parquet files" if kinds else "neither .npy nor .parquet files"
        raise InputError(f"{folder}: holds {what}; it needs the shards of one modality")
    return number_shards(folder, *kinds.values())


def number_shards(folder, names):
    """Paths of shards by number where all end with one after the same letters, else by name.

    Raises
    ------
    InputError : a number between others that is missing, or that two shards have.
    """
    stems = [os.path.splitext(name)[0] for name in names]
    parts = [NUMBER.fullmatch(stem) for stem in stems]
    if not all(parts) or len({part[1] for part in parts}) > 1:
        return {stem: os.path.join(folder, name) for stem, name in zip(stems, names, strict=True)}
    numbered = {}
    for name, part in zip(names, parts, strict=True):
        number = int(part[2])
        if number in numbered:
            raise InputError(f"{folder}: {numbered[number]} and {name} have one number; remove one")
        numbered[number] = name
    order = sorted(numbered)
    for before, number in itertools.pairwise(order):
        if number != before + 1:
            raise InputError(
                f"{folder}: no shard {before + 1} between {numbered[before]} and "
                f"{numbered[number]}; complete the folder or number the shards anew"
            )
    return {number: os.path.join(folder, numbered[number]) for number in order}


def match_sides(folder, first, second):
    """[file of the first, file of the second] of every shard; both by number or name."""
    for here, there in ((first, second), (second, first)):
        for key, path in here.items():
            if key not in there:
                other = os.path.basename(os.path.dirname(next(iter(there.values()))))
                raise InputError(
                    f"{folder}: {os.path.relpath(path, folder)} has no partner of its number or "
                    f"name in {other}; complete that folder"
                )
    return [[first[key], second[key]] for key in first]


def names_pictures(entry):
    """The column that tells which picture each row of a folder is of, and whether every row is one
    of its own; None where every pair is a picture without a name.
    """
    for key in ("groups", "id"):
        if key in entry:
            return {"column": entry[key], "single": key == "id"}
    return None


def list_ids(entry, shards):
    """Of each shard the files that may hold the ids of its pictures, the first that has them does.

    entry : with ``groups`` or ``id``. shards : of ``list_shards``.

    Raises
    ------
    InputError : no file that could hold them, a shard without one.
    """
    folder = entry["folder"]
    own = [[first] if first.endswith(SHARED) else [] for first, _ in shards]
    beside = os.path.join(folder, METADATA)
    if not os.path.isdir(beside) or shards[0][0] == shards[0][1]:
        if not own[0]:
            key = "groups" if "groups" in entry else "id"
            raise InputError(
                f"{folder}: an .npy has no column {entry[key]!r} for {key!r}; put .parquet files "
                f"that have it into {beside}, one a shard, numbered alike"
            )
        return own
    names = [name for name in list_visible(beside) if name.endswith(".parquet")]
    if not names:
        raise InputError(f"{beside}: holds no .parquet files; it needs one a shard")
    first = list_side(os.path.dirname(shards[0][0]))
    pairs = match_sides(folder, first, number_shards(beside, names))
    return [[*files, path] for files, (_, path) in zip(own, pairs, strict=True)]
