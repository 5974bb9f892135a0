"""What goes into a network is prepared as its authors did, and comes out raw."""

import numpy as np
import open_clip
import pytest
import torch
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image
from torchvision import transforms

from modgap.data.pixels import crop_picture, parse_geometry
from modgap.embeddings.models import create_model
from modgap.errors import InputError
from tiny_models import CAPTIONS, PIXELS, RANDOM, unit


def test_shapes_and_sizes(tiny):
    images = tiny.encode_images(PIXELS)
    assert images.shape == (5, tiny.dim) == (5, 16)
    assert images.dtype == np.float32
    tokens = tiny.tokenize(CAPTIONS)
    assert tokens.shape == (3, tiny.context_length) == (3, 8)
    assert tiny.encode_texts(tokens).shape == (3, 16)
    assert tiny.vocab_size == 49408
    # Raw, not normalised.
    assert not np.allclose(np.linalg.norm(images, axis=1), 1, atol=0.01)


def test_pixels_are_normalised_as_by_open_clip(tiny):
    """The whole path from picture to embedding equals open_clip's own transform."""
    transform = image_transform_v2(
        PreprocessCfg(**tiny.network.visual.preprocess_cfg), is_train=False
    )
    batch = torch.stack([transform(Image.fromarray(crop)) for crop in PIXELS])
    with torch.inference_mode():
        expected = tiny.network.encode_image(batch).numpy()
    np.testing.assert_array_equal(tiny.encode_images(PIXELS), expected)


def test_float_pixels_are_not_normalised(tiny):
    noise = np.random.default_rng(1).standard_normal((2, 16, 16, 3), dtype=np.float32)
    with torch.inference_mode():
        batch = torch.from_numpy(noise).permute(0, 3, 1, 2).contiguous()
        expected = tiny.network.encode_image(batch).numpy()
    np.testing.assert_array_equal(tiny.encode_images(noise), expected)


def test_bilinear_crops_are_the_authors_transform(project, tiny):
    """Resize and CenterCrop of torchvision, then the model as it would see that tensor."""
    entry = {**RANDOM, "normalisation": "imagenet", "interpolation": "bilinear"}
    model = create_model("tiny", entry, device="cpu", root=project)
    assert model.provenance["geometry"] == "16-bilinear-shortest"
    assert model.provenance["weights_sha256"] == tiny.provenance["weights_sha256"]
    picture = Image.fromarray(np.random.default_rng(2).integers(0, 256, (50, 37, 3), np.uint8))
    theirs = transforms.Compose(
        [
            transforms.Resize(16),
            transforms.CenterCrop(16),
            transforms.ToTensor(),
            transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ]
    )(picture)
    crops = {
        kind: crop_picture(picture, parse_geometry(f"16-{kind}-shortest"))
        for kind in ("bilinear", "bicubic")
    }
    with torch.inference_mode():
        expected = model.network.encode_image(theirs[None]).numpy()
    np.testing.assert_array_equal(model.encode_images(crops["bilinear"][None]), expected)
    assert not np.array_equal(model.encode_images(crops["bicubic"][None]), expected)


def test_a_model_in_half_precision_beside_one_in_fp32(project, tiny):
    entry = {**RANDOM, "precision": "fp16"}
    half = create_model("tiny", entry, device="cpu", precision="fp32", root=project)
    assert half.provenance["precision"] == "fp16"
    assert half.provenance["weights_sha256"] == tiny.provenance["weights_sha256"]
    images = half.encode_images(PIXELS)
    # Every number is one that fp16 has, as in the authors' file of CLIP.
    np.testing.assert_array_equal(images, images.astype(np.float16).astype(np.float32))
    np.testing.assert_allclose(unit(images), unit(tiny.encode_images(PIXELS)), atol=5e-3)
    assert not np.array_equal(images, tiny.encode_images(PIXELS))
    tokens = half.tokenize(CAPTIONS)
    texts = half.encode_texts(tokens)
    np.testing.assert_array_equal(texts, texts.astype(np.float16).astype(np.float32))
    np.testing.assert_allclose(unit(texts), unit(tiny.encode_texts(tokens)), atol=5e-3)


def test_bf16_is_close_to_fp32(project, tiny):
    low = create_model("tiny", RANDOM, device="cpu", precision="bf16", root=project)
    assert low.encode_images(PIXELS).dtype == np.float32
    tokens = tiny.tokenize(CAPTIONS)
    for one, other in [
        (tiny.encode_images(PIXELS), low.encode_images(PIXELS)),
        (tiny.encode_texts(tokens), low.encode_texts(tokens)),
    ]:
        assert not np.array_equal(one, other)
        assert (unit(one) * unit(other)).sum(axis=1).min() > 0.999


def test_tokenizer_that_is_not_at_hand(tiny, monkeypatch):
    def refuse(name):
        raise OSError("offline\nmore")

    monkeypatch.setattr(open_clip, "get_tokenizer", refuse)
    monkeypatch.delitem(tiny.__dict__, "tokenizer", raising=False)
    with pytest.raises(InputError, match="need the package transformers"):
        tiny.tokenize(CAPTIONS)
