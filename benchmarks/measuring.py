"""Two ways of one thing, taking turns: time, its ratio with the spread, peak memory.

What another program does on the machine changes the clock, and less the processor time, which is
what counts where no other clock is asked for; it changes both ways alike when they take turns. A
benchmark's ``rows(quick)`` yields what ``compare`` returns.
"""

import os
import resource
import signal
import time

import numpy as np

COLUMNS = (
    "benchmark", "what", "size", "reference", "seconds", "reference_seconds", "ratio", "ratio_low",
    "ratio_high", "rounds", "mb", "reference_mb", "floor_gflop", "floor_mb", "goal", "reached",
    "reason", "note",
)  # fmt: skip
# No single measurement takes longer.
LONGEST = 300


def processor_seconds():
    """Processor time of this process, all threads, and of its finished children."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + used.ru_utime + used.ru_stime


def timed(function, clock=None):
    """Seconds of one call, and what it gives; of processors where no other clock is given."""
    clock = clock or processor_seconds
    start = clock()
    result = function()
    return clock() - start, result


def alternate(first, second, rounds, clock=None):
    """Seconds (2, rounds) of two functions that take turns, A B A B."""
    return np.array([[timed(way, clock)[0] for way in (first, second)] for _ in range(rounds)]).T


def peak_memory(function):
    """Largest resident set in MB of a process of its own that calls a function once, or None.

    What this process has loaded before counts with it.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        signal.alarm(LONGEST)
        try:
            function()
            os.write(writing, str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as stream:
        told = stream.read()
    os.waitpid(child, 0)
    return int(told) / 1024 if told else None


def compare(what, size, ours, reference=None, *, by="", rounds=2, memory=True, clock=None, **more):
    """A row of the table.

    Parameters
    ----------
    what, size : words.
    ours, reference : functions without arguments; ``by`` says what the second is.
    rounds : turns of each. memory : whether to measure it, which is one more call of each.
    clock : what tells the time, None for processor time; another one is named in the note.
    more : ``gflop`` and ``megabytes``, the arithmetic and traffic that no way can do without;
        ``goal`` (a ratio to reach), ``most`` (seconds) or ``most_mb``; ``reason``, what profiling
        found where that is missed; ``note``.

    Returns
    -------
    dict by ``COLUMNS``; the ratio is reference over ours, the median of the rounds with the least
    and the largest, each round its own.
    """
    peaks = [peak_memory(way) if memory and way else None for way in (ours, reference)]
    if reference:
        seconds = alternate(ours, reference, rounds, clock)
        ratios = seconds[1] / seconds[0]
    else:
        seconds = np.array([[timed(ours, clock)[0] for _ in range(rounds)], [np.nan] * rounds])
        ratios = np.array([])
    row = {
        "what": what,
        "size": size,
        "reference": by,
        "seconds": float(np.median(seconds[0])),
        "reference_seconds": float(np.median(seconds[1])) if reference else None,
        "ratio": float(np.median(ratios)) if reference else None,
        "ratio_low": float(ratios.min()) if reference else None,
        "ratio_high": float(ratios.max()) if reference else None,
        "rounds": rounds,
        "mb": peaks[0],
        "reference_mb": peaks[1],
        "floor_gflop": more.get("gflop"),
        "floor_mb": more.get("megabytes"),
        "note": more.get("note", ""),
    }
    return {**row, **judge_goal(row, more)}


def judge_goal(row, more):
    """What was to be reached, in words; whether it was: yes, no or nothing; and why not."""
    checks = []
    if "goal" in more:
        checks.append((f"{more['goal']:g} times", row["ratio"] >= more["goal"]))
    if "most" in more:
        checks.append((f"{more['most']:g} s", row["seconds"] <= more["most"]))
    if "most_mb" in more:
        held = row["mb"] is not None and row["mb"] <= more["most_mb"]
        checks.append((f"{more['most_mb']:g} MB", held))
    if not checks:
        return {"goal": "", "reached": "", "reason": ""}
    words, reached = zip(*checks, strict=True)
    missed = not all(reached)
    return {
        "goal": ", ".join(words),
        "reached": "no" if missed else "yes",
        "reason": more.get("reason", "not looked into") if missed else "",
    }
