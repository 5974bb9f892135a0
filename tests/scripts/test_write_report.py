"""write_report: one page with everything inside, nothing of it taken for markup."""

import re
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pandas as pd
from PIL import Image

import write_report
from modgap.plan.models import PROJECT
from modgap.report.verdicts import COLUMNS
from modgap.tables import write_table

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>'


class Page(HTMLParser):
    """Tags of a page, with their attributes."""

    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def claim(name, verdict, **more):
    """A row of the table of verdicts."""
    row = dict.fromkeys(COLUMNS, "–")
    numbers = {"measured": 0.5, "low": 0.4, "high": 0.6}
    return {**row, **numbers, "id": name, "verdict": verdict, "scale": "paper", **more}


def make(tmp_path, text=HOSTILE, figures=True, name="fig1_modality_gap"):
    """Write a report with ``text`` wherever a user can put some; return the page."""
    claims = tmp_path / "claims.csv"
    pd.DataFrame(
        [claim("one", "not run"), claim("two", "reproduced", claim=text, why=text, where=text)]
    ).to_csv(claims, index=False)
    png, source = tmp_path / "fig.png", tmp_path / "fig.parquet"
    Image.fromarray(np.zeros((4, 6, 3), np.uint8)).save(png)
    write_table(pd.DataFrame({"embeddings": [text], "n": [7], "seed": [1]}), source)
    csv = tmp_path / "table.csv"
    pd.DataFrame({text: [text] * 100, "value": 1 / 3}).to_csv(csv, index=False)
    cloud = tmp_path / "part-0.parquet"
    write_table(pd.DataFrame({"a": [1]}), cloud, {"model": text, "dataset": text})
    benchmarks = tmp_path / "benchmarks" / "train"
    benchmarks.mkdir(parents=True)
    (benchmarks / "base.tsv").write_text("s\tmax_rss\n61.5\t900\n")
    figure = {"name": name, "title": text, "caption": f"{name}.rst"}
    table = {"name": "gap_statistics", "title": text, "caption": "none.rst", "csv": str(csv)}
    write_report.main(
        tmp_path / "index.html",
        claims,
        [cloud],
        project=PROJECT,
        benchmarks=benchmarks.parent,
        figures=[{**figure, "png": str(png), "sources": [str(source)]}] if figures else [],
        tables=[{**table, "md": ""}] if figures else [],
        names={text: text},
        results=text,
        config={"datasets": {text: text}},
        again=f"--configfile {text}",
    )
    return (tmp_path / "index.html").read_text()


def test_text_of_users_is_never_markup(tmp_path):
    text = make(tmp_path)
    page = Page(text)
    assert len([tag for tag in page.all("script") if tag.get("type") != "application/json"]) == 1
    assert "<img src=x" not in text
    assert not [
        tag for tag, attributes in page.tags if any(key.startswith("on") for key in attributes)
    ]
    assert text.count("&lt;script&gt;alert(1)&lt;/script&gt;") > 8


def test_nothing_is_loaded_from_outside(tmp_path):
    text = make(tmp_path, "plain")
    page = Page(text)
    addresses = [
        value
        for _, attributes in page.tags
        for key, value in attributes.items()
        if key in ("src", "href", "action", "data", "poster", "srcset")
    ]
    assert addresses
    # Links to files of the run beside the page load nothing by themselves.
    assert all(value.startswith(("#", "data:", "../figures/", "../tables/")) for value in addresses)
    loaded = [tag["src"] for name, tag in page.tags if "src" in tag]
    assert all(value.startswith("data:") for value in loaded)
    assert not re.search(r"https?://|url\(|@import", text)
    (policy,) = [tag["content"] for tag in page.all("meta") if "http-equiv" in tag]
    assert "default-src 'none'" in policy


def test_every_picture_has_a_text_and_every_control_a_label(tmp_path):
    page = Page(make(tmp_path, "plain"))
    (image,) = page.all("img")
    assert image["alt"].startswith("plain. Modality gap (Figure 1)")
    assert image["src"].startswith("data:image/png;base64,")
    assert len(page.all("label")) == len(page.all("input") + page.all("select")) == 3
    assert page.all("html")[0]["lang"] == "en"
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_figures_say_what_they_show_and_long_tables_that_they_are_cut(tmp_path):
    text = make(tmp_path, "plain")
    assert "<dt>n</dt><dd>7</dd>" in text
    assert "<dt>seed</dt><dd>1</dd>" in text
    assert "The first 60 of 100 rows" in text
    assert "0.3333" in text
    assert re.search(r"train</th><td[^>]*>1</td><td[^>]*>61.5</td><td[^>]*>900<", text)
    # What was judged comes first.
    assert text.index('id="claim-two"') < text.index('id="claim-one"')


def test_words_that_harm_are_announced_where_a_figure_shows_them(tmp_path):
    assert (PROJECT / "scripts" / f"{write_report.HARMFUL}.py").is_file()
    assert 'role="note"' in make(tmp_path, "plain", name=write_report.HARMFUL)


def test_no_note_where_nothing_harms(tmp_path):
    assert 'role="note"' not in make(tmp_path, "plain")


def test_a_run_without_figures_has_a_page(tmp_path):
    assert "This run has no figures." in make(tmp_path, "plain", figures=False)
