"""Pieces of a batch side by side give what the whole batch gives, in its order."""

import contextlib
import threading

import pytest
import torch
from threadpoolctl import threadpool_info, threadpool_limits

from modgap.embeddings.forward.pieces import in_pieces


@pytest.fixture
def threads():
    """Torch has three threads, whatever the machine has."""
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield 3
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("n", "size", "sizes"),
    [(12, 2, [2, 2, 2, 2, 2, 2]), (7, 3, [3, 3, 1]), (1, 16, [1]), (0, 16, [0])],
)
def test_rows_come_in_order_in_pieces_of_a_size(threads, n, size, sizes):
    seen = []

    def double(part):
        seen.append(len(part))
        return 2 * part

    rows = torch.arange(n).float()[:, None]
    assert torch.equal(in_pieces(double, size, contextlib.nullcontext)(rows), 2 * rows)
    assert sorted(seen, reverse=True) == sizes


def blas_threads():
    return [info["num_threads"] for info in threadpool_info() if info["user_api"] == "blas"]


def test_pieces_run_at_the_same_time_on_one_thread_each(threads):
    together = threading.Barrier(threads, timeout=60)
    seen = []

    def wait(part):
        together.wait()
        told = torch.get_num_threads(), {*blas_threads()}, torch.is_inference_mode_enabled()
        seen.append(told)
        return part

    call = in_pieces(wait, 1, contextlib.nullcontext)
    with threadpool_limits(3, "blas"):
        assert {*blas_threads()} == {3}
        call(torch.zeros(threads, 1))
        assert {*blas_threads()} == {3}
    assert seen == [(1, {1}, True)] * threads
    assert torch.get_num_threads() == threads


def test_the_threads_are_those_of_the_call(threads):
    call = in_pieces(lambda part: part, 1, contextlib.nullcontext)
    torch.set_num_threads(2)
    call(torch.zeros(4, 1))
    assert torch.get_num_threads() == 2


def test_every_piece_has_the_context(threads):
    product = in_pieces(
        lambda part: part @ part.T, 2, lambda: torch.autocast("cpu", torch.bfloat16)
    )
    assert product(torch.ones(4, 2)).dtype == torch.bfloat16


def test_an_error_of_a_piece_is_told_and_threads_are_given_back(threads):
    def fail(part):
        raise RuntimeError("out of memory")

    call = in_pieces(fail, 1, contextlib.nullcontext)
    with pytest.raises(RuntimeError, match="out of memory"):
        call(torch.zeros(4, 1))
    assert torch.get_num_threads() == threads
