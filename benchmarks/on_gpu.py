"""Pictures and training steps on a GPU beside open_clip's own loops.

    python benchmarks/on_gpu.py [--device cuda] [--full]

Random weights: time does not depend on them. Pictures are bytes in a file, as the pipeline caches
its crops, and embeddings end in memory; open_clip's loop has its batch normalised, in page-locked
memory, and waits for every batch of embeddings. Seconds by the clock once the GPU has done all it
was given, weights prepared anew in each round. What a card can do is the rate of a large matrix
product in the same format, measured in the same run; the share of it is that of all the time,
reading and copying with it. bf16 is autocast in both, float32 is without TF32 in both.
"""

import argparse
import logging
import tempfile
import time
from pathlib import Path

import torch
from extraction import EXACT, block_operations, draw_pictures, largest_difference, unit
from measuring import compare
from training_speed import draw, ours, theirs

from modgap.data.arrays import open_array, write_array
from modgap.embeddings.extraction import embed_images
from modgap.embeddings.models import choose_device, create_model

BATCH = 512
DISTINCT = 256  # pictures that are repeated
TOWERS = {"ViT-B-32": 10_000, "ViT-L-14": 2_000}  # pictures
STEPS, PAIRS = 40, 512  # of training
# Goals: pictures a second, and the share of the rate of a large product in bf16.
PER_SECOND, SHARE = {"ViT-B-32": 10_000}, {"ViT-L-14": 0.4}
FORMATS = {"bf16": torch.bfloat16, "fp32": torch.float32}


def device_clock(device):
    """A clock that waits until the device has done what it was given."""

    def now():
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return time.perf_counter()

    return now


def matrix_rate(device, dtype, size=8192, times=10):
    """Floating-point operations a second of a square product of ``size`` rows."""
    a, b = torch.randn(2, size, size, device=device, dtype=dtype)
    now, out = device_clock(device), a @ b
    began = now()
    for _ in range(times):
        torch.mm(a, b, out=out)
    return 2 * size**3 * times / (now() - began)


def plain_loop(model, ready, n):
    """open_clip's loop over ``n`` pictures that are ``ready`` over and over: (n, dim) float32."""
    found = []
    with torch.inference_mode(), model.autocast():
        for start in range(0, n, len(ready)):
            batch = ready[: n - start].to(model.device, non_blocking=True)
            found.append(model.network.encode_image(batch).float().cpu())
    return torch.cat(found).numpy()


def put_crops(path, pixels, n):
    """``n`` crops in a file as ``decode_pixels`` writes them, read as ``embed_images`` does."""
    repeated = (pixels[row % len(pixels)] for row in range(n))
    write_array(path, repeated, pixels.shape[1:], pixels.dtype)
    return open_array(path)


def compare_pictures(model, crops, ready, precision, rate, rounds):
    """A row for all ``crops`` in one precision; ``rate`` of a large product in it."""
    architecture, n = model.provenance["architecture"], len(crops)
    tower = model.network.visual
    operations = block_operations(tower, tower.positional_embedding.shape[0], 1)
    few = crops[: len(ready)]
    model.precision = "fp32"
    exact = plain_loop(model, ready, len(few))
    model.precision = precision
    mine = embed_images(model, few, BATCH, bar=False)
    cosines = (unit(exact) * unit(mine)).sum(axis=1)
    told = f"cosine to open_clip in fp32: least {cosines.min():.6f}, mean {cosines.mean():.6f}"
    if precision == "fp32":
        apart = largest_difference(mine, exact)
        assert apart < EXACT["pictures"], apart
        told = f"largest difference {apart:.1e}"
    goals = {}
    if precision == "bf16" and architecture in PER_SECOND:
        goals = {"most": n / PER_SECOND[architecture]}
    if precision == "bf16" and architecture in SHARE:
        goals = {"most": n * operations / (SHARE[architecture] * rate)}
    row = compare(
        f"pictures on a GPU, {precision}",
        f"{n:,} pictures, {architecture}",
        lambda: embed_images(model, crops, BATCH, bar=False),
        lambda: plain_loop(model, ready, n),
        by="plain open_clip loop, pictures ready in memory",
        rounds=rounds,
        memory=False,
        clock=device_clock(model.device),
        gflop=n * operations / 1e9,
        **goals,
    )
    speed = n / row["seconds"]
    row["note"] = (
        f"by the clock; {speed:,.0f} a second, {speed * operations / rate:.1%} of the rate of a "
        f"large product, {rate / 1e12:.3g} TFLOP/s; {told}"
    )
    return row


def picture_rows(device, towers, rounds, size):
    """Rows of every tower in every format; ``size`` of the large product."""
    rates = {name: matrix_rate(device, dtype, size) for name, dtype in FORMATS.items()}
    for architecture, n in towers.items():
        entry = {"source": "random", "architecture": architecture, "seed": 0}
        model = create_model("benchmark", entry, device=device.type)
        pixels, ready = draw_pictures(model, min(DISTINCT, n))
        if device.type == "cuda":
            ready = ready.pin_memory()
        with tempfile.TemporaryDirectory() as folder:
            crops = put_crops(Path(folder) / "pixels.npy", pixels, n)
            for precision, rate in rates.items():
                yield compare_pictures(model, crops, ready, precision, rate, rounds)


def training_row(device, steps, pairs, rounds):
    """A row for steps of training in fp32."""
    with tempfile.TemporaryDirectory() as folder:
        data = draw(Path(folder), max(2000, 4 * pairs))
        for way in (ours, theirs):
            way(data, 2, pairs, device)
        row = compare(
            "training steps on a GPU",
            f"scenes-vit, {steps} steps of {pairs} pairs",
            lambda: ours(data, steps, pairs, device),
            lambda: theirs(data, steps, pairs, device),
            by="open_clip's train_one_epoch, batches ready in memory",
            rounds=rounds,
            memory=False,
            clock=device_clock(device),
        )
    row["note"] = f"by the clock, making the model with it; {steps / row['seconds']:.3g} a second"
    return row


def rows(quick, device="cuda"):
    logging.disable(logging.WARNING)
    if device == "cuda" and not torch.cuda.is_available():
        yield {"what": "pictures and training steps on a GPU", "note": "no GPU here"}
        return
    device = choose_device(device)
    more = 1 if quick else 5
    towers = {architecture: more * n for architecture, n in TOWERS.items()}
    yield from picture_rows(device, towers, 3, 8192)
    yield training_row(device, more * STEPS, PAIRS, 3)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--full", action="store_true")
    given = parser.parse_args()
    for row in rows(not given.full, given.device):
        print({name: value for name, value in row.items() if value not in (None, "")}, flush=True)


if __name__ == "__main__":
    main()
