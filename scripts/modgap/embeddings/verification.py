"""Is a loaded model what its weights were trained as: activation, input and numbers.

The numbers are those of a picture and a caption that need no file: ``golden_picture`` and
``GOLDEN_CAPTION``. The first coordinates of their unit embeddings tell one model from another, and
right weights in a wrong network (another activation, another normalisation) from right ones.
"""

import numpy as np
import torch

from modgap.embeddings.networks.light_imports import open_clip
from modgap.errors import InputError
from modgap.plan.models.entries import IMAGENET_MEAN, IMAGENET_STD
from modgap.statistics.geometry import normalise

GOLDEN_CAPTION = "a photo of a cat"
COORDINATES = 8
TOLERANCE = 5e-4  # of a coordinate: fp32 on different processors differs by about 1e-6


def golden_picture(size):
    """Three crossing ramps: (1, size, size, 3) uint8."""
    down, right = np.indices((size, size)) * 255 // (size - 1)
    return np.stack([down, right, (down + right) // 2], axis=-1)[None].astype(np.uint8)


def golden_embedding(model):
    """The first coordinates of both unit embeddings: {"images": [...], "texts": [...]}.

    ``model`` is a ``LoadedModel``; without a text tower there are no texts.
    """
    embeddings = {"images": model.encode_images(golden_picture(model.preprocessing["size"]))}
    if model.tokenizer_name is not None:
        embeddings["texts"] = model.encode_texts(model.tokenize([GOLDEN_CAPTION]))
    return {
        side: [round(float(value), 6) for value in normalise(rows)[0, :COORDINATES]]
        for side, rows in embeddings.items()
    }


def activation(network):
    """What a network's hidden layers apply: QuickGELU, GELU or ReLU."""
    kinds = {type(module) for module in network.modules()}
    # That of transformers by name: the package need not be there.
    if open_clip.transformer.QuickGELU in kinds or "QuickGELUActivation" in {
        kind.__name__ for kind in kinds
    }:
        return "QuickGELU"
    return "GELU" if torch.nn.GELU in kinds or torch.nn.ReLU not in kinds else "ReLU"


def tokenizer_name(model):
    """ "bpe" for open_clip's own tokenizer, the name of another one, None without texts."""
    if model.tokenizer_name is None:
        return None
    own = isinstance(model.tokenizer, open_clip.tokenizer.SimpleTokenizer)
    return "bpe" if own else model.tokenizer.tokenizer.name_or_path


def expected_preprocessing(entry, pin):
    """The preprocessing of a pin under what the model entry overrides."""
    wanted = dict(pin["preprocessing"])
    if "size" in entry:
        wanted["size"] = entry["size"]
    if entry.get("normalisation", "own") == "imagenet":
        wanted |= {"mean": list(IMAGENET_MEAN), "std": list(IMAGENET_STD)}
    return wanted


def differences(entry, model, pin, golden):
    """Lines for everything about a loaded model that its pin says otherwise.

    Parameters
    ----------
    pin : entry of ``modgap.plan.weights.read_pins``
    golden : what ``golden_embedding`` measured; it says nothing of a model whose preprocessing
        is overridden
    """
    seen = {**model.preprocessing}
    wanted = {**pin, "preprocessing": expected_preprocessing(entry, pin)}
    found = {
        "activation": activation(model.network),
        "preprocessing": {**seen, "mean": list(seen["mean"]), "std": list(seen["std"])},
        "tokenizer": tokenizer_name(model),
        "context_length": model.context_length,
    }
    lines = [
        f"{key} is {value}, the table of weights says {wanted[key]}"
        for key, value in found.items()
        if value != wanted[key]
    ]
    overridden = wanted["preprocessing"] != pin["preprocessing"]
    for side, numbers in (pin["golden"] or {}).items():
        measured = golden.get(side, [])
        if len(numbers) != len(measured):
            lines.append(f"golden embedding of {side}: {COORDINATES} numbers are needed")
        elif not overridden and np.abs(np.subtract(measured, numbers)).max() > TOLERANCE:
            lines.append(
                f"golden embedding of {side} is {measured}, the table of weights says {numbers}"
            )
    return lines


def verify_model(name, entry, model, pin):
    """The golden embedding of a loaded model, compared with its pin (None where it has none).

    Raises
    ------
    InputError : one line with everything that differs.
    """
    golden = golden_embedding(model)
    lines = differences(entry, model, pin, golden) if pin else []
    if lines:
        raise InputError(f"models.{name}: {'; '.join(lines)}; do not use these weights as they are")
    return golden
