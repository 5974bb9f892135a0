"""Known gaps to compare with: config/reference_gaps.csv. No numpy: the workflow reads it.

All are distances of the centres of normalised embeddings, so only such compare with them.
"""

import csv
from pathlib import Path

from modgap.errors import InputError

REFERENCE_COLUMNS = ["name", "model", "data", "n", "gap", "low", "high", "state", "source"]
NUMBERS = {"n": int, "gap": float, "low": float, "high": float}


def read_references(root):
    """The reference values of a project: a dict of ``REFERENCE_COLUMNS`` for each.

    root : the project's folder. Numbers that a source does not give are None.

    Raises
    ------
    InputError : other columns, or a cell that is no number.
    """
    path = Path(root, "config", "reference_gaps.csv")
    with open(path, newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        if rows.fieldnames != REFERENCE_COLUMNS:
            raise InputError(f"{path}: its columns have to be {', '.join(REFERENCE_COLUMNS)}")
        return [parse_reference(row, f"{path}, line {rows.line_num}") for row in rows]


def parse_reference(row, place):
    """A row with its numbers as numbers."""
    parsed = dict(row)
    for column, kind in NUMBERS.items():
        try:
            parsed[column] = kind(row[column]) if row[column] else None
        except ValueError:
            raise InputError(f"{place}: {column} {row[column]!r} is no number") from None
    if parsed["gap"] is None:
        raise InputError(f"{place}: {row['name']!r} has no gap")
    return parsed
