"""Entries of the smallest models that open_clip builds, and what they embed."""

import json
import shutil

import numpy as np

TINY = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 16, "layers": 1, "width": 32, "head_width": 16, "patch_size": 8},
    "text_cfg": {"context_length": 8, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
}
RANDOM = {"source": "random", "architecture": "tiny", "seed": 3}
PIXELS = np.random.default_rng(0).integers(0, 256, (5, 16, 16, 3), dtype=np.uint8)
CAPTIONS = ["a red circle", "a photo of a small blue square", ""]


def checkpoint(path, architecture="tiny", **more):
    return {
        "source": "checkpoint",
        "architecture": architecture,
        "checkpoint": str(path),
        **more,
    }


def local_dir(folder, weights, model_cfg, **preprocess_cfg):
    config = {"model_cfg": model_cfg, "preprocess_cfg": preprocess_cfg}
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    shutil.copy(weights, folder / "open_clip_model.safetensors")
    return {"source": "local_dir", "path": str(folder)}


def assert_same_embeddings(one, other):
    np.testing.assert_array_equal(one.encode_images(PIXELS), other.encode_images(PIXELS))
    tokens = one.tokenize(CAPTIONS)
    np.testing.assert_array_equal(tokens, other.tokenize(CAPTIONS))
    np.testing.assert_array_equal(one.encode_texts(tokens), other.encode_texts(tokens))


def unit(embeddings):
    return embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
