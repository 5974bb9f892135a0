"""The answers of a run as lines for the terminal.

Standard library only: the workflow reads this while it is parsed.
"""

import csv
import re
import textwrap
from pathlib import Path

WIDTH = 100
MOST = 12  # sets that are spelled; the rest is counted

HEADING = "The gap of normalised embeddings (numbers compare with those of such only):"
MARK = "WARNING: "

INTERVAL = re.compile(r"\[[-0-9., ]+\]")
FIXED_SPACE = "\N{NO-BREAK SPACE}"


def read_answers(path):
    """The rows of the table of answers as dicts of text."""
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def find_answers(results, clouds=None):
    """The table of answers below ``results``, or None where there is none of these measurements.

    clouds : the sets of the run, and the files of each. Other sets, or one whose files or
    measurements came after the table was written, make it one of another run.
    """
    path = Path(results, "tables", "answers.csv")
    if not path.is_file():
        return None
    written, told = path.stat().st_mtime, [row["embeddings"] for row in read_answers(path)]
    if clouds is not None and set(told) != set(clouds):
        return None
    files = [Path(results, "statistics", "gap", f"{name}.parquet") for name in told]
    files += [Path(file) for paths in (clouds or {}).values() for file in paths]
    if any(file.is_file() and file.stat().st_mtime > written for file in files):
        return None
    return path


def list_answers(path, most=MOST):
    """Lines on every embedding set of a table of answers, at most 100 columns wide.

    Sets beyond the first ``most`` are counted, their warnings too.
    """
    rows = read_answers(path)
    if not rows:
        return []
    lines = [HEADING]
    for row in rows[:most]:
        lines += wrap_line(row["line"])
        if row["warning"]:
            lines += wrap_line(MARK + row["warning"], indent="    ")
    rest = rows[most:]
    if rest:
        warned = sum(bool(row["warning"]) for row in rest)
        warnings = f" ({warned} with a warning)" if warned else ""
        lines.append(f"  and {len(rest)} more{warnings} in {path}")
    return lines


def wrap_line(text, indent="  "):
    """A line as lines of at most ``WIDTH`` columns, later ones indented by four more."""
    # Intervals stay whole: textwrap breaks at plain spaces only.
    whole = INTERVAL.sub(lambda found: found[0].replace(" ", FIXED_SPACE), text)
    lines = textwrap.wrap(
        whole,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + "    ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(FIXED_SPACE, " ") for line in lines]
