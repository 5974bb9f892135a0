"""Checkpoints: one to resume from while training, one in open_clip's own form at the end."""

import json

import torch
from safetensors.torch import save_file

from modgap.digests import matches_digest
from modgap.embeddings.networks.light_imports import open_clip
from modgap.files import atomic_path
from modgap.job import LOG
from modgap.training.networks.towers import exported_network

# Beside the checkpoint that it becomes; removed when the run is done.
RESUME = "resume.ckpt"


def save_resume(path, *, fingerprint, step, network, optimizer, **records):
    """Write everything that the remaining steps depend on.

    fingerprint : dict that says what is trained on what; another one starts anew.
    records : what was noted on the way, such as losses.
    """
    state = {
        "fingerprint": json.dumps(fingerprint, sort_keys=True),
        "step": step,
        "network": network.state_dict(),
        "optimizer": optimizer.state_dict(),
        "random": random_state(),
        **records,
    }
    with atomic_path(path) as temporary:
        torch.save(state, temporary)


def load_resume(path, fingerprint):
    """The state written for the same fingerprint, or None to start from the beginning."""
    if not path.is_file():
        return None
    if matches_digest(path) is False:
        LOG.warning("%s is damaged (SHA-256 differs); training starts anew", path)
        return None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file raises anything that pickle and zip know
        LOG.info("%s cannot be read (%s); training starts anew", path, error)
        return None
    if state["fingerprint"] != json.dumps(fingerprint, sort_keys=True):
        LOG.info("%s belongs to other settings or data; training starts anew", path)
        return None
    return state


def restore_state(state, network, optimizer):
    """Put a network, its optimiser and the generators where ``load_resume`` found them."""
    network.load_state_dict(state["network"])
    optimizer.load_state_dict(state["optimizer"])
    restore_random_state(state["random"])


def random_state():
    """Torch's generators; nothing else in training draws from a global one."""
    state = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state()
    return state


def restore_random_state(state):
    torch.set_rng_state(state["cpu"])
    if "cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"])


def export_checkpoint(towers, loaded, weights, config):
    """Write a checkpoint that open_clip loads from its folder by ``local-dir:``.

    Parameters
    ----------
    towers : Towers after training.
    loaded : LoadedModel that training started from (architecture and preprocessing).
    weights, config : paths of open_clip_model.safetensors and open_clip_config.json, side by side.
    """
    network = exported_network(towers)
    # safetensors refuses tensors that share memory.
    tensors = {name: value.clone().contiguous() for name, value in network.state_dict().items()}
    settings = loaded.preprocessing
    description = {
        "model_cfg": open_clip.get_model_config(loaded.tokenizer_name),
        "preprocess_cfg": {
            "mean": list(settings["mean"]),
            "std": list(settings["std"]),
            "interpolation": settings["interpolation"],
            "resize_mode": settings["resize_mode"],
        },
    }
    with atomic_path(weights) as temporary:
        save_file(tensors, temporary)
    with atomic_path(config, digest=True) as temporary:
        text = json.dumps(description, indent=2, sort_keys=True) + "\n"
        temporary.write_text(text, encoding="utf-8")
