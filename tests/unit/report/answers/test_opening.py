"""What the page opens with, from the table of answers."""

import math

import pandas as pd
import pytest

from modgap.report.answers.opening import describe_opening, join_answers, tell_samples
from modgap.report.answers.table import ANSWER_COLUMNS

CLOSED = {"name": "closed", "gap": 0.0, "state": "closed", "model": "none"}


def planned(name, **more):
    row = {"name": name, "label": name, "state": "", "modalities": ["a", "b"], "extrema": ""}
    return {**row, "data": f"data of {name}", "shown": False, **more}


@pytest.fixture
def answers(tmp_path):
    row = {**dict.fromkeys(ANSWER_COLUMNS, ""), "n": 9, "gap": 0.5, "low": 0.4, "high": 0.6}
    rows = [
        {**row, "embeddings": "one", "label": "One", "like": "like CLIP", "separable": "They are."},
        {**row, "embeddings": "two", "label": "Two", "gap": 0.25, "low": None, "high": None},
    ]
    path = tmp_path / "answers.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def test_sets_are_joined_with_their_answers_in_the_order_of_the_plan(answers):
    sets = [planned("two", state="random"), planned("other"), planned("one")]
    two, one = join_answers(sets, answers)
    assert (two["title"], one["title"]) == ("Two, random weights", "One")
    assert (one["gap"], one["low"], one["n"], one["like"]) == (0.5, 0.4, 9, "like CLIP")
    assert math.isnan(two["low"])


def test_the_opening_is_about_the_set_or_says_how_many(answers):
    sets = join_answers([planned("one"), planned("two")], answers)
    both = describe_opening(sets, [CLOSED])
    assert both["title"] == "The modality gap of 2 embedding sets"
    assert [row["interval"] for row in both["sets"]] == ["0.400 to 0.600", ""]
    assert both["sets"][0]["said"][0] == "They are."
    assert "One 0.500, Two 0.250" in both["rulers"]["narrow"]
    assert describe_opening(sets[:1], [CLOSED])["title"] == "The modality gap of One"


def test_a_run_without_answers_has_no_opening(tmp_path):
    assert join_answers([planned("one")], tmp_path / "none.csv") == []
    assert describe_opening([], [CLOSED]) is None


def test_the_page_says_whose_samples_it_holds():
    text = tell_samples([planned("a", shown=True), planned("b")])
    assert "holds ids, captions and thumbnails of data of a" in text
    assert "holds no ids, captions or pictures of data of b" in text
    assert "data of b" not in tell_samples([planned("a", shown=True)])
    assert tell_samples([]) == ""
