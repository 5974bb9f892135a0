"""The judge of the faults is itself judged: it must call each bad end by its name."""

import sys
import time

import pytest

from faults.outcomes import classify_call, classify_run, record_fault
from modgap.errors import InputError


def refuse():
    raise InputError("a.csv row 3: no caption; give one")


def break_down():
    raise KeyError("caption")


def never_end():
    time.sleep(5)


@pytest.mark.parametrize(
    ("call", "outcome"),
    [
        (lambda: 1, "survived"),
        (lambda: 2, "silent"),
        (refuse, "refused"),
        (break_down, "traceback"),
        (never_end, "hang"),
    ],
)
def test_ends_of_calls_have_their_names(call, outcome):
    assert classify_call(call, lambda result: result == 1, seconds=1)[0] == outcome


@pytest.mark.parametrize(
    ("program", "outcome"),
    [
        ("print('fine')", "survived"),
        ("print('wrong')", "silent"),
        ("raise SystemExit('Error: a.csv row 3: no caption')", "refused"),
        ("raise SystemExit(3)", "silent"),
        ("{}['caption']", "traceback"),
        ("import time; time.sleep(60)", "hang"),
    ],
)
def test_ends_of_commands_have_their_names(program, outcome):
    command = [sys.executable, "-c", program]
    assert classify_run(command, lambda out: "fine" in out, seconds=5)[0] == outcome


def test_a_bad_end_fails_the_test_unless_its_reason_is_named():
    kept = []

    def record(_, value):
        kept.append(value)

    with pytest.raises(AssertionError, match="wrong number"):
        record_fault(record, "planted", ("silent", "wrong number"))
    record_fault(record, "planted", ("hang", ""), accepted="no file locks here")
    assert record_fault(record, "planted", ("refused", "one line")) == "one line"
    assert kept == [
        ["planted", "silent", ""],
        ["planted", "excepted", "no file locks here"],
        ["planted", "refused", ""],
    ]
