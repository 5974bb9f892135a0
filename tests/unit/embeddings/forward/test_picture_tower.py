"""A vision transformer as plain matrix products gives the embeddings of open_clip."""

from types import SimpleNamespace

import numpy as np
import open_clip
import pytest
import torch

from modgap.embeddings.forward import picture_tower
from modgap.embeddings.forward.picture_tower import (
    cut_patches,
    is_plain,
    picture_function,
    piece_size,
    tower_function,
)
from modgap.embeddings.forward.products import can_pack, numpy_linear, packed_linear, torch_linear
from modgap.embeddings.loaded import PRECISIONS
from modgap.embeddings.models import create_model
from modgap.embeddings.networks.normalisation import disable_normalisation

TEXT = {"width": 16, "heads": 1, "layers": 1, "context_length": 8, "vocab_size": 50}
VISION = {"image_size": 32, "patch_size": 8, "width": 64, "layers": 3, "head_width": 16}
MEAN, STD = (0.48, 0.45, 0.4), (0.26, 0.27, 0.28)
PIXELS = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), np.uint8))


def build(quick_gelu=False, **more):
    torch.manual_seed(0)
    network = open_clip.CLIP(24, VISION | more, dict(TEXT), quick_gelu=quick_gelu)
    transformer = getattr(network.visual, "transformer", None)
    for block in getattr(transformer, "resblocks", []):
        torch.nn.init.normal_(block.attn.in_proj_bias)
        torch.nn.init.normal_(block.attn.out_proj.bias)
    return network.eval()


def theirs(network, pixels=PIXELS):
    batch = pixels.permute(0, 3, 1, 2)
    if pixels.dtype == torch.uint8:
        mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, STD))
        batch = (batch / 255 - mean) / std
    with torch.inference_mode():
        return network.encode_image(batch)


def assert_equal_directions(found, expected):
    unit = torch.nn.functional.normalize
    torch.testing.assert_close(unit(found), unit(expected), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("linear", "piece"),
    [
        (torch_linear, 1),
        (numpy_linear, 1),
        (packed_linear, 1),
        (packed_linear, 5),
        (packed_linear, 7),
    ],
)
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"quick_gelu": True},
        {"layers": 1},
        {"ls_init_value": 0.1},
        {"final_ln_after_pool": True},
        {"no_ln_pre": True},
        {"image_size": 36},  # which patches do not fill
        {"act_kwargs": {"approximate": "tanh"}},
    ],
)
def test_embeddings_are_those_of_open_clip(settings, linear, piece):
    if linear is packed_linear and not can_pack():
        pytest.skip("this torch does not lay weights out for MKL")
    network = build(**settings)
    assert is_plain(network.visual)
    size = network.visual.image_size[0]
    shape = (5, size, size, 3)
    pixels = torch.from_numpy(np.random.default_rng(1).integers(0, 256, shape, np.uint8))
    before = theirs(network, pixels)
    with torch.inference_mode():
        embed = tower_function(network.visual, MEAN, STD, linear=linear, piece=piece)
        assert_equal_directions(embed(pixels), before)
        noise = torch.randn(shape)
        kept = noise.clone()
        assert_equal_directions(embed(noise), theirs(network, noise))
    assert torch.equal(noise, kept), "the pictures were overwritten"
    assert torch.equal(theirs(network, pixels), before), "the network was changed"


def test_without_normalisation_layers():
    network = build(layers=2)
    disable_normalisation(network)
    with torch.inference_mode():
        found = tower_function(network.visual, MEAN, STD)(PIXELS)
    assert_equal_directions(found, theirs(network))


@pytest.mark.parametrize(
    "settings",
    [
        {"pool_type": "avg"},
        {"attentional_pool": True, "attn_pooler_queries": 4, "attn_pooler_heads": 2},
        {"block_type": "custom", "qk_norm": True},
        {"layers": [1, 1, 1, 1], "width": 16},
    ],
)
def test_other_towers_are_left_to_open_clip(settings):
    network = build(**settings)
    assert not is_plain(network.visual)
    device = torch.device("cpu")
    model = SimpleNamespace(network=network, embed_pictures="theirs", device=device)
    before = theirs(network)
    assert picture_function(model, 100) == "theirs"
    assert_equal_directions(theirs(network), before)


def test_the_last_block_makes_its_class_token_alone(monkeypatch):
    network = build()
    rows = []
    real = picture_tower.activate

    def note(activation, hidden):
        rows.append(hidden.shape[1])
        return real(activation, hidden)

    monkeypatch.setattr(picture_tower, "activate", note)
    with torch.inference_mode():
        tower_function(network.visual, MEAN, STD)(PIXELS)
    assert rows == [17, 17, 1]


def test_patches_lie_as_a_convolution_takes_them():
    pictures = torch.randn(2, 6, 9, 3)
    kernel = torch.randn(4, 3, 2, 3)
    patches = cut_patches(pictures, (2, 3)) @ kernel.permute(0, 2, 3, 1).flatten(1).T
    expected = torch.nn.functional.conv2d(pictures.permute(0, 3, 1, 2), kernel, stride=(2, 3))
    torch.testing.assert_close(patches, expected.flatten(2).mT, rtol=0, atol=1e-5)


def test_pieces_stay_in_the_cache_and_every_thread_has_one(monkeypatch):
    tower = build().visual
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    monkeypatch.setattr(picture_tower, "PIECE_BYTES", 20 * 17 * 256 * 4)
    assert piece_size(tower) == 20
    monkeypatch.setattr(torch, "get_num_threads", lambda: 32)
    assert piece_size(tower) == picture_tower.FALLBACK // 32 == 8
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1000)
    assert piece_size(tower) == 1
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    tower.positional_embedding = torch.nn.Parameter(torch.zeros(100_000, 64))
    assert piece_size(tower) == 1


def test_the_way_to_multiply_is_chosen_for_the_pictures_and_the_weights(monkeypatch):
    asked, expected = [], []

    def choose(n, size):
        asked.append((n, size))

        def note(weight, bias, rows):
            expected.append(rows)
            return torch_linear(weight, bias)

        return note

    monkeypatch.setattr(picture_tower, "choose_linear", choose)
    entry = {"source": "random", "architecture": "scenes-vit", "seed": 0}
    model = create_model("mine", entry, device="cpu")
    picture_function(model, 70)
    tower = model.network.visual
    piece, tokens = piece_size(tower), len(tower.positional_embedding)
    assert asked == [(70, sum(weights.nbytes for weights in tower.parameters()))]
    assert set(expected) == {piece, piece * tokens, piece * (tokens - 1)}
    model.precision = "bf16"
    picture_function(model, 70)
    assert len(asked) == 1, "rounded weights are multiplied as torch does"


def test_pictures_go_through_in_pieces(monkeypatch):
    asked = []
    monkeypatch.setattr(picture_tower, "in_pieces", lambda *given: asked.append(given))
    entry = {"source": "random", "architecture": "scenes-vit", "seed": 0}
    model = create_model("mine", entry, device="cpu")
    picture_function(model, 100)
    ((_, size, autocast),) = asked
    assert size == piece_size(model.network.visual)
    assert autocast == model.autocast


@pytest.mark.parametrize("threads", [1, 3])
def test_any_number_of_threads_gives_the_same(threads):
    entry = {"source": "random", "architecture": "scenes-vit", "seed": 0}
    model = create_model("mine", entry, device="cpu")
    expected = torch.from_numpy(model.encode_images(PIXELS.numpy()))
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(threads)
        with torch.inference_mode(), model.autocast():
            found = picture_function(model, 100)(PIXELS)
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert_equal_directions(found, expected)


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precision_is_as_exact_as_open_clips(precision):
    entry = {"source": "random", "architecture": "scenes-vit", "seed": 0}
    model = create_model("mine", entry, device="cpu")
    full = torch.from_numpy(model.encode_images(PIXELS.numpy()))
    model.precision = precision
    assert model.autocast_dtype is PRECISIONS[precision]
    with torch.inference_mode(), model.autocast():
        ours = picture_function(model, 100)(PIXELS).float()
    other = torch.from_numpy(model.encode_images(PIXELS.numpy()))
    similarity = torch.nn.functional.cosine_similarity
    assert not torch.equal(ours, full)
    assert 1 - similarity(ours, full).min() <= 3 * (1 - similarity(other, full).min()) + 1e-6
