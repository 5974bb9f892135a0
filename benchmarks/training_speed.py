"""Steps per second of our training loop beside open_clip's own, same model, batch and cores.

    python benchmarks/training_speed.py [--steps 40] [--batch 128] [--threads 1] [--rounds 3]

Wall clock and processor time, of which the second says more on a machine with other work.
Both train config/models/scenes-vit.json in fp32 with AdamW on the same drawn scenes, taking turns.
open_clip's loop (open_clip_train.train.train_one_epoch) gets its batches ready-made: normalised
float pictures and tokens in memory. Ours reads crops and samples tables from files and normalises
as it goes; what either does around the steps (making the model, measurements, checkpoints) is left
out.
"""

import argparse
import logging
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import open_clip
import torch
from measuring import compare

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from open_clip_train.scheduler import cosine_lr  # noqa: E402
from open_clip_train.train import train_one_epoch  # noqa: E402

from modgap.data.arrays import write_array  # noqa: E402
from modgap.data.kinds.drawn import draw_samples  # noqa: E402
from modgap.embeddings.models import create_model  # noqa: E402
from modgap.tables import write_table  # noqa: E402
from modgap.training import loop  # noqa: E402
from modgap.training.distributed import Place  # noqa: E402
from modgap.training.held_out import held_out_pairs  # noqa: E402
from modgap.training.pictures import Batches, read_captioned_pictures  # noqa: E402
from modgap.training.recipe import make_optimizer, parameter_groups  # noqa: E402
from modgap.yaml_files import read_yaml  # noqa: E402

REFERENCE = "open_clip's train_one_epoch, batches ready in memory"
CPU = torch.device("cpu")
ENTRY = {"source": "random", "architecture": "scenes-vit", "seed": 0}
# As the shipped configuration says, with a temperature that is learned, as in open_clip's loop.
LEARNED = {"kind": "learned", "tau": 0.07, "tau_min": 0.01, "tau_max": 1.0}
SHIPPED = read_yaml(ROOT / "config/config.yaml")["training"]["recipe"]
RECIPE = {**SHIPPED, "temperature": LEARNED, "warmup": 10}


def draw(folder, n):
    """Crops, index and samples of n scenes, in files."""
    samples, pixels = draw_samples({"kind": "scenes", "n": n, "size": 32, "seed": 1}, "none.npy")
    paths = [folder / name for name in ("pixels.npy", "index.parquet", "samples.parquet")]
    write_array(paths[0], pixels, pixels.shape[1:], pixels.dtype)
    index = samples[["sample_id"]].assign(row=np.arange(n))
    about = {"dataset": "scenes", "dataset_sha256": ""}
    write_table(index, paths[1], about)
    write_table(samples, paths[2], about)
    return read_captioned_pictures(*([path] for path in paths), "benchmark")


def ours(data, steps, batch, device=CPU):
    """The function that takes ``steps`` steps of ``modgap.training.loop``."""
    loaded = create_model("vit", ENTRY, device=device.type)
    recipe = {**RECIPE, "batch_size": batch}
    place = Place(0, 1, device)
    batches = Batches(data, loaded, recipe, 0, place)
    pairs = held_out_pairs(data, loaded.tokenize, n=100, caption="first", prompt="a {label}")
    towers = loop.start_towers(loaded.network, batches, pairs, recipe, place).train()
    run = loop.Run(
        where="benchmark",
        towers=towers,
        optimizer=make_optimizer(towers.named_parameters(), recipe),
        batches=batches,
        recipe=recipe,
        steps=steps,
        fingerprint={},
        resume=Path("none"),
        place=place,
    )
    criterion = open_clip.ClipLoss()

    def train():
        for step, parts in enumerate(batches.of_steps(range(steps))):
            loop.take_step(run, towers, criterion, step, parts)

    return train


def theirs(data, steps, batch, device=CPU):
    """The function that takes ``steps`` steps of open_clip's loop."""
    loaded = create_model("vit", ENTRY, device=device.type)
    batches = Batches(data, loaded, {**RECIPE, "batch_size": batch}, 0, Place(0, 1, CPU))
    ready = [parts[0] for parts in batches.of_steps(range(steps))]
    if device.type == "cuda":  # as open_clip's own loader hands them on
        ready = [tuple(tensor.pin_memory() for tensor in part) for part in ready]
    network = loaded.network
    network.output_dict = True
    groups = parameter_groups(network.named_parameters(), RECIPE)
    optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.98), eps=1e-6)
    arguments = SimpleNamespace(
        device=device,
        precision="fp32",
        distill=False,
        accum_freq=1,
        skip_scheduler=False,
        grad_clip_norm=None,
        horovod=False,
        batch_size=batch,
        world_size=1,
        rank=0,
        log_every_n_steps=100,
        wandb=False,
    )

    class Loader(list):
        num_batches = steps
        num_samples = steps * batch

    loader = SimpleNamespace(dataloader=Loader(ready), set_epoch=lambda epoch: None)
    scheduler = cosine_lr(optimizer, 1e-3, 10, steps)
    data = {"train": loader}
    loss = open_clip.ClipLoss()
    return partial(
        train_one_epoch, network, data, loss, 0, optimizer, None, scheduler, None, arguments
    )


def rows(quick):
    steps, batch = (8, 64) if quick else (40, 128)
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        data = draw(Path(folder), 2000)
        ways = [way(data, steps, batch) for way in (ours, theirs)]
        for take_steps in ways:
            take_steps()
        yield compare(
            "training steps",
            f"scenes-vit, {steps} steps of {batch} pairs",
            *ways,
            by=REFERENCE,
            rounds=3,
            memory=False,
            note="ours reads and normalises its pictures",
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    torch.set_num_threads(given.threads)
    with tempfile.TemporaryDirectory() as folder:
        data = draw(Path(folder), max(2000, 4 * given.batch))
        ways = {
            name: way(data, given.steps, given.batch)
            for name, way in (("ours", ours), ("open_clip", theirs))
        }
        seconds = {name: [] for name in ways}
        for _ in range(given.rounds):
            for name, take_steps in ways.items():
                began = np.array([time.perf_counter(), time.process_time()])
                take_steps()
                seconds[name].append([time.perf_counter(), time.process_time()] - began)
    best = {name: given.steps / np.min(times, axis=0) for name, times in seconds.items()}
    print(
        f"batch {given.batch}, {given.threads} thread(s), best of {given.rounds} rounds, steps per"
    )
    print(f"  {'':10} {'second':>8} {'processor second':>18}")
    for name, (wall, processor) in best.items():
        print(f"  {name:10} {wall:8.2f} {processor:18.2f}")
    wall, processor = best["ours"] / best["open_clip"]
    print(f"  ours / open_clip {wall:.2f}, by processor time {processor:.2f}")


if __name__ == "__main__":
    main()
