"""The captions of a shard of pictures become embeddings."""

import numpy as np
import pandas as pd
import pytest

from embed_texts import main
from modgap.errors import InputError
from modgap.tables import read_embeddings, write_table

SETTINGS = {
    "entry": {"kind": "captions_table"},
    "model_name": "vit",
    "model": {"source": "random", "architecture": "scenes-vit", "seed": 0},
    "precision": "fp32",
    "batch_size": 4,
    "device": "cpu",
    "shard": 0,
    "shard_size": 100,
}
NOISE = {"entry": {"kind": "noise", "n": 7, "seed": 42}}


def write_samples(path, *, kind="captions_table"):
    """Seven pictures with three captions each; seven noise samples with none."""
    per_picture = 1 if kind == "noise" else 3
    rows = [
        {
            "sample_id": f"p{i}",
            "image": f"noise#{i}" if kind == "noise" else f"p{i}.jpg",
            "caption": None if kind == "noise" else f"caption {j} of picture {i}",
            "caption_index": j,
        }
        for i in range(7)
        for j in range(per_picture)
    ]
    data = {"dataset": "mine", "dataset_sha256": "abc", "kind": kind}
    write_table(pd.DataFrame(rows), path, data)
    return path


def read_shards(tmp_path, samples, n_shards, shard_size, **settings):
    paths = [tmp_path / f"{n_shards}-{shard}.parquet" for shard in range(n_shards)]
    for shard, path in enumerate(paths):
        main(
            samples,
            None,
            path,
            **{**SETTINGS, "shard": shard, "shard_size": shard_size, **settings},
        )
    return read_embeddings(paths)


def unit(embeddings):
    return embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)


@pytest.mark.parametrize("kind", ["captions_table", "noise"])
def test_one_shard_or_three(tmp_path, kind):
    samples = write_samples(tmp_path / "samples.parquet", kind=kind)
    settings = NOISE if kind == "noise" else {}
    ids, whole, _ = read_shards(tmp_path, samples, 1, 7, **settings)
    ids_cut, cut, _ = read_shards(tmp_path, samples, 3, 3, **settings)
    pd.testing.assert_frame_equal(ids, ids_cut)
    assert len(whole) == (7 if kind == "noise" else 21)
    np.testing.assert_allclose(unit(cut), unit(whole), rtol=0, atol=1e-6)


def test_a_shard_holds_every_caption_of_its_pictures(tmp_path):
    samples = write_samples(tmp_path / "samples.parquet")
    main(samples, None, tmp_path / "out.parquet", **{**SETTINGS, "shard": 1, "shard_size": 2})
    ids, _, provenance = read_embeddings([tmp_path / "out.parquet"])
    assert list(ids["sample_id"]) == ["p2"] * 3 + ["p3"] * 3
    assert list(ids["caption_index"]) == [0, 1, 2] * 2
    assert provenance["dataset_sha256"] == "abc"


def test_noise_differs_by_sample_and_seed(tmp_path):
    samples = write_samples(tmp_path / "samples.parquet", kind="noise")
    _, one, _ = read_shards(tmp_path, samples, 1, 7, **NOISE)
    assert len(np.unique(one, axis=0)) == 7
    _, other, _ = read_shards(tmp_path, samples, 1, 7, entry={**NOISE["entry"], "seed": 43})
    assert not np.allclose(one, other)


def test_picture_without_caption(tmp_path):
    samples = write_samples(tmp_path / "samples.parquet", kind="noise")
    with pytest.raises(InputError, match=r"datasets\.mine: p0 has no caption"):
        main(samples, None, tmp_path / "out.parquet", **SETTINGS)
    assert not (tmp_path / "out.parquet").exists()
