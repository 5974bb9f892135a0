"""Embeddings do not depend on how the data is cut."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from modgap.embeddings.extraction import (
    batches,
    describe_lengths,
    embed,
    embed_captions,
    embed_images,
    embed_items,
    embed_tokens,
    first_pixels,
    first_tokens,
    noise_tokens,
    take_filled,
)
from modgap.embeddings.models import create_model
from modgap.errors import InputError
from modgap.tables import read_table, write_table
from tiny_training import make_dataset

CAPTIONS = [f"a {colour} {shape}" for colour in ("red", "blue") for shape in "abcdefghijk"]


@pytest.fixture(scope="module", params=["scenes-vit", "scenes-resnet"])
def model(request):
    entry = {"source": "random", "architecture": request.param, "seed": 0}
    return create_model("mine", entry, device="cpu")


def random_pixels(n):
    return np.random.default_rng(0).integers(0, 256, (n, 32, 32, 3), dtype=np.uint8)


def unit(embeddings):
    return embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)


def test_shards_do_not_change_embeddings(model):
    pixels = random_pixels(50)
    whole = embed_images(model, pixels, batch_size=16)
    cut = [embed_images(model, part, batch_size=16) for part in np.split(pixels, [17, 34])]
    np.testing.assert_allclose(unit(np.concatenate(cut)), unit(whole), rtol=0, atol=1e-6)
    whole = embed_captions(model, CAPTIONS, batch_size=8)
    cut = [embed_captions(model, CAPTIONS[part::3], batch_size=8) for part in range(3)]
    for part in range(3):
        np.testing.assert_allclose(unit(cut[part]), unit(whole[part::3]), rtol=0, atol=1e-6)


def test_same_data_twice_gives_the_same_bytes(model):
    pixels = random_pixels(20)
    assert embed_images(model, pixels, 8).tobytes() == embed_images(model, pixels, 8).tobytes()


def test_batches_equal_one_picture_at_a_time(model):
    pixels = random_pixels(5)
    alone = np.concatenate([model.encode_images(pixels[i : i + 1]) for i in range(5)])
    together = embed_images(model, pixels, batch_size=4)
    np.testing.assert_allclose(unit(together), unit(alone), rtol=0, atol=1e-6)


def test_equal_captions_are_embedded_once(model):
    captions = ["a red circle", "a blue square", "a red circle"] * 10
    embeddings = embed_captions(model, captions, batch_size=4)
    assert embeddings.shape == (30, 128)
    np.testing.assert_array_equal(embeddings[::3], embeddings[2::3])
    alone = model.encode_texts(model.tokenize(captions[:2]))
    np.testing.assert_allclose(unit(embeddings[:2]), unit(alone), rtol=0, atol=1e-6)


def test_captions_run_by_length_and_keep_their_order(model, monkeypatch):
    captions = [("a red circle " * (1 + 5 * i % 7)).strip() + f" {i}" for i in range(30)]
    full = model.network.encode_text
    widths = []

    def note(tokens, normalize):
        widths.append(tokens.shape[1])
        return full(tokens, normalize=normalize)

    monkeypatch.setattr(model.network, "encode_text", note)
    embeddings = embed_captions(model, captions, batch_size=8)
    assert widths == sorted(widths)
    assert widths[0] < 12 < widths[-1] <= model.context_length
    with torch.inference_mode():
        whole = full(torch.from_numpy(model.tokenize(captions)), normalize=False).numpy()
    np.testing.assert_allclose(unit(embeddings), unit(whole), rtol=0, atol=1e-6)


CPU = SimpleNamespace(dim=1, device=torch.device("cpu"))


def test_the_row_that_is_not_finite_is_that_of_the_data():
    items = np.array([[3], [7], [1], [2]])
    with pytest.raises(InputError, match="row 1 of the captions"):
        embed(
            lambda batch: torch.where(batch == 7, torch.inf, 1.0),
            lambda part: items[part],
            [np.array([2, 3]), np.array([0, 1])],
            CPU,
            what="captions",
        )


def run(encode, items, batch_size):
    """Embed items in batches as they lie."""
    parts = batches(range(len(items)), batch_size)
    return embed(encode, partial(take_filled, items, batch_size), parts, CPU, what="pictures")


def test_rows_come_in_their_order_and_fill_is_left_out():
    items = np.arange(5, dtype=np.float32)[:, None]
    found = embed(
        lambda batch: 2 * batch,
        lambda part: np.concatenate([items[part], items[part][-1:]]),
        [np.array([4, 0]), np.array([3, 1]), np.array([2])],
        CPU,
        what="captions",
    )
    np.testing.assert_array_equal(found, 2 * items)


def test_no_room_for_a_batch():
    def encode(batch):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    with pytest.raises(InputError, match="batch_size: 2 pictures at once do not fit"):
        embed(encode, lambda part: np.ones((2, 1)), [range(2)], CPU, what="pictures", bar=False)


@pytest.mark.parametrize(
    ("lengths", "line"),
    [([32, 32], "each takes all 32 tokens"), ([4, 7], "5.5 of 32 tokens each")],
)
def test_the_log_says_how_many_tokens_are_read(lengths, line):
    assert line in describe_lengths(np.array(lengths), 32)


def test_nothing_to_embed(model):
    assert embed_images(model, random_pixels(0), 8).shape == (0, 128)
    assert embed_captions(model, [], 8).shape == (0, 128)
    assert embed_tokens(model, noise_tokens([], 0, 32, 100), 8).shape == (0, 128)


def test_noise_tokens_belong_to_their_sample():
    tokens = noise_tokens(range(2000), seed=42, context_length=32, vocab_size=1000)
    assert tokens.shape == (2000, 32)
    assert tokens.min() == 0
    assert tokens.max() == 999
    # Uniform: mean (v - 1) / 2, standard error of the mean v / sqrt(12 n).
    error = 1000 / np.sqrt(12 * tokens.size)
    assert abs(tokens.mean() - 499.5) < 5 * error
    np.testing.assert_array_equal(noise_tokens([7, 1999], 42, 32, 1000), tokens[[7, 1999]])
    assert not np.array_equal(noise_tokens([7], 43, 32, 1000), tokens[[7]])
    assert len(np.unique(tokens, axis=0)) == 2000


def test_every_batch_has_the_same_size():
    sizes = []

    def encode(batch):
        sizes.append(len(batch))
        return batch[:, :1].float()

    items = np.arange(20).reshape(10, 2)
    embeddings = run(encode, items, 4)
    assert sizes == [4, 4, 4]
    np.testing.assert_array_equal(embeddings, items[:, :1])
    sizes.clear()
    items = np.arange(300).reshape(300, 1)
    np.testing.assert_array_equal(run(encode, items, 256), items)
    assert sizes == [256, 64], "44 rows are filled up to a multiple of 32, not to 256"


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
        RuntimeError("MPS backend out of memory (MPS allocated: 8 GB)"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"),
    ],
)
def test_out_of_memory_names_the_setting(error):
    def encode(batch):
        raise error

    with pytest.raises(InputError, match=r"embeddings\.batch_size: 4 pictures at once"):
        run(encode, np.zeros((10, 2)), 4)


def test_other_failures_keep_their_name():
    def encode(batch):
        raise RuntimeError("shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        run(encode, np.zeros((10, 2)), 4)


def test_values_that_overflow_are_refused():
    def encode(batch):
        return torch.where(batch[:, :1] == 6, torch.inf, 1.0)

    items = np.arange(10)[:, None]
    with pytest.raises(InputError, match="row 6 of the pictures has values that are not finite"):
        run(encode, items, 4)


def test_items_of_both_towers_are_those_of_each(model):
    pixels, tokens = random_pixels(6), model.tokenize(CAPTIONS[:6])
    both = embed_items(model, pixels, tokens, 4)
    assert list(both) == ["images", "texts"]
    np.testing.assert_array_equal(both["images"], embed_images(model, pixels, 4))
    np.testing.assert_array_equal(both["texts"], embed_tokens(model, tokens, 4))
    assert list(embed_items(model, pixels, None, 4)) == ["images"]


@pytest.fixture(scope="module")
def crops(tmp_path_factory):
    """Two shards of drawn scenes."""
    folder = tmp_path_factory.mktemp("crops")
    parts = [make_dataset(folder, f"part-{i}", n=6, seed=i) for i in range(2)]
    return [[path for part in parts for path in part[key]] for key in ("pixels", "indexes")]


@pytest.mark.parametrize(("items", "found"), [(4, 4), (9, 9), (500, 12)])
def test_the_first_pixels_of_several_shards(crops, items, found):
    ids, pixels = first_pixels(*crops, items)
    whole = np.concatenate([np.load(path) for path in crops[0]])
    np.testing.assert_array_equal(pixels, whole[:found])
    assert len(ids) == found


def test_a_picture_without_caption_is_named(tmp_path, model):
    path = make_dataset(tmp_path, "scenes", n=3)["samples"][0]
    samples = read_table(path)
    samples["caption"] = samples["caption"].where(samples.index != 1)
    write_table(samples, path)
    ids = list(samples["sample_id"])
    with pytest.raises(InputError, match=f"{ids[1]} has no caption"):
        first_tokens(model, path, ids, {"kind": "scenes"})
