"""Weight files: tensors are read, code is not; networks and their weights are told apart."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from modgap.embeddings.state_dict import (
    check_positions,
    first_difference,
    load_state_dict,
    short_message,
    weights_sha256,
)
from modgap.errors import InputError


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_tensors_come_back(tmp_path, suffix):
    state = {"weight": torch.arange(6.0).reshape(2, 3), "bias": torch.ones(2)}
    path = tmp_path / f"model{suffix}"
    (torch.save if suffix == ".pt" else save_file)(state, path)
    found = load_state_dict(path)
    assert found.keys() == state.keys()
    assert all(torch.equal(found[name], state[name]) for name in state)


class Code:
    def __reduce__(self):
        return print, ("run",)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"weight": torch.ones(1), "code": Code()}, "no weights can be read from it"),
        ({"weight": torch.ones(1), "epoch": 3}, "holds more than tensors"),
        ([1, 2], "no weights can be read from it"),
    ],
)
def test_more_than_tensors_is_refused(tmp_path, capsys, content, words):
    path = tmp_path / "model.pt"
    torch.save(content, path)
    with pytest.raises(InputError, match=words) as caught:
        load_state_dict(path)
    assert str(path) in str(caught.value)
    assert "run" not in capsys.readouterr().out


def test_positions_are_never_stretched():
    network = torch.nn.Module()
    network.positional_embedding = torch.nn.Parameter(torch.zeros(5, 2))
    check_positions("w.pt", "tiny", network, {"positional_embedding": torch.zeros(5, 2)})
    with pytest.raises(InputError, match=r"tiny \(positional_embedding is \(7, 2\), not \(5, 2\)"):
        check_positions("w.pt", "tiny", network, {"positional_embedding": torch.zeros(7, 2)})


def test_the_digest_follows_names_types_and_values():
    def digest(name="weight", value=1.0, kind=torch.float32):
        network = torch.nn.Module()
        network.register_buffer(name, torch.tensor([value, 2.0], dtype=kind))
        return weights_sha256(network)

    assert digest() == digest()
    others = [digest("bias"), digest(value=np.nextafter(np.float32(1), 2)), digest(kind=torch.half)]
    assert len({digest(), *others}) == 4


def test_messages_on_one_line():
    assert short_message(ValueError("Not a file. Give another\nplease")) == "Not a file"
    assert short_message(EOFError()) == "EOFError"
    error = RuntimeError("Error(s) in loading:\n\tMissing key(s): 'a'.\n\tUnexpected: 'b'.")
    assert first_difference(error) == "Missing key(s): 'a'"
