"""What a run says when it ends."""

import os
import time

import pytest

from modgap.report.console import (
    failure_summary,
    find_failed_jobs,
    last_line,
    spell_duration,
    summary,
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
    text = summary(tmp_path, now - 100)
    assert "Done in 1 min 40 s" in text
    assert f"2 figures in {figures}/" in text
    assert f"1 table: {tables / 't.csv'}" in text
    assert "model" not in text


def test_a_run_without_figures_and_tables_says_how_long_it_took(tmp_path):
    assert summary(tmp_path, time.time() - 5) == "\nDone in 5 s."


def test_every_failed_job_is_named_once_with_its_log(tmp_path):
    log, absent = tmp_path / "decode.log", tmp_path / "absent.log"
    text = LOG.format(log=log, absent=absent)
    assert find_failed_jobs(text) == [("decode_pixels", [str(log)]), ("train", [str(absent)])]


def test_a_failure_says_why_where_and_what_to_do(tmp_path):
    log = tmp_path / "decode.log"
    log.write_text("reading\nError: photos/12.jpg: truncated\n\n")
    whole = tmp_path / "snakemake.log"
    whole.write_text(LOG.format(log=log, absent=tmp_path / "absent.log"))
    lines = failure_summary([whole], time.time() - 3).splitlines()
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
    text = failure_summary([whole], time.time() - 3)
    assert "failed" not in text
    assert text.endswith("What was finished is kept: give the same command again.")


def test_an_empty_log_hints_at_memory(tmp_path):
    (tmp_path / "empty.log").touch()
    assert "memory" in last_line(tmp_path / "empty.log")
