"""The ruler of gaps: every mark in its place, no label on another, and the same in words."""

import re
from itertools import combinations

import pytest

from modgap.report.answers.ruler import (
    LETTER,
    draw_ruler,
    draw_strip,
    place_labels,
    rank_references,
    ruler_end,
)

SETS = [{"title": 'A "<b>"', "gap": 0.8}, {"title": "B", "gap": 0.4}]
REFERENCES = [
    {"name": "closed", "gap": 0.0, "state": "closed", "model": "none"},
    {"name": "the published CLIP pairs", "gap": 0.851352, "state": "trained", "model": "CLIP"},
    {"name": "CLIP on COCO", "gap": 0.8262, "state": "trained", "model": "CLIP"},
    {
        "name": "the random twin of the published CLIP pairs",
        "gap": 1.136,
        "state": "random",
        "model": "CLIP",
    },
]


@pytest.mark.parametrize("width", [340, 540])
def test_marks_stand_in_order_and_inside(width):
    svg = str(draw_ruler(SETS, REFERENCES, width))
    marks = [float(x) for x in re.findall(r'"reference">.*?<line x1="([\d.]+)"', svg)]
    assert len(marks) == len(REFERENCES)
    assert all(0 <= x <= width for x in marks)
    own = [float(x) for x in re.findall(r"M([\d.]+) ", svg)]
    ends = {"closed": min(marks), "random": max(marks)}
    assert ends["closed"] < own[0] < own[1] < ends["random"]  # B is drawn first, below A


def test_the_text_has_every_gap_and_nothing_is_markup():
    svg = str(draw_ruler(SETS, REFERENCES, 340))
    told = re.search('aria-label="([^"]*)"', svg)[1]
    for number in ("0.800", "0.400", "0.851", "0.826", "1.136", "closed 0"):
        assert number in told
    assert 'role="img"' in svg
    assert "<b>" not in svg


def test_no_two_labels_touch():
    texts = [(x, f"label {x}") for x in range(20, 330, 12)]
    placed = [row for row in place_labels(texts, 340) if row[2] is not None]
    assert 2 < len(placed) < len(texts)
    for (one, a, lane), (other, b, beside) in combinations(placed, 2):
        if lane == beside:
            assert a + LETTER * len(one) < b or b + LETTER * len(other) < a


def test_no_mark_crosses_a_label():
    marks = [(x, f"label {x}") for x in (20, 200, 230, 60, 150, 210, 300)]
    placed = place_labels(marks, 340)
    for (x, _), (_, _, lane) in zip(marks, placed, strict=True):
        for text, start, above in placed:
            if lane is not None and above is not None and above < lane:
                assert not start <= x <= start + LETTER * len(text)


def test_the_nearest_and_what_people_know_get_their_labels_first():
    others = [{**row, "model": "other"} for row in REFERENCES[:1]]
    names = [row["name"] for row in rank_references([*REFERENCES[1:], *others], 0.82)]
    assert names[:2] == ["closed", "CLIP on COCO"]


def test_the_ruler_holds_the_largest_gap():
    assert ruler_end([{"gap": 1.9}], []) > 1.9
    assert ruler_end([{"gap": 0.1}], []) == 1.5
    strip = str(draw_strip(1.9, [{"gap": 1.9}], REFERENCES))
    assert float(re.search(r'cx="([\d.]+)"', strip)[1]) < 120
