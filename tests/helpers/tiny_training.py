"""A training run small enough for a test: 96 pictures of 16 px, towers of one layer."""

import json
from pathlib import Path

import open_clip
import torch
from safetensors.torch import save_file

import decode_pixels
import draw_samples
import train

ARCHITECTURE = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 16, "layers": 1, "width": 32, "head_width": 16, "patch_size": 8},
    "text_cfg": {"context_length": 12, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
}
GEOMETRY = "16-bicubic-shortest"

RECIPE = {
    "steps": 6,
    "batch_size": 16,
    "accumulate": 1,
    "temperature": {"kind": "fixed", "tau": 0.05},
    "optimizer": "adamw",
    "learning_rate": 0.003,
    "betas": [0.9, 0.98],
    "eps": 1e-6,
    "weight_decay": 0.2,
    "decayed": "weights",
    "decay_logit_scale": False,
    "loss": "contrastive",
    "schedule": "cosine",
    "warmup": 2,
    "clip_norm": None,
    "mode": "train",
    "precision": "fp32",
    "compile": False,
    "caption": "random",
    "mismatched": 0.0,
    "start": "as_is",
    "rotation_caption": "first",
    "evaluated": "held_out",
}
EVALUATION = {
    "every": 3,
    "n": 24,
    "caption": "first",
    "prompt": "a {label}",
    "n_resamples": 100,
}


def make_dataset(folder, name, geometry=GEOMETRY, **entry):
    """Samples and crops of a drawn dataset; dict of lists of paths."""
    entry = {"kind": "scenes", "size": 32, "seed": 0, **entry}
    paths = {
        "samples": folder / f"{name}.parquet",
        "pixels": folder / f"{name}-pixels.npy",
        "indexes": folder / f"{name}-pixels.parquet",
    }
    drawn = str(folder / f"{name}.npy")
    draw_samples.main(paths["samples"], drawn, name=name, entry=entry)
    decode_pixels.main(
        paths["samples"],
        paths["pixels"],
        paths["indexes"],
        entry=entry,
        geometry=geometry,
        shard=0,
        shard_size=10_000,
        on_bad_sample="stop",
        threads=1,
    )
    return {key: [str(path)] for key, path in paths.items()}


def make_start(folder, architecture=ARCHITECTURE, seed=0):
    """A model folder with weights at random; its entry in the configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = open_clip.CLIP(**architecture)
    save_file(network.state_dict(), folder / "open_clip_model.safetensors")
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": architecture}))
    return {"source": "local_dir", "path": str(folder)}


def make_world(folder):
    """Training data, held-out data and a start model."""
    learned = make_dataset(folder, "train", n=96, seed=1)
    held_out = make_dataset(folder, "held-out", n=24)
    inputs = {**learned, **{f"held_out_{key}": paths for key, paths in held_out.items()}}
    return {"inputs": inputs, "model": make_start(folder / "start")}


def run_training(world, out, *, recipe=None, evaluation=None, **settings):
    """Run scripts/train.py's main; returns the dict of its outputs."""
    out.mkdir(parents=True, exist_ok=True)
    outputs = {
        "weights": str(out / "open_clip_model.safetensors"),
        "config": str(out / "open_clip_config.json"),
        "losses": str(out / "losses.parquet"),
        "trajectory": str(out / "trajectory.parquet"),
    }
    given = {
        "processes": 1,
        "nodes": 1,
        "name": "tiny",
        "model_name": "start",
        "model": world["model"],
        "recipe": {**RECIPE, **(recipe or {})},
        "seed": 0,
        "device": "cpu",
        "checkpoint_every": 2,
        "evaluation": {**EVALUATION, **(evaluation or {})},
        **settings,
    }
    train.main(world["inputs"], outputs, **given)
    return {key: Path(path) for key, path in outputs.items()}
