"""A model entry of the config becomes a network that embeds pictures and captions.

Architectures, weights, tokenizers and preprocessing come from open_clip (ResNets from torchvision,
folders of transformers from that package), each in a module of its own beside this one.
"""

from pathlib import Path

import PIL
import torch

from modgap.digests import check_digest
from modgap.embeddings.forward.precision import choose_precision
from modgap.embeddings.loaded import LoadedModel
from modgap.embeddings.networks.from_open_clip import create_open_clip
from modgap.embeddings.networks.from_torchvision import create_torchvision, torchvision_entry
from modgap.embeddings.networks.from_transformers import create_transformers
from modgap.embeddings.networks.light_imports import open_clip, torchvision
from modgap.embeddings.networks.normalisation import disable_normalisation
from modgap.embeddings.networks.state_dict import weights_sha256
from modgap.errors import InputError
from modgap.files import sha256_of
from modgap.plan.models import entries
from modgap.plan.models.architectures import PROJECT
from modgap.plan.models.problems import check_model


def create_model(name, entry, *, device="auto", precision="fp32", root=PROJECT):
    """Load the model that the config calls ``name``.

    Parameters
    ----------
    entry : dict, see ``modgap.plan.models.entries``.
    device : "auto" (CUDA, then MPS, then CPU) or one of "cuda", "mps", "cpu".
    precision : "fp32" (TF32 off), "bf16" or "fp16" (autocast), or "auto" (see
        ``choose_precision``), unless the entry says another.

    Raises
    ------
    InputError : the entry is wrong, weights cannot be fetched or read, or do not fit; the
        activation or the preprocessing loaded are not those that the entry promises.
    """
    problems = check_model(name, entry, root)
    if problems:
        raise InputError(problems[0])
    if entry["source"] == "trained":
        for file in (*entries.CHECKPOINT_FILES, entries.CLASSIFIER_FILE):
            check_digest(Path(entry["path"], file))
    device = choose_device(device)
    precision = choose_precision(entry.get("precision", precision), device)
    if entries.towers(entry) == ("images",):
        parts = create_torchvision(name, torchvision_entry(entry))
    elif entry["source"] == "transformers":
        parts = create_transformers(name, entry)
        parts["preprocessing"] = entries.preprocessing(entry, root)
    else:
        parts = create_open_clip(name, entry, root)
    network = parts.pop("network").eval()
    if entries.removes_normalisation(entry):
        disable_normalisation(network)
    settings = parts["preprocessing"]
    provenance = {
        "model": name,
        "source": entry["source"],
        "architecture": entry.get("architecture", entry.get("path", entry.get("repo"))),
        "weights": entries.weights_state(entry),
        "weights_sha256": weights_sha256(network),
        **describe_own_file(entry),
        "seed": entry.get("seed", 0) if entries.weights_state(entry) == "random" else None,
        "geometry": entries.geometry_name(settings),
        "mean": list(settings["mean"]),
        "std": list(settings["std"]),
        "logit_scale": read_logit_scale(network),
        "logit_bias": read_logit_bias(network),
        "precision": precision,
        **parts.pop("versions", {}),
        "device": device.type,
        "open_clip": open_clip.__version__,
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "pillow": PIL.__version__,
    }
    return LoadedModel(
        network=network.to(device),
        device=device,
        precision=precision,
        provenance=provenance,
        **parts,
    )


def describe_own_file(entry):
    """Path and digest of the weights file of a user, which a later look compares; {} of others."""
    if entry["source"] == "local_dir":
        path = open_clip.factory._find_checkpoint_in_dir(Path(entry["path"]))
    else:
        path = entry.get("checkpoint", entry.get("weights"))
    if path is None or not entries.is_file_name(str(path)):
        return {}
    return {"weights_file": str(path), "weights_file_sha256": sha256_of(path)}


def read_logit_scale(network):
    """1/τ that the network multiplies cosines with; None for one without texts."""
    scale = getattr(network, "logit_scale", None)
    return None if scale is None else float(scale.detach().exp())


def read_logit_bias(network):
    """What a sigmoid loss adds to scaled cosines; None for a network without it."""
    bias = getattr(network, "logit_bias", None)
    return None if bias is None else float(bias.detach())


def choose_device(wish):
    """The torch device for "auto", "cuda", "mps" or "cpu", with its arithmetic made repeatable."""
    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    kind = next(k for k in available if available[k]) if wish == "auto" else wish
    if not available[kind]:
        raise InputError(f"embeddings.device: no {kind} device is available here; use auto")
    if kind == "cuda":
        # fp32 means fp32: no TF32, and the same kernels in every run.
        torch.backends.cuda.matmul.fp32_precision = "ieee"
        torch.backends.cudnn.conv.fp32_precision = "ieee"
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.benchmark = False
    return torch.device(kind)
