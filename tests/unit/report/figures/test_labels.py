"""Labels of crowded points: shared by those that lie on each other, and nowhere hidden."""

import numpy as np
import pytest

from modgap.report.drawing import plt
from modgap.report.figures.labels import (
    FONT_SIZE,
    LINE,
    free_places,
    group_near,
    half_size,
    hidden_area,
    outside,
)


def test_points_on_each_other_share_a_label():
    places = np.array([[0, 0], [0.01, 0], [1, 1], [0, 0.02], [1, 1.5]])
    assert group_near(places) == [[0, 1, 3], [2], [4]]


def test_texts_hide_neither_each_other_nor_marks_and_stay_inside():
    rng = np.random.default_rng(0)
    anchors = np.array([1.5, 1.0]) + rng.uniform(-0.4, 0.4, (12, 2))
    texts = ["0, 10,\n100", *map(str, range(1, 12))]
    centres = free_places(anchors, texts, anchors, (3, 2))
    boxes = [(*at, *half_size(text)) for at, text in zip(centres, texts, strict=True)]
    for i, box in enumerate(boxes):
        assert hidden_area(box, boxes[:i]) == 0
        assert outside(box, (3, 2)) == 0
    assert np.linalg.norm(centres - anchors, axis=1).max() < 0.7


def test_areas_by_hand():
    assert hidden_area((0, 0, 1, 1), [(1, 1, 1, 1), (3, 0, 1, 1)]) == 1
    assert outside((0.5, 0.5, 1, 0.5), (2, 2)) == 0.5


@pytest.mark.parametrize("text", ["7", "31", "1, 2, 4, 7, 8, 9, 12, 13", "1, 2,\n10, 11, 12"])
def test_a_text_is_as_large_as_it_is_drawn(text):
    figure = plt.figure(dpi=600)
    drawn = figure.text(0.5, 0.5, text, fontsize=FONT_SIZE).get_window_extent()
    plt.close(figure)
    width, height = 2 * half_size(text)
    assert abs(width - drawn.width / 600) < 0.02
    assert height == LINE * len(text.split("\n"))
    assert abs(height - drawn.height / 600) < 0.03
