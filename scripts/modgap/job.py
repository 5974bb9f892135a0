"""What every script shares with Snakemake: its log, and how far it is."""

import contextlib
import logging
import signal
import sys
import time
from pathlib import Path

from modgap.errors import InputError, redact

LOG = logging.getLogger("modgap")


class Tee:
    """A text stream that writes to the terminal and the log, without secrets of addresses."""

    def __init__(self, terminal, log):
        self.terminal = terminal
        self.log = log

    def write(self, text):
        said = redact(text)
        self.terminal.write(said)
        # A progress bar rewrites its line; the log keeps only whole lines.
        if "\r" not in text:
            self.keep(lambda: self.log.write(said))
        return len(text)

    def flush(self):
        self.terminal.flush()
        self.keep(lambda: self.log.flush())

    def keep(self, act):
        """Do something to the log; where it cannot be written (a full disk), go on without it."""
        try:
            if self.log is not None:
                act()
        except OSError as error:
            log, self.log = self.log, None
            with contextlib.suppress(OSError):
                log.close()
            self.terminal.write(f"{log.name}: cannot be written ({error.strerror})\n")

    def isatty(self):
        return self.terminal.isatty()

    def fileno(self):
        return self.terminal.fileno()


def start_log(path):
    """Copy everything written to stderr into ``path`` as well, warnings and tracebacks included.

    An InputError ends the script with its one line instead of a traceback, Ctrl-C without a word.
    """
    sys.stderr = Tee(sys.__stderr__, open_log(path))
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(message)s", force=True
    )
    # Libraries speak up when something is wrong; we also say how far we are.
    LOG.setLevel(logging.INFO)
    logging.captureWarnings(True)
    sys.excepthook = report_failure
    # A run holds Ctrl-C back from its jobs until here (modgap.report.interrupts).
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def open_log(path):
    """The log file, or None (and a line on the terminal) where it cannot be made."""
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        return open(path, "w", encoding="utf-8", errors="backslashreplace", buffering=1)
    except OSError as error:
        print(f"{path}: cannot be written ({error.strerror})", file=sys.__stderr__)
        return None


def report_failure(kind, error, trace):
    """Print an InputError as one line, nothing of Ctrl-C, anything else with its traceback."""
    if issubclass(kind, KeyboardInterrupt):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second one finds us on the way out
    elif issubclass(kind, InputError):
        print(f"Error: {error}", file=sys.stderr)
    else:
        import traceback

        traceback.print_exception(kind, error, trace, file=sys.stderr)
    sys.stderr.flush()


def progress(items, *, total=None, what="items", every=30.0):
    """Iterate over ``items`` with a progress bar, or with log lines where there is no terminal.

    ``items`` yields anything that has ``len`` or counts as one; ``total`` is in the same unit;
    a log line comes at most every ``every`` seconds and says how long the rest will take.
    """
    from tqdm import tqdm

    done, said = 0, time.monotonic()
    start = said
    with tqdm(total=total, unit=f" {what}", file=sys.stderr, disable=None) as bar:
        for item in items:
            yield item
            step = len(item) if hasattr(item, "__len__") else 1
            done += step
            bar.update(step)
            now = time.monotonic()
            if bar.disable and now - said >= every:
                said = now
                LOG.info("%d of %s %s%s", done, total, what, spell_rest(done, total, now - start))


def spell_rest(done, total, seconds):
    """How fast ``done`` items were in so many seconds, and how long the rest takes, in words."""
    speed = done / max(seconds, 1e-9)
    said = f", {speed:.0f} per second" if speed >= 1 else ""
    if total is None or done >= total:
        return said
    left = (total - done) / speed
    for unit, size in (("h", 3600), ("min", 60), ("s", 1)):
        if left >= 2 * size or size == 1:
            return f"{said}, about {max(1, round(left / size))} {unit} left"
    return said
