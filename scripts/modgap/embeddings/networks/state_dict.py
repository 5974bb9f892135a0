"""Weight files: read without running code, compared with the network, summed up in a digest."""

import contextlib
import hashlib
import logging
import pickle
import tempfile
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

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


# Where a checkpoint of a training run keeps its weights: Lightning, open_clip, plain loops.
HOLDERS = ("state_dict", "model_state_dict", "model")
# What DDP, Lightning and torch.compile put before the names of weights.
WRAPPERS = ("module", "model", "clip", "_orig_mod")
# The weight that every two-tower model has once; what stands before it stands before all.
ANCHOR = "logit_scale"


def load_state_dict(path):
    """State dict of a weights file: tensors only, code in a pickle is refused.

    Of a training run's checkpoint the weights alone, by the names that the model itself gives them.

    Raises
    ------
    InputError : not a weights file, truncated, a pickle with more in it than tensors, or weights
        of several models.
    """
    try:
        content = read_weights(path)
        state = strip_wrappers(path, find_weights(content))
    except UNREADABLE as error:
        logging.info("%s: %s", path, error)
        raise InputError(
            f"{path}: no weights can be read from it ({short_message(error)}); "
            "give a state dict of tensors, best as .safetensors"
        ) from error
    if not all(isinstance(value, torch.Tensor) for value in state.values()):
        raise InputError(f"{path}: holds more than tensors; save the model's state dict alone")
    return state


def read_weights(path):
    """What a weights file holds, on the CPU; a pickle with code in it is an UnpicklingError."""
    if str(path).endswith(".safetensors"):
        return load_file(path)
    return torch.load(path, map_location="cpu", weights_only=True)


def find_weights(content):
    """The weights in a checkpoint, or the content itself where that is a state dict."""
    for key in HOLDERS:
        if isinstance(content.get(key), dict) and content[key]:
            left = sorted(str(other) for other in content.keys() - {key})
            if left:
                logging.info("%s of the checkpoint is read, left out are %s", key, ", ".join(left))
            return content[key]
    return content


def strip_wrappers(path, state):
    """Weights by the names that the model itself gives them.

    Before them may stand any of ``WRAPPERS``, such as ``module.`` or ``model.clip.``. They come off
    where all weights have them; of a model with a logit scale, what has other names, such as a loss
    beside the model, is left out and said in the log.

    Raises
    ------
    InputError : several models, each under a prefix of its own.
    """
    names = [str(name) for name in state]
    prefixes = [
        name.removesuffix(ANCHOR)
        for name in names
        if name.endswith(ANCHOR) and is_wrapper(name.removesuffix(ANCHOR))
    ]
    if "" in prefixes:
        return state
    if len(prefixes) > 1:
        raise InputError(
            f"{path}: holds several models, under {' and '.join(sorted(prefixes)[:3])}; save the "
            "state dict of the one you mean"
        )
    prefix = prefixes[0] if prefixes else shared_wrapper(names)
    outside = sorted(name for name in names if not name.startswith(prefix))
    if prefix:
        logging.info("%s: weights are those under %s", path, prefix)
    if outside:
        first = ", ".join(outside[:5])
        logging.warning("%s: %d weights beside the model: %s", path, len(outside), first)
    return {
        name.removeprefix(prefix): value
        for name, value in state.items()
        if str(name).startswith(prefix)
    }


def is_wrapper(prefix):
    """Whether a prefix is empty or made of ``WRAPPERS`` and points alone."""
    return prefix == "" or (
        prefix.endswith(".") and all(part in WRAPPERS for part in prefix[:-1].split("."))
    )


def shared_wrapper(names):
    """The longest prefix of wrappers that all names have."""
    prefix = ""
    while names:
        longer = prefix + names[0].removeprefix(prefix).partition(".")[0] + "."
        if not is_wrapper(longer) or not all(name.startswith(longer) for name in names):
            break
        prefix = longer
    return prefix


@contextlib.contextmanager
def plain_file(path, state):
    """Yield the path of a file that holds ``state`` and nothing else: the given one, or a copy.

    open_clip reads a file by itself, and knows neither Lightning's names nor what stands beside a
    model. The copy lies in the folder of temporary files and is removed.
    """
    names = read_weights(path).keys()
    if names == state.keys():
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "weights.pt")
        torch.save(state, copy)
        yield str(copy)


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
