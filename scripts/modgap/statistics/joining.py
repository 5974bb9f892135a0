"""Which rows of two modalities of ready embeddings belong together: by id, or by position."""

import numpy as np

from modgap.errors import InputError
from modgap.tables import BY_ID, BY_ROW


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
        remedy = "no pair of rows belongs together" if owned else "name the other modality first"
        both = f" and so has {paths[1]}" if owned else ", and so belongs second"
        raise InputError(f"{paths[0]}: has several rows an item{both}; {remedy}")
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
        if ids["sample_id"].str.isdecimal().all():
            raise InputError(
                f"{paths[1]}: its owners are numbers, and so are the ids of {paths[0]}; name the "
                "column of the ids with 'id', so that owners are ids"
            )
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


def describe_joining(about, text_about, paths):
    """One line where only one side has ids, and rows were paired by position all the same."""
    sides = [about.get("joined"), text_about.get("joined")]
    if sorted(map(str, sides)) != [BY_ID, BY_ROW]:
        return ()
    named, plain = paths if sides[0] == BY_ID else paths[::-1]
    return (f"{plain} has no ids: its rows were taken in the order of {named}",)


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
