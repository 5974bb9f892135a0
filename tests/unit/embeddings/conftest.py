"""A project with tiny models, for the tests of how models are loaded."""

import json
import shutil

import pytest
from safetensors.torch import save_file

from modgap.embeddings.models import create_model
from modgap.plan.models.architectures import ARCHITECTURES, TAGS
from tiny_models import RANDOM, TINY


@pytest.fixture(scope="module")
def project(tmp_path_factory, root):
    """A project folder with tiny architectures of its own."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "config" / "models").mkdir(parents=True)
    for table in (ARCHITECTURES, TAGS):
        shutil.copy(root / table, folder / table)
    variants = {
        "tiny": TINY,
        "tiny-wide": {**TINY, "embed_dim": 24},
        "tiny-quickgelu": {**TINY, "quick_gelu": True},
        "tiny-large": {**TINY, "vision_cfg": {**TINY["vision_cfg"], "image_size": 32}},
    }
    for name, config in variants.items():
        (folder / "config" / "models" / f"{name}.json").write_text(json.dumps(config))
    return folder


@pytest.fixture(scope="module")
def tiny(project):
    return create_model("tiny", RANDOM, device="cpu", root=project)


@pytest.fixture(scope="module")
def weights(tiny, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_file(tiny.network.state_dict(), path)
    return path
