"""Tables for people: everything in the CSV, rounded and escaped in print."""

import math

import pandas as pd
import pytest

from modgap.report.formats import (
    escape_latex,
    read_for_jobs,
    reasons_not_judged,
    spell,
    write_for_people,
    write_formats,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [(1 / 3, "0.3333"), (12345.678, "1.235e+04"), (math.nan, "–"), (7, "7"), ("a_b", "a_b")],
)
def test_numbers_are_rounded_and_absent_ones_are_dashes(value, text):
    assert spell(value) == text


def test_no_text_is_a_command_of_latex():
    assert escape_latex("a_b & 5 % {x} – #1") == r"a\_b \& 5 \% \{x\} -- \#1"
    assert escape_latex("\\") == r"\textbackslash{}"


def test_print_has_the_chosen_rows_and_columns_and_the_csv_has_all(tmp_path):
    paths = [tmp_path / f"t.{ending}" for ending in ("csv", "md", "tex")]
    frame = pd.DataFrame({"model_name": ["a", "b"], "gap": [1 / 3, 0.5], "hidden": [1, 2]})
    write_formats(frame, *paths, columns=["model_name", "gap", "none"], printed=[True, False])
    pd.testing.assert_frame_equal(pd.read_csv(paths[0]), frame)
    header, _, *rows = paths[1].read_text().splitlines()
    assert [cell.strip() for cell in header.strip("|").split("|")] == ["model_name", "gap"]
    assert [[cell.strip() for cell in row.strip("|").split("|")] for row in rows] == [
        ["a", "0.3333"]
    ]
    latex = paths[2].read_text()
    assert r"model\_name" in latex
    assert "hidden" not in latex


def test_a_label_may_be_called_na(tmp_path):
    frame = pd.DataFrame({"label": ["NA", "null", "nan", "a"], "gap": [0.1, math.nan, 0.3, 0.4]})
    write_for_people(frame, tmp_path / "t.csv")
    pd.testing.assert_frame_equal(read_for_jobs(tmp_path / "t.csv"), frame)


@pytest.mark.parametrize(
    ("state", "low", "reasons"),
    [
        ("trained", 0.11, ""),
        ("trained", 0.10, "chance level"),
        ("random", 0.11, "random weights"),
        ("random", 0.05, "random weights, chance level"),
    ],
)
def test_random_weights_and_chance_are_not_judged(state, low, reasons):
    assert reasons_not_judged(state, low, chance=0.1) == reasons


def test_classes_of_digits_keep_their_zeros(tmp_path):
    frame = pd.DataFrame({"class": ["007", "010"], "n": [7, 10], "share": [0.5, 0.0]})
    write_for_people(frame, tmp_path / "t.csv")
    pd.testing.assert_frame_equal(read_for_jobs(tmp_path / "t.csv"), frame, check_dtype=False)
