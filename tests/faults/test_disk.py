"""Full disks: one line that names the file, whatever library writes, and nothing half-written."""

import io

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import save_file

from faults.outcomes import classify_call, classify_run
from modgap.data.arrays import write_array
from modgap.files import atomic_path
from modgap.report import console, drawing
from modgap.tables import write_table
from modgap.training.checkpoints import save_resume

BLOCK = np.zeros((300, 64, 64, 3), np.uint8)


@pytest.fixture
def full_disk(monkeypatch):
    """Every temporary file is /dev/full, which takes no byte."""
    from modgap import files

    real = files.make_temporary

    def make_full(final):
        temporary = real(final)
        temporary.unlink()
        temporary.symlink_to("/dev/full")
        return temporary

    monkeypatch.setattr(files, "make_temporary", make_full)


def write_text(path):
    with atomic_path(path) as temporary:
        temporary.write_text("text" * 10_000)


def write_weights(path):
    with atomic_path(path) as temporary:
        save_file({"weight": torch.zeros(1000, 100)}, temporary)


def write_resume(path):
    network = torch.nn.Linear(300, 300)
    optimizer = torch.optim.AdamW(network.parameters())
    save_resume(path, fingerprint={}, step=1, network=network, optimizer=optimizer)


def draw_figure(path):
    figure, axes = plt.subplots()
    axes.plot(np.random.default_rng(0).standard_normal(5000))
    try:
        drawing.save(figure, path, path.with_suffix(".png"), dpi=80)
    finally:
        plt.close(figure)


WRITERS = {
    "table.csv": write_text,
    "part-0.npy": lambda path: write_array(path, BLOCK, BLOCK.shape[1:], np.uint8),
    "part-0.parquet": lambda path: write_table(pd.DataFrame({"x": np.arange(9999.0)}), path),
    "model.safetensors": write_weights,
    "resume.ckpt": write_resume,
    "figure.pdf": draw_figure,
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_full_disk_is_one_line_from_every_writer(full_disk, fault, tmp_path, name):
    ended = classify_call(lambda: WRITERS[name](tmp_path / name), right=lambda _: False)
    message = fault("disk", ended)
    assert "no space left on the disk" in message
    assert not list(tmp_path.iterdir())


def test_a_disk_that_takes_no_new_file_is_one_line(fault, tmp_path, monkeypatch):
    import errno
    import tempfile

    def refuse(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    ended = classify_call(lambda: write_text(tmp_path / "a.csv"), right=lambda _: False)
    assert "no space left" in fault("disk", ended)


def test_a_job_whose_log_cannot_be_written_still_says_why_it_failed(fault, root, tmp_path):
    code = (
        f"import sys; sys.path.insert(0, {str(root / 'scripts')!r})\n"
        "from modgap.errors import InputError\n"
        "from modgap.job import LOG, start_log\n"
        "start_log(sys.argv[1])\n"
        "LOG.info('so far')\n"
        "raise InputError('a.npy: no space left on the disk')\n"
    )
    import sys

    closed = tmp_path / "file"
    closed.write_text("no folder")
    for log in ("/dev/full", closed / "logs" / "job.log"):
        message = fault("disk", classify_run([sys.executable, "-c", code, log]))
        assert "Error: a.npy: no space left on the disk" in message
        assert message.count("cannot be written") == 1


def test_the_report_of_a_failure_survives_a_log_that_is_not_there(fault, tmp_path):
    whole = tmp_path / "snakemake.log"
    whole.write_text(
        f"Error in rule decode_pixels:\n    log: {tmp_path / 'none.log'} (check log file(s))\n"
    )
    for logs in ([whole], [whole, tmp_path / "none"], [tmp_path], []):
        ended = classify_call(
            lambda logs=logs: console.summarise_failure(logs),
            right=lambda said: "give the same command again" in said,
        )
        fault("disk", ended)
    assert "nothing in its log" in console.summarise_failure([whole])


def test_a_stream_that_breaks_is_given_up_once():
    from modgap.job import Tee

    shown = io.StringIO()
    with open("/dev/full", "w", encoding="utf-8", buffering=1) as log:
        tee = Tee(shown, log)
        print("one", file=tee)
        print("two", file=tee)
        tee.flush()
    assert shown.getvalue().splitlines().count("two") == 1
    assert shown.getvalue().count("cannot be written") == 1
