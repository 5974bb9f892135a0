"""Files of tensors: plain ones are read, anything that unpickles is refused."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from modgap.embeddings.formats.arrays import read_array
from modgap.errors import InputError

BLOCK = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)


def test_bfloat16_becomes_single_precision(tmp_path):
    tensor = torch.tensor(BLOCK).bfloat16()
    torch.save(tensor, tmp_path / "x.pt")
    save_file({"e": tensor}, tmp_path / "x.safetensors")
    for name in ("x.pt", "x.safetensors"):
        block, _ = read_array(str(tmp_path / name))
        assert block.dtype == np.float32
        np.testing.assert_array_equal(block, tensor.float().numpy())


def test_a_pt_of_more_than_tensors_is_refused(tmp_path):
    path = tmp_path / "x.pt"
    torch.save({"img": torch.ones(2, 2), "model": torch.nn.Linear(2, 2)}, path)
    with pytest.raises(InputError, match=r"tensors only.*torch\.save\(x\.detach\(\)\.cpu\(\)"):
        read_array(str(path))
    torch.save([torch.ones(2, 2)], path)
    with pytest.raises(InputError, match="is a list, expected a tensor or a dict of them"):
        read_array(str(path))
    torch.save(torch.ones(2, 2), path)
    with pytest.raises(InputError, match="is one tensor and has no 'img'"):
        read_array(str(path), "img")
