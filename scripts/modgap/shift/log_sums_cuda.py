"""Sums of exponentials of shifted cosines on a GPU: torch, float32 without TF32, float64 sums."""

import torch

from modgap.statistics.moments.sums_cuda import find_gpu

# Tiles of X Y^T: about ten arrays of this size (64 MiB each) exist at a time.
TILE = 4096


def sum_exponentials_cuda(first, second, factors, centres, plans, device="cuda"):
    """Sums over rows and columns of exp(scale * (S_ij - centre)); (k, t, n) and (k, t, m).

    The counterpart of ``sum_exponentials_cpu``: same arguments, same results to float32.
    """
    device = find_gpu(device, "shift.device")
    first, second, a, p, b, q = (
        torch.as_tensor(array, dtype=torch.float32, device=device)
        for array in (first, second, *factors)
    )
    n_scales = sum(len(plan.outputs) for plan in plans)
    sums = {"dtype": torch.float64, "device": device}
    by_row = torch.zeros(len(a), n_scales, len(first), **sums)  # (k, t, n)
    by_column = torch.zeros(len(a), n_scales, len(second), **sums)  # (k, t, m)
    for i in range(0, len(first), TILE):
        rows = slice(i, i + TILE)
        for j in range(0, len(second), TILE):
            columns = slice(j, j + TILE)
            tile = first[rows] @ second[columns].T  # (rows, columns)
            for d, centre in enumerate(centres.tolist()):
                cosines = tile + a[d, rows, None] + b[d, columns]  # (rows, columns)
                cosines *= p[d, rows, None]
                cosines *= q[d, columns]
                cosines -= centre
                for plan in plans:
                    registers = [torch.exp(cosines * plan.base)]
                    for left, right in plan.steps.tolist():
                        registers.append(registers[left] * registers[right])
                    for register, t in plan.outputs.tolist():
                        values = registers[register]  # (rows, columns)
                        by_row[d, t, rows] += values.sum(dim=1, dtype=torch.float64)
                        by_column[d, t, columns] += values.sum(dim=0, dtype=torch.float64)
    return by_row.cpu().numpy(), by_column.cpu().numpy()
