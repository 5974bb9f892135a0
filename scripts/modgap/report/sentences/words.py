"""Numbers, intervals and lists as sentences have them, and the rows that sentences are made of."""

import pandas as pd

from modgap.tables import read_table

# Sets, clouds or runs that a sentence names one by one.
NAMED = 3


def spell_ends(low, high, text="{low:.3f} to {high:.3f}"):
    """An interval in words, or nothing where there is none."""
    return text.format(low=low, high=high) if low == low and high == high else ""


def spell_value(row, text="{:z.3f}", *, scale=1, of="95 %"):
    """A value with its interval: 0.851 (95 %: 0.841 to 0.861); the value alone where there is none.

    row : with value, low and high. text : how a number is written. scale : factor before that.
    of : what the interval is.
    """
    value, low, high = (text.format(scale * row[key]) for key in ("value", "low", "high"))
    return f"{value} ({of}: {low} to {high})" if spell_ends(row["low"], row["high"]) else value


def spell_share(row):
    """A share in percent, with its interval."""
    return spell_value(row, "{:.1f} %", scale=100)


def spell_temperature(tau):
    """A temperature: 1, 1/30, 1/21.2."""
    return f"{tau:g}" if tau >= 1 else f"1/{1 / tau:.3g}"


def count(number, one, many=""):
    """How many of something: 1 seed, 3 seeds, 2,000 items."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def gather_rows(paths, columns):
    """Rows of those tables that have all these columns, one below the other.

    A figure is made of tables of several kinds; a sentence needs some of them. Empty, with the
    columns, where no table has them.
    """
    tables = [read_table(path) for path in paths if str(path).endswith(".parquet")]
    tables = [table for table in tables if len(table) and set(columns) <= set(table.columns)]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=columns)


def find_ends(rows, column="value"):
    """The rows of the smallest and the largest value, as dicts."""
    rows = rows.reset_index(drop=True)
    return [rows.loc[place].to_dict() for place in (rows[column].idxmin(), rows[column].idxmax())]
