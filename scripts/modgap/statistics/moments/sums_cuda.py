"""Moments of pairs on a GPU: products in float32 without TF32, added up in float64 there.

For one text a picture, as in shards, and more rows than are kept as they are.
"""

import numpy as np
import torch

from modgap.errors import InputError
from modgap.statistics.moments.groups import SQUARE_GROUPS
from modgap.statistics.moments.squares import SummedSquares, fold_groups
from modgap.statistics.moments.sums import PairMoments, SideMoments, merge_range

# Rows of one product: with more, their sum would lose digits in float32.
CHUNK = 4096


def find_gpu(device, key):
    """The torch device, without TF32; an InputError where it is "cuda" and there is no GPU.

    key : of the configuration, for the message.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise InputError(f"{key} is cuda, but torch finds no GPU here; set it to cpu")
    torch.set_float32_matmul_precision("highest")
    return torch.device(device)


def sum_pairs_cuda(blocks, n_groups, dim, device="cuda"):
    """``PairMoments`` of pairs that arrive in blocks, to single precision.

    blocks : yields (groups (k,), X (k, dim), Y (k, dim), norms), unit rows and what ``take_pairs``
    says of the others. n_groups : of first-order sums.
    """
    device = find_gpu(device, "statistics.device")
    double = {"dtype": torch.float64, "device": device}
    sums = torch.zeros(2, n_groups, dim, **double)
    squares = torch.zeros(2, SQUARE_GROUPS, dim, dim, **double)
    cross = torch.zeros(dim, dim, **double)
    counts, (matched, matched_squares) = np.zeros(n_groups), np.zeros((2, n_groups))
    norms, cosines = [(np.inf, -np.inf)] * 2, (np.inf, -np.inf)
    for groups, X, Y, lengths in blocks:
        sides = [torch.as_tensor(rows, dtype=torch.float32, device=device) for rows in (X, Y)]
        of_rows = torch.as_tensor(groups, device=device)
        for side, rows in enumerate(sides):
            sums[side].index_add_(0, of_rows, rows.double())
            add_squares_cuda(squares[side], rows, groups % SQUARE_GROUPS)
            norms[side] = merge_range(norms[side], lengths[side])
        for start in range(0, len(X), CHUNK):
            first, second = (rows[start : start + CHUNK] for rows in sides)
            cross += first.T @ second
        found = (sides[0] * sides[1]).sum(dim=1).double().cpu().numpy()
        counts += np.bincount(groups, minlength=n_groups)
        matched += np.bincount(groups, weights=found, minlength=n_groups)
        matched_squares += np.bincount(groups, weights=found**2, minlength=n_groups)
        cosines = merge_range(cosines, (found.min(), found.max()))
    made = [
        finish_side(*(part.cpu().numpy() for part in parts), counts, length)
        for *parts, length in zip(sums, squares, norms, strict=True)
    ]
    return PairMoments(
        first=made[0],
        second=made[1],
        matched=matched,
        matched_squares=matched_squares,
        owned=made[0].sums.copy(),
        cross=cross.cpu().numpy(),
        cosines=cosines,
    )


def add_squares_cuda(total, rows, groups):
    """Add the squares of rows (m, dim) to those of their groups (m,), in place; tensors."""
    order = np.argsort(groups, kind="stable")
    ends = np.cumsum(np.bincount(groups, minlength=len(total)))
    rows = rows[torch.as_tensor(order, device=rows.device)]
    for group, here in enumerate(torch.tensor_split(rows, ends[:-1].tolist())):
        for part in torch.split(here, CHUNK):
            total[group] += part.T @ part


def finish_side(sums, squares, counts, norms):
    """``SideMoments`` of one row a picture: the square of a unit row is 1, of its square too."""
    folded = fold_groups(counts, SQUARE_GROUPS).astype(int)
    return SideMoments(
        pictures=int(counts.sum()),
        counts=counts.copy(),
        sums=sums,
        own=counts.copy(),
        repeats=counts.copy(),
        within=counts.copy(),
        weighted=sums.sum(axis=0),
        squares=SummedSquares(squares, fold_groups(sums, SQUARE_GROUPS), folded),
        norms=np.array(norms),
    )
