"""Plans of small configurations, resolved as the workflow does."""

import os

import pytest

from modgap.errors import InputError
from modgap.plan.config import load_config
from modgap.plan.resolve import read_context, resolve

GIVEN = {
    "datasets": {
        "scenes": {"kind": "scenes", "n": 7, "seed": 0, "label": "Scenes"},
        "held-out": {"kind": "scenes", "n": 4, "seed": 1},
        "noise": {"kind": "noise", "n": 3, "seed": 2},
    },
    "models": {
        "vit": {"source": "random", "architecture": "scenes-vit", "label": "ViT"},
        "cnn": {"source": "torchvision", "architecture": "resnet18", "size": 32},
    },
    "pixels": {"shard_size": 3},
}
VIT, CNN = "32-bicubic-shortest", "32-bilinear-shortest"


def problems_of(given, root):
    """The lines that a bad configuration prints."""
    with pytest.raises(InputError) as caught:
        load_config(given, root)
    return [line.strip() for line in str(caught.value).splitlines()[1:]]


def context(root, **given):
    """The context of ``GIVEN`` with more sections; prompt files are found from the project."""
    os.chdir(root)
    return read_context(load_config({**GIVEN, **given}, root), root)


def plan(root, **given):
    """The whole plan of the same."""
    os.chdir(root)
    return resolve(load_config({**GIVEN, **given}, root), root)
