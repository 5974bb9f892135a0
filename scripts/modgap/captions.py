"""A caption file: CSV with the columns ``image`` and ``caption``, one row per caption.

Standard library only: the workflow reads this when it counts the shards of a dataset.
"""

import csv

from modgap.errors import InputError


def read_captions(path):
    """Rows of a caption file as (row, image, caption), in the order of the file.

    The row is the number a spreadsheet shows: the header is row 1. Other columns are ignored.

    Raises
    ------
    InputError : unreadable file, missing column, no caption, a row of the wrong length or with an
        empty cell.
    """
    try:
        with open(path, newline="", encoding="utf-8-sig") as stream:
            lines = list(csv.reader(stream))
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: not a readable CSV in UTF-8 ({error})") from error
    header = [name.strip() for name in lines[0]] if lines else []
    for column in ("image", "caption"):
        if column not in header:
            found = ", ".join(header) or "nothing"
            raise InputError(f"{path}: no column '{column}' in the first row (found: {found})")
    rows = []
    for row, cells in enumerate(lines[1:], start=2):
        if not cells:
            continue
        if len(cells) != len(header):
            raise InputError(
                f"{path}, row {row}: {len(cells)} cells, but the header has {len(header)}; "
                "put a caption with commas in double quotes"
            )
        image = cells[header.index("image")].strip()
        caption = cells[header.index("caption")].strip()
        for column, value in (("image", image), ("caption", caption)):
            if not value:
                raise InputError(f"{path}, row {row}: empty {column}")
        rows.append((row, image, caption))
    if not rows:
        raise InputError(f"{path}: no caption in it, only a header")
    return rows


def captioned_images(path):
    """The different image names of a caption file, in order of first appearance."""
    return list(dict.fromkeys(image for _, image, _ in read_captions(path)))
