"""Contrastive training of an open_clip model: one run, from its start to its checkpoint.

The loss is open_clip's ClipLoss, in its gathered form when there are several processes. A run can
be killed at any time: the same call continues from the last checkpoint and, with the same machine
and number of processes, ends with the same numbers (on a CPU; a few CUDA kernels add in no fixed
order).
"""

import contextlib
import math
import time
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import torch
from torch.nn.parallel import DistributedDataParallel

from modgap.embeddings.models import create_model
from modgap.embeddings.networks.light_imports import open_clip
from modgap.errors import InputError
from modgap.files import remove_digested
from modgap.job import LOG, progress
from modgap.statistics.measurements import COLUMNS
from modgap.tables import write_table
from modgap.training.checkpoints import (
    RESUME,
    export_checkpoint,
    load_resume,
    restore_state,
    save_resume,
)
from modgap.training.distributed import mean_over_processes
from modgap.training.held_out import first_training_pairs, held_out_pairs, measure_held_out
from modgap.training.networks.seen_tokens import find_seen_tokens, hold_seen_tokens
from modgap.training.networks.towers import Towers, procrustes_rotation
from modgap.training.norms import collapsed_rows, has_collapsed, weight_norm
from modgap.training.pictures import Batches, check_batch_size, read_captioned_pictures
from modgap.training.recipe import (
    check_recipe,
    clamp_tau,
    is_learned,
    learning_rate_at,
    make_optimizer,
    number_of_steps,
    set_tau,
    tau_at,
)

# Losses that may wait on the device: reading one makes the processor wait for all that was begun.
# A processor of its own reads each before it steps on.
STEPS_UNREAD = {"cuda": 50}


@dataclass
class Run:
    """A run in progress: what ``optimise`` changes, and what it looks up."""

    where: str
    towers: Towers
    optimizer: torch.optim.Optimizer
    batches: Batches
    recipe: dict
    steps: int
    fingerprint: dict
    resume: Path
    place: object
    step: int = 0
    losses: list = field(default_factory=list)
    trajectory: list = field(default_factory=list)
    unread: list = field(default_factory=list)

    @property
    def tau(self):
        return math.exp(-self.towers.network.logit_scale.item())


def train(
    inputs,
    outputs,
    *,
    name,
    model_name,
    model,
    recipe,
    seed,
    device,
    checkpoint_every,
    evaluation,
    place,
):
    """Train one run and write its checkpoint, its losses and its trajectory.

    Parameters
    ----------
    inputs : dict of lists of paths: ``pixels``, ``indexes`` and ``samples`` (crops, their indexes,
        samples tables) to train on; ``held_out_pixels`` ... of the pairs that are only measured.
    outputs : dict of paths: ``weights``, ``config``, ``losses``, ``trajectory``.
    model : entry of the start model (see ``plan.models.entries``); a random one takes ``seed``.
    recipe, evaluation : as in config/schema.yaml.
    place : ``modgap.training.distributed.Place`` of this process.

    Raises
    ------
    InputError : no captions, a batch larger than the data, τ ≤ 0, weights that do not fit, a loss
        that is not finite.
    """
    where = f"training_runs.{name}"
    check_recipe(recipe, where)
    data = read_captioned_pictures(inputs["pixels"], inputs["indexes"], inputs["samples"], where)
    check_batch_size(len(data), recipe["batch_size"], recipe["accumulate"], place.size, where)
    held_out = read_captioned_pictures(
        *(inputs[f"held_out_{key}"] for key in ("pixels", "indexes", "samples")),
        f"{where}.held_out",
    )
    if model["source"] == "random":
        model = {**model, "seed": seed}
    loaded = create_model(model_name, model, device=device)
    torch.manual_seed(seed)
    batches = Batches(data, loaded, recipe, seed, place)
    pairs = choose_pairs(data, held_out, loaded.tokenize, recipe, evaluation)
    towers = start_towers(loaded.network, batches, pairs, recipe, place)
    run = Run(
        where=where,
        towers=towers,
        optimizer=make_optimizer(towers.named_parameters(), recipe),
        batches=batches,
        recipe=recipe,
        steps=number_of_steps(recipe, len(data)),
        fingerprint={
            "weights_sha256": loaded.provenance["weights_sha256"],
            "data": data.dataset_sha256,
            "held_out": held_out.dataset_sha256,
            "recipe": recipe,
            "seed": seed,
            "evaluation": evaluation,
            "processes": place.size,
            "torch": torch.__version__,
            "seen_tokens": sum(len(tokens.seen) for tokens in find_seen_tokens(towers)),
        },
        resume=Path(outputs["weights"]).with_name(RESUME),
        place=place,
    )
    continue_from_checkpoint(run)
    optimise(run, pairs, evaluation, seed, checkpoint_every)
    if place.first:
        write_run(run, name, len(data), outputs["losses"], outputs["trajectory"])
        export_checkpoint(run.towers, loaded, outputs["weights"], outputs["config"])
        remove_digested(run.resume)


def start_towers(network, batches, pairs, recipe, place):
    """Towers as training starts: rotated when the gap is to be removed, τ set, on the device.

    pairs : HeldOut, whose tokens are looked up beside those of the batches.
    """
    towers = Towers(network, plain=place.device.type == "cpu" and not recipe["compile"])
    if recipe["optimizer"] == "adamw" or not recipe["weight_decay"]:
        # Adam's L2 term moves every row in a way of its own.
        hold_seen_tokens(network, list_tokens(batches, pairs))
    if recipe["start"] == "gap_removed":
        towers.rotation = training_rotation(towers, batches)
    set_tau(network.logit_scale, recipe["temperature"]["tau"])
    network.logit_scale.requires_grad_(is_learned(recipe["temperature"]))
    return towers


def list_tokens(batches, pairs):
    """All tokens that a run looks up, (m,) int64."""
    looked_up = [batches.tokens, pairs.tokens]
    looked_up += [] if pairs.prompts is None else [pairs.prompts]
    return torch.cat([tokens.flatten().long() for tokens in looked_up])


def choose_pairs(data, held_out, tokenize, recipe, evaluation):
    """The pairs of the trajectory: drawn from the held-out ones, or the first training items."""
    if recipe["evaluated"] == "first_training":
        return first_training_pairs(data, tokenize, prompt=evaluation["prompt"])
    return held_out_pairs(
        held_out,
        tokenize,
        n=evaluation["n"],
        caption=evaluation["caption"],
        prompt=evaluation["prompt"],
    )


def training_rotation(towers, batches):
    """The Procrustes map of the untrained towers over all training pairs (paper §4.4)."""
    towers.eval()
    images, texts = [], []
    with torch.no_grad():
        for pictures, tokens in batches.chosen_captions(batches.recipe["rotation_caption"]):
            images.append(towers.encode_images(pictures))
            texts.append(towers.encode_texts(tokens))
    return procrustes_rotation(torch.cat(images), torch.cat(texts))


def continue_from_checkpoint(run):
    """Put a run where its last checkpoint was; leave it alone without one."""
    state = load_resume(run.resume, run.fingerprint)
    if state is None:
        return
    run.step, run.losses, run.trajectory = state["step"], state["losses"], state["trajectory"]
    restore_state(state, run.towers, run.optimizer)
    LOG.info("%s: continuing after step %d of %d", run.where, run.step, run.steps)


def optimise(run, pairs, evaluation, seed, checkpoint_every):
    """Take the remaining steps of a run, looking at the held-out pairs and saving on the way."""
    forward = wrap_towers(run.towers, run.recipe, run.place)
    criterion = open_clip.ClipLoss(
        local_loss=True, gather_with_grad=True, rank=run.place.rank, world_size=run.place.size
    )
    run.towers.train(run.recipe["mode"] == "train")
    began, first_step = time.monotonic(), run.step
    if run.step == 0:
        record_measurements(run, pairs, evaluation, seed)
    steps = range(run.step, run.steps)
    shown = progress(steps, total=len(steps), what="steps") if run.place.first else steps
    for step, parts in zip(shown, run.batches.of_steps(steps), strict=True):
        take_step(run, forward, criterion, step, parts)
        run.step = step + 1
        measured = run.step % evaluation["every"] == 0 or run.step == run.steps
        saved = run.step % checkpoint_every == 0 or run.step == run.steps
        if measured or saved:
            read_losses(run)
        if measured:
            record_measurements(run, pairs, evaluation, seed)
        if saved:
            check_parameters(run)
            if run.place.first:
                save_run(run)
    if run.step > first_step:
        speed = (run.step - first_step) / (time.monotonic() - began)
        LOG.info("%s: %.3g steps per second, measurements included", run.where, speed)


def wrap_towers(towers, recipe, place):
    """The towers as they are called in a step: across processes, compiled where asked."""
    module = towers
    if place.size > 1:
        module = DistributedDataParallel(towers)
    return torch.compile(module) if recipe["compile"] else module


def take_step(run, forward, criterion, step, parts):
    """One optimiser step; its [step, loss, learning rate, τ] come to the run's losses when read."""
    temperature = run.recipe["temperature"]
    scale = run.towers.network.logit_scale
    if not is_learned(temperature):
        set_tau(scale, tau_at(temperature, step, run.steps))
    rate = learning_rate_at(run.recipe, step, run.steps)
    for group in run.optimizer.param_groups:
        group["lr"] = rate
    run.optimizer.zero_grad()
    used_scale = scale.detach().clone()
    if run.recipe["loss"] == "none":
        fill_zero_gradients(run.towers)
        loss = used_scale.new_tensor(math.nan)
    else:
        loss = backward(forward, criterion, parts, run.recipe["precision"], run.place.device)
        loss = mean_over_processes(loss, run.place)
    run.unread.append((step + 1, loss, rate, used_scale))
    if len(run.unread) >= STEPS_UNREAD.get(run.place.device.type, 1):
        read_losses(run)
    if run.recipe["clip_norm"] is not None:
        torch.nn.utils.clip_grad_norm_(run.towers.parameters(), run.recipe["clip_norm"])
    run.optimizer.step()
    for tokens in find_seen_tokens(run.towers):
        tokens.decay_unseen(rate * run.recipe["weight_decay"])
    if temperature["kind"] == "learned":
        clamp_tau(scale, temperature)


def read_losses(run):
    """Move the losses of the last steps from the device to the run's ``losses``.

    Raises
    ------
    InputError : one of them is not finite.
    """
    unread, run.unread = run.unread, []
    for step, loss, rate, scale in unread:
        value = loss.item()
        if run.recipe["loss"] != "none" and not math.isfinite(value):
            raise divergence_error(run, f"the loss is {value}", step, rate)
        run.losses.append([step, value, rate, math.exp(-scale.item())])


def fill_zero_gradients(towers):
    """Gradients of no loss at all: zero, as an optimiser passes over parameters without one."""
    for parameter in towers.parameters():
        if parameter.requires_grad:
            parameter.grad = torch.zeros_like(parameter)


def backward(forward, criterion, parts, precision, device):
    """Gradients of the contrastive loss over all parts together; returns the loss.

    With several parts, a first pass without gradients gives every embedding; each part is then
    embedded again with gradients, among the stored embeddings of the others. The loss, and so the
    gradient, is that of the whole batch (for towers without batch statistics or dropout).
    """

    def embed(images, tokens):
        enabled = precision == "bf16"
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=enabled):
            return forward(images, tokens)

    if len(parts) == 1:
        loss = criterion(*embed(*parts[0]))
        loss.backward()
        return loss.detach()
    with torch.no_grad():
        stored = [embed(*part)[:2] for part in parts]
    for i, part in enumerate(parts):
        last = i == len(parts) - 1
        with contextlib.nullcontext() if last else unsynchronised(forward):
            images, texts, scale = embed(*part)
            sides = [[pair[side] for pair in stored] for side in (0, 1)]
            sides[0][i], sides[1][i] = images, texts
            # τ takes its gradient from one of the passes, which all see the whole loss.
            loss = criterion(*map(torch.cat, sides), scale if last else scale.detach())
            loss.backward()
    return loss.detach()


def unsynchronised(forward):
    """Gradients are summed over processes once a step, not once a part."""
    return forward.no_sync() if hasattr(forward, "no_sync") else contextlib.nullcontext()


def record_measurements(run, pairs, evaluation, seed):
    """Measure the run on the held-out pairs and append the rows to its trajectory."""
    if not run.place.first:
        return
    norm = weight_norm(run.towers)
    if has_collapsed(norm, run.trajectory):
        rows = collapsed_rows(norm, run.tau, run.trajectory)
    else:
        rows = measure_held_out(
            run.towers,
            pairs,
            run.batches.prepare,
            run.place.device,
            tau=run.tau,
            norm=norm,
            batch_size=run.recipe["batch_size"],
            n_resamples=evaluation["n_resamples"],
            seed=seed,
        )
    run.trajectory += [{"step": run.step, **row} for row in rows]
    shown = {row["statistic"]: row["value"] for row in rows}
    LOG.info(
        "%s, step %d of %d: τ %.4f, loss %.4f, gap %.4f, recall@1 %.3f, norm of the weights %.4g",
        *(run.where, run.step, run.steps, run.tau),
        *(shown[key] for key in (pairs.loss_name, "gap", "recall1", "weight_norm")),
    )


def check_parameters(run):
    """Raise an InputError when a parameter is not finite, before it would be saved."""
    for name, parameter in run.towers.named_parameters():
        if not torch.isfinite(parameter).all():
            raise divergence_error(run, f"{name} is not finite", run.step, run.losses[-1][2])


def divergence_error(run, what, step, rate):
    """The InputError for a run that went astray."""
    saved = load_resume(run.resume, run.fingerprint)
    kept = f"{run.resume} holds step {saved['step']}" if saved else "no checkpoint was written yet"
    return InputError(
        f"{run.where}: {what} in step {step} at learning rate {rate:.3g}; {kept}; "
        "set a smaller learning_rate, a longer warmup, or clip_norm"
    )


def save_run(run):
    """Write the checkpoint that a killed run continues from."""
    save_resume(
        run.resume,
        fingerprint=run.fingerprint,
        step=run.step,
        network=run.towers,
        optimizer=run.optimizer,
        losses=run.losses,
        trajectory=run.trajectory,
    )


def write_run(run, name, n, losses, trajectory):
    """Write losses (one row a step) and trajectory (tidy, one measurement a row)."""
    settings = {"run": name, "n_training": n, **run.fingerprint}
    frame = pd.DataFrame(run.losses, columns=["step", "loss", "learning_rate", "tau"])
    write_table(frame.assign(run=name), losses, settings)
    rows = pd.DataFrame(run.trajectory).assign(embeddings=name)
    write_table(rows[["step", *COLUMNS]], trajectory, settings)
