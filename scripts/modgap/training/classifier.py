"""A torchvision ResNet trained on class labels: cross-entropy, AdamW, warm-up and cosine.

Its thousand outputs stay, of which the first are the classes here, so that torchvision (and
``source: torchvision``) loads the checkpoint as it is. A killed run continues from its last
checkpoint with the same numbers.
"""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from safetensors.torch import save_file

from modgap.embeddings.networks.from_open_clip import seeded
from modgap.embeddings.networks.light_imports import torchvision
from modgap.errors import InputError
from modgap.files import atomic_path, remove_digested
from modgap.job import LOG, progress
from modgap.statistics import inference
from modgap.tables import write_table
from modgap.training.checkpoints import RESUME, load_resume, restore_state, save_resume
from modgap.training.networks.small_convolutions import convolve_small_maps
from modgap.training.pictures import batch_pictures, check_batch_size, read_captioned_pictures
from modgap.training.recipe import learning_rate_at


def picture_classes(data, where):
    """Class name of every picture, (n,)."""
    labels = data.samples["label"].iloc[data.first]
    if labels.isna().any():
        raise InputError(f"{where}: a classifier needs labels, which these pictures have not")
    return labels.to_numpy()


def normaliser(preprocessing):
    """Function from uint8 crops (b, size, size, 3) to normalised images (b, 3, size, size)."""
    mean, std = (torch.tensor(preprocessing[key]).view(1, 3, 1, 1) for key in ("mean", "std"))

    def prepare(crops):
        images = torch.from_numpy(crops).permute(0, 3, 1, 2).float()
        return images.div_(255).sub_(mean).div_(std)

    return prepare


def held_out_accuracy(network, data, targets, prepare, batch_size=256):
    """Top-1 accuracy with its Wilson interval: (value, low, high)."""
    network.eval()
    hits = []
    with torch.inference_mode():
        for start in range(0, len(data), batch_size):
            pictures = np.arange(start, min(start + batch_size, len(data)))
            logits = network(prepare(data.pixels(pictures)))
            hits.append(logits.argmax(dim=1).numpy() == targets[pictures])
    hits = np.concatenate(hits).astype(float)
    influence = inference.mean_influence(hits, np.arange(len(hits)), len(hits))
    return hits.mean(), *inference.proportion_interval(hits.mean(), influence, len(hits))


def train_classifier(
    inputs,
    outputs,
    *,
    name,
    architecture,
    preprocessing,
    seed,
    steps,
    batch_size,
    learning_rate,
    checkpoint_every,
):
    """Train from random weights and write the state dict and the losses.

    ``inputs`` and ``outputs`` (``weights``, ``losses``) are as in ``modgap.training.loop.train``;
    the metadata of the losses hold the held-out accuracy with its interval.

    Raises
    ------
    InputError : no labels, a batch larger than the data, a loss that is not finite.
    """
    where = f"training_classifiers.{name}"
    data, held_out = (
        read_captioned_pictures(
            *(inputs[f"{part}{key}"] for key in ("pixels", "indexes", "samples")), where
        )
        for part in ("", "held_out_")
    )
    check_batch_size(len(data), batch_size, 1, 1, where)
    classes = sorted(set(picture_classes(data, where)))
    number = {label: i for i, label in enumerate(classes)}
    targets = np.array([number[label] for label in picture_classes(data, where)])
    # A class that was never seen is always wrong.
    expected = np.array([number.get(label, -1) for label in picture_classes(held_out, where)])
    with seeded(seed):
        network = torchvision.models.get_model(architecture, weights=None)
    convolve_small_maps(network)
    prepare = normaliser(preprocessing)
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=learning_rate, weight_decay=0.05, fused=True
    )
    recipe = {"learning_rate": learning_rate, "warmup": steps // 20, "schedule": "cosine"}
    resume = Path(outputs["weights"]).with_name(RESUME)
    fingerprint = {
        "architecture": architecture,
        "data": [data.dataset_sha256, held_out.dataset_sha256],
        "preprocessing": preprocessing,
        "recipe": {**recipe, "steps": steps, "batch_size": batch_size},
        "seed": seed,
        "torch": torch.__version__,
    }
    network.train()
    first, history = 0, []
    state = load_resume(resume, fingerprint)
    if state is not None:
        first, history = state["step"], state["history"]
        restore_state(state, network, optimizer)
        LOG.info("%s: continuing after step %d of %d", where, first, steps)
    for step in progress(range(first, steps), total=steps - first, what="steps"):
        pictures = batch_pictures(len(data), batch_size, step, seed)
        rate = learning_rate_at(recipe, step, steps)
        for group in optimizer.param_groups:
            group["lr"] = rate
        logits = network(prepare(data.pixels(pictures)))
        loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(targets[pictures]))
        if not math.isfinite(loss.item()):
            raise InputError(
                f"{where}: the loss is {loss.item()} in step {step + 1} at learning rate "
                f"{rate:.3g}; set a smaller learning_rate"
            )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history.append({"step": step + 1, "loss": loss.item(), "learning_rate": rate})
        if (step + 1) % checkpoint_every == 0 and step + 1 < steps:
            save_resume(
                resume,
                fingerprint=fingerprint,
                step=step + 1,
                network=network,
                optimizer=optimizer,
                history=history,
            )
    value, low, high = held_out_accuracy(network, held_out, expected, prepare)
    LOG.info("%s: held-out accuracy %.3f [%.3f, %.3f]", where, value, low, high)
    measured = {"accuracy": value, "low": low, "high": high, "n": len(held_out)}
    with atomic_path(outputs["weights"]) as temporary:
        save_file(network.state_dict(), temporary)
    about = {"run": name, "classes": classes, **measured}
    write_table(pd.DataFrame(history), outputs["losses"], about)
    remove_digested(resume)
