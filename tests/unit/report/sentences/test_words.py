"""Numbers and intervals as sentences have them."""

import pandas as pd
import pytest

from modgap.report.sentences.words import (
    count,
    find_ends,
    gather_rows,
    spell_temperature,
    spell_value,
)
from modgap.tables import write_table


def test_a_value_has_its_interval_where_there_is_one():
    row = {"value": 0.5, "low": 0.25, "high": 0.75}
    assert spell_value(row) == "0.500 (95 %: 0.250 to 0.750)"
    assert spell_value(row, "{:.0f} %", scale=100, of="range") == "50 % (range: 25 % to 75 %)"
    assert spell_value({**row, "low": float("nan")}) == "0.500"


@pytest.mark.parametrize(
    ("tau", "text"), [(1.0, "1"), (2.0, "2"), (0.0333333, "1/30"), (0.0471, "1/21.2")]
)
def test_temperatures_are_fractions(tau, text):
    assert spell_temperature(tau) == text


def test_counts_have_their_word():
    assert [count(n, "seed") for n in (1, 3)] == ["1 seed", "3 seeds"]
    assert count(2000, "entry", "entries") == "2,000 entries"


def test_rows_come_from_the_tables_that_have_the_columns(tmp_path):
    write_table(pd.DataFrame({"a": [1, 2], "b": 0}), tmp_path / "full.parquet")
    write_table(pd.DataFrame({"a": [3]}), tmp_path / "half.parquet")
    paths = [tmp_path / "half.parquet", tmp_path / "full.parquet", tmp_path / "other.csv"]
    assert list(gather_rows(paths, ["a", "b"])["a"]) == [1, 2]
    assert list(gather_rows(paths[:1], ["a", "b"]).columns) == ["a", "b"]


def test_ends_are_rows_whatever_the_index():
    rows = pd.DataFrame({"value": [2.0, 9.0, 1.0], "name": list("abc")}, index=[0, 0, 0])
    assert [row["name"] for row in find_ends(rows)] == ["c", "b"]
