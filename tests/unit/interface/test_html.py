"""Nothing of a user's text is markup, and no colour is set that a dark page would hide."""

import re

from modgap.interface.html import show_page, show_picture, show_row, show_table

EVIL = "<script>alert('x')</script>\"&"


def test_everything_is_escaped():
    page = show_page(EVIL, show_table(["", EVIL], [[EVIL, 1]]), show_picture("data:,", EVIL))
    assert "<script" not in page
    assert page.count("&lt;script&gt;") == 4
    assert 'alt="&lt;script' in page


def test_text_has_the_colour_of_the_page():
    page = show_page("line", show_table(["a"], [["b"]]))
    assert set(re.findall(r"[^-]color:(\w+)", page)) == {"inherit"}


def test_a_row_begins_with_a_heading():
    assert re.findall(r"</(t[hd])>", show_row(["a", "b", 3], "td")) == ["th", "td", "td"]
