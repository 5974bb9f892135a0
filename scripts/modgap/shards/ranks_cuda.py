"""Ranks of queries on a GPU: scores of float32, and those too close to call made again in float64.

Counts are those of ``modgap.statistics.retrieval``: what single precision cannot tell from the
relevant item's score is multiplied again on the processor.
"""

import numpy as np
import torch

from modgap.statistics.moments.sums_cuda import find_gpu
from modgap.statistics.retrieval import TIE

# Scores this close to the relevant item's are made again; a product of unit rows in float32 is off
# by a few 1e-7 at 512 dimensions.
NEAR = 4e-6

# Scores held at a time, and pairs of rows multiplied at a time again.
ENTRIES, AGAIN = 1 << 26, 1 << 13


def count_above_cuda(queries, best, own, gallery, first, device="cuda"):
    """The counts of ``count_above``, same arguments, and how many scores were made again.

    Returns
    -------
    counts : (q, 2) integers. again : int.
    """
    device = find_gpu(device, "statistics.device")
    asked, reached = (
        torch.as_tensor(array, dtype=torch.float32, device=device) for array in (queries, best)
    )
    counts, again = np.zeros((len(queries), 2), dtype=np.int64), 0
    items = max(1, ENTRIES // len(queries))
    for start in range(0, len(gallery), items):
        rows = gallery[start : start + items]
        ahead = asked @ torch.as_tensor(rows, dtype=torch.float32, device=device).T
        ahead -= reached[:, None]  # (q, items)
        places = own - first - start
        here = np.flatnonzero((places >= 0) & (places < len(rows)))
        ahead[torch.as_tensor(here), torch.as_tensor(places[here])] = -torch.inf
        counts[:, 0] += (ahead > NEAR).sum(dim=1).cpu().numpy()
        close = torch.nonzero(ahead.abs() <= NEAR).cpu().numpy()
        again += len(close)
        for part in range(0, len(close), AGAIN):
            query, item = close[part : part + AGAIN].T
            exact = np.einsum("ij,ij->i", queries[query], rows[item]) - best[query]
            np.add.at(counts[:, 0], query, exact > TIE)
            np.add.at(counts[:, 1], query, np.abs(exact) <= TIE)
    return counts, again
