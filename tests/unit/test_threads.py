"""Work on several threads: order, errors, one thread for each product, the same numbers."""

import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from modgap.statistics import distributions, pairwise, retrieval
from modgap.threads import count_cores, map_threads
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
        assert list(map_threads(lambda _: blas_threads(), range(4), 2)) == [{1}] * 4
        assert blas_threads() == before


def test_an_error_of_a_call_reaches_who_asked():
    def refuse(item):
        if item == 3:
            raise ValueError("third")
        return item

    with pytest.raises(ValueError, match="third"):
        list(map_threads(refuse, range(6), 2))


def test_there_is_a_core():
    assert count_cores() >= 1


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


@pytest.mark.parametrize("threads", [2, 5])
def test_numbers_are_the_same_with_any_number_of_threads(threads):
    """To the last bit: tiles are added up in their order, whichever is done first."""
    with threadpool_limits(1, user_api="blas"):
        for alone, shared in zip(every_pass(1), every_pass(threads), strict=True):
            np.testing.assert_array_equal(flat(alone), flat(shared))
