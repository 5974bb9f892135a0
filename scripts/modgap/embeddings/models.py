"""A model entry of the config becomes a network that embeds pictures and captions.

Architectures, weights, tokenizers and preprocessing come from open_clip (ResNets from torchvision,
folders of transformers from that package).
What was loaded is compared with what ``modgap.plan.models.entries`` promised while the workflow was
parsed.
"""

import contextlib
import logging
import urllib.error
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import open_clip
import PIL
import torch
import torchvision
from open_clip.factory import _find_checkpoint_in_dir
from open_clip.tokenizer import HFTokenizer
from open_clip.transformer import QuickGELU

from modgap.digests import check_digest
from modgap.embeddings.forward.precision import choose_precision
from modgap.embeddings.forward.trimming import encode_cut, used_lengths
from modgap.embeddings.from_transformers import create_transformers
from modgap.embeddings.normalisation import disable_normalisation
from modgap.embeddings.state_dict import (
    check_positions,
    first_difference,
    load_state_dict,
    misfit_error,
    plain_file,
    short_message,
    weights_sha256,
)
from modgap.errors import InputError
from modgap.files import sha256_of
from modgap.plan.models import entries
from modgap.plan.models.architectures import PROJECT
from modgap.plan.models.problems import activation_name, check_model

PRECISIONS = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass
class LoadedModel:
    """A network on its device, in evaluation mode, with all that describes it.

    ``preprocessing`` is as in ``modgap.plan.models.entries``; ``provenance`` goes into the file
    metadata of embeddings. ``tokenizer_name``, ``context_length``, ``vocab_size`` and
    ``load_tokenizer`` are None for a model without a text tower.
    """

    network: torch.nn.Module
    device: torch.device
    precision: str
    preprocessing: dict
    dim: int
    provenance: dict
    tokenizer_name: str | None = None
    context_length: int | None = None
    vocab_size: int | None = None
    load_tokenizer: Callable | None = None

    def encode_images(self, pixels):
        """Embed pictures.

        Parameters
        ----------
        pixels : (n, size, size, 3) uint8 RGB, normalised here with the model's mean and standard
            deviation; or float32, taken as they are (the noise control).

        Returns
        -------
        (n, dim) float32, not normalised.
        """
        return self.embed_pictures(self.to_device(pixels)).cpu().numpy()

    def embed_pictures(self, batch):
        """``encode_images`` of a tensor on the device: (n, dim) float32 there."""
        batch = batch.permute(0, 3, 1, 2).contiguous(memory_format=memory_format(self.device))
        if batch.dtype == torch.uint8:
            # The same operations, in the same order, as torchvision's ToTensor and Normalize.
            mean, std = (self.per_channel(key) for key in ("mean", "std"))
            batch = batch.float().div_(255).sub_(mean).div_(std)
        with torch.inference_mode(), self.autocast():
            if self.tokenizer_name is None:
                return self.network(batch).float()
            return self.network.encode_image(batch, normalize=False).float()

    def encode_texts(self, tokens):
        """Embed tokenised captions: (n, context_length) int64 -> (n, dim) float32, raw.

        Tokens that no caption of the batch needs are left out, see ``modgap.embeddings.forward``.
        """
        length = int(self.text_lengths(tokens).max(initial=1))
        return self.embed_texts(self.to_device(tokens[:, :length])).cpu().numpy()

    def embed_texts(self, batch):
        """Embed texts cut to no less than their ``text_lengths``: (n, dim) float32 on the device.

        batch : (n, tokens) int64 tensor on the device
        """
        with torch.inference_mode(), self.autocast():
            return encode_cut(self.network, batch, self.context_length).float()

    def to_device(self, items):
        return torch.from_numpy(np.array(items)).to(self.device)

    def text_lengths(self, tokens):
        """Number of leading tokens that each embedding depends on: (n, context_length) -> (n,)."""
        return used_lengths(self.network, torch.from_numpy(np.array(tokens))).numpy()

    def tokenize(self, captions):
        """Token ids of a list of captions: (n, context_length) int64, cut off at the context."""
        return self.tokenizer(captions).numpy()

    @cached_property
    def tokenizer(self):
        try:
            return self.load_tokenizer()
        except (ImportError, OSError) as error:
            raise InputError(
                f"{self.tokenizer_name}: its tokenizer cannot be loaded "
                f"({short_message(error)}); tokenizers other than CLIP's own need the package "
                "transformers (make transformers) and their files, by prepare or in a local_dir"
            ) from error

    def per_channel(self, key):
        return torch.tensor(self.preprocessing[key], device=self.device).view(1, 3, 1, 1)

    @property
    def autocast_dtype(self):
        """What matrix products are made in, None for float32."""
        return PRECISIONS[self.precision]

    def autocast(self):
        if self.autocast_dtype is None:
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, dtype=self.autocast_dtype)


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
        path = _find_checkpoint_in_dir(Path(entry["path"]))
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


def memory_format(device):
    """How pictures lie in memory: on a processor the channels of a pixel together.

    Convolutions are faster so (ResNet-18 1.2 times, RN50 1.05 times, no network slower) and equal
    to 1e-7. Pictures for CUDA are left as they are.
    """
    return torch.channels_last if device.type == "cpu" else torch.contiguous_format


@contextlib.contextmanager
def seeded(seed):
    """Random initialisation from ``seed`` alone; the global generator is left as it was.

    open_clip warns that a network has no weights; here that is what was asked for, and where it
    is not (``require_pretrained``) open_clip raises.
    """

    def expected(record):
        return "Model initialized randomly" not in record.getMessage()

    logging.getLogger().addFilter(expected)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        logging.getLogger().removeFilter(expected)


def create_open_clip(name, entry, root):
    """Network, preprocessing, tokenizer and sizes of an open_clip model, on the CPU."""
    source = entry["source"]
    if "architecture" in entry:
        own = entries.architecture_file(entry["architecture"], root)
        if own is not None:
            open_clip.add_model_config(own)
    identifier = {
        "local_dir": f"local-dir:{entry.get('path')}",
        "trained": f"local-dir:{entry.get('path')}",
        "hub": f"hf-hub:{entry.get('repo')}",
    }.get(source, entry.get("architecture"))
    path = {
        "open_clip": lambda: entry.get("weights_file"),
        "checkpoint": lambda: entry["checkpoint"],
        "local_dir": lambda: _find_checkpoint_in_dir(Path(entry["path"])),
        "trained": lambda: _find_checkpoint_in_dir(Path(entry["path"])),
    }.get(source, lambda: None)()
    state = load_state_dict(path) if path else None
    # Such a checkpoint has no weights for the layers that open_clip would give the network.
    bare = source == "trained" and entries.removes_normalisation(entry["initial"])
    promised = entries.preprocessing(entry, root)
    from_file = path is not None and source in ("open_clip", "checkpoint")
    plain = plain_file(path, state) if from_file else contextlib.nullcontext()
    try:
        with seeded(entry.get("seed", 0)), plain as file:
            network = open_clip.create_model(
                identifier,
                file or entry.get("pretrained"),
                load_weights=not bare,
                require_pretrained=source != "random" and not bare,
                pretrained_text=False,
                force_preprocess_cfg=promised if from_file else None,
                weights_only=True,
            )
        if bare:
            disable_normalisation(network)
            network.load_state_dict(state)
    except (RuntimeError, OSError, ImportError, AssertionError, KeyError) as error:
        raise creation_error(name, entry, path, error) from error
    if state is not None:
        check_positions(path, identifier, network, state)
    config = open_clip.get_model_config(identifier)
    return {
        "network": network,
        "preprocessing": verify_preprocessing(name, entry, network, promised, root),
        "dim": config["embed_dim"],
        "tokenizer_name": identifier,
        "load_tokenizer": partial(
            load_open_clip_tokenizer, identifier, entry.get("tokenizer_files", [])
        ),
        "context_length": config["text_cfg"].get("context_length", 77),
        "vocab_size": vocabulary_size(network),
    }


def load_open_clip_tokenizer(identifier, files):
    """The tokenizer of an open_clip model; one of transformers from its files, where given."""
    if not files:
        return open_clip.get_tokenizer(identifier)
    text = open_clip.get_model_config(identifier)["text_cfg"]
    try:
        found = HFTokenizer(
            str(Path(files[0]).parent),
            context_length=text.get("context_length", 77),
            tokenizer_mode=text.get("tokenizer_mode"),
            local_files_only=True,
            **text.get("tokenizer_kwargs", {}),
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise OSError(short_message(error)) from error
    found.tokenizer.name_or_path = text["hf_tokenizer_name"]
    return found


def creation_error(name, entry, path, error):
    """The InputError for what open_clip could not create."""
    if path is not None and not isinstance(error, OSError | ImportError):
        return misfit_error(path, entry.get("architecture", path), first_difference(error))
    if entry["source"] in ("open_clip", "hub"):
        what = entry.get("repo", f"{entry.get('architecture')} {entry.get('pretrained')}")
        return InputError(
            f"models.{name}: the weights of {what} could not be fetched ({short_message(error)}); "
            "without network, download them elsewhere and use source checkpoint or local_dir"
        )
    return InputError(f"models.{name}: open_clip cannot build it ({short_message(error)})")


def verify_preprocessing(name, entry, network, promised, root):
    """Preprocessing to use, after activation and preprocessing were found to be as promised."""
    tag = entries.find_tag(entry, root)
    activation = any(isinstance(module, QuickGELU) for module in network.modules())
    if tag is not None and activation != tag["quick_gelu"]:
        raise InputError(
            f"models.{name}: the network loaded has {activation_name(activation)}, but "
            f"the weights of {tag['architecture']} {tag['tag']} were trained with "
            f"{activation_name(tag['quick_gelu'])}"
        )
    loaded = open_clip.get_model_preprocess_cfg(network)
    size = loaded["size"]
    loaded = {
        "size": size if isinstance(size, int) else size[0],
        "interpolation": loaded["interpolation"],
        "resize_mode": loaded["resize_mode"],
        "mean": tuple(loaded["mean"]),
        "std": tuple(loaded["std"]),
    }
    overridden = set(entry.keys() & {"interpolation"})
    if entry.get("normalisation", "own") != "own":
        overridden |= {"mean", "std"}
    for key, value in promised.items():
        unknown = value is None or key in overridden
        if not unknown and loaded[key] != value:
            raise InputError(
                f"models.{name}: {key} of the loaded model is {loaded[key]}, not {value} as the "
                "configuration says; correct its geometry or preprocessing"
            )
    return {**loaded, **{key: promised[key] for key in overridden}}


def vocabulary_size(network):
    """Number of token ids: rows of the text tower's first embedding table."""
    tower = getattr(network, "text", network)
    return next(
        module.num_embeddings
        for module in tower.modules()
        if isinstance(module, torch.nn.Embedding)
    )


def torchvision_entry(entry):
    """The entry of a ResNet; one that was trained here is one with its weights in a file."""
    if entry["source"] == "torchvision":
        return entry
    return {**entry["initial"], "weights_file": f"{entry['path']}/{entries.CLASSIFIER_FILE}"}


def create_torchvision(name, entry):
    """A torchvision ResNet without its classifier: averaged features after the last ReLU."""
    architecture = entry["architecture"]
    weights = entry.get("weights_file", entry.get("weights"))
    with seeded(entry.get("seed", 0)):
        network = torchvision.models.get_model(architecture, weights=None)
    if weights is not None:
        state = torchvision_weights(name, architecture, weights)
        try:
            network.load_state_dict(state)
        except RuntimeError as error:
            raise misfit_error(weights, architecture, first_difference(error)) from error
    dim = network.fc.in_features
    network.fc = torch.nn.Identity()
    return {"network": network, "preprocessing": entries.preprocessing(entry), "dim": dim}


def torchvision_weights(name, architecture, weights):
    """State dict of a torchvision tag or of a weights file."""
    if entries.is_file_name(weights):
        return load_state_dict(weights)
    tag = torchvision.models.get_model_weights(architecture)[weights]
    try:
        return tag.get_state_dict(progress=False, check_hash=True, weights_only=True)
    except (urllib.error.URLError, OSError) as error:
        raise InputError(
            f"models.{name}: {tag.url} could not be fetched ({short_message(error)}); "
            "without network, download it elsewhere and give its path as weights"
        ) from error
