"""Embedding captions and pictures beside a plain open_clip loop, on a processor.

    python benchmarks/extraction.py [--captions 256] [--pictures 64] [--rounds 4] [--batch 64]
        [--architecture ViT-B-32] [--threads 1]

Random weights: time does not depend on them. Ours and the loop take turns (A B A B); what counts is
processor time, the ratio is the median of the rounds with the least and the largest beside it.
The loop gets its batches ready-made (normalised float pictures, padded tokens) in the order of the
data and runs in ``inference_mode``; ours starts from bytes and from the same tokens. Captions are
as long as those of COCO: 10 to 20 tokens with start and end. The floor is the time that the matrix
products alone would take at the rate of a large one, measured in the same run.
"""

import argparse
import logging
import sys
import time
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from modgap.embeddings.extraction import embed_images, embed_tokens  # noqa: E402
from modgap.embeddings.models import PRECISIONS, create_model  # noqa: E402

LENGTHS = (10, 20)  # tokens of a caption
ROWS = 1600  # of the product whose rate is the floor's


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


def take_turns(ways, rounds):
    """Processor seconds of each way, (rounds,), and what each gave. The first round warms up."""
    seconds, found = {name: [] for name in ways}, {}
    for turn in range(rounds + 1):
        for name, act in ways.items():
            began = time.process_time()
            found[name] = act()
            if turn:
                seconds[name].append(time.process_time() - began)
    return {name: np.array(times) for name, times in seconds.items()}, found


def matrix_rate(width):
    """Floating-point operations a processor second of one large product of ``width`` columns."""
    x, weight = torch.randn(ROWS, width), torch.randn(4 * width, width)
    times = []
    for _ in range(5):
        began = time.process_time()
        torch.nn.functional.linear(x, weight)
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


def report(what, n, seconds, equality, floor):
    """One row of the table of benchmarks/README.md."""
    ratios = seconds["open_clip"] / seconds["ours"]
    spread = f"{np.median(ratios):.2f} ({ratios.min():.2f} to {ratios.max():.2f})"
    theirs, ours = (1000 * np.median(seconds[name]) / n for name in ("open_clip", "ours"))
    print(
        f"| {what} | {n} | {theirs:.1f} | {ours:.1f} | {spread} | {equality} | "
        f"{1000 * floor:.1f} |",
        flush=True,
    )


def difference(found):
    pair = [unit(found[name]) for name in ("open_clip", "ours")]
    return f"{np.abs(pair[0] - pair[1]).max():.1e}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--captions", type=int, default=256)
    parser.add_argument("--pictures", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--architecture", default="ViT-B-32")
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    torch.set_num_threads(given.threads)
    entry = {"source": "random", "architecture": given.architecture, "seed": 0}
    model = create_model("benchmark", entry, device="cpu")
    batch = given.batch
    print(f"{given.architecture}, batches of {batch}, {given.threads} thread(s); ms of processor")
    print("| what | n | open_clip, ms | ours, ms | ratio | difference | floor, ms |")
    print("|---|---|---|---|---|---|---|")

    tokens = caption_tokens(given.captions, model.context_length, model.vocab_size)
    ways = {
        "open_clip": lambda: plain_texts(model, tokens, batch),
        "ours": lambda: embed_tokens(model, tokens, batch, bar=False),
    }
    seconds, found = take_turns(ways, given.rounds)
    length = model.text_lengths(tokens).mean()
    rate = matrix_rate(model.network.transformer.width)
    floor = block_operations(model.network, length, length) / rate
    report(f"captions of {length:.1f} tokens", len(tokens), seconds, difference(found), floor)

    size = model.preprocessing["size"]
    shape = (given.pictures, size, size, 3)
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    ready = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous().float().div_(255)
    ready = ready.sub_(model.per_channel("mean")).div_(model.per_channel("std"))
    tower = model.network.visual
    floor = block_operations(tower, tower.positional_embedding.shape[0], 1)
    floor /= matrix_rate(tower.conv1.out_channels)
    full = None
    for precision in ("fp32", "bf16"):
        model.precision = precision
        assert PRECISIONS[precision] is model.autocast_dtype
        ways = {
            "open_clip": lambda: plain_pictures(model, ready, batch),
            "ours": lambda: embed_images(model, pixels, batch, bar=False),
        }
        seconds, found = take_turns(ways, given.rounds)
        if full is None:
            full, equality = found["open_clip"], difference(found)
        else:
            cosines = {name: (unit(full) * unit(rows)).sum(axis=1) for name, rows in found.items()}
            equality = "; ".join(
                f"{name}: {values.min():.6f}, {values.mean():.6f}"
                for name, values in cosines.items()
            )
        report(f"pictures, {precision}", len(pixels), seconds, equality, floor)
    print("difference: largest of any number at unit length; bf16: least and mean cosine to fp32")


if __name__ == "__main__":
    main()
