"""How a fault ended: what the tests of the attack judge by."""

import contextlib
import signal
import subprocess

from modgap.errors import LONGEST_LINE, InputError

OUTCOMES = ["survived", "refused", "silent", "traceback", "hang", "excepted"]
BAD = ("silent", "traceback", "hang")


class Hang(BaseException):
    """A call that did not end in its time."""


@contextlib.contextmanager
def time_limit(seconds):
    """Raise Hang in the main thread after so many seconds."""

    def give_up(*_):
        raise Hang

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def is_one_line(message):
    """Whether a message is what a user can read: a line a problem, none of them endless."""
    lines = str(message).split("\n")
    return all(line.strip() and len(line) <= LONGEST_LINE + 64 for line in lines)


def classify_call(call, right=None, seconds=60):
    """How a call under a fault ended: one of OUTCOMES, and the message of a refusal.

    ``call`` takes nothing. It survives if it returns and ``right(result)`` holds (or there is no
    ``right``: the fault is harmless by construction), is silent if it returns something wrong,
    refused if it raises InputError in readable lines.
    """
    try:
        with time_limit(seconds):
            result = call()
    except InputError as error:
        return ("refused" if is_one_line(error) else "traceback"), str(error)
    except Hang:
        return "hang", f"no end after {seconds} s"
    except Exception as error:
        return "traceback", f"{type(error).__name__}: {error}"
    return ("survived" if right is None or right(result) else "silent"), ""


def classify_run(command, right=None, seconds=120, **options):
    """How a command under a fault ended, as ``classify_call``; the message is what it printed.

    It survives with status 0 and ``right(output)``; it is refused with another status, a line
    that says "Error" and no traceback.
    """
    try:
        done = subprocess.run(
            list(map(str, command)),
            text=True,
            errors="replace",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            **options,
        )
    except subprocess.TimeoutExpired:
        return "hang", f"no end after {seconds} s"
    if "Traceback (most recent call last)" in done.stdout:
        return "traceback", done.stdout
    if done.returncode == 0:
        return ("survived" if right is None or right(done.stdout) else "silent"), done.stdout
    return ("refused" if "error" in done.stdout.lower() else "silent"), done.stdout


def record_fault(record, kind, ended, accepted=None):
    """Count how a fault ended and fail where it ended badly; gives the message back.

    ``record`` keeps a name and a value; ``ended`` is what ``classify_call`` or ``classify_run``
    gave; ``kind`` is a row of the table, such as "configuration"; ``accepted`` is the reason why
    a bad end is no error of ours.
    """
    outcome, message = ended
    if outcome in BAD and accepted:
        outcome = "excepted"
    record("fault", [kind, outcome, accepted or ""])
    assert outcome not in BAD, f"{kind}: {outcome}: {message}"
    return message
