"""What the digests of cached files cost: processor seconds and their share of a job's.

A shard of crops of the usual size is decoded and embedded by a ViT-B/32 (random weights), a resume
checkpoint of the same model is written and read; each is timed as a whole and its digest alone.

    python benchmarks/digests.py --pictures 1400

Prints a row a job: seconds, seconds of SHA-256 and CRC-32 over what it reads and writes, shares.
"""

import argparse
import sys
import tempfile
import time
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import numpy as np
import torch
from measuring import compare
from PIL import Image

from modgap.data.arrays import open_array, write_array
from modgap.data.pixels import decode_pictures, keep_good_crops, parse_geometry
from modgap.embeddings.extraction import embed_images
from modgap.embeddings.models import create_model
from modgap.files import sha256_of
from modgap.training.checkpoints import load_resume, save_resume

MODEL = {"source": "random", "architecture": "ViT-B-32"}


def main(folder, pictures, steps):
    photos = write_photos(folder, pictures)
    array = folder / "part-0.npy"
    batches = decode_pictures(photos, parse_geometry("224-bicubic-shortest"), threads=1)
    crops = keep_good_crops(photos, batches, "stop", [])
    show("decode a shard", timed(lambda: write_array(array, crops, (224, 224, 3), np.uint8)), array)
    seconds, model = timed_value(lambda: create_model("vit", MODEL, device="cpu"))
    seconds += timed(lambda: embed_images(model, open_array(array), 64))
    show("embed a shard", seconds, array)
    optimizer = torch.optim.AdamW(model.network.parameters())
    seconds = timed(lambda: take_steps(model, optimizer, steps))
    resume, state = folder / "resume.ckpt", {"network": model.network, "optimizer": optimizer}
    seconds += timed(lambda: save_resume(resume, fingerprint={}, step=1, **state))
    show(f"train {steps} steps of 64 pairs, save once", seconds, resume)
    show("read a checkpoint", timed(lambda: load_resume(resume, {})), resume)


def rows(quick):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "shard")
        path.write_bytes(np.random.default_rng(0).bytes(60_000_000))
        yield compare(
            "digest of a cached file",
            "a shard of crops, 60 MB",
            lambda: sha256_of(path),
            lambda: crc32_of(path),
            by="CRC-32 of zlib, which shows no intent",
            rounds=3 if quick else 9,
            megabytes=60,
            note="2.9 % of decoding that shard; README, digests.py",
        )


def write_photos(folder, n):
    """Twenty JPEGs of 640 × 480 smooth noise, named n times in all."""
    generator = np.random.default_rng(0)
    paths = []
    for i in range(20):
        small = generator.integers(0, 256, (24, 32, 3), dtype=np.uint8)
        paths.append(folder / f"{i}.jpg")
        Image.fromarray(small).resize((640, 480), Image.Resampling.BICUBIC).save(paths[-1])
    return [str(paths[i % 20]) for i in range(n)]


def take_steps(model, optimizer, n):
    """Steps on random pairs, so that the optimiser has its moments."""
    pixels, tokens = torch.randn(64, 3, 224, 224), torch.ones(64, 77, dtype=torch.long)
    for _ in range(n):
        optimizer.zero_grad()
        images, texts, scale = model.network(pixels, tokens)
        torch.nn.functional.cross_entropy(scale * images @ texts.T, torch.arange(64)).backward()
        optimizer.step()


def show(job, seconds, path):
    """A row of the table: the job, and both digests over its file."""
    sha, crc = timed(lambda: sha256_of(path)), timed(lambda: crc32_of(path))
    size = path.stat().st_size / 1e6
    print(f"| {job} | {size:,.0f} MB | {seconds:.1f} s | {sha:.2f} s | {crc:.2f} s |", end=" ")
    print(f"{100 * sha / seconds:.1f} % | {100 * crc / seconds:.1f} % |", flush=True)


def crc32_of(path):
    """CRC-32 of a file's content."""
    value = 0
    with open(path, "rb") as stream:
        while block := stream.read(1 << 18):
            value = zlib.crc32(block, value)
    return value


def timed(act):
    """Processor seconds that a call takes."""
    return timed_value(act)[0]


def timed_value(act):
    """Processor seconds that a call takes, and what it gives."""
    start = time.process_time()
    value = act()
    return time.process_time() - start, value


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=1400)
    parser.add_argument("--steps", type=int, default=10)
    given = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        main(Path(folder), given.pictures, given.steps)
