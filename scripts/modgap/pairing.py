"""Which text belongs to which picture, across two files of embeddings."""

import numpy as np
import pandas as pd

from modgap.errors import InputError
from modgap.tables import check_same_provenance, read_embeddings


def read_pair(first, second, *, by_position):
    """Read two modalities and match their rows.

    Parameters
    ----------
    first, second : lists of embedding shards.
    by_position : True for ready-made embeddings, whose rows must correspond one to one; False for
        pictures and their texts. Texts whose picture is not in ``first`` (a bad picture that was
        skipped) are left out.

    Returns
    -------
    first_ids (n rows), X (n, dim), second_ids (m rows), Y (m, dim), owner (m,): the row of X that
    each row of Y belongs to.

    Raises
    ------
    InputError : provenance, dimensions or rows disagree; a picture has no text.
    """
    first_ids, X, first_provenance = read_embeddings(first)
    second_ids, Y, second_provenance = read_embeddings(second)
    check_same_provenance(first[0], first_provenance, second[0], second_provenance)
    if X.shape[1] != Y.shape[1]:
        raise InputError(
            f"{second[0]}: embeddings have {Y.shape[1]} dimensions, those of {first[0]} have "
            f"{X.shape[1]}; both modalities must share one space"
        )
    if by_position:
        check_rows_agree(first_ids, second_ids, first[0], second[0])
        return first_ids, X, second_ids, Y, np.arange(len(X))
    pictures = pd.Index(first_ids["sample_id"])
    if pictures.has_duplicates:
        twice = pictures[pictures.duplicated()][0]
        raise InputError(f"{first[0]}: sample_id {twice!r} occurs twice; give each picture its own")
    owner = pictures.get_indexer(second_ids["sample_id"])
    known = owner >= 0
    second_ids, Y, owner = second_ids[known].reset_index(drop=True), Y[known], owner[known]
    without = np.bincount(owner, minlength=len(X)) == 0
    if without.any():
        raise InputError(
            f"{second[0]}: no text for picture {pictures[np.argmax(without)]!r} of {first[0]} "
            f"({without.sum()} of {len(X)} pictures have none); caption them or leave them out"
        )
    return first_ids, X, second_ids, Y, owner


def check_rows_agree(first_ids, second_ids, first, second):
    """Raise an InputError unless both modalities list the same samples in the same order."""
    if len(first_ids) != len(second_ids):
        raise InputError(
            f"{second}: {len(second_ids)} rows, but {first} has {len(first_ids)}; "
            "row i of both must be one pair"
        )
    differs = first_ids["sample_id"].to_numpy() != second_ids["sample_id"].to_numpy()
    if differs.any():
        row = int(np.argmax(differs))
        raise InputError(
            f"{second}: row {row} is sample {second_ids['sample_id'][row]!r}, in {first} it is "
            f"{first_ids['sample_id'][row]!r}; bring both into one order"
        )


def choose_captions(owner, caption_index, caption):
    """Positions of the texts that enter, in picture order.

    caption : "first" or "last" for one text a picture by ``caption_index``, "all" for every text.
    """
    order = np.lexsort([caption_index, owner])
    if caption == "all":
        return order
    sorted_owner = owner[order]
    changes = sorted_owner[1:] != sorted_owner[:-1]
    ends = np.append(changes, True) if caption == "last" else np.insert(changes, 0, True)
    return order[ends]


def caption_indices(ids):
    """``caption_index`` of each row, 0 where the file has no such column."""
    if "caption_index" in ids.columns:
        return ids["caption_index"].to_numpy()
    return np.zeros(len(ids), dtype=int)
