"""Parts of one computation on several threads."""

import os
from concurrent.futures import ThreadPoolExecutor

from threadpoolctl import threadpool_limits

# What is asked for by nobody: a thread may hold 110 MB, and a container's share of a large machine
# is not seen from inside.
MOST_THREADS = 8


def map_threads(function, items, threads):
    """Yield ``function`` of each of ``items``, in their order; ``threads`` of them at a time.

    Several multiply on one thread each, as the jobs of the workflow do: more would wait for each
    other, and round otherwise. That limit is the process's until the last result is taken, and
    two callers at a time may leave it behind. On one thread nothing is limited. Who calls adds up
    what comes, in its order; so numbers do not depend on which item is done first.
    """
    if threads == 1:
        yield from map(function, items)
        return
    with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
        yield from pool.map(function, items)


def usable_threads():
    """Cores that this process may use, ``MOST_THREADS`` at most."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on every system
    return min(len(affinity(0)) if affinity else os.cpu_count() or 1, MOST_THREADS)
