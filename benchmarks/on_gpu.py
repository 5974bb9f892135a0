"""Pictures and training steps on a GPU beside open_clip's own loops.

    python benchmarks/on_gpu.py [--full]

Random weights: time does not depend on them. Pictures are bytes in a file, as the pipeline caches
its crops, and embeddings end in memory; open_clip's loops have their batches normalised in
page-locked memory. Seconds by the clock, once the GPU has done all it was given; of pictures with
the weights prepared anew in each round, of training the steps alone. What a card can do is the
rate of a large matrix product in the same format, measured in the same run for as long; the share
of it counts every product of the tower, and all the time, reading and copying with it. bf16 is
autocast in both, float32 is without TF32 in both.
"""

import argparse
import logging
import tempfile
import time
from pathlib import Path

import torch
from extraction import EXACT, block_operations, draw_pictures, largest_difference, unit
from measuring import compare
from training_speed import REFERENCE, draw, ours, theirs

from modgap.data.arrays import open_array, write_array
from modgap.embeddings.extraction import embed_images
from modgap.embeddings.models import choose_device, create_model

BATCH = 512
TOWERS = {"ViT-B-32": 10_000, "ViT-L-14": 2_000}  # pictures
STEPS, PAIRS = 40, 512  # of training
SIZE, SECONDS = 8192, 1.0  # rows of the large product, and how long it is made
FORMATS = {"bf16": torch.bfloat16, "fp32": torch.float32}
# Goals in bf16: pictures a second, and the share of the rate of a large product.
PER_SECOND, SHARE = {"ViT-B-32": 10_000}, {"ViT-L-14": 0.4}


def device_clock(device):
    """A clock that waits until the device has done what it was given."""

    def now():
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return time.perf_counter()

    return now


def matrix_rate(device, dtype):
    """Floating-point operations a second of a square product of ``SIZE`` rows."""
    a, b = torch.randn(2, SIZE, SIZE, device=device, dtype=dtype)
    now, out = device_clock(device), torch.empty_like(a)

    def multiply():
        began, done = now(), 0
        while now() - began < SECONDS:
            for _ in range(10):
                torch.mm(a, b, out=out)
            done += 10
        return 2 * SIZE**3 * done / (now() - began)

    multiply()  # until the card runs at the speed that it keeps
    return multiply()


def tower_operations(tower):
    """Operations of all products of a plain vision transformer for one picture, read at one token.

    Those of the layers (``block_operations``), queries with keys and their weights with values,
    and the patches.
    """
    blocks, tokens = len(tower.transformer.resblocks), tower.positional_embedding.shape[0]
    width = tower.conv1.out_channels
    attention = 4 * tokens * width * ((blocks - 1) * tokens + 1)
    patches = 2 * (tokens - 1) * tower.conv1.weight[0].numel() * width
    return block_operations(tower, tokens, 1) + attention + patches


def plain_loop(model, ready, n):
    """open_clip's loop over ``n`` pictures, those that are ``ready`` again and again.

    ready : (BATCH, 3, size, size) float32. Returns (n, dim) float32.
    """
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


def compare_pictures(model, crops, ready, precision, rounds):
    """A row for all ``crops`` in one precision."""
    architecture, n = model.provenance["architecture"], len(crops)
    operations = tower_operations(model.network.visual)
    model.precision = "fp32"
    exact = plain_loop(model, ready, n)
    model.precision = precision
    ways = (
        lambda: embed_images(model, crops, BATCH, bar=False),
        lambda: plain_loop(model, ready, n),
    )
    mine, _ = (way() for way in ways)  # the first call of each is not timed
    rate = matrix_rate(model.device, FORMATS[precision])
    row = compare(
        f"pictures on a GPU, {precision}",
        f"{n:,} pictures, {architecture}",
        *ways,
        by="plain open_clip loop, pictures ready in memory",
        rounds=rounds,
        memory=False,
        clock=device_clock(model.device),
        gflop=n * operations / 1e9,
        **(find_goal(architecture, n, operations, rate) if precision == "bf16" else {}),
    )
    if precision == "fp32":
        apart = largest_difference(mine, exact)
        told, bound = f"largest difference {apart:.1e}", EXACT["pictures"]
        row["goal"], row["reached"] = f"equal to {bound:g}", "yes" if apart < bound else "no"
        row["reason"] = "" if apart < bound else "not looked into"
    else:
        cosines = (unit(exact) * unit(mine)).sum(axis=1)
        told = f"cosine to fp32: least {cosines.min():.6f}, mean {cosines.mean():.6f}"
    speed = n / row["seconds"]
    row["note"] = (
        f"by the clock; {speed:,.0f} a second, {speed * operations / rate:.1%} of the rate of a "
        f"large product, {rate / 1e12:.3g} TFLOP/s; {told}"
    )
    return row


def find_goal(architecture, n, operations, rate):
    """Seconds to reach for n pictures, as ``compare`` takes them; empty where there is no goal."""
    if architecture in PER_SECOND:
        return {"most": n / PER_SECOND[architecture]}
    if architecture in SHARE:
        return {"most": n * operations / (SHARE[architecture] * rate)}
    return {}


def picture_rows(device, towers, rounds):
    """Rows of every tower in every format; towers : number of pictures by architecture."""
    for architecture, n in towers.items():
        entry = {"source": "random", "architecture": architecture, "seed": 0}
        model = create_model("benchmark", entry, device=device.type)
        pixels, ready = draw_pictures(model, min(BATCH, n))
        if device.type == "cuda":
            ready = ready.pin_memory()
        with tempfile.TemporaryDirectory() as folder:
            crops = put_crops(Path(folder) / "pixels.npy", pixels, n)
            for precision in FORMATS:
                yield compare_pictures(model, crops, ready, precision, rounds)


def training_row(device, steps, pairs, rounds):
    """A row for steps of training in fp32."""
    with tempfile.TemporaryDirectory() as folder:
        data = draw(Path(folder), max(2000, 4 * pairs))
        ways = [way(data, steps, pairs, device) for way in (ours, theirs)]
        for take_steps in ways:
            take_steps()
        row = compare(
            "training steps on a GPU",
            f"scenes-vit, {steps} steps of {pairs} pairs",
            *ways,
            by=REFERENCE,
            rounds=rounds,
            memory=False,
            clock=device_clock(device),
        )
    row["note"] = f"by the clock; {steps / row['seconds']:.3g} a second"
    return row


def rows(quick):
    if not torch.cuda.is_available():
        yield {"what": "pictures and training steps on a GPU", "note": "no GPU here"}
        return
    logging.disable(logging.WARNING)
    device, more = choose_device("cuda"), 1 if quick else 5
    yield from picture_rows(device, {name: more * n for name, n in TOWERS.items()}, 3)
    yield training_row(device, more * STEPS, PAIRS, 3)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="five times as much")
    for row in rows(not parser.parse_args().full):
        print({name: value for name, value in row.items() if value not in (None, "")}, flush=True)


if __name__ == "__main__":
    main()
