"""What a run says: of its jobs, when it ends, and when another is at work."""

import os
import time

import pytest

from modgap.report.console import (
    announce_jobs,
    find_failed_jobs,
    last_line,
    spell_duration,
    summarise_failure,
    summarise_run,
)

LOG = """\
[Mon Nov 23 15:23:51 2026]
Finished jobid: 39 (Rule: figX_theorems)
Error in rule decode_pixels:
    jobid: 5
    output: results/pixels/photos/32-bicubic-shortest/part-0.npy
    log: {log} (check log file(s) for error details)
Error in rule train:
    jobid: 7
    log: {absent} (check log file(s) for error details)
Exiting because a job execution failed. Look below for error messages
Error in rule decode_pixels:
    jobid: 5
    log: {log} (check log file(s) for error details)
"""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")],
)
def test_times_are_for_people(seconds, text):
    assert spell_duration(seconds) == text


def test_a_summary_counts_what_this_run_made_and_nothing_older(tmp_path):
    figures, tables = tmp_path / "figures", tmp_path / "tables"
    now = time.time()
    for folder, names in ((figures, ["old.png", "a.png", "a.pdf", "b.png"]), (tables, ["t.csv"])):
        folder.mkdir()
        for name in names:
            (folder / name).touch()
    os.utime(figures / "old.png", (now - 500, now - 500))
    text = summarise_run(tmp_path, now - 100)
    assert "Done in 1 min 40 s" in text
    assert f"2 figures in {figures}/" in text
    assert f"1 table: {tables / 't.csv'}" in text
    assert "model" not in text


def test_a_run_without_figures_and_tables_says_how_long_it_took(tmp_path):
    assert summarise_run(tmp_path, time.time() - 5) == "\nDone in 5 s."


def test_every_failed_job_is_named_once_with_its_log(tmp_path):
    log, absent = tmp_path / "decode.log", tmp_path / "absent.log"
    text = LOG.format(log=log, absent=absent)
    assert find_failed_jobs(text) == [("decode_pixels", [str(log)]), ("train", [str(absent)])]


def test_a_failure_says_why_where_and_what_to_do(tmp_path):
    log = tmp_path / "decode.log"
    log.write_text("reading\nError: photos/12.jpg: truncated\n\n")
    whole = tmp_path / "snakemake.log"
    whole.write_text(LOG.format(log=log, absent=tmp_path / "absent.log"))
    lines = summarise_failure([whole], time.time() - 3).splitlines()
    assert lines[1] == "Stopped after 3 s."
    assert lines[2:5] == [
        "  decode_pixels failed",
        "    why: Error: photos/12.jpg: truncated",
        f"    log: {log}",
    ]
    assert "stopped from outside" in lines[6]
    assert "same command again" in lines[-1]


def test_a_run_that_was_interrupted_says_how_to_go_on(tmp_path):
    whole = tmp_path / "snakemake.log"
    whole.write_text("Terminating processes on user request\n")
    text = summarise_failure([whole], time.time() - 3)
    assert "failed" not in text
    assert text.endswith("What was finished is kept: give the same command again.")


def test_an_empty_log_hints_at_memory(tmp_path):
    (tmp_path / "empty.log").touch()
    assert "memory" in last_line(tmp_path / "empty.log")


class Rule:
    """What a rule of Snakemake's has that its message is made of."""

    def __init__(self, name, docstring, wildcards=(), message=None):
        self.name, self.docstring, self.message = name, docstring, message
        self.wildcard_names = wildcards


def test_rules_announce_their_jobs_by_name_and_docstring():
    rules = [
        Rule("a", "Make a\n    {thing}.", wildcards=("b",)),
        Rule("c", None),
        Rule("d", "Words.", message="its own"),
    ]
    announce_jobs(rules)
    assert [rule.message for rule in rules] == [
        "a {wildcards} - Make a {{thing}}.",
        "c - ",
        "its own",
    ]


def test_what_ends_after_ctrl_c_did_not_fail(tmp_path):
    text = LOG.format(log=tmp_path / "decode.log", absent=tmp_path / "absent.log")
    failure, stop = (
        text[: text.index("Error in rule train")],
        text[text.index("Error in rule tr") :],
    )
    said = "Terminating processes on user request, this might take some time.\n"
    (tmp_path / "run.log").write_text(said + text)
    summary = summarise_failure([tmp_path / "run.log"], time.time() - 5)
    kept = "What was finished is kept: "
    assert summary == f"\nStopped by Ctrl-C after 5 s.\n{kept}give the same command again."
    # One that failed before is named all the same.
    (tmp_path / "run.log").write_text(failure + said + stop)
    summary = summarise_failure([tmp_path / "run.log"], time.time() - 5)
    assert "Stopped by Ctrl-C" in summary
    assert "decode_pixels failed" in summary
    assert "train" not in summary


def test_a_run_ends_with_its_answers_and_where_the_report_is(tmp_path):
    answers = tmp_path / "tables" / "answers.csv"
    answers.parent.mkdir()
    answers.write_text("embeddings,line,warning\nmine,Mine: gap 0.5.,Odd.\n")
    os.utime(answers, (time.time() - 500,) * 2)
    lines = summarise_run(tmp_path, time.time() - 5).splitlines()
    assert lines[1] == "Done in 5 s."
    assert lines[-2:] == ["  Mine: gap 0.5.", "    WARNING: Odd."]
    page = tmp_path / "report" / "index.html"
    page.parent.mkdir()
    page.touch()
    assert summarise_run(tmp_path).splitlines()[-1] == f"The report: {page}"
