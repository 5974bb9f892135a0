"""The log of a script: everything that stderr shows, whole lines only, errors in one line."""

import io
import logging
import signal
import subprocess
import sys

from modgap.job import Tee, progress


def run(code, root, tmp_path):
    """Run a script that writes ``log.txt``; its exit status, stderr and log."""
    log = tmp_path / "logs" / "log.txt"
    head = f"import sys; sys.path.insert(0, {str(root / 'scripts')!r})\n"
    head += f"from modgap.job import start_log; start_log({str(log)!r})\n"
    done = subprocess.run([sys.executable, "-c", head + code], capture_output=True, text=True)
    return done.returncode, done.stderr, log.read_text()


def test_warnings_and_messages_are_in_the_log(root, tmp_path):
    code = "import warnings; from modgap.job import LOG\n"
    code += "LOG.info('so far'); warnings.warn('odd'); print('here', file=sys.stderr)"
    status, shown, log = run(code, root, tmp_path)
    assert status == 0
    assert log == shown
    for text in ("so far", "odd", "here"):
        assert text in log


def test_an_input_error_has_no_traceback(root, tmp_path):
    code = "from modgap.errors import InputError; raise InputError('a.csv, row 3: empty')"
    status, shown, log = run(code, root, tmp_path)
    assert status == 1
    assert log == shown == "Error: a.csv, row 3: empty\n"


def test_other_errors_have_one(root, tmp_path):
    status, _, log = run("1 / 0", root, tmp_path)
    assert status == 1
    assert log.startswith("Traceback")
    assert log.endswith("ZeroDivisionError: division by zero\n")


def test_ctrl_c_ends_a_script_without_a_word(root, tmp_path):
    code = "import os, signal; os.kill(os.getpid(), signal.SIGINT)"
    status, shown, log = run(code, root, tmp_path)
    assert status == -signal.SIGINT
    assert log == shown == ""


def test_ctrl_c_that_was_held_back_is_taken_once_the_log_is_open(root, tmp_path):
    log = tmp_path / "log.txt"
    code = (
        "import os, signal, sys; signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})\n"
        f"os.kill(os.getpid(), signal.SIGINT); sys.path.insert(0, {str(root / 'scripts')!r})\n"
        f"from modgap.job import start_log; print('imported'); start_log({str(log)!r})\n"
        "print('went on')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == -signal.SIGINT
    assert done.stdout == "imported\n"
    assert done.stderr == log.read_text() == ""


def test_the_log_keeps_no_progress_bars():
    terminal, log = io.StringIO(), io.StringIO()
    stream = Tee(terminal, log)
    for text in ("first\n", "\r 50 %", "last\n"):
        assert stream.write(text) == len(text)
    assert terminal.getvalue() == "first\n\r 50 %last\n"
    assert log.getvalue() == "first\nlast\n"


def test_progress_passes_items_on_and_counts_their_length(caplog, monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())  # no terminal: lines instead of a bar
    batches = [[1, 2, 3], [4, 5]]
    with caplog.at_level(logging.INFO, logger="modgap"):
        assert list(progress(batches, total=5, what="pictures", every=0)) == batches
        assert list(progress(range(2), total=2, what="models", every=0)) == [0, 1]
    said = [record.getMessage().split(",")[0] for record in caplog.records]
    assert said == ["3 of 5 pictures", "5 of 5 pictures", "1 of 2 models", "2 of 2 models"]
