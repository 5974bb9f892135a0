"""Panels of the figure of methods are the tasks that were tested."""

import pandas as pd

from modgap.report.figures.methods import (
    MOST_PANELS,
    choose_panels,
    draw_left_out,
    number_methods,
    rows_with_test,
)


def test_panels_are_search_first_and_of_the_mixed_the_even_gallery():
    tasks = ["mixed, 25 % pictures", "zero-shot: a", "mixed, 50 % pictures", "text to picture"]
    frame = pd.DataFrame({"task": [*tasks, "contrastive loss"], "verdict": ["better"] * 4 + [""]})
    assert choose_panels(frame) == ["text to picture", "mixed, 50 % pictures", "zero-shot: a"]
    assert len(rows_with_test(frame)) == 4
    many = pd.DataFrame({"task": [f"zero-shot: {i}" for i in range(20)], "verdict": "worse"})
    assert len(choose_panels(many)) == MOST_PANELS


def test_numbers_leave_out_the_raw_embeddings():
    methods = pd.DataFrame({"method": ["raw", "shift", "nnn"]})
    assert number_methods(methods) == {"shift": 1, "nnn": 2}


def test_what_is_left_out_says_why():
    figure = draw_left_out("Mine", "mine: 60 pairs are too few")
    assert figure.axes[0].texts[0].get_text() == "Mine: 60 pairs are too few"
