"""ResNets of torchvision without their classifier, which embed pictures only."""

import urllib.error

import torch

from modgap.embeddings.networks.from_open_clip import seeded
from modgap.embeddings.networks.light_imports import torchvision
from modgap.embeddings.networks.state_dict import (
    first_difference,
    load_state_dict,
    misfit_error,
    short_message,
)
from modgap.errors import InputError
from modgap.plan.models import entries


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
