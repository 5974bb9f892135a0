"""Single flipped bits in what a run keeps: all of 400 are noticed, wherever they are."""

import numpy as np
import pandas as pd
import pytest
import torch

from faults.outcomes import classify_call
from modgap.data.arrays import open_array, write_array
from modgap.digests import compare_digest
from modgap.files import damaged_name, digest_file
from modgap.tables import read_embeddings, read_table, write_embeddings, write_table
from modgap.training.checkpoints import load_resume, save_resume

FLIPS = 400


def write_pixels(path):
    crops = np.random.default_rng(0).integers(0, 256, (12, 16, 16, 3), dtype=np.uint8)
    write_array(path, crops, crops.shape[1:], np.uint8)


def write_shard(path):
    block = np.random.default_rng(0).standard_normal((40, 16)).astype(np.float32)
    ids = pd.DataFrame({"sample_id": [f"item-{row}" for row in range(40)]})
    write_embeddings(path, ids, block, {"model": "vit", "dataset": "scenes"})


def write_samples(path):
    rows = pd.DataFrame({"sample_id": ["a", "b"], "caption": ["a red circle", None]})
    write_table(rows, path, {"dataset": "scenes", "dataset_sha256": "0" * 64})


def write_checkpoint(path):
    torch.manual_seed(0)
    network = torch.nn.Linear(8, 4)
    optimizer = torch.optim.AdamW(network.parameters())
    network(torch.ones(1, 8)).sum().backward()
    optimizer.step()
    save_resume(path, fingerprint={}, step=1, network=network, optimizer=optimizer, losses=[])


CACHES = {
    "part-0.npy": (write_pixels, lambda path: np.array(open_array(path))),
    "part-0.parquet": (write_shard, lambda path: read_embeddings([path])),
    "samples.parquet": (write_samples, read_table),
    # Training that starts from the beginning ends with the right numbers.
    "resume.ckpt": (write_checkpoint, lambda path: load_resume(path, {})),
}


def draw_places(content, n):
    """Seeded (byte, bit) places over a file; a quarter in its last 64 bytes, where footers end."""
    generator = np.random.default_rng(15)
    places = generator.integers(0, len(content), n)
    places[: n // 4] = generator.integers(max(len(content) - 64, 0), len(content), n // 4)
    return zip(places.tolist(), generator.integers(0, 8, n).tolist(), strict=True)


@pytest.mark.parametrize("name", CACHES)
def test_every_flipped_bit_is_noticed(tmp_path, fault, name):
    write, read = CACHES[name]
    path = tmp_path / name
    write(path)
    assert read(path) is not None
    whole, digest = path.read_bytes(), digest_file(path).read_bytes()
    anew = 0
    for place, bit in draw_places(whole, FLIPS):
        content = bytearray(whole)
        content[place] ^= 1 << bit
        path.write_bytes(content)
        digest_file(path).write_bytes(digest)
        compare_digest.cache_clear()  # a disk flips no bit within the tick of its clock
        ended = classify_call(lambda: read(path), right=lambda found: found is None)
        anew += ended[0] == "survived"
        fault("bit flips", ended)
        damaged_name(path).unlink(missing_ok=True)
    assert anew == (FLIPS if name == "resume.ckpt" else 0)


def test_a_flip_in_a_digest_costs_a_file_and_never_a_number(tmp_path, fault):
    path = tmp_path / "part-0.npy"
    for place in range(0, 64, 4):
        write_pixels(path)
        content = bytearray(digest_file(path).read_bytes())
        content[place] ^= 1
        digest_file(path).write_bytes(content)
        compare_digest.cache_clear()
        message = fault("bit flips", classify_call(lambda: open_array(path), right=bool))
        assert "damaged" in message


@pytest.mark.parametrize("name", CACHES)
def test_zeroed_blocks_cut_ends_and_appended_bytes_are_noticed(tmp_path, fault, name):
    """What a power cut or a broken copy leaves."""
    write, read = CACHES[name]
    path = tmp_path / name
    write(path)
    whole, digest = path.read_bytes(), digest_file(path).read_bytes()
    middle = len(whole) // 2
    for content in (
        whole[:middle] + bytes(64) + whole[middle + 64 :],
        bytes(len(whole)),
        whole[:middle],
        whole + b"\0",
        b"",
    ):
        path.write_bytes(content)
        digest_file(path).write_bytes(digest)
        compare_digest.cache_clear()
        fault("caches", classify_call(lambda: read(path), right=lambda found: found is None))
        damaged_name(path).unlink(missing_ok=True)
