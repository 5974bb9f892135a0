"""A shard of crops becomes a shard of embeddings."""

import numpy as np
import pandas as pd
import pytest

from embed_images import main
from modgap.errors import InputError
from modgap.tables import read_embeddings, write_table

SETTINGS = {
    "model_name": "vit",
    "model": {"source": "random", "architecture": "scenes-vit", "seed": 0},
    "precision": "fp32",
    "batch_size": 4,
    "device": "cpu",
}
DATA = {"dataset": "mine", "dataset_sha256": "abc", "kind": "image_folder"}


@pytest.fixture
def shard(tmp_path):
    """Ten pictures, of which the fourth cannot be read."""
    good = [i for i in range(10) if i != 3]
    pixels = np.random.default_rng(0).integers(0, 256, (9, 32, 32, 3), dtype=np.uint8)
    np.save(tmp_path / "part-0.npy", pixels)
    index = pd.DataFrame(
        {
            "sample_id": [f"picture {i}" for i in range(10)],
            "row": [good.index(i) if i in good else -1 for i in range(10)],
            "reason": [None if i in good else "truncated" for i in range(10)],
        }
    )
    write_table(index, tmp_path / "part-0.parquet", DATA)
    return tmp_path / "part-0.npy", tmp_path / "part-0.parquet"


def test_bad_pictures_are_left_out(shard, tmp_path):
    main(*shard, tmp_path / "out.parquet", **SETTINGS)
    ids, embeddings, provenance = read_embeddings([tmp_path / "out.parquet"])
    assert list(ids.columns) == ["sample_id"]
    assert list(ids["sample_id"]) == [f"picture {i}" for i in range(10) if i != 3]
    assert embeddings.shape == (9, 128)
    assert provenance["model"] == "vit"
    assert provenance["dataset"] == "mine"
    assert provenance["dataset_sha256"] == "abc"


def test_same_shard_twice_gives_the_same_file(shard, tmp_path):
    main(*shard, tmp_path / "one.parquet", **SETTINGS)
    main(*shard, tmp_path / "two.parquet", **SETTINGS)
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


def test_noise_and_a_model_without_texts(shard, tmp_path):
    array, index = shard
    noise = np.random.default_rng(1).standard_normal((9, 32, 32, 3), dtype=np.float32)
    np.save(array, noise)
    model = {"source": "torchvision", "architecture": "resnet18", "seed": 0, "size": 32}
    main(array, index, tmp_path / "out.parquet", **{**SETTINGS, "model": model})
    _, embeddings, _ = read_embeddings([tmp_path / "out.parquet"])
    assert embeddings.shape == (9, 512)


@pytest.mark.parametrize("shape", [(8, 32, 32, 3), (9, 48, 48, 3)])
def test_crops_that_do_not_match(shard, tmp_path, shape):
    array, index = shard
    np.save(array, np.zeros(shape, np.uint8))
    with pytest.raises(InputError, match=r"part-0\.npy: .* ask for 9 crops of 32 x 32 px"):
        main(array, index, tmp_path / "out.parquet", **SETTINGS)
    assert not (tmp_path / "out.parquet").exists()
