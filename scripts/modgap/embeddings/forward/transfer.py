"""Batches on their way to the device: read, copied and computed on at the same time.

On a CUDA device a batch is put into page-locked memory and copied by a stream of its own while the
batches before it are computed; the processor waits for no computation, only, before it writes into
a buffer again, for the copy out of it three batches ago. Elsewhere batches are passed on.
"""

from collections import deque

import numpy as np
import torch

AHEAD = 2  # copies under way beside the batch that is computed


def copy_ahead(batches, copy, ahead):
    """Yield ``(key, copy(batch))`` of each ``(key, batch)``, with ``ahead`` more copies begun.

    copy : starts a copy and returns what stands for it
    """
    begun = deque()
    for key, batch in batches:
        begun.append((key, copy(batch)))
        if len(begun) > ahead:
            yield begun.popleft()
    yield from begun


class PinnedBuffers:
    """Page-locked buffers that take turns, and the stream that copies out of them.

    device : of CUDA. number : of buffers.
    """

    def __init__(self, device, number):
        self.device, self.stream = device, torch.cuda.Stream(device)
        self.buffers = [None] * number
        self.copied = [torch.cuda.Event() for _ in range(number)]
        self.turn = 0

    def copy(self, batch):
        """Begin to copy an array; the tensor on the device and the event of its arrival."""
        turn, self.turn = self.turn, (self.turn + 1) % len(self.buffers)
        self.copied[turn].synchronize()  # what was in this buffer has left it
        buffer = self.buffers[turn]
        if buffer is None or len(buffer) < batch.nbytes:
            buffer = torch.empty(batch.nbytes, dtype=torch.uint8, pin_memory=True)
            self.buffers[turn] = buffer
        dtype = torch.from_numpy(np.empty(0, batch.dtype)).dtype
        pinned = buffer[: batch.nbytes].view(dtype).view(batch.shape)
        np.copyto(pinned.numpy(), batch)
        with torch.cuda.stream(self.stream):
            arriving = pinned.to(self.device, non_blocking=True)
            self.copied[turn].record(self.stream)
            arrived = torch.cuda.Event()
            arrived.record(self.stream)
        return arriving, arrived


def send(batches, device):
    """Yield ``(key, tensor on the device)`` of each ``(key, array)``, in order.

    batches : iterable of pairs; arrays may be parts of files, they are copied
    """
    if device.type != "cuda":
        for key, batch in batches:
            yield key, torch.from_numpy(np.array(batch)).to(device)
        return
    pinned = PinnedBuffers(device, AHEAD + 1)
    for key, (tensor, arrived) in copy_ahead(batches, pinned.copy, AHEAD):
        computing = torch.cuda.current_stream(device)
        computing.wait_event(arrived)
        tensor.record_stream(computing)  # its memory is not given to a later copy before its use
        yield key, tensor
