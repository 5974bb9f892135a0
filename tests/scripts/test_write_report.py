"""write_report: one page with everything inside, nothing of it taken for markup."""

import json
import re
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pandas as pd
from PIL import Image

import write_report
from modgap.plan.models.entries import PROJECT
from modgap.report.answers.table import ANSWER_COLUMNS
from modgap.report.verdicts.judge import COLUMNS
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


def make_set(tmp_path, text, n=5, shown=True):
    """A set with its projection, samples and answer, ``text`` wherever a user can put some."""
    ids = [f"{text} {i}" for i in range(n)]
    frames = [
        pd.DataFrame({"method": method, "modality": np.repeat(["first", "second"], n)}).assign(
            embeddings=text, pair=[*range(n)] * 2, x=range(2 * n), y=0.5, sample_id=ids * 2
        )
        for method in ("umap", "svd", "pca", "gap_axis")
    ]
    write_table(pd.concat(frames), tmp_path / "projection.parquet", {"n": n, "n_drawn": n})
    pictures = tmp_path / "pictures.npy"
    np.save(pictures, np.random.default_rng(0).integers(0, 256, (n, 64, 64, 3)).astype(np.uint8))
    samples = {"sample_id": ids, "caption_index": 0, "caption": [f"of {name}" for name in ids]}
    image = [f"{pictures}#{i}" for i in range(n)]
    write_table(pd.DataFrame({**samples, "image": image}), tmp_path / "samples.parquet")
    answer = {**dict.fromkeys(ANSWER_COLUMNS, text), "gap": 0.5, "low": 0.4, "high": 0.6, "n": n}
    pd.DataFrame([answer]).to_csv(tmp_path / "answers.csv", index=False)
    return {
        "name": text,
        "label": text,
        "state": "trained",
        "modalities": [text, "texts"],
        "paired": True,
        "data": text,
        "dataset": text,
        "projection": str(tmp_path / "projection.parquet"),
        "extrema": str(tmp_path / "none.parquet"),
        "shown": shown,
        "samples": str(tmp_path / "samples.parquet") if shown else "",
    }


REFERENCES = [{"name": "closed", "gap": 0.0, "state": "closed", "model": "none"}]


def read_blocks(text):
    """The data of the page's own script, by id."""
    found = re.findall(r'<script type="application/json" id="([^"]*)">(.*?)</script>', text)
    return {name: json.loads(content) for name, content in found}


def make(tmp_path, text=HOSTILE, figures=True, name="fig1_modality_gap", sets=(), claims=None):
    """Write a report with ``text`` wherever a user can put some; return the page."""
    if claims is None:
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
    benchmarks.mkdir(parents=True, exist_ok=True)
    (benchmarks / "base.tsv").write_text("s\tmax_rss\tcpu_time\n61.5\t900\t50.25\n")
    figure = {"name": name, "title": text, "caption": f"{name}.rst"}
    table = {"name": "gap_statistics", "title": text, "caption": "none.rst", "csv": str(csv)}
    write_report.main(
        tmp_path / "index.html",
        claims,
        [cloud],
        project=PROJECT,
        benchmarks=benchmarks.parent,
        figures=[{**figure, "pages": [str(png)], "sources": [str(source)]}] if figures else [],
        tables=[{**table, "md": ""}] if figures else [],
        names={text: text},
        results=text,
        config={"datasets": {text: text}},
        again=f"--configfile {text}",
        sets=list(sets),
        references=REFERENCES,
        answers=str(tmp_path / "answers.csv"),
        claim_figures={"two": name} if figures else {},
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


def test_captions_and_ids_of_users_are_data_and_never_markup(tmp_path):
    text = make(tmp_path, sets=[make_set(tmp_path, HOSTILE)])
    page = Page(text)
    assert len([tag for tag in page.all("script") if tag.get("type") != "application/json"]) == 1
    assert "<img src=x" not in text
    assert not [
        tag for tag, attributes in page.tags if any(key.startswith("on") for key in attributes)
    ]
    (items,) = read_blocks(text)["items"].values()
    assert items["captions"][2] == f"of {HOSTILE} 2"
    assert len(items["pictures"]) == 5


def test_the_page_opens_with_the_set_and_then_its_figure(tmp_path):
    text = make(tmp_path, "mine", sets=[make_set(tmp_path, "mine")])
    assert "<h1>The modality gap of mine, trained weights</h1>" in text
    places = [text.index(mark) for mark in ('class="value">0.500', 'class="ruler"', "<canvas")]
    assert places == sorted(places)
    order = [text.index(f'<section id="{name}"') for name in ("figures", "tables", "claims")]
    assert max(places) < order[0]
    assert order == sorted(order)
    assert "The two clouds of mine, trained weights are 0.500 apart (95 %: 0.400 to 0.600)." in text
    blocks = read_blocks(text)
    assert blocks["points-mine"]["items"] == [0, 1, 2, 3, 4]
    # Texts have the second colour, as in Figure 1, and the other side what is left.
    assert 'data-colours="#D55E00 #0072B2 "' in text
    assert blocks["items"]["mine"]["ids"][3] == "mine 3"


def test_a_page_without_samples_holds_none_of_them(tmp_path):
    text = make(tmp_path, "mine", sets=[make_set(tmp_path, "mine", shown=False)])
    assert "no ids, captions or pictures of mine" in text
    assert "mine 3" not in text
    assert "data:image/jpeg" not in text
    blocks = read_blocks(text)
    assert set(blocks) == {"points-mine"}
    assert blocks["points-mine"]["items"] is None


def test_the_page_stays_small_with_all_that_it_may_hold(tmp_path):
    row = make_set(tmp_path, "mine", n=1200)
    text = make(tmp_path, "mine", sets=[row, *({**row, "name": f"set {i}"} for i in range(30))])
    assert len(text.encode()) < 9e6  # the figures of a run take the rest of 15 MB
    assert 900 < len(read_blocks(text)["items"]["mine"]["pictures"]) <= 1000


def test_claims_that_nobody_judged_are_folded(tmp_path):
    text = make(tmp_path, "plain")
    assert '<details id="verdicts" open>' in text
    assert '<a href="#fig1_modality_gap">figure' in text
    assert '<a href="#claim-two">' in text
    claims = tmp_path / "none.csv"
    pd.DataFrame([claim("one", "not run")]).to_csv(claims, index=False)
    page = make(tmp_path, "plain", claims=claims)
    assert '<details id="verdicts">' in page
    assert "0 of 1 claims judged, weights and data needed" in page
    # What the paper prints is computed again by every run: no reason to unfold.
    printed = claim("two", "reproduced", scale="printed numbers")
    pd.DataFrame([claim("one", "not run"), printed]).to_csv(claims, index=False)
    assert '<details id="verdicts">' in make(tmp_path, "plain", claims=claims)


def test_no_count_is_over_scales(tmp_path):
    claims = tmp_path / "some.csv"
    rows = [claim("one", "not run"), claim("two", "reproduced", scale="embedded")]
    rows += [claim("three", "undecided", scale="embedded"), claim("four", "illustration")]
    pd.DataFrame(rows).to_csv(claims, index=False)
    page = make(tmp_path, "plain", claims=claims)
    counts = re.findall(r'<span class="count">(.*?)</span>', page)
    assert counts == ["0 of 1", "2 of 2"]
    assert page.index("The paper&#39;s own models") < page.index("This run&#39;s own models")
    assert "1 illustration, not counted" in page


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
    assert re.search(
        r"train</th><td[^>]*>1</td><td[^>]*>61.5</td><td[^>]*>50.2</td><td[^>]*>900<", text
    )
    # What was judged comes first.
    assert text.index('id="claim-two"') < text.index('id="claim-one"')


def test_words_that_harm_are_announced_where_a_figure_shows_them(tmp_path):
    assert (PROJECT / "scripts" / f"{write_report.HARMFUL}.py").is_file()
    assert 'role="note"' in make(tmp_path, "plain", name=write_report.HARMFUL)


def test_no_note_where_nothing_harms(tmp_path):
    assert 'role="note"' not in make(tmp_path, "plain")


def test_a_run_without_figures_has_a_page(tmp_path):
    assert "This run has no figures." in make(tmp_path, "plain", figures=False)
