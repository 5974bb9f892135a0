"""Embedding captions and pictures beside a plain open_clip loop, on a processor.

    python benchmarks/extraction.py [--captions 256] [--pictures 64] [--rounds 4] [--batch 64]
        [--architecture ViT-B-32] [--threads 1]

Random weights: time does not depend on them. The loop gets its batches ready-made (normalised
float pictures, padded tokens) in the order of the data and runs in ``inference_mode``; ours starts
from bytes and from the same tokens. Captions are as long as those of COCO: 10 to 20 tokens with
start and end. Ours prepares the weights of the picture tower once a job (lays them out for MKL,
rounds them for bf16); that is timed apart, for the rate is that of many pictures. The floor is the
time that the matrix products alone would take at the rate of a large one of the same library,
measured in the same run.
"""

import argparse
import logging
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch
from measuring import compare, timed

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from modgap.embeddings.extraction import batches, embed, embed_tokens, take_filled  # noqa: E402
from modgap.embeddings.forward.picture_tower import picture_function  # noqa: E402
from modgap.embeddings.forward.products import choose_linear, torch_linear  # noqa: E402
from modgap.embeddings.models import create_model  # noqa: E402
from modgap.threads import usable_threads  # noqa: E402

LENGTHS = (10, 20)  # tokens of a caption
ROWS = 1600  # of the product whose rate is the floor's
MANY = 1000  # pictures, for which laying out weights pays
EXACT = {"captions": 1e-6, "pictures": 1e-5}  # at unit length
SIZES = {"captions": 256, "pictures": 64, "rounds": 4}
QUICK = {"captions": 128, "pictures": 64, "rounds": 3}
FEW = 4  # pictures in bf16, one batch: seconds each where a processor has no units for it
THREADS = min(2, usable_threads())  # of the row by the clock
REASON = "nine tenths of ours is matrix products (profiled); README, extraction.py"


def caption_tokens(n, context, vocabulary, seed=0):
    """Captions of CLIP's form: start, words, end, zeros. (n, context) int64."""
    rng = np.random.default_rng(seed)
    tokens = np.zeros((n, context), np.int64)
    for row, length in zip(tokens, rng.integers(LENGTHS[0], LENGTHS[1] + 1, n), strict=True):
        row[0], row[length - 1] = vocabulary - 2, vocabulary - 1
        row[1 : length - 1] = rng.integers(1, vocabulary - 2, length - 2)
    return tokens


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def matrix_rate(width, linear=torch_linear):
    """Floating-point operations a processor second of one large product of ``width`` columns."""
    x, weight = torch.randn(ROWS, width), torch.randn(4 * width, width)
    multiply = linear(weight, None, ROWS)
    times = []
    for _ in range(5):
        began = time.process_time()
        multiply(x)
        times.append(time.process_time() - began)
    return 2 * ROWS * weight.numel() / min(times)


def block_operations(tower, tokens, read_out):
    """Operations of the matrix products of a tower's blocks for one item of so many tokens.

    read_out : tokens of the last block that are made; of the others it has keys and values only.
    """
    blocks = tower.transformer.resblocks
    width, hidden = blocks[0].mlp.c_proj.out_features, blocks[0].mlp.c_fc.out_features
    per_token = 4 * width**2 + 2 * width * hidden
    whole = (len(blocks) - 1) * tokens * per_token
    return 2 * (whole + tokens * 2 * width**2 + read_out * (per_token - 2 * width**2))


def plain_texts(model, tokens, batch):
    """The loop of open_clip's examples over captions."""
    with torch.inference_mode():
        parts = torch.from_numpy(tokens).split(batch)
        return torch.cat([model.network.encode_text(part) for part in parts]).numpy()


def plain_pictures(model, pictures, batch):
    """The same over pictures."""
    with torch.inference_mode(), model.autocast():
        parts = pictures.split(batch)
        return torch.cat([model.network.encode_image(part) for part in parts]).float().numpy()


def prepared_pictures(model, batch):
    """Ours over pictures, with the weights prepared: what ``embed_images`` does many times."""
    encode = picture_function(model, MANY)

    def embed_pixels(pixels):
        parts, take = batches(range(len(pixels)), batch), partial(take_filled, pixels, batch)
        with torch.inference_mode(), model.autocast():
            return embed(encode, take, parts, model, what="pictures", bar=False)

    return embed_pixels


def draw_pictures(model, n):
    """(n, size, size, 3) bytes, and the same normalised as (n, 3, size, size) float32."""
    size = model.preprocessing["size"]
    pixels = np.random.default_rng(0).integers(0, 256, (n, size, size, 3), dtype=np.uint8)
    ready = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous().float().div_(255)
    return pixels, ready.sub_(model.per_channel("mean").cpu()).div_(model.per_channel("std").cpu())


def largest_difference(one, other):
    return np.abs(unit(one) - unit(other)).max()


def megabytes(model, n, side):
    """What must pass at least once: weights, items as they come, embeddings."""
    items = 8 * model.context_length if side == "text" else 3 * model.preprocessing["size"] ** 2
    picture = sum(weights.nbytes for weights in model.network.visual.parameters())
    every = sum(weights.nbytes for weights in model.network.parameters())
    return (n * (items + 4 * model.dim) + (every - picture if side == "text" else picture)) / 1e6


def compare_captions(model, n, batch, rounds, memory):
    tokens = caption_tokens(n, model.context_length, model.vocab_size)
    length = model.text_lengths(tokens).mean()

    def ours():
        return embed_tokens(model, tokens, batch, bar=False)

    def theirs():
        return plain_texts(model, tokens, batch)

    apart = largest_difference(ours(), theirs())
    assert apart < EXACT["captions"], apart
    operations = block_operations(model.network, length, length)
    rate = matrix_rate(model.network.transformer.width)
    return compare(
        f"captions of {length:.1f} tokens, fp32",
        f"{n} captions, {model.provenance['architecture']}",
        ours,
        theirs,
        by="plain open_clip loop, 77 tokens",
        rounds=rounds,
        memory=memory,
        gflop=n * operations / 1e9,
        megabytes=megabytes(model, n, "text"),
        goal=4,
        reason="a batch of 64 is as long as its longest caption; README, extraction.py",
        note=f"largest difference {apart:.1e}; floor {1000 * operations / rate:.1f} ms each",
    )


def compare_pictures(model, n, batch, rounds, memory, precision, clock=None):
    pixels, ready = draw_pictures(model, n)
    model.precision = "fp32"
    full = plain_pictures(model, ready, batch)
    model.precision = precision
    layout, embed_pixels = timed(lambda: prepared_pictures(model, batch))
    mine = embed_pixels(pixels)
    if precision == "fp32":
        apart = largest_difference(mine, full)
        assert apart < EXACT["pictures"], apart
        told, goals = f"largest difference {apart:.1e}", {"goal": 1.3, "reason": REASON}
    else:
        cosines = (unit(full) * unit(mine)).sum(axis=1)
        told, goals = f"cosine to fp32: least {cosines.min():.6f}, mean {cosines.mean():.6f}", {}
    tower = model.network.visual
    operations = block_operations(tower, tower.positional_embedding.shape[0], 1)
    size = sum(weights.nbytes for weights in tower.parameters())
    rate = matrix_rate(tower.conv1.out_channels, choose_linear(MANY, size))
    told += f"; fp32 floor {1000 * operations / rate:.1f} ms each of one thread"
    threads = torch.get_num_threads()
    return compare(
        f"pictures, {precision}" + (f", {threads} threads by the clock" if clock else ""),
        f"{n} pictures, {model.provenance['architecture']}",
        lambda: embed_pixels(pixels),
        lambda: plain_pictures(model, ready, batch),
        by="plain open_clip loop, pictures ready in memory",
        rounds=rounds,
        memory=memory,
        clock=clock,
        gflop=n * operations / 1e9,
        megabytes=megabytes(model, n, "pictures"),
        note=f"{told}; preparing the weights, {layout:.2f} s a job, is apart",
        **goals,
    )


def measure(captions, pictures, rounds, batch=64, architecture="ViT-B-32", memory=True):
    """Number of items and row of every comparison."""
    logging.disable(logging.WARNING)
    entry = {"source": "random", "architecture": architecture, "seed": 0}
    model = create_model("benchmark", entry, device="cpu")
    yield captions, compare_captions(model, captions, batch, rounds, memory)
    yield pictures, compare_pictures(model, pictures, batch, rounds, memory, "fp32")
    threads = torch.get_num_threads()
    torch.set_num_threads(max(threads, THREADS))
    clock = time.perf_counter
    yield pictures, compare_pictures(model, pictures, batch, rounds, False, "fp32", clock)
    torch.set_num_threads(threads)
    yield FEW, compare_pictures(model, FEW, FEW, rounds, False, "bf16")


def rows(quick):
    torch.set_num_threads(1)
    for _, row in measure(**(QUICK if quick else SIZES)):
        yield row


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, value in SIZES.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--architecture", default="ViT-B-32")
    given = vars(parser.parse_args())
    torch.set_num_threads(given.pop("threads"))
    print("| what | n | open_clip, ms | ours, ms | ratio | note |")
    print("|---|---|---|---|---|---|")
    for n, row in measure(**given, memory=False):
        theirs, ours = (1000 * row[key] / n for key in ("reference_seconds", "seconds"))
        spread = f"{row['ratio']:.2f} ({row['ratio_low']:.2f} to {row['ratio_high']:.2f})"
        cells = (row["what"], n, f"{theirs:.1f}", f"{ours:.1f}", spread, row["note"])
        print("| " + " | ".join(map(str, cells)) + " |", flush=True)


if __name__ == "__main__":
    main()
