"""Models of transformers: embeddings are that package's own, nothing is fetched or run."""

import builtins
import contextlib
import socket
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from modgap.data.pixels import crop_picture, parse_geometry
from modgap.embeddings.models import create_model
from modgap.embeddings.networks.from_open_clip import load_open_clip_tokenizer
from modgap.embeddings.networks.from_transformers import (
    FolderTokenizer,
    PooledTowers,
    finish,
    import_transformers,
)
from modgap.embeddings.verification import activation, golden_embedding, tokenizer_name
from modgap.errors import InputError
from transformers_folders import SIZE, edit_json, need_transformers, write_clip, write_siglip

CAPTIONS = ["a photo of a cat", "the red square", "dog", "a red dog of the photo of the square cat"]
WRITERS = {"clip": write_clip, "siglip": write_siglip}


@pytest.fixture(scope="module", params=WRITERS)
def folder(request, tmp_path_factory):
    return WRITERS[request.param](tmp_path_factory.mktemp(request.param))


def entry_of(folder, **more):
    return {"source": "transformers", "path": str(folder), **more}


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*args):
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def pictures():
    """Three RGB pictures, wide, tall and square."""
    rng = np.random.default_rng(0)
    shapes = ((40, 20), (20, 36), (24, 24))
    return [
        Image.fromarray(rng.integers(0, 256, (h, w, 3), dtype=np.uint8), "RGB") for w, h in shapes
    ]


def their_embeddings(folder, how):
    """What transformers alone makes of pictures and captions, read by its Auto classes."""
    transformers = need_transformers()
    model = transformers.AutoModel.from_pretrained(folder).eval()
    processor = transformers.AutoImageProcessor.from_pretrained(folder, backend="pil")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    context = model.config.text_config.max_position_embeddings
    settings = {"truncation": True, "max_length": context, "return_tensors": "pt"}
    with torch.no_grad():
        images = model.get_image_features(**processor(pictures(), return_tensors="pt"))
        if how == "siglip":  # as its documentation says
            tokens = tokenizer(CAPTIONS, padding="max_length", **settings)
            texts = model.get_text_features(input_ids=tokens["input_ids"])
        else:
            tokens = tokenizer(CAPTIONS, padding=True, **settings)
            texts = model.get_text_features(
                input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"]
            )
    return images.pooler_output.numpy(), texts.pooler_output.numpy()


def test_embeddings_are_those_of_transformers(folder, no_network):
    loaded = create_model("mine", entry_of(folder), device="cpu")
    geometry = parse_geometry(loaded.provenance["geometry"])
    crops = np.stack([crop_picture(picture, geometry) for picture in pictures()])
    images = loaded.encode_images(crops)
    texts = loaded.encode_texts(loaded.tokenize(CAPTIONS))
    kind = "siglip" if loaded.context_length == 64 else "clip"
    expected = their_embeddings(folder, kind)
    assert images.shape == (3, loaded.dim)
    assert np.abs(images - expected[0]).max() < 1e-5
    assert np.abs(texts - expected[1]).max() < 1e-5
    # Not of unit length, and each text its own.
    assert np.abs(np.linalg.norm(images, axis=1) - 1).min() > 1e-3
    assert len(np.unique(texts.round(4), axis=0)) == len(CAPTIONS)


def test_the_origin_is_in_the_metadata(folder):
    loaded = create_model("mine", entry_of(folder), device="cpu")
    known = loaded.provenance
    assert known["transformers"] == need_transformers().__version__
    assert known["weights"] == "trained"
    if loaded.context_length == 64:
        assert known["geometry"] == f"{SIZE}-bicubic-squash"
        assert known["logit_scale"] == pytest.approx(np.exp(2.0), rel=1e-6)
        assert known["logit_bias"] == -10.0
        assert activation(loaded.network) == "GELU"
        assert known["mean"] == [0.5, 0.5, 0.5]
    else:
        assert known["geometry"] == f"{SIZE}-bicubic-shortest"
        assert known["logit_scale"] == pytest.approx(np.exp(2.6592), rel=1e-4)
        assert known["logit_bias"] is None
        assert activation(loaded.network) == "QuickGELU"
    assert tokenizer_name(loaded) == str(folder)
    golden = golden_embedding(loaded)
    assert {side: len(numbers) for side, numbers in golden.items()} == {"images": 8, "texts": 8}


def test_what_the_entry_overrides(folder):
    usual = create_model("mine", entry_of(folder), device="cpu")
    other = create_model("mine", entry_of(folder, normalisation="none"), device="cpu")
    pixels = np.full((1, SIZE, SIZE, 3), 200, np.uint8)
    assert np.abs(usual.encode_images(pixels) - other.encode_images(pixels)).max() > 1e-4
    bare = create_model("mine", entry_of(folder, normalisation_layers="removed"), device="cpu")
    assert not any(isinstance(module, torch.nn.LayerNorm) for module in bare.network.modules())


def rewrite_weights(folder, change):
    path = folder / "model.safetensors"
    state = load_file(path)
    change(state)
    save_file(state, path, metadata={"format": "pt"})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda state: state.pop("text_projection.weight"), "no weights for text_projection.weig"),
        (lambda state: state.update(more=torch.ones(2)), "weights that no layer takes: more"),
        (
            lambda state: state.update({"visual_projection.weight": torch.ones(3, 16)}),
            "weights of another shape for visual_projection.weight",
        ),
    ],
)
def test_weights_that_do_not_fit(tmp_path, change, words):
    folder = write_clip(tmp_path / "clip")
    rewrite_weights(folder, change)
    with pytest.raises(InputError, match=words) as caught:
        create_model("mine", entry_of(folder), device="cpu")
    assert len(str(caught.value)) <= 300
    assert "\n" not in str(caught.value)


def test_no_pickle_is_read(tmp_path):
    folder = write_clip(tmp_path / "clip")
    state = load_file(folder / "model.safetensors")
    torch.save(state, folder / "pytorch_model.bin")
    (folder / "model.safetensors").rename(folder / "other.safetensors")
    with pytest.raises(InputError, match="transformers cannot load it") as caught:
        create_model("mine", entry_of(folder), device="cpu")
    assert "\n" not in str(caught.value)


def test_code_of_a_folder_is_never_run(tmp_path):
    folder = write_clip(tmp_path / "clip")
    code = {"AutoTokenizer": ["evil.Evil", None], "AutoModel": "evil.Evil"}
    (folder / "evil.py").write_text("raise SystemExit('the code ran')\n")
    edit_json(folder / "config.json", auto_map=code)
    edit_json(folder / "tokenizer_config.json", auto_map=code, tokenizer_class="Evil")
    loaded = create_model("mine", entry_of(folder), device="cpu")
    with contextlib.suppress(InputError):  # it may be refused for want of the code
        loaded.tokenize(["a cat"])
    assert "evil" not in sys.modules


def test_tokenizers_of_open_clip_from_fetched_files(tmp_path, no_network):
    """SigLIP's of open_clip: from files, cleaned and cut as open_clip does it."""
    folder = write_siglip(tmp_path / "siglip")
    files = [str(folder / name) for name in ("tokenizer.json", "tokenizer_config.json")]
    found = load_open_clip_tokenizer("ViT-B-16-SigLIP", files)
    tokens = found(["a photo", "the   dog"])
    assert tokens.shape == (2, 64)
    # Words, the end, then padding: numbers of write_siglip.
    assert tokens[:, :4].tolist() == [[3, 4, 2, 1], [10, 7, 2, 1]]
    assert found.tokenizer.name_or_path == "timm/ViT-B-16-SigLIP"
    with pytest.raises(OSError, match=r"."):
        load_open_clip_tokenizer("ViT-B-16-SigLIP", [str(tmp_path / "none" / "tokenizer.json")])


def test_tokens_beyond_the_vocabulary():
    class Known:
        name_or_path = "folder"

        def __call__(self, texts, **settings):
            return {"input_ids": torch.tensor([[1, 12]])}

    with pytest.raises(InputError, match="gives the number 12, but the model knows 12 tokens"):
        FolderTokenizer(Known(), 2, 12)(["a"])
    assert FolderTokenizer(Known(), 2, 13)(["a"]).tolist() == [[1, 12]]


def test_unit_length_where_asked_for():
    rows = torch.tensor([[3.0, 4.0]])
    assert torch.allclose(finish(rows, True), torch.tensor([[0.6, 0.8]]))
    assert torch.equal(finish(rows, False), rows)
    assert PooledTowers(torch.nn.Identity()).logit_bias is None


def test_without_the_package(monkeypatch):
    real = builtins.__import__

    def absent(name, *args):
        if name == "transformers":
            raise ModuleNotFoundError("No module named 'transformers'")
        return real(name, *args)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(InputError, match=r"models.mine: .* install it with: make transformers"):
        import_transformers("mine")
