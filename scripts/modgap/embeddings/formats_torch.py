"""Tensors of embeddings in ``.pt``, ``.pth`` and ``.safetensors``."""

import contextlib

import torch
from safetensors import SafetensorError, safe_open

from modgap.embeddings.naming import as_texts, check_named, choose_name, unreadable
from modgap.errors import InputError
from modgap.inputs import check_file


def read_pt(path, name=None, further=()):
    """A tensor, or one of a dict of tensors; further columns may be lists of texts in the dict."""
    try:
        with open(check_file(path), "rb") as stream:
            stored = torch.load(stream, map_location="cpu", weights_only=True)
    except Exception as error:  # a pickle raises anything
        raise InputError(
            f"{path}: not a file of tensors only, and nothing else is ever loaded; save it again "
            "with torch.save(x.detach().cpu(), path), x a tensor or a dict of tensors"
        ) from error
    if isinstance(stored, torch.Tensor):
        if name is not None or further:
            wanted = name if name is not None else further[0]
            raise InputError(f"{path}: is one tensor and has no {wanted!r}")
        return as_array(stored), {}
    if not isinstance(stored, dict):
        raise InputError(
            f"{path}: is a {type(stored).__name__}, expected a tensor or a dict of them"
        )
    tensors = [key for key, value in stored.items() if isinstance(value, torch.Tensor)]
    name = choose_name(path, name, [key for key in tensors if key not in further])
    for key in further:
        check_named(path, key, list(stored))
    return as_array(stored[name]), {key: as_texts(stored[key]) for key in further}


def as_array(tensor):
    """A tensor as an array; bfloat16, which NumPy does not have, as float32."""
    tensor = tensor.detach()
    return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()


def read_safetensors(path, name=None, further=()):
    """The named tensor of a ``.safetensors``, or the only one beside the further columns."""
    with contextlib.ExitStack() as stack:
        try:
            stored = stack.enter_context(safe_open(path, framework="pt"))
        except (SafetensorError, OSError) as error:
            raise unreadable(path, ".safetensors file", error) from error
        names = list(stored.keys())
        name = choose_name(path, name, [key for key in names if key not in further])
        for key in further:
            check_named(path, key, names)
        block = as_array(stored.get_tensor(name))
        return block, {key: as_texts(stored.get_tensor(key)) for key in further}
