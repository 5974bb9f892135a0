"""The answers as lines for the terminal."""

import csv
import os
import time

import pytest

from modgap.report.answers.lines import HEADING, find_answers, list_answers, read_answers

COLUMNS = ["embeddings", "line", "warning"]


@pytest.fixture
def write(tmp_path):
    """Write a table of answers of n sets, the last of which has a warning."""

    def write_answers(n, line="Set {}: gap 0.851 [0.845, 0.857], n = 500: closed.", warning="Odd."):
        path = tmp_path / "tables" / "answers.csv"
        path.parent.mkdir(exist_ok=True)
        with open(path, "w", newline="", encoding="utf-8") as file:
            rows = csv.DictWriter(file, COLUMNS)
            rows.writeheader()
            for index in range(n):
                last = warning if index == n - 1 else ""
                row = {"embeddings": f"s{index}", "line": line.format(index), "warning": last}
                rows.writerow(row)
        return path

    return write_answers


def test_every_set_has_a_line_and_warnings_are_marked(write):
    assert list_answers(write(2)) == [
        HEADING,
        "  Set 0: gap 0.851 [0.845, 0.857], n = 500: closed.",
        "  Set 1: gap 0.851 [0.845, 0.857], n = 500: closed.",
        "    WARNING: Odd.",
    ]


def test_long_lines_are_wrapped_and_lose_no_word(write):
    line, warning = "Ein langer Name, " * 12 + "1.0", "matched-pairs " * 20
    lines = list_answers(write(1, line, warning))[1:]
    assert all(len(text) <= 100 for text in lines)
    assert " ".join(" ".join(lines).split()) == f"{line} WARNING: {warning.strip()}"
    assert lines[1].startswith(" " * 6)


def test_an_interval_is_not_torn_apart(write):
    for width in range(70, 95):
        lines = list_answers(write(1, "x" * width + " 0.5 [0.4, 0.6]."))
        assert any("[0.4, 0.6]" in line for line in lines)


def test_of_many_sets_the_rest_is_counted(write):
    path = write(26)
    lines = list_answers(path)
    assert lines[-1] == f"  and 14 more (1 with a warning) in {path}"
    assert len(lines) == 1 + 12 + 1


def test_no_sets_no_lines(write):
    assert list_answers(write(0)) == []


def test_answers_of_older_measurements_are_none(write, tmp_path):
    assert find_answers(tmp_path) is None
    path = write(2)
    assert find_answers(tmp_path) == path
    measured = tmp_path / "statistics" / "gap" / "s1.parquet"
    measured.parent.mkdir(parents=True)
    measured.touch()
    os.utime(measured, (time.time() - 60,) * 2)
    assert find_answers(tmp_path) == path
    os.utime(measured, (time.time() + 60,) * 2)
    assert find_answers(tmp_path) is None


def test_answers_of_other_sets_or_older_than_their_clouds_are_none(write, tmp_path):
    path = write(2)
    names = [row["embeddings"] for row in read_answers(path)]
    cloud = tmp_path / "cloud.parquet"
    cloud.touch()
    os.utime(cloud, (time.time() - 60,) * 2)
    clouds = {name: [str(cloud)] for name in names}
    assert find_answers(tmp_path, clouds) == path
    assert find_answers(tmp_path, {**clouds, "more": []}) is None
    os.utime(cloud, (time.time() + 60,) * 2)
    assert find_answers(tmp_path, clouds) is None
