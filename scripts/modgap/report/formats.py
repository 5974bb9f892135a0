"""Tables for people: the same frame as CSV, Markdown and LaTeX.

A spreadsheet takes text that begins with = + - @, a tab or a carriage return for a formula. Such
text, which only a label or class name of the user's can be, gets an apostrophe in front of it in
the CSV; ``read_for_jobs`` takes it off again. Numbers and identifiers stay as they are.
"""

import re

import pandas as pd

from modgap.files import atomic_path

# Significant digits of a printed number; the CSV has all.
DIGITS = 4

FORMULA = re.compile(r"'*[=+\-@\t\r]")
GUARDED = re.compile(r"'+[=+\-@\t\r]")
NUMBER = r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?"
# A number, and what our own tables write behind one; neither is a formula.
NUMBERS = re.compile(rf"{NUMBER}($| to | ± | \[|; )", re.IGNORECASE)

# Columns that other tables are joined by.
IDENTIFIERS = ("sample_id",)


def write_formats(frame, csv, markdown, latex, *, columns=None, printed=None):
    """Write a frame as CSV in full precision, and rounded as Markdown and LaTeX.

    columns : those of the Markdown and LaTeX tables, where they exist; all if None.
    printed : mask of the rows of the Markdown and LaTeX tables; all if None.
    """
    write_for_people(frame, csv)
    shown = frame[[name for name in columns or frame.columns if name in frame.columns]]
    shown = (shown if printed is None else shown[printed]).map(spell)
    with atomic_path(markdown) as temporary:
        escaped = shown.map(escape_markdown).rename(columns=escape_markdown)
        temporary.write_text(
            escaped.to_markdown(index=False, disable_numparse=True) + "\n", encoding="utf-8"
        )
    with atomic_path(latex) as temporary:
        escaped = shown.map(escape_latex).rename(columns=escape_latex)
        temporary.write_text(escaped.to_latex(index=False, escape=False), encoding="utf-8")


def write_for_people(frame, csv):
    """Write a frame as CSV in full precision, no text of which is a formula."""
    guarded = frame.copy()
    for name in frame.columns.difference(IDENTIFIERS):
        if not pd.api.types.is_numeric_dtype(frame[name]):
            guarded[name] = frame[name].map(guard_formula)
    with atomic_path(csv) as temporary:
        guarded.to_csv(temporary, index=False)


def read_for_jobs(csv, **options):
    """A table of ``write_for_people`` with the texts that were written; options of read_csv.

    Only an empty cell is a missing value: a class or a label may be called NA or null.
    """
    frame = pd.read_csv(csv, keep_default_na=False, na_values=[""], **options)
    written = pd.read_csv(csv, keep_default_na=False, na_values=[""], **{**options, "dtype": str})
    for name in frame.columns:
        # No number of ours begins with 0 and a digit: a class may be called 007.
        if written[name].str.match(r"[-+]?0\d", na=False).any():
            frame[name] = written[name]
    for name in frame.columns.difference(IDENTIFIERS):
        if not pd.api.types.is_numeric_dtype(frame[name]):
            frame[name] = frame[name].map(unguard_formula)
    return frame


def guard_formula(value):
    """Text with an apostrophe in front where a spreadsheet would take it for a formula."""
    if not isinstance(value, str) or not FORMULA.match(value) or NUMBERS.match(value):
        return value
    return f"'{value}"


def unguard_formula(value):
    """What ``guard_formula`` was given."""
    return value[1:] if isinstance(value, str) and GUARDED.match(value) else value


def escape_markdown(text):
    """Text that stays in its cell of a Markdown table: no bar, one line."""
    return " ".join(str(text).split("\n")).replace("\r", " ").replace("|", r"\|")


def spell(value):
    """A number rounded for print, an absent one as a dash, anything else as text."""
    if isinstance(value, float):
        return "–" if value != value else f"{value:.{DIGITS}g}"
    return str(value)


def escape_latex(text):
    """Text with the characters that LaTeX takes for commands escaped, on one line."""
    special = {
        "\\": r"\textbackslash{}",
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "{": r"\{",
        "}": r"\}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "–": "--",
        "\n": " ",
        "\r": " ",
    }
    return "".join(special.get(letter, letter) for letter in text)


def reasons_not_judged(state, low, chance):
    """Why a result is not judged; empty where it is.

    Parameters
    ----------
    state : "random" or "trained", of the model's weights. low : lower end of the interval of the
        accuracy (or AUC) without a shift. chance : the share of the largest class, which the best
        constant answer reaches, or an AUC of one half.
    """
    reasons = ["random weights"] * (state == "random") + ["chance level"] * bool(low <= chance)
    return ", ".join(reasons)
