"""Weight files: tensors are read, code is not; networks and their weights are told apart."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from modgap.embeddings.networks.state_dict import (
    check_positions,
    first_difference,
    load_state_dict,
    plain_file,
    shared_wrapper,
    short_message,
    strip_wrappers,
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


WEIGHTS = {
    "logit_scale": torch.tensor(2.0),
    "visual.proj": torch.ones(2),
    "ln.bias": torch.zeros(3),
}


def under(prefix, **more):
    return {**{prefix + name: value for name, value in WEIGHTS.items()}, **more}


@pytest.mark.parametrize(
    "content",
    [
        WEIGHTS,
        under("module."),
        {"state_dict": under("model.")},
        {"state_dict": under("model.clip."), "epoch": 3, "optimizer_states": [{"lr": 0.1}]},
        {"model_state_dict": under("module._orig_mod."), "loss": torch.ones(1)},
        {"state_dict": under("clip.", **{"loss.weight": torch.ones(4)})},
        {"state_dict": under("model.", **{"ema.logit_scale": torch.ones(1)})},
        {"model": under("")},
    ],
)
def test_checkpoints_of_training_runs(tmp_path, content):
    path = tmp_path / "last.pt"
    torch.save(content, path)
    found = load_state_dict(path)
    assert found.keys() == WEIGHTS.keys()
    assert all(torch.equal(found[name], WEIGHTS[name]) for name in WEIGHTS)


def test_what_is_left_out_is_said(tmp_path, caplog):
    state = under("model.", **{"loss.weight": torch.ones(4), "teacher.x": torch.ones(1)})
    torch.save({"state_dict": state, "epoch": 1}, tmp_path / "last.pt")
    with caplog.at_level("INFO"):
        load_state_dict(tmp_path / "last.pt")
    assert "left out are epoch" in caplog.text
    assert "2 weights beside the model: loss.weight, teacher.x" in caplog.text


def test_a_prefix_that_not_all_weights_have_stays(tmp_path):
    """Without a logit scale nothing tells the model from what stands beside it."""
    state = {"model.a": torch.ones(1), "model.b": torch.ones(1), "c": torch.ones(1)}
    assert strip_wrappers("x", state).keys() == state.keys()
    del state["c"]
    assert strip_wrappers("x", state).keys() == {"a", "b"}
    assert shared_wrapper(["module.model.a", "module.model.b"]) == "module.model."
    assert shared_wrapper(["module.model.a", "module.b"]) == "module."
    assert shared_wrapper(["modules.a"]) == ""
    assert shared_wrapper([]) == ""


def test_several_models_in_one_checkpoint():
    with pytest.raises(
        InputError, match=r"several models, under clip\. and model\.; save"
    ) as caught:
        strip_wrappers("last.ckpt", {**under("model."), **under("clip.")})
    assert "last.ckpt" in str(caught.value)


def test_objects_of_lightning_are_refused(tmp_path):
    torch.save({"state_dict": under("model."), "hparams": Code()}, tmp_path / "last.pt")
    with pytest.raises(InputError, match="no weights can be read from it"):
        load_state_dict(tmp_path / "last.pt")


def test_only_what_open_clip_cannot_read_is_copied(tmp_path):
    torch.save(WEIGHTS, tmp_path / "plain.pt")
    torch.save({"state_dict": under("model.")}, tmp_path / "last.pt")
    with plain_file(tmp_path / "plain.pt", WEIGHTS) as path:
        assert path == tmp_path / "plain.pt"
    with plain_file(tmp_path / "last.pt", WEIGHTS) as path:
        assert load_state_dict(path).keys() == WEIGHTS.keys()
    assert not Path(path).exists()
