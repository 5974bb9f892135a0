"""decode_pixels: shards of crops with an index; a bad picture stops, or is skipped and listed."""

import numpy as np
import pytest

import decode_pixels
import draw_samples
import list_samples
from modgap.errors import InputError
from modgap.tables import read_metadata, read_table
from picture_files import class_files, write_files


@pytest.fixture
def folder(tmp_path):
    """Seven pictures in two classes, the second of each damaged: third and fourth in turn."""
    files = class_files({"ant": 4, "bee": 3})
    files["ant/01.png"] = b""
    files["bee/01.png"] = files["bee/01.png"][:100]
    return write_files(tmp_path / "images", files)


def listed(tmp_path, entry):
    table = str(tmp_path / "s.parquet")
    list_samples.main(table, name="s", entry=entry, on_bad_sample="stop")
    return table


def decode(samples, out, entry, shard=0, shard_size=100, on_bad_sample="stop", **settings):
    array, index = out / f"part-{shard}.npy", out / f"part-{shard}.parquet"
    decode_pixels.main(
        samples,
        str(array),
        str(index),
        entry=entry,
        geometry=settings.get("geometry", "8-bicubic-shortest"),
        shard=shard,
        shard_size=shard_size,
        on_bad_sample=on_bad_sample,
        threads=2,
    )
    return np.load(array, allow_pickle=False), read_table(index), read_metadata(index)


def test_skipped_pictures_have_a_reason_and_no_row(tmp_path, folder):
    entry = {"kind": "image_folder", "path": str(folder)}
    samples = listed(tmp_path, entry)
    pixels, index, metadata = decode(samples, tmp_path, entry, on_bad_sample="skip")
    assert list(index["row"]) == [0, 1, -1, -1, 2, 3, 4]
    assert pixels.shape == (5, 8, 8, 3)
    assert list(index["sample_id"]) == list(read_table(samples)["sample_id"])
    assert index["reason"][2] == "empty file (0 bytes)"
    assert index["reason"][3].startswith("truncated or damaged")
    assert index["reason"].isna().sum() == 5
    assert metadata == read_metadata(samples)


def test_a_bad_picture_stops_with_its_path_and_leaves_nothing(tmp_path, folder):
    entry = {"kind": "image_folder", "path": str(folder)}
    samples, out = listed(tmp_path, entry), tmp_path / "out"
    with pytest.raises(InputError) as caught:
        decode(samples, out, entry)
    assert str(caught.value).startswith(f"{folder}/ant/01.png: empty file (0 bytes); ")
    assert list(out.iterdir()) == []


def test_a_shard_of_bad_pictures_only_is_an_empty_array(tmp_path, folder):
    entry = {"kind": "image_folder", "path": str(folder)}
    samples = listed(tmp_path, entry)
    pixels, index, _ = decode(samples, tmp_path, entry, shard=2, shard_size=1, on_bad_sample="skip")
    assert pixels.shape == (0, 8, 8, 3)
    assert list(index["row"]) == [-1]


@pytest.mark.parametrize("kind", ["scenes", "noise"])
def test_shards_put_together_are_the_whole(tmp_path, kind):
    entry = {"kind": kind, "n": 10, "seed": 4}
    if kind == "noise":
        samples = listed(tmp_path, entry)
    else:
        samples = str(tmp_path / "s.parquet")
        draw_samples.main(samples, str(tmp_path / "s.npy"), name="s", entry=entry)
    geometry = "24-bilinear-squash"
    whole, _, _ = decode(samples, tmp_path, entry, geometry=geometry)
    parts = [
        decode(samples, tmp_path / "parts", entry, shard=k, shard_size=4, geometry=geometry)
        for k in range(3)
    ]
    assert whole.dtype == (np.float32 if kind == "noise" else np.uint8)
    np.testing.assert_array_equal(np.concatenate([pixels for pixels, _, _ in parts]), whole)
    assert [len(index) for _, index, _ in parts] == [4, 4, 2]
    assert all(index["reason"].isna().all() for _, index, _ in parts)
    assert (tmp_path / "part-0.npy").stat().st_size == 128 + whole.nbytes


def test_scenes_at_their_own_size_are_the_drawn_pixels(tmp_path):
    entry = {"kind": "scenes", "n": 5, "seed": 4}
    samples = str(tmp_path / "s.parquet")
    draw_samples.main(samples, str(tmp_path / "s.npy"), name="s", entry=entry)
    pixels, _, _ = decode(samples, tmp_path / "out", entry, geometry="32-bicubic-shortest")
    np.testing.assert_array_equal(pixels, np.load(tmp_path / "s.npy"))


def test_flickr8k_with_several_captions_a_picture(shared, tmp_path):
    entry = {
        "kind": "captions_table",
        "images": str(shared("data/flickr8k/images.tar")),
        "captions": str(shared("data/flickr8k/captions.txt")),
        "n": 30,
    }
    samples = listed(tmp_path, entry)
    pixels, index, _ = decode(
        samples, tmp_path, entry, shard=1, shard_size=20, geometry="64-bicubic-shortest"
    )
    assert pixels.shape == (10, 64, 64, 3)
    assert list(index["sample_id"]) == list(read_table(samples)["sample_id"].unique()[20:])
    assert pixels.std() > 30
