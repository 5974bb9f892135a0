"""Parts of one computation on several threads, with the same numbers on any number of them."""

import os
from concurrent.futures import ThreadPoolExecutor

from threadpoolctl import threadpool_limits


def map_threads(function, items, threads):
    """Yield ``function`` of each of ``items``, in their order; ``threads`` of them at a time.

    Where there are several, each multiplies on one: more would wait for each other, and round
    otherwise. What calls share they may only read; who called adds up what they return.
    """
    if threads == 1:
        yield from map(function, items)
        return
    with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
        yield from pool.map(function, items)


def count_cores():
    """Cores that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on every system
    return len(affinity(0)) if affinity else os.cpu_count()
