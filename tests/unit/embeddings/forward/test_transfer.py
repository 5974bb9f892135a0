"""Batches reach the device in order, whole, and while others are computed."""

import contextlib
from typing import ClassVar

import numpy as np
import pytest
import torch

from modgap.embeddings.extraction import embed_images, embed_tokens
from modgap.embeddings.forward.transfer import AHEAD, PinnedBuffers, copy_ahead, send
from modgap.embeddings.models import create_model

ENTRY = {"source": "random", "architecture": "scenes-vit", "seed": 0}
needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


def arrays(n):
    """Batches of 4 rows, a last one of 3, and a key each."""
    return [(i, np.full((4 if i < n - 1 else 3, 5), i, np.float32)) for i in range(n)]


@pytest.mark.parametrize("n", [0, 1, 2, 3, 7])
@pytest.mark.parametrize("ahead", [0, 1, 2])
def test_copies_begin_before_they_are_needed(n, ahead):
    events = []

    def coming():
        for i in range(n):
            events.append(("read", i))
            yield f"key {i}", i

    def copy(batch):
        events.append(("copied", batch))
        return -batch

    for key, found in copy_ahead(coming(), copy, ahead):
        assert key == f"key {-found}"
        begun = sum(kind == "copied" for kind, _ in events)
        assert begun == min(n, -found + 1 + ahead)
        events.append(("computed", -found))
    assert [i for kind, i in events if kind == "computed"] == list(range(n))


def test_batches_of_a_processor_are_copies():
    given = arrays(3)
    for _, batch in given:
        batch.flags.writeable = False  # as parts of a file are
    sent = list(send(iter(given), torch.device("cpu")))
    assert [key for key, _ in sent] == [0, 1, 2]
    for (_, tensor), (_, batch) in zip(sent, given, strict=True):
        np.testing.assert_array_equal(tensor.numpy(), batch)
        tensor += 1
        assert (tensor.numpy() != batch).all()


class Recorded:
    """A stand-in for CUDA's events and streams that remembers who waited for what."""

    waits: ClassVar[list] = []

    def __init__(self, *device):
        self.recorded = False

    def record(self, stream):
        self.recorded = True

    def synchronize(self):
        Recorded.waits.append(self.recorded)


@pytest.fixture
def no_gpu(monkeypatch):
    """The buffers' logic on a processor: memory is not locked, copies are done at once."""
    empty = torch.empty
    monkeypatch.setattr(torch.cuda, "Stream", Recorded)
    monkeypatch.setattr(torch.cuda, "Event", Recorded)
    monkeypatch.setattr(torch.cuda, "stream", lambda stream: contextlib.nullcontext())
    monkeypatch.setattr(torch, "empty", lambda *given, pin_memory, **more: empty(*given, **more))
    monkeypatch.setattr(Recorded, "waits", [])


def test_a_buffer_is_written_only_after_it_was_copied(no_gpu):
    pinned = PinnedBuffers(torch.device("cpu"), 3)
    kept = []
    for key, batch in arrays(7):
        tensor, arrived = pinned.copy(batch)
        assert arrived.recorded
        np.testing.assert_array_equal(tensor.numpy(), batch)
        kept.append((key, tensor.data_ptr()))
    # The first three waits are for buffers that nothing was copied from.
    assert Recorded.waits == [False] * 3 + [True] * 4
    places = [place for _, place in kept]
    assert len(set(places)) == 3
    assert places[:3] == places[3:6]


def test_buffers_grow_and_hold_other_types(no_gpu):
    pinned = PinnedBuffers(torch.device("cpu"), 1)
    for batch in (np.arange(3), np.ones((2, 4), np.float32), np.arange(20, dtype=np.uint8)):
        tensor, _ = pinned.copy(batch)
        np.testing.assert_array_equal(tensor.numpy(), batch)


@needs_cuda
def test_batches_on_a_gpu():
    device = torch.device("cuda")
    total = torch.zeros((), device=device)
    for key, tensor in send(iter(arrays(50)), device):
        assert tensor.device.type == "cuda"
        total += (tensor - key).abs().sum()
    assert total.item() == 0


@needs_cuda
@pytest.mark.parametrize(("precision", "tolerance"), [("fp32", 1e-5), ("bf16", 2e-2)])
def test_embeddings_of_a_gpu_are_those_of_a_processor(precision, tolerance):
    pixels = np.random.default_rng(0).integers(0, 256, (70, 32, 32, 3), dtype=np.uint8)
    found = []
    for device in ("cpu", "cuda"):
        model = create_model("mine", ENTRY, device=device, precision=precision)
        tokens = model.tokenize([f"picture {i} " * (1 + i % 4) for i in range(70)])
        found.append((embed_images(model, pixels, 16), embed_tokens(model, tokens, 16)))
    for one, other in zip(*found, strict=True):
        unit = [rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (one, other)]
        np.testing.assert_allclose(*unit, rtol=0, atol=tolerance)


@needs_cuda
def test_no_batch_is_waited_for():
    model = create_model("mine", ENTRY, device="cuda")
    pixels = np.zeros((64 * (AHEAD + 4), 32, 32, 3), np.uint8)
    embed_images(model, pixels, 64)
    torch.cuda.set_sync_debug_mode("error")
    try:
        with torch.inference_mode():
            for _, batch in send(((i, pixels[:64]) for i in range(6)), model.device):
                model.embed_pictures(batch)
    finally:
        torch.cuda.set_sync_debug_mode("default")
