"""Number formats of the forward pass: which one ``auto`` takes, and how near it is to float32."""

import dataclasses

import torch

AUTO = "auto"
COMPARED = 64  # items that are embedded in both formats


def choose_precision(wish, device):
    """The precision asked for; for ``auto`` bf16 on a GPU that computes in it, else fp32.

    On a processor ``auto`` is always fp32: no other format is as exact, and most processors are
    slower in it.

    Parameters
    ----------
    wish : "auto", "fp32", "bf16" or "fp16"
    device : torch.device
    """
    if wish != AUTO:
        return wish
    if device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False):
        return "bf16"
    return "fp32"


def describe_cosines(model, encode, items):
    """A line for the log: the cosines of embeddings to those of the same items in fp32.

    Parameters
    ----------
    model : modgap.embeddings.loaded.LoadedModel
    encode : LoadedModel, items -> (n, dim) embeddings
    items : the first ``COMPARED`` are taken
    """
    pair = [
        torch.from_numpy(encode(each, items[:COMPARED])).double()
        for each in (model, dataclasses.replace(model, precision="fp32"))
    ]
    cosines = torch.nn.functional.cosine_similarity(*pair)
    return (
        f"{model.precision}: cosine to fp32 of the first {len(cosines)}: "
        f"least {cosines.min():.6f}, mean {cosines.mean():.6f}"
    )
