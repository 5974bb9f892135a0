"""What a run says: when a job starts, and when it ends what was made, or what failed and why.

Standard library only: the workflow reads this while it is parsed.
"""

import re
import time
from pathlib import Path

from modgap.report.answers.lines import find_answers, list_answers

STARTED = time.time()  # Unix time: the workflow imports this when it starts

# Folder below the root of the results, what its files are called, and the ending that counts.
SHOWN = [
    ("figures", "figure", ".png"),
    ("tables", "table", ".csv"),
    ("report", "report", ".html"),
    ("training", "model", ".safetensors"),
]

FAILED_JOB = re.compile(r"^Error in rule (\w+):$")
STOPPED = "Terminating processes on user request"  # what Snakemake says when Ctrl-C reaches it
FAILED_LOG = re.compile(r"^    log: (.+?) \(check log file")


def spell_duration(seconds):
    """A time for people: 48 s, 3 min 20 s, 2 h 5 min."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def files_made_since(folder, ending, since):
    """Files below a folder that have this ending and were written at or after a time."""
    return [
        path for path in sorted(Path(folder).rglob(f"*{ending}")) if path.stat().st_mtime >= since
    ]


def summarise_run(results, started=STARTED, clouds=None):
    """Lines on a finished run: what it made below ``results`` since ``started`` (a Unix time).

    clouds : of ``find_answers``.
    """
    lines = []
    for name, noun, ending in SHOWN:
        folder = Path(results, name)
        made = files_made_since(folder, ending, started)
        if len(made) == 1:
            lines.append(f"  1 {noun}: {made[0]}")
        elif made:
            lines.append(f"  {len(made)} {noun}s in {folder}/")
    title = f"Done in {spell_duration(time.time() - started)}."
    title += " Made in this run:" if lines else ""
    return "\n".join(["", title, *lines, *tell_answers(results, clouds)])


def tell_answers(results, clouds):
    """Lines on what was measured below ``results``, and where the report is."""
    answers = find_answers(results, clouds)
    if answers is None:
        return []
    page = Path(results, "report", "index.html")
    shown = [f"The report: {page}"] if page.is_file() else []
    return ["", *list_answers(answers), *shown]


def find_failed_jobs(text):
    """(rule, its log files) of every failed job in the text of Snakemake's own log."""
    jobs = []
    for line in text.splitlines():
        if found := FAILED_JOB.match(line):
            jobs.append((found[1], []))
        elif jobs and (found := FAILED_LOG.match(line)):
            jobs[-1][1].extend(found[1].split(", "))
    unique = {(rule, *logs): (rule, logs) for rule, logs in jobs}
    return list(unique.values())


def last_line(path):
    """The last line of a log that says something, or what its absence means."""
    said = [line.strip() for line in read_log(path).split("\n") if line.strip()]
    return said[-1] if said else "nothing in its log: stopped from outside, or out of memory"


def read_log(path):
    """Text of a log; none where it was not written or cannot be read."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def summarise_failure(logs, started=STARTED):
    """Lines on a run that stopped, given the paths of Snakemake's own logs: what failed and why.

    What ended after Ctrl-C did not fail.
    """
    text = "".join(map(read_log, logs))
    before, stopped, _ = text.partition(STOPPED)
    failed = find_failed_jobs(before)
    by_whom = " by Ctrl-C" if stopped else ""
    lines = ["", f"Stopped{by_whom} after {spell_duration(time.time() - started)}."]
    for rule, files in failed:
        lines.append(f"  {rule} failed")
        for path in files:
            lines += [f"    why: {last_line(path)}", f"    log: {path}"]
    remedy = "put right what failed and " if failed else ""
    lines.append(f"What was finished is kept: {remedy}give the same command again.")
    return "\n".join(lines)


def announce_jobs(rules):
    """Give every rule without a message one: its name, its wildcards, its docstring."""
    for rule in rules:
        rule.message = rule.message or describe_job(rule)


def describe_job(rule):
    """What a run says when it starts a job of a rule."""
    wildcards = " {wildcards}" if rule.wildcard_names else ""
    text = " ".join((rule.docstring or "").split())
    text = text.replace("{", "{{").replace("}", "}}")
    return f"{rule.name}{wildcards} - {text}"
