"""Ctrl-C: one line before anything runs, and jobs that are stopped without tracebacks."""

import logging
import signal
import subprocess
import sys
import time

import pytest

from modgap.report import interrupts

# A run in small: the main thread waits for a child that is importing, without looking.
RUN = """
import logging, signal, subprocess, sys, threading, time
from modgap.report import interrupts
interrupts.expect_interrupts()
interrupts.take_interrupts([])
child = subprocess.Popen([sys.executable, "-c", {child!r}])
ended = threading.Event()
threading.Thread(target=lambda: (child.wait(), ended.set())).start()
try:
    print("ready", flush=True)
    ended.wait()
except KeyboardInterrupt:
    print("stopping", flush=True)
    ended.wait()
print("ended", child.returncode, flush=True)
"""


def start(root, code, program="/usr/bin/snakemake"):
    """A process of its own group that runs ``code`` and has said that it is ready."""
    head = f"import sys; sys.path.insert(0, {str(root / 'scripts')!r})\n"
    head += f"sys.argv[0] = {program!r}\n"
    running = subprocess.Popen(
        [sys.executable, "-c", head + code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert running.stdout.readline() == "ready\n"
    return running


def press(running, times=1):
    """Ctrl-C as a terminal gives it, to all processes of the group."""
    for _ in range(times):
        subprocess.run(["kill", "-s", "INT", "--", f"-{running.pid}"], check=True)
        time.sleep(0.3)


def test_ctrl_c_while_planning_is_one_line(root):
    code = "from modgap.report import interrupts; import time\n"
    code += "interrupts.expect_interrupts(); print('ready', flush=True); time.sleep(60)"
    running = start(root, code)
    press(running)
    assert running.communicate(timeout=30)[1] == "\nStopped: give the same command again.\n"
    assert running.returncode == 128 + signal.SIGINT


@pytest.mark.parametrize("times", [1, 3])
def test_ctrl_c_wakes_the_run_and_its_jobs_take_it_when_they_can(root, times):
    child = (
        "import time; time.sleep(1.5)\nimport signal, sys; sys.excepthook = lambda *_: None\n"
        "signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT}); time.sleep(60)"
    )
    running = start(root, RUN.format(child=child))
    press(running, times)
    out, err = running.communicate(timeout=30)
    assert out == f"stopping\nended {-signal.SIGINT}\n"
    assert err == ""


def test_where_ctrl_c_is_ignored_it_stays_so(root):
    code = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    running = start(root, code + RUN.format(child="import time; time.sleep(1)"))
    press(running)
    out, _ = running.communicate(timeout=30)
    assert out == "ended 0\n"


def test_errors_of_stopped_jobs_are_not_shown(monkeypatch):
    record = logging.LogRecord("", logging.ERROR, "", 0, "Error in rule train", None, None)
    said = logging.LogRecord("", logging.INFO, "", 0, "Terminating processes", None, None)
    monkeypatch.setattr(interrupts, "INTERRUPTED", type(interrupts.INTERRUPTED)())
    assert interrupts.is_worth_showing(record)
    interrupts.INTERRUPTED.set()
    assert not interrupts.is_worth_showing(record)
    assert interrupts.is_worth_showing(said)


def test_every_script_lets_ctrl_c_in(root):
    """Without start_log it would be held back from a script until its end."""
    scripts = list((root / "scripts").glob("*.py"))
    assert len(scripts) > 40
    for path in scripts:
        assert "    start_log(snakemake.log[0])\n" in path.read_text(), path.name


def test_a_program_that_uses_snakemake_keeps_its_own_ctrl_c(root):
    code = "from modgap.report import interrupts; import signal\n"
    code += "interrupts.expect_interrupts(); interrupts.take_interrupts([])\n"
    code += "assert signal.getsignal(signal.SIGINT) is signal.default_int_handler\n"
    code += "assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])\n"
    code += "print('ready', flush=True)"
    running = start(root, code, program="notebook.py")
    assert running.communicate(timeout=30)[1] == ""
    assert running.returncode == 0
