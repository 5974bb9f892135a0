"""Work on several threads: order, errors, one thread for each product, the same numbers."""

import threading
from itertools import count

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import modgap
from modgap.statistics import distributions, pairwise, retrieval
from modgap.statistics.all_pairs import measure_all_pairs, measure_cloud
from modgap.threads import map_threads, usable_threads
from toy_pairs import captioned


def blas_threads():
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


@pytest.mark.parametrize("threads", [1, 3])
def test_results_come_in_the_order_of_the_items(threads):
    assert list(map_threads(lambda item: item**2, range(20), threads)) == [i**2 for i in range(20)]


def test_as_many_calls_at_a_time_as_threads():
    """Three calls that wait for each other end only where they run at the same time."""
    together = threading.Barrier(3, timeout=30)
    list(map_threads(lambda _: together.wait(), range(6), 3))


def test_each_of_several_multiplies_on_one_thread():
    with threadpool_limits(2, user_api="blas"):
        before = blas_threads()
        found = map_threads(lambda _: blas_threads(), range(4), 2)
        assert [threads - {1} for threads in found] == [set()] * 4
        assert blas_threads() == before


def test_an_error_of_a_call_reaches_who_asked():
    def refuse(item):
        if item == 3:
            raise ValueError("third")
        return item

    with pytest.raises(ValueError, match="third"):
        list(map_threads(refuse, range(6), 2))


def test_there_is_a_core():
    assert usable_threads() >= 1


def flat(found):
    """All numbers of nested results."""
    if isinstance(found, dict):
        found = list(found.values())
    if isinstance(found, (list, tuple)):
        return np.concatenate([flat(part) for part in found])
    return np.ravel(found).astype(float)


def every_pass(threads):
    """What compares all pairs, in tiles of a few rows, so that there are several."""
    X, Y, owner = captioned()
    codes, kind = retrieval.own_relevance(owner, len(X))
    options = {"block": 5, "threads": threads}
    yield pairwise.within_pairs(Y, owner, bins=10, **options)
    yield pairwise.cross_pairs(X, Y, owner, **options)
    yield distributions.paired_mmd(X, Y, owner, seed=0, **options)
    yield retrieval.ranks_both_ways(X, Y, owner, codes, kind, **options)


def wait_at_first(function, others):
    """``function``, whose first call begins after ``others`` further ones have ended."""
    calls, ended = count(), threading.Semaphore(0)

    def call(values):
        if next(calls) == 0:
            for _ in range(others):
                assert ended.acquire(timeout=30)
        result = function(values)
        ended.release()
        return result

    return call


@pytest.mark.parametrize("threads", [2, 5])
def test_numbers_are_the_same_with_any_number_of_threads(threads, monkeypatch):
    """To the last bit: tiles are added up in their order, though the first is done last."""
    kernel = pairwise.gaussian_kernel
    with threadpool_limits(1, user_api="blas"):
        alone, shared = list(every_pass(1)), every_pass(threads)
        for expected in alone:
            for module in (pairwise, distributions):
                monkeypatch.setattr(module, "gaussian_kernel", wait_at_first(kernel, 3))
            np.testing.assert_array_equal(flat(next(shared)), flat(expected))


@pytest.fixture
def asked(monkeypatch):
    """Numbers of threads that passes over pairs were asked to take."""
    numbers = []

    def note(function, items, threads):
        numbers.append(threads)
        return map_threads(function, items, threads)

    for module in (pairwise, distributions, retrieval):
        monkeypatch.setattr(module, "map_threads", note)
    return numbers


def test_every_pass_over_pairs_is_told_the_threads(asked):
    """Within pictures, within texts, across, MMD, retrieval both ways; of a cloud one."""
    X, Y, owner = captioned()
    measure_all_pairs("toy", X, Y, owner, relevance=None, seed=0, block=5, threads=3)
    assert asked == [3] * 6
    asked.clear()
    measure_cloud("toy", X, bins=4, n_resamples=10, seed=0, block=5, threads=3)
    assert asked == [3]


def test_a_measured_gap_takes_the_threads_there_are(asked):
    X, Y, owner = captioned()
    modgap.gap(X, Y, owner).table()
    assert asked == [usable_threads()] * 6
