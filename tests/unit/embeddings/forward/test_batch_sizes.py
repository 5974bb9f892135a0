"""``batch_size: auto`` is the size that a short measurement found quickest."""

import numpy as np
import pytest
import torch

from modgap.embeddings.extraction import embed_captions, embed_images
from modgap.embeddings.forward.batch_sizes import (
    CANDIDATES,
    FALLBACK,
    choose_batch_size,
    measure_seconds,
)
from modgap.embeddings.models import create_model

CPU = torch.device("cpu")
MANY = np.zeros((3000, 1))


def simulated(seconds):
    """encode and clock of a device that takes ``seconds(rows)`` for a batch."""
    now = [0.0]

    def encode(batch):
        now[0] += seconds(len(batch))
        return batch

    return encode, lambda: now[0]


@pytest.mark.parametrize(
    ("seconds", "best"),
    [
        (lambda n: 1 + 0.001 * n, 256),  # a start-up that large batches share
        (lambda n: n + (n > 32) * n, 32),  # what no longer fits into the cache
        (lambda n: n, 16),  # equal: the smallest
    ],
)
def test_the_quickest_per_item_is_taken(seconds, best):
    encode, clock = simulated(lambda n: seconds(n) if best != 32 else 0.1 + seconds(n))
    assert choose_batch_size("auto", encode, MANY, CPU, clock=clock) == best


def test_the_first_call_warms_up():
    calls = []

    def seconds(n):
        calls.append(n)
        return 100 if calls.count(n) == 1 and n == 64 else (0.5 * n if n == 64 else n)

    encode, clock = simulated(seconds)
    assert choose_batch_size("auto", encode, MANY, CPU, clock=clock) == 64
    assert calls == [n for n in CANDIDATES["cpu"] for _ in range(3)]


def test_what_has_no_room_is_not_taken():
    def encode(batch):
        if len(batch) > 32:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return batch

    assert choose_batch_size("auto", encode, MANY, CPU) in (16, 32)

    def never(batch):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    assert choose_batch_size("auto", never, MANY, CPU) == 16


def test_a_given_size_or_few_items_are_not_measured():
    assert choose_batch_size(7, None, MANY, CPU) == 7
    assert choose_batch_size("auto", None, MANY[:100], CPU) == FALLBACK


def test_other_errors_are_not_hidden():
    def encode(batch):
        raise RuntimeError("shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="shapes"):
        choose_batch_size("auto", encode, MANY, CPU)


def test_seconds_are_those_of_the_clock():
    encode, clock = simulated(lambda n: 2.0 * n)
    assert measure_seconds(encode, torch.zeros(3), clock) == 6


def test_embeddings_are_those_of_a_given_size(monkeypatch):
    monkeypatch.setitem(CANDIDATES, "cpu", (2, 4))
    entry = {"source": "random", "architecture": "scenes-vit", "seed": 0}
    model = create_model("mine", entry, device="cpu")
    pixels = np.random.default_rng(0).integers(0, 256, (41, 32, 32, 3), dtype=np.uint8)
    np.testing.assert_allclose(
        embed_images(model, pixels, "auto"), embed_images(model, pixels, 8), atol=1e-5
    )
    captions = [f"picture {i}" for i in range(41)]
    np.testing.assert_allclose(
        embed_captions(model, captions, "auto"), embed_captions(model, captions, 8), atol=1e-5
    )
