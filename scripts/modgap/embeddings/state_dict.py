"""Weight files: read without running code, compared with the network, summed up in a digest."""

import hashlib
import logging
import pickle

import numpy as np
import torch
from open_clip import factory
from safetensors import SafetensorError

from modgap.errors import InputError

# What open_clip, torch and safetensors raise for files that are not weights.
UNREADABLE = (
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
    TypeError,
    AttributeError,
    StopIteration,
    pickle.UnpicklingError,
    SafetensorError,
)

POSITIONS = ("visual.positional_embedding", "positional_embedding", "text.positional_embedding")


def load_state_dict(path):
    """State dict of a weights file: tensors only, code in a pickle is refused.

    Raises
    ------
    InputError : not a weights file, truncated, or a pickle with more in it than tensors.
    """
    try:
        state = factory.load_state_dict(str(path), weights_only=True)
    except UNREADABLE as error:
        logging.info("%s: %s", path, error)
        raise InputError(
            f"{path}: no weights can be read from it ({short_message(error)}); "
            "give a state dict of tensors, best as .safetensors"
        ) from error
    if not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise InputError(f"{path}: holds more than tensors; save the model's state dict alone")
    return state


def short_message(error):
    """The beginning of an error's message, on one line."""
    line = (str(error).strip() or type(error).__name__).splitlines()[0]
    return line.split(". ")[0].rstrip(".:")


def check_positions(path, architecture, network, state):
    """Refuse weights whose positions open_clip would stretch to the architecture without a word.

    A checkpoint made for another image size or context length loads with interpolated positional
    embeddings; that is another model.
    """
    wanted = network.state_dict()
    for key in POSITIONS:
        if key in state and key in wanted and state[key].shape != wanted[key].shape:
            raise misfit_error(
                path,
                architecture,
                f"{key} is {tuple(state[key].shape)}, not {tuple(wanted[key].shape)}",
            )


def misfit_error(path, architecture, reason):
    """The InputError for weights of another architecture."""
    return InputError(
        f"{path}: these weights are not of architecture {architecture} ({reason}); "
        "name the architecture they were made with"
    )


def first_difference(error):
    """The first line of torch's list of missing, unexpected and misshapen weights."""
    lines = [line.strip() for line in str(error).splitlines()]
    return (lines[1] if len(lines) > 1 else lines[0])[:160].rstrip(".")


def weights_sha256(network):
    """Hex sha256 of a network's state dict: names, types, shapes and values, in order of name."""
    digest = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        array = tensor.detach().cpu().contiguous()
        digest.update(f"{name} {array.dtype} {tuple(array.shape)}\n".encode())
        digest.update(np.ascontiguousarray(array.reshape(-1).view(torch.uint8).numpy()))
    return digest.hexdigest()
