"""Ctrl-C without tracebacks: what was finished is kept, and the run says so in its own words.

A terminal sends Ctrl-C to every process of a run. Python answers with a traceback, most often in
the middle of the imports that a job starts with. So the run blocks the signal in the thread that
starts the jobs; these inherit that and take it once their log is open (modgap.job.start_log).
Standard library only: the workflow reads this while it is parsed.
"""

import logging
import os
import signal
import sys
import threading

INTERRUPTED = threading.Event()


def leave_at_once(_number, _frame):
    """Ctrl-C before anything runs: nothing is half done, so one line and out."""
    os.write(2, b"\nStopped: give the same command again.\n")
    os._exit(128 + signal.SIGINT)


def stop_jobs(_number, _frame):
    """The first Ctrl-C of a run is Snakemake's, which waits for its jobs; more change nothing."""
    if not INTERRUPTED.is_set():
        INTERRUPTED.set()
        raise KeyboardInterrupt


def is_command():
    """Whether this process is the command ``snakemake`` with its hooks, and nobody's library.

    Without hooks nothing would hand the signal on once jobs run.
    """
    program = os.path.abspath(sys.argv[0])
    named = os.path.basename(program).removesuffix(".exe") == "snakemake"
    return (named or program.endswith("snakemake/__main__.py")) and "--no-hooks" not in sys.argv


def is_ours():
    """Whether Ctrl-C means this process (a terminal's, not one that ignores it or has others)."""
    return (
        is_command()
        and threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) in (signal.default_int_handler, leave_at_once)
    )


def expect_interrupts():
    """Have Ctrl-C end the planning in one line."""
    if is_ours():
        signal.signal(signal.SIGINT, leave_at_once)


def take_interrupts(handlers):
    """From now on Ctrl-C stops a run without tracebacks.

    handlers : of Snakemake's logger. What it shows of the jobs that Ctrl-C has stopped goes to
        the files among them only.
    """
    if not is_ours():
        return
    for handler in handlers:
        if not isinstance(handler, logging.FileHandler):
            handler.addFilter(is_worth_showing)
    signal.signal(signal.SIGINT, stop_jobs)
    signal.signal(signal.SIGUSR1, lambda _number, _frame: None)
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    threading.Thread(target=wake_main_thread, args=[reader], daemon=True).start()


def wake_main_thread(reader):
    """Take the signals that the main thread has blocked, and have it run their handlers.

    reader : descriptor that has a byte for every signal. The main thread waits for its jobs without
        looking; a signal of its own ends the wait.
    """
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    main = threading.main_thread()
    while number := os.read(reader, 1):
        if number[0] == signal.SIGINT:
            signal.pthread_kill(main.ident, signal.SIGUSR1)


def is_worth_showing(record):
    """Whether a message of Snakemake's is no error of a job that Ctrl-C has stopped."""
    return record.levelno < logging.ERROR or not INTERRUPTED.is_set()
