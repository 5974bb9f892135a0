"""Fixtures that several test files share."""

import signal
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# A shell starts what runs in the background with Ctrl-C ignored, and children would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def root():
    """The project's folder."""
    return ROOT


@pytest.fixture(scope="session")
def shared():
    """Give the path of a file of the real data beside the project, or skip where it is absent."""

    def find(relative):
        path = ROOT.parent / "shared" / relative
        if not path.exists():
            pytest.skip(f"real data not at hand: ../shared/{relative}")
        return path

    return find
