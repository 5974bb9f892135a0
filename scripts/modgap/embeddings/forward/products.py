"""The matrix products of a tower's layers on a processor, by the library that is quickest there.

Each way to multiply takes the weights and the bias of a layer, and the rows that it is to expect,
and returns the function x -> x weightᵀ + bias. The ways differ by rounding.
"""

import platform
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

# Pictures from which on laying out the weights takes less time than it saves, and the most that
# the second copy of the weights may take.
WORTH_PACKING = 48
PACKED_BYTES = 2_000_000_000


def choose_linear(n, size):
    """The way to multiply ``n`` pictures in all by weights of ``size`` bytes, float32.

    MKL, which torch multiplies with, is made for processors of Intel; on those of AMD OpenBLAS,
    which NumPy multiplies with, takes a tenth less time (an EPYC: benchmarks/README.md).
    """
    if not can_pack():
        return torch_linear
    if is_amd() and has_openblas():
        return numpy_linear
    return packed_linear if n >= WORTH_PACKING and size <= PACKED_BYTES else torch_linear


def torch_linear(weight, bias, rows=None):
    """As torch multiplies."""
    return partial(functional.linear, weight=weight, bias=bias)


def packed_linear(weight, bias, rows):
    """By MKL, with the weights laid out once for ``rows`` rows; others are right, and slower."""
    packed = torch.ops.mkl._mkl_reorder_linear_weight(weight, rows)
    return lambda x: torch.ops.mkl._mkl_linear(x, packed, weight, bias, rows)


def numpy_linear(weight, bias, rows=None):
    """By NumPy, on the memory of the tensors."""
    columns = weight.numpy().T

    def multiply(x):
        product = x.new_empty(*x.shape[:-1], columns.shape[1])
        given = x.numpy().reshape(-1, len(columns))
        np.matmul(given, columns, out=product.numpy().reshape(-1, columns.shape[1]))
        return product if bias is None else product.add_(bias)

    return multiply


def can_pack():
    """Whether this torch lays weights out for MKL (those for Arm processors do not)."""
    return torch.backends.mkl.is_available() and hasattr(torch.ops.mkl, "_mkl_linear")


def has_openblas():
    """Whether this NumPy multiplies with OpenBLAS."""
    return "openblas" in np.show_config(mode="dicts")["Build Dependencies"]["blas"]["name"]


def is_amd(listing=Path("/proc/cpuinfo")):
    """Whether the processor is one of AMD's."""
    told = listing.read_text(encoding="utf-8") if listing.is_file() else platform.processor()
    return "AuthenticAMD" in told
