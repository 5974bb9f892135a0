"""Parts of the page: captions as HTML, tables as text, verdicts counted."""

import base64
import hashlib

import pandas as pd
import pytest
from jinja2 import UndefinedError

from modgap.report.page import (
    SHOWN_ROWS,
    caption_sentence,
    count_by_scale,
    embed_png,
    read_table_view,
    read_verdicts,
    render_caption,
    render_page,
)

CAPTION = "**Gap (Figure 1).** Rows of ``gap``: *published* <b>.\nSecond line.\n"


@pytest.fixture
def caption(tmp_path):
    path = tmp_path / "caption.rst"
    path.write_text(CAPTION)
    return path


def test_a_caption_becomes_html_and_its_markup_is_escaped(caption, tmp_path):
    html = render_caption(caption)
    assert "<strong>Gap (Figure 1).</strong>" in html
    assert "&lt;b&gt;" in html
    assert render_caption(tmp_path / "none.rst") == ""


def test_captions_include_no_files_and_no_raw_html(tmp_path):
    path = tmp_path / "caption.rst"
    path.write_text(".. raw:: html\n\n   <script>1</script>\n\n.. include:: /etc/hostname\n")
    assert "<script>" not in render_caption(path)


def test_the_first_sentence_has_no_markup(caption, tmp_path):
    assert caption_sentence(caption) == "Gap (Figure 1)"
    assert caption_sentence(tmp_path / "none.rst") == ""


def test_an_image_is_inside_its_address(tmp_path):
    (tmp_path / "a.png").write_bytes(b"picture")
    head, content = embed_png(tmp_path / "a.png").split(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(content) == b"picture"


def test_a_table_shows_its_printed_columns_and_its_first_rows(tmp_path):
    csv, markdown = tmp_path / "t.csv", tmp_path / "t.md"
    pd.DataFrame({"name": "a", "gap": 1 / 3, "n": range(SHOWN_ROWS + 5)}).to_csv(csv, index=False)
    markdown.write_text("| name   | gap   |\n|:--|:--|\n")
    view = read_table_view(csv, markdown)
    assert view["columns"] == ["name", "gap"]
    assert view["rows"][0] == ["a", "0.3333"]
    assert (len(view["rows"]), view["total"]) == (SHOWN_ROWS, SHOWN_ROWS + 5)
    assert read_table_view(csv)["columns"] == ["name", "gap", "n"]


def test_verdicts_that_were_judged_come_first_and_scales_in_their_order(tmp_path):
    csv = tmp_path / "claims.csv"
    pd.DataFrame(
        {
            "verdict": ["not run", "reproduced"],
            "scale": ["paper", "embedded"],
            "measured": [None, 0.5],
            "low": [None, 0.25],
            "high": [None, 0.75],
            "n": ["–", "007"],
            "seed": ["–", "0"],
        }
    ).to_csv(csv, index=False)
    judged, absent = read_verdicts(csv)
    assert (judged["interval"], judged["n"]) == ("0.25 to 0.75", "007")
    assert (absent["interval"], absent["measured"]) == ("", "–")


def test_every_scale_has_its_own_count_and_the_papers_comes_first():
    verdicts = {
        "embedded": ["reproduced", "undecided", "illustration", "not run"],
        "simulation": ["reproduced", "direction only"],
        "paper": ["not run", "not run", "illustration"],
    }
    claims = [
        {"scale": scale, "verdict": verdict} for scale, some in verdicts.items() for verdict in some
    ]
    paper, simulation, embedded = count_by_scale(claims)
    assert [paper["scale"], simulation["scale"]] == ["paper", "simulation"]
    assert (paper["judged"], paper["total"], paper["illustrations"]) == (0, 2, 1)
    assert paper["lacks"] == "weights and data needed"
    assert (simulation["judged"], simulation["total"], simulation["lacks"]) == (2, 2, "")
    assert (embedded["judged"], embedded["total"]) == (2, 3)
    assert embedded["counts"] == {
        "reproduced": 1,
        "direction only": 0,
        "undecided": 1,
        "not reproduced": 0,
    }


def test_a_template_that_asks_for_what_is_not_there_is_an_error(tmp_path):
    for name, text in (("page.html", "{{ results }}"), ("style.css", ""), ("filter.js", "")):
        (tmp_path / name).write_text(text)
    assert render_page(tmp_path, results="<results>") == "&lt;results&gt;"
    with pytest.raises(UndefinedError):
        render_page(tmp_path)


def test_scripts_run_as_one_and_the_policy_names_it(tmp_path):
    (tmp_path / "page.html").write_text("{{ script_digest }} {{ script }}")
    (tmp_path / "style.css").write_text("")
    (tmp_path / "b.js").write_text("two()")
    (tmp_path / "a.js").write_text("one()")
    digest, script = render_page(tmp_path).split(" ", 1)
    assert script == "one()\ntwo()"
    assert base64.b64decode(digest) == hashlib.sha256(script.encode()).digest()


def test_a_private_table_shows_no_row_and_counts_them(tmp_path):
    csv = tmp_path / "t.csv"
    pd.DataFrame({"sample_id": ["secret", "other"]}).to_csv(csv, index=False)
    view = read_table_view(csv, private=True)
    assert (view["rows"], view["total"]) == ([], 2)
