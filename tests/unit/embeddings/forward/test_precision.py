"""What ``precision: auto`` takes, and what is said of another format than fp32."""

import re

import numpy as np
import pytest
import torch

from modgap.embeddings.extraction import embed_images, embed_tokens
from modgap.embeddings.forward.precision import choose_precision, describe_cosines
from modgap.embeddings.models import create_model

ENTRY = {"source": "random", "architecture": "scenes-vit", "seed": 0}
PIXELS = np.random.default_rng(0).integers(0, 256, (70, 32, 32, 3), dtype=np.uint8)


@pytest.mark.parametrize("supported", [True, False])
def test_auto_is_exact_on_a_processor(monkeypatch, supported):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **settings: supported)
    assert choose_precision("auto", torch.device("cpu")) == "fp32"
    assert choose_precision("auto", torch.device("mps")) == "fp32"
    assert choose_precision("auto", torch.device("cuda")) == ("bf16" if supported else "fp32")
    assert choose_precision("fp16", torch.device("cpu")) == "fp16"


@pytest.mark.parametrize("wish", ["auto", "fp32", "bf16"])
def test_models_know_the_precision_that_was_chosen(wish):
    model = create_model("mine", ENTRY, device="cpu", precision=wish)
    chosen = "bf16" if wish == "bf16" else "fp32"
    assert model.precision == model.provenance["precision"] == chosen
    own = create_model("mine", {**ENTRY, "precision": "bf16"}, device="cpu", precision=wish)
    assert own.precision == "bf16"


def test_the_log_says_how_near_to_fp32(caplog):
    model = create_model("mine", ENTRY, device="cpu", precision="bf16")
    with caplog.at_level("INFO", "modgap"):
        low = embed_images(model, PIXELS, 32)
    told = re.search(r"bf16: cosine to fp32 of the first 64: least (\S+), mean (\S+)", caplog.text)
    full = embed_images(create_model("mine", ENTRY, device="cpu"), PIXELS, 32)
    cosines = [
        a @ b / np.linalg.norm(a) / np.linalg.norm(b) for a, b in zip(low, full, strict=True)
    ][:64]
    assert float(told[1]) == pytest.approx(min(cosines), abs=1e-4)
    assert float(told[2]) == pytest.approx(np.mean(cosines), abs=1e-4)
    assert 0.9 < float(told[1]) < float(told[2]) < 1
    caplog.clear()
    with caplog.at_level("INFO", "modgap"):
        embed_tokens(model, model.tokenize(["a red circle", "a blue square"]), 32)
    assert "bf16: cosine to fp32 of the first 2: least 0.99" in caplog.text


def test_equal_formats_are_equal():
    model = create_model("mine", ENTRY, device="cpu")
    line = describe_cosines(model, lambda each, items: each.encode_images(items), PIXELS)
    assert line.endswith("least 1.000000, mean 1.000000")
