"""The attack on the pipeline: what was tried, and how each fault ended.

Every test here breaks something on purpose and hands it to ``fault``; at the end of the session
a table counts, by kind of fault, how they ended. Silent, traceback and hang fail the test, unless
it names the reason why one is accepted.
"""

import functools
from collections import Counter, defaultdict

import pytest

from faults.outcomes import OUTCOMES, record_fault


@pytest.fixture
def fault(record_property):
    """``fault(kind, ended, accepted=None)``: count how a fault ended, fail on a bad end."""
    return functools.partial(record_fault, record_property)


def pytest_collection_modifyitems(config, items):
    """Tests marked ``long`` run only where -m names them."""
    if "long" not in config.option.markexpr:
        long = [item for item in items if item.get_closest_marker("long")]
        items[:] = [item for item in items if item not in long]
        config.hook.pytest_deselected(items=long)


def pytest_terminal_summary(terminalreporter):
    """The table of the attack: a row a kind of fault, a column an outcome."""
    table, reasons = defaultdict(Counter), []
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", []):
                if name == "fault" and getattr(report, "when", "") == "call":
                    kind, outcome, reason = value
                    table[kind][outcome] += 1
                    reasons += [f"{kind}: {reason}"] if reason else []
    if not table:
        return
    width = max(map(len, table)) + 2
    terminalreporter.write_line(
        "fault".ljust(width) + "tried".rjust(8) + "".join(name.rjust(11) for name in OUTCOMES)
    )
    for kind, ends in sorted(table.items()):
        counts = "".join(str(ends[name]).rjust(11) for name in OUTCOMES)
        terminalreporter.write_line(kind.ljust(width) + str(ends.total()).rjust(8) + counts)
    for reason in sorted(set(reasons)):
        terminalreporter.write_line(f"excepted: {reason}")
