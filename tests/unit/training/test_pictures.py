"""Batches: every picture once an epoch, with one of its own captions or a known stranger's."""

import numpy as np
import pandas as pd
import pytest
import torch

from modgap.errors import InputError
from modgap.tables import SAMPLE_COLUMNS, write_table
from modgap.training.pictures import (
    Batches,
    batch_captions,
    batch_pictures,
    check_batch_size,
    mismatched_pictures,
    read_captioned_pictures,
    reshuffle_captions,
)


def dataset(folder, name, captions, shards=1, bad=()):
    """A dataset of pictures of one colour each, the picture's number, with the given captions."""
    rows = [
        {"sample_id": f"p{i}", "caption": text, "caption_index": k, "split": "all"}
        for i, texts in enumerate(captions)
        for k, text in enumerate(texts)
    ]
    table = folder / f"{name}.parquet"
    samples = pd.DataFrame(rows).reindex(columns=SAMPLE_COLUMNS)
    write_table(samples, table, {"dataset": name, "dataset_sha256": f"digest of {name}"})
    arrays, indexes = [], []
    for shard, numbers in enumerate(np.array_split(np.arange(len(captions)), shards)):
        good = [i for i in numbers if i not in bad]
        pixels = np.stack([np.full((4, 4, 3), i, np.uint8) for i in good])
        arrays.append(folder / f"{name}-{shard}.npy")
        np.save(arrays[-1], pixels)
        place = {number: row for row, number in enumerate(good)}
        index = pd.DataFrame(
            {
                "sample_id": [f"p{i}" for i in numbers],
                "row": [place.get(i, -1) for i in numbers],
            }
        )
        indexes.append(folder / f"{name}-{shard}.parquet")
        write_table(index, indexes[-1], {"dataset": name})
    return arrays, indexes, [table]


def test_pictures_and_captions_stay_together_over_shards_datasets_and_gaps(tmp_path):
    one = dataset(tmp_path, "one", [["a0", "a1"], ["b0"], ["c0", "c1", "c2"]], shards=2, bad={1})
    two = dataset(tmp_path, "two", [["d0"], ["e0", "e1"]])
    data = read_captioned_pictures(*(left + right for left, right in zip(one, two, strict=True)),
                                   "here")  # fmt: skip
    assert len(data) == 4
    pixels = data.pixels(np.array([3, 0, 1, 2]))
    assert pixels[:, 0, 0, 0].tolist() == [1, 0, 2, 0]
    captions = [data.captions[f : f + c] for f, c in zip(data.first, data.count, strict=True)]
    assert captions == [["a0", "a1"], ["c0", "c1", "c2"], ["d0"], ["e0", "e1"]]
    assert data.dataset_sha256 == ["digest of one", "digest of two"]


def test_a_missing_caption_names_the_picture(tmp_path):
    paths = dataset(tmp_path, "one", [["a0"], [None]])
    with pytest.raises(InputError, match="here: dataset one has no caption for p1"):
        read_captioned_pictures(*paths, "here")


def test_noise_is_no_picture_to_train_on(tmp_path):
    arrays, indexes, samples = dataset(tmp_path, "one", [["a0"], ["b0"]])
    np.save(arrays[0], np.zeros((2, 4, 4, 3), np.float32))
    with pytest.raises(InputError, match="holds noise, not pictures"):
        read_captioned_pictures(arrays, indexes, samples, "here")


def test_an_epoch_takes_every_picture_once_in_an_order_of_its_own():
    epochs = [
        np.concatenate([batch_pictures(20, 4, step, seed=1) for step in range(start, start + 5)])
        for start in (0, 5)
    ]
    for epoch in epochs:
        assert sorted(epoch) == list(range(20))
    assert (epochs[0] != epochs[1]).any()
    other = np.concatenate([batch_pictures(20, 4, step, seed=2) for step in range(5)])
    assert (other != epochs[0]).any()
    # The rest that fills no batch is dropped: 22 pictures make 5 batches of 4 too.
    assert len(np.unique(np.concatenate([batch_pictures(22, 4, s, 1) for s in range(5)]))) == 20


def test_captions_are_the_pictures_own_and_all_of_them_in_time(tmp_path):
    data = read_captioned_pictures(
        *dataset(tmp_path, "one", [[f"{i}-{k}" for k in range(3)] for i in range(8)]), "here"
    )
    owner, seen = np.arange(8), set()
    for step in range(60):
        pictures = batch_pictures(8, 4, step, seed=3)
        rows = batch_captions(data, pictures, owner, step, 4, 3, "random")
        said = [data.captions[row] for row in rows]
        assert [int(text.split("-")[0]) for text in said] == pictures.tolist()
        seen |= set(said)
    assert len(seen) == 24
    for caption, k in (("first", 0), ("last", 2)):
        rows = batch_captions(data, pictures, owner, step, 4, 3, caption)
        assert {data.captions[row].split("-")[1] for row in rows} == {str(k)}


@pytest.mark.parametrize(("share", "swapped"), [(0, 0), (0.25, 25), (1, 100)])
def test_a_known_share_has_the_captions_of_others(share, swapped):
    owner = mismatched_pictures(100, share, seed=0)
    assert sorted(owner) == list(range(100))
    assert (owner != np.arange(100)).sum() == swapped
    np.testing.assert_array_equal(owner, mismatched_pictures(100, share, seed=0))


def test_batches_that_cannot_be_cut_are_refused():
    check_batch_size(16, 16, 2, 2, "here")
    with pytest.raises(InputError, match="here: a batch of 17 is larger than the 16"):
        check_batch_size(16, 17, 1, 1, "here")
    with pytest.raises(InputError, match="make it a multiple of 6"):
        check_batch_size(100, 16, 3, 2, "here")


def test_reshuffled_captions_are_the_same_ones_in_another_order_in_every_step():
    captions = np.arange(100, 164)
    orders = [reshuffle_captions(captions, step, seed=0) for step in (0, 1, 0)]
    for order in orders:
        assert sorted(order) == captions.tolist()
    # About one of them keeps its picture by chance.
    assert (orders[0] == captions).sum() < 8
    assert (orders[0] != orders[1]).any()
    assert orders[0].tolist() == orders[2].tolist()
    assert orders[0].tolist() != reshuffle_captions(captions, 0, seed=1).tolist()


class Loaded:
    """A model that is its own tokenizer: a caption's token is its place among the captions."""

    def __init__(self):
        self.preprocessing = {"mean": [0.5] * 3, "std": [0.5] * 3}

    def tokenize(self, captions):
        return np.arange(len(captions))[:, None]


class Here:
    device, size, rank = torch.device("cpu"), 1, 0


def batches(folder, **recipe):
    paths = dataset(folder, "one", [[f"a{i}", f"b{i}", f"c{i}"] for i in range(8)])
    data = read_captioned_pictures(*paths, "here")
    given = {"mismatched": 0.0, "batch_size": 8, "accumulate": 1, "caption": "first"}
    return Batches(data, Loaded(), {**given, "loss": "contrastive", **recipe}, 0, Here)


def test_batches_are_reshuffled_only_where_the_recipe_says_so(tmp_path):
    own, shuffled = batches(tmp_path), batches(tmp_path, loss="reshuffled")
    [(pixels, tokens)], [(again, others)] = own.at(0), shuffled.at(0)
    np.testing.assert_array_equal(pixels, again)
    assert (tokens[:, 0].numpy() == 3 * pixels[:, 0, 0, 0]).all()
    assert sorted(tokens[:, 0].tolist()) == sorted(others[:, 0].tolist())
    assert tokens[:, 0].tolist() != others[:, 0].tolist()


@pytest.mark.parametrize(("caption", "place"), [("first", 0), ("last", 2)])
def test_the_captions_of_the_rotation_are_chosen(tmp_path, caption, place):
    tokens = [texts for _, texts in batches(tmp_path).chosen_captions(caption, batch_size=5)]
    assert torch.cat(tokens)[:, 0].tolist() == [3 * i + place for i in range(8)]


def assert_steps_are_those_of_at(found, own):
    """Normalised images and tokens of steps 0 ... 2, from the crops and tokens of ``at``."""
    found = list(found)
    assert len(found) == 3
    for step, parts in enumerate(found):
        for (images, tokens), (crops, wanted) in zip(parts, own.at(step), strict=True):
            expected = (torch.from_numpy(crops).permute(0, 3, 1, 2) / 255 - 0.5) / 0.5
            torch.testing.assert_close(images.cpu(), expected)
            assert torch.equal(tokens.cpu(), wanted)


def test_steps_come_normalised_in_their_order(tmp_path):
    own = batches(tmp_path, batch_size=4, accumulate=2)
    assert_steps_are_those_of_at(own.of_steps(range(3)), own)
    assert own.fetch(0)[1] is None, "a processor waits for no copy"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_steps_on_a_gpu_are_those_of_a_processor(tmp_path, monkeypatch):
    monkeypatch.setattr(Here, "device", torch.device("cuda"))
    own = batches(tmp_path, batch_size=4, accumulate=2)
    assert_steps_are_those_of_at(own.of_steps(range(3)), own)
    assert own.fetch(0)[1] is not None
