"""The number of items that go through a network at once, where ``batch_size`` is ``auto``."""

import time

import numpy as np
import torch

from modgap.job import LOG

AUTO = "auto"
FALLBACK = 256
# Tried from the small to the large. A processor gains nothing beyond, a GPU is full before.
CANDIDATES = {"cpu": (16, 32, 64, 256), "mps": (32, 64, 256), "cuda": (64, 256, 1024)}
LEAST_ROUNDS = 10  # batches of the largest candidate that there must be, or measuring costs more


def choose_batch_size(given, encode, items, device, *, clock=time.perf_counter, bar=True):
    """The batch size given, or for ``auto`` the one of least time per item.

    Every candidate embeds its first items once to warm up and twice to be measured, the quicker
    time counts. Of few items ``FALLBACK`` is taken unmeasured.

    Parameters
    ----------
    given : int or "auto"
    encode : tensor of a batch on ``device`` -> embeddings
    items : (n, ...) array
    clock : function that gives seconds

    Returns
    -------
    int
    """
    if given != AUTO:
        return given
    candidates = CANDIDATES[device.type]
    if len(items) < LEAST_ROUNDS * candidates[-1]:
        return FALLBACK
    seconds = {}
    for size in candidates:
        batch = torch.from_numpy(np.array(items[:size])).to(device)
        try:
            seconds[size] = min(measure_seconds(encode, batch, clock) for _ in range(3)) / size
        except RuntimeError as error:  # no room for it, nor for the next ones
            if not is_out_of_memory(error):
                raise
            break
    if not seconds:
        return candidates[0]
    best = min(seconds, key=seconds.get)
    if bar:
        told = ", ".join(f"{size}: {1 / time:,.0f}" for size, time in seconds.items())
        LOG.info("batch_size auto: %d (items per second of %s)", best, told)
    return best


def measure_seconds(encode, batch, clock):
    """Seconds until the embeddings of a batch are there."""
    began = clock()
    encode(batch).cpu()
    return clock() - began


def is_out_of_memory(error):
    """CUDA has an exception of its own for it; MPS and the CPU allocator only a message."""
    text = str(error)
    return (
        isinstance(error, torch.OutOfMemoryError)
        or "out of memory" in text
        or "can't allocate memory" in text
    )


def known_batch_size(given):
    """The batch size given, without a measurement for ``auto``."""
    return FALLBACK if given == AUTO else given
