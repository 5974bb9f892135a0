"""Networks, tokenizers and preprocessing of open_clip: random, by tag, from files and folders.

What was loaded is compared with what ``modgap.plan.models.entries`` promised while the workflow was
parsed.
"""

import contextlib
import logging
from functools import partial
from pathlib import Path

import torch

from modgap.embeddings.networks.light_imports import open_clip
from modgap.embeddings.networks.normalisation import disable_normalisation
from modgap.embeddings.networks.state_dict import (
    check_positions,
    first_difference,
    load_state_dict,
    misfit_error,
    plain_file,
    short_message,
)
from modgap.errors import InputError
from modgap.plan.models import entries
from modgap.plan.models.problems import activation_name


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
        "local_dir": lambda: open_clip.factory._find_checkpoint_in_dir(Path(entry["path"])),
        "trained": lambda: open_clip.factory._find_checkpoint_in_dir(Path(entry["path"])),
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
        found = open_clip.tokenizer.HFTokenizer(
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
    activation = any(
        isinstance(module, open_clip.transformer.QuickGELU) for module in network.modules()
    )
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
