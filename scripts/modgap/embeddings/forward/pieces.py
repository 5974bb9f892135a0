"""Batches on a processor: pieces of them side by side, one thread each.

Threads that share every operation wait for each other after each of them; pieces need not, until
all of a batch is done.
"""

from concurrent.futures import ThreadPoolExecutor

import torch
from threadpoolctl import ThreadpoolController


def in_pieces(function, size, autocast):
    """The function that calls ``function`` on pieces of ``size`` rows, the last of fewer.

    As many pieces at a time as torch has threads. Gradients are not followed.

    Parameters
    ----------
    function : (rows, ...) tensor -> (rows, dim) tensor; each call runs on one thread
    autocast : function without arguments that gives the context of each call
    """
    libraries = ThreadpoolController()

    def call(part):
        torch.set_num_threads(1)
        with torch.inference_mode(), autocast():  # contexts are a thread's own
            return function(part)

    def call_all(rows):
        threads = torch.get_num_threads()
        try:
            with libraries.limit(limits=1, user_api="blas"), ThreadPoolExecutor(threads) as pool:
                return torch.cat(list(pool.map(call, rows.split(size))))
        finally:
            torch.set_num_threads(threads)  # pieces set their thread's number, and also MKL's

    return call_all
