"""Pixel arrays are written as they come, and read by numpy."""

import numpy as np
import pytest

from modgap.data.arrays import write_array


@pytest.mark.parametrize("n", [0, 1, 12, 1234])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_what_is_streamed_is_what_numpy_reads(tmp_path, n, dtype):
    whole = np.random.default_rng(n).integers(0, 255, (n, 2, 3)).astype(dtype)
    path = tmp_path / "array.npy"
    assert write_array(path, iter(whole), (2, 3), dtype) == n
    read = np.load(path, allow_pickle=False)
    assert read.dtype == dtype
    np.testing.assert_array_equal(read, whole)


def test_nothing_is_left_when_the_items_fail(tmp_path):
    def items():
        yield np.zeros(3)
        raise RuntimeError("broken off")

    with pytest.raises(RuntimeError, match="broken off"):
        write_array(tmp_path / "array.npy", items(), (3,), np.float64)
    assert list(tmp_path.iterdir()) == []
