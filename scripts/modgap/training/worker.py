"""One process of a training run: what torchrun starts, and what a single process calls."""

import contextlib
import json
import logging
import sys
from pathlib import Path

import torch

from modgap.embeddings.networks.light_imports import compiler_left_out
from modgap.errors import InputError
from modgap.job import LOG
from modgap.training.distributed import join_processes
from modgap.training.loop import train


@contextlib.contextmanager
def denormals_flushed():
    """Numbers below 1.2e-38 count as zero within.

    A network that L2 decay draws together, with a loss that holds nothing, meets many of them on
    the way back, and a processor takes three to four times as long for a step with them.
    """
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def train_here(arguments):
    """Train with the arguments of ``scripts/train.py``, as one process of one or more."""
    settings = arguments["settings"]
    with join_processes(settings["device"]) as place, contextlib.ExitStack() as stack:
        stack.enter_context(denormals_flushed())
        if place.size == 1 and not settings["recipe"]["compile"]:
            stack.enter_context(compiler_left_out())  # optimisers import it to leave them alone
        train(arguments["inputs"], arguments["outputs"], **settings, place=place)


if __name__ == "__main__":
    job = Path(sys.argv[1])
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(message)s")
    LOG.setLevel(logging.INFO)
    try:
        train_here(json.loads(job.read_text(encoding="utf-8")))
    except InputError as error:
        job.with_name("error.txt").write_text(str(error), encoding="utf-8")
        sys.exit(1)
