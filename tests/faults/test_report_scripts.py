"""Labels, names and paths of a configuration against the scripts of the reports."""

import json
import re

import numpy as np
import pandas as pd
import pytest
import yaml

from browser import chromium, console, decode
from faults.outcomes import classify_call
from modgap.plan.checks.markup import markup_problems
from modgap.plan.config import load_config
from modgap.report.formats import read_for_jobs, write_formats
from workflow.runs import copy_project, snakemake

ENDS = ["</script><script>alert(1)</script>", "</SCRIPT >", "<!--<script>", "a<!-- b", "x</b"]


def entry(**more):
    return {"kind": "digits", "n": 10, **more}


@pytest.mark.parametrize("text", ENDS)
@pytest.mark.parametrize("place", ["label", "results", "path", "name"])
def test_texts_that_end_a_script_are_refused(root, tmp_path, fault, text, place):
    configs = {
        "label": {"datasets": {"a": entry(label=text)}},
        "results": {"results": f"out/{text}"},
        "path": {"datasets": {"a": {"kind": "image_folder", "path": str(tmp_path / text)}}},
        "name": {"datasets": {text: entry()}},
    }
    ended = classify_call(lambda: load_config(configs[place], root))
    assert ended[0] == "refused"
    fault("report scripts", ended)


def test_a_configuration_file_may_not_be_called_so_either(root, fault):
    ended = classify_call(lambda: load_config({}, root, ["a</script>.yaml"]))
    assert "--configfile: '</' cannot stand in it" in fault("report scripts", ended)


@pytest.mark.parametrize("text", ["a < b > c", "<b>bold", 'say "so"', "it's", "a\\b", "a & b"])
def test_other_texts_are_taken(root, fault, text):
    ended = classify_call(
        lambda: load_config({"datasets": {"a": entry(label=text)}, "models": {}, "cones": []}, root)
    )
    message = fault("report scripts", ended)
    assert "cannot stand in it" not in message


@pytest.mark.parametrize("text", ["</script><script>document.title='run'</script>", "a < b"])
def test_what_is_refused_is_what_runs_in_a_script_of_snakemakes_report(tmp_path, fault, text):
    """Its page writes the settings of jobs between <script> and </script>, as JSON."""
    page = tmp_path / "page.html"
    settings = json.dumps({"params": text})
    body = f"<title>quiet</title><script>var results = {settings};</script>"
    page.write_text(f"<!doctype html><meta charset=utf-8>{body}", encoding="utf-8")
    shown, _ = chromium(tmp_path, page.as_uri(), "--dump-dom")
    ran = "<title>run</title>" in shown
    refused = bool(markup_problems({"label": text}))
    fault("report scripts", classify_call(lambda: (ran, refused), lambda pair: pair[0] == pair[1]))


FORMULAS = ["=1+1", "+A1", "-2+3+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1", "'=1", "''@a"]
PLAIN = ["-0.5", "-1 to 2", "+3e-4", "-0.1 ± 0.2", "-1 [-2, 0]; more", "a=b", "'quoted'", "–"]


def test_no_text_of_a_table_for_people_is_a_formula_and_jobs_read_it_exactly(tmp_path, fault):
    texts = [*FORMULAS, *PLAIN, "a|b", "two\nlines"]
    frame = pd.DataFrame(
        {"label": texts, "sample_id": texts, "value": [-0.1 * i for i in range(len(texts))]}
    )
    paths = [tmp_path / f"t.{ending}" for ending in ("csv", "md", "tex")]
    write_formats(frame, *paths)
    stored = pd.read_csv(paths[0], lineterminator="\n", keep_default_na=False)
    assert stored["label"].tolist() == [
        *(f"'{text}" for text in FORMULAS),
        *PLAIN,
        "a|b",
        "two\nlines",
    ]
    assert stored["sample_id"].tolist() == texts
    ended = classify_call(
        lambda: read_for_jobs(paths[0], lineterminator="\n"),
        lambda back: back.equals(frame),
    )
    fault("report scripts", ended)
    lines = paths[1].read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2 + len(texts)
    assert {line.replace(r"\|", "").count("|") for line in lines} == {4}


# What a page's script, its strings or its templates could stumble over, without ending a script.
HOSTILE = "\"'`${document.title='run'}`{{1+1}} \\u2028 \u2028 \\ & &lt;b&gt; ]]> 50 % \u202e "
# What Python's repr, which the report quotes, leaves as it is.
PLAIN_END = "漢字 🙂 javascript:alert(1) " + "x" * 300
HOSTILE += PLAIN_END


@pytest.fixture(scope="module")
def reported(root, tmp_path_factory):
    """Snakemake's own report of a real run whose labels try to run or to break something."""
    project = copy_project(root, tmp_path_factory.mktemp("hostile") / "project")
    vectors = np.random.default_rng(0).normal(size=(12, 4))
    np.save(project / "x.npy", vectors + 1)
    np.save(project / "y.npy", vectors - 1)
    data = {"kind": "embeddings", "first": "x.npy", "second": "y.npy", "label": HOSTILE}
    (project / "mine.yaml").write_text(yaml.safe_dump({"datasets": {"mine": data}}))
    words = ["fig1_modality_gap", "--configfile", "mine.yaml"]
    snakemake(project, "--cores", 1, *words)
    snakemake(project, "--report", "report.html", *words)
    return project / "report.html"


def test_hostile_labels_are_text_in_snakemakes_report(reported, tmp_path, fault):
    """All its scripts run to their end, and know the label as it was written."""
    asking = (
        "<script>addEventListener('load', () => document.body.setAttribute('data-told', "
        "btoa(encodeURIComponent(JSON.stringify([document.title, JSON.stringify(results)])))))"
        "</script></body>"
    )
    page = tmp_path / "page.html"
    before, _, after = reported.read_text(encoding="utf-8").rpartition("</body>")
    page.write_text(before + asking + after, encoding="utf-8")

    def look():
        shown, said = chromium(tmp_path, page.as_uri(), "--virtual-time-budget=5000", "--dump-dom")
        errors = [line for line in console(said) if "Uncaught" in line]
        return errors, *decode(re.search(r'data-told="([^"]+)"', shown)[1])

    def is_right(found):
        errors, title, results = found
        known = json.loads(results)
        return (
            not errors and title != "run" and any(PLAIN_END in text for text in list_texts(known))
        )

    fault("report scripts", classify_call(look, is_right))


def list_texts(value):
    """All texts in nested values; the settings of a job are one, as Python writes them."""
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return [text for one in inner for text in list_texts(one)]
    return [value] if isinstance(value, str) else []
