"""Panels of the figure of methods are the tasks that were tested."""

import numpy as np
import pandas as pd

from modgap.report.drawing import plt
from modgap.report.figures.labels import half_size
from modgap.report.figures.methods import (
    MOST_PANELS,
    choose_panels,
    draw_left_out,
    number_methods,
    number_points,
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


def test_numbers_of_many_points_take_lines_that_fit_the_panel():
    figure, axes = plt.subplots()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    numbers = range(1, 33)
    number_points(axes, np.full(32, 0.5), np.full(32, 0.5), [*numbers], (1.8, 1.9))
    plt.close(figure)
    (label,) = axes.texts
    assert label.get_text().replace("\n", " ") == ", ".join(map(str, numbers))
    assert "\n" in label.get_text()
    assert 2 * half_size(label.get_text())[0] < 1.8
