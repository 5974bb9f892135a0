"""Tensors of embeddings in ``.pt`` and ``.pth``, which take torch, and in ``.safetensors``."""

import contextlib

import numpy as np

from modgap.embeddings.formats.naming import as_texts, check_named, choose_name, unreadable
from modgap.errors import InputError
from modgap.extras import extra
from modgap.inputs import check_file


def read_pt(path, name=None, further=()):
    """A tensor, or one of a dict of tensors; further columns may be lists of texts in the dict."""
    with extra("torch"):
        import torch
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
    return (tensor.float() if str(tensor.dtype) == "torch.bfloat16" else tensor).numpy()


def read_safetensors(path, name=None, further=()):
    """The named tensor of a ``.safetensors``, or the only one beside the further columns.

    Torch is not needed.
    """
    with extra("files"):
        from safetensors import SafetensorError, safe_open
    with contextlib.ExitStack() as stack:
        try:
            stored = stack.enter_context(safe_open(path, framework="numpy"))
        except (SafetensorError, OSError) as error:
            raise unreadable(path, ".safetensors file", error) from error
        names = list(stored.keys())
        name = choose_name(path, name, [key for key in names if key not in further])
        for key in further:
            check_named(path, key, names)
        if stored.get_slice(name).get_dtype() == "BF16":
            block = read_bfloat16(path, name)
        else:
            block = stored.get_tensor(name)
        return block, {key: as_texts(stored.get_tensor(key)) for key in further}


def read_bfloat16(path, name):
    """A bfloat16 tensor of a ``.safetensors`` as float32: its bits are the upper half of those."""
    from safetensors import deserialize

    with open(path, "rb") as stream:
        stored = dict(deserialize(stream.read()))[name]
    upper = np.frombuffer(stored["data"], dtype="<u2").astype(np.uint32)
    return (upper << 16).view(np.float32).reshape(stored["shape"])
