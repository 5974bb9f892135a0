"""Models are what the config says, whichever way they are loaded."""

import json
import pickle
import shutil

import numpy as np
import open_clip
import pytest
import torch
import torchvision
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image
from safetensors.torch import save_file
from torchvision import transforms

from modgap.data.pixels import crop_picture, parse_geometry
from modgap.embeddings.models import choose_device, create_model
from modgap.errors import InputError
from modgap.files import sha256_of, write_digests
from modgap.plan.models import entries, problems
from modgap.plan.models.architectures import ARCHITECTURES, TAGS

TINY = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 16, "layers": 1, "width": 32, "head_width": 16, "patch_size": 8},
    "text_cfg": {"context_length": 8, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
}
RANDOM = {"source": "random", "architecture": "tiny", "seed": 3}
PIXELS = np.random.default_rng(0).integers(0, 256, (5, 16, 16, 3), dtype=np.uint8)
CAPTIONS = ["a red circle", "a photo of a small blue square", ""]


@pytest.fixture(scope="module")
def project(tmp_path_factory, root):
    """A project folder with tiny architectures of its own."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "config" / "models").mkdir(parents=True)
    for table in (ARCHITECTURES, TAGS):
        shutil.copy(root / table, folder / table)
    variants = {
        "tiny": TINY,
        "tiny-wide": {**TINY, "embed_dim": 24},
        "tiny-quickgelu": {**TINY, "quick_gelu": True},
        "tiny-large": {**TINY, "vision_cfg": {**TINY["vision_cfg"], "image_size": 32}},
    }
    for name, config in variants.items():
        (folder / "config" / "models" / f"{name}.json").write_text(json.dumps(config))
    return folder


@pytest.fixture(scope="module")
def tiny(project):
    return create_model("tiny", RANDOM, device="cpu", root=project)


@pytest.fixture(scope="module")
def weights(tiny, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_file(tiny.network.state_dict(), path)
    return path


def checkpoint(path, architecture="tiny", **more):
    return {
        "source": "checkpoint",
        "architecture": architecture,
        "checkpoint": str(path),
        **more,
    }


def assert_same_embeddings(one, other):
    np.testing.assert_array_equal(one.encode_images(PIXELS), other.encode_images(PIXELS))
    tokens = one.tokenize(CAPTIONS)
    np.testing.assert_array_equal(tokens, other.tokenize(CAPTIONS))
    np.testing.assert_array_equal(one.encode_texts(tokens), other.encode_texts(tokens))


def unit(embeddings):
    return embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)


def test_random_model_is_its_seed(project, tiny):
    torch.manual_seed(99)
    before = torch.random.get_rng_state()
    again = create_model("tiny", RANDOM, device="cpu", root=project)
    assert torch.equal(before, torch.random.get_rng_state())
    assert_same_embeddings(tiny, again)
    other = create_model("tiny", {**RANDOM, "seed": 4}, device="cpu", root=project)
    assert other.provenance["weights_sha256"] != tiny.provenance["weights_sha256"]
    assert not np.allclose(other.encode_images(PIXELS), tiny.encode_images(PIXELS))


def test_shapes_and_sizes(tiny):
    images = tiny.encode_images(PIXELS)
    assert images.shape == (5, tiny.dim) == (5, 16)
    assert images.dtype == np.float32
    tokens = tiny.tokenize(CAPTIONS)
    assert tokens.shape == (3, tiny.context_length) == (3, 8)
    assert tiny.encode_texts(tokens).shape == (3, 16)
    assert tiny.vocab_size == 49408
    # Raw, not normalised.
    assert not np.allclose(np.linalg.norm(images, axis=1), 1, atol=0.01)


def test_provenance(tiny):
    provenance = tiny.provenance
    assert json.loads(json.dumps(provenance)) == provenance
    assert provenance["weights"] == "random"
    assert provenance["seed"] == 3
    assert provenance["geometry"] == "16-bicubic-shortest"
    assert provenance["open_clip"] == open_clip.__version__
    assert len(provenance["weights_sha256"]) == 64


def test_pixels_are_normalised_as_by_open_clip(tiny):
    """The whole path from picture to embedding equals open_clip's own transform."""
    transform = image_transform_v2(
        PreprocessCfg(**tiny.network.visual.preprocess_cfg), is_train=False
    )
    batch = torch.stack([transform(Image.fromarray(crop)) for crop in PIXELS])
    with torch.inference_mode():
        expected = tiny.network.encode_image(batch).numpy()
    np.testing.assert_array_equal(tiny.encode_images(PIXELS), expected)


def test_float_pixels_are_not_normalised(tiny):
    noise = np.random.default_rng(1).standard_normal((2, 16, 16, 3), dtype=np.float32)
    with torch.inference_mode():
        batch = torch.from_numpy(noise).permute(0, 3, 1, 2).contiguous()
        expected = tiny.network.encode_image(batch).numpy()
    np.testing.assert_array_equal(tiny.encode_images(noise), expected)


def test_imagenet_normalisation_changes_arithmetic_not_weights(project, tiny):
    entry = {**RANDOM, "normalisation": "imagenet"}
    other = create_model("tiny", entry, device="cpu", root=project)
    assert other.provenance["mean"] == [0.485, 0.456, 0.406]
    assert other.provenance["weights_sha256"] == tiny.provenance["weights_sha256"]
    assert not np.array_equal(other.encode_images(PIXELS), tiny.encode_images(PIXELS))


def test_bilinear_crops_are_the_authors_transform(project, tiny):
    """Resize and CenterCrop of torchvision, then the model as it would see that tensor."""
    entry = {**RANDOM, "normalisation": "imagenet", "interpolation": "bilinear"}
    model = create_model("tiny", entry, device="cpu", root=project)
    assert model.provenance["geometry"] == "16-bilinear-shortest"
    assert model.provenance["weights_sha256"] == tiny.provenance["weights_sha256"]
    picture = Image.fromarray(np.random.default_rng(2).integers(0, 256, (50, 37, 3), np.uint8))
    theirs = transforms.Compose(
        [
            transforms.Resize(16),
            transforms.CenterCrop(16),
            transforms.ToTensor(),
            transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ]
    )(picture)
    crops = {
        kind: crop_picture(picture, parse_geometry(f"16-{kind}-shortest"))
        for kind in ("bilinear", "bicubic")
    }
    with torch.inference_mode():
        expected = model.network.encode_image(theirs[None]).numpy()
    np.testing.assert_array_equal(model.encode_images(crops["bilinear"][None]), expected)
    assert not np.array_equal(model.encode_images(crops["bicubic"][None]), expected)


def test_a_model_in_half_precision_beside_one_in_fp32(project, tiny):
    entry = {**RANDOM, "precision": "fp16"}
    half = create_model("tiny", entry, device="cpu", precision="fp32", root=project)
    assert half.provenance["precision"] == "fp16"
    assert half.provenance["weights_sha256"] == tiny.provenance["weights_sha256"]
    images = half.encode_images(PIXELS)
    # Every number is one that fp16 has, as in the authors' file of CLIP.
    np.testing.assert_array_equal(images, images.astype(np.float16).astype(np.float32))
    np.testing.assert_allclose(unit(images), unit(tiny.encode_images(PIXELS)), atol=5e-3)
    assert not np.array_equal(images, tiny.encode_images(PIXELS))
    tokens = half.tokenize(CAPTIONS)
    texts = half.encode_texts(tokens)
    np.testing.assert_array_equal(texts, texts.astype(np.float16).astype(np.float32))
    np.testing.assert_allclose(unit(texts), unit(tiny.encode_texts(tokens)), atol=5e-3)


def test_checkpoint_round_trip(project, tiny, weights, tmp_path):
    plain, wrapped = tmp_path / "plain.pt", tmp_path / "wrapped.pt"
    state = tiny.network.state_dict()
    torch.save(state, plain)
    torch.save({"epoch": 3, "state_dict": {f"module.{k}": v for k, v in state.items()}}, wrapped)
    for path in (weights, plain, wrapped):
        loaded = create_model("mine", checkpoint(path), device="cpu", root=project)
        assert_same_embeddings(tiny, loaded)
        assert loaded.provenance["weights_sha256"] == tiny.provenance["weights_sha256"]
        assert loaded.provenance["weights"] == "trained"
        assert loaded.provenance["weights_file"] == str(path)
        assert loaded.provenance["weights_file_sha256"] == sha256_of(path)
    assert "weights_file" not in tiny.provenance


@pytest.mark.parametrize("prefix", ["model.", "module.model.", "clip."])
def test_checkpoints_of_lightning_and_ddp(project, tiny, tmp_path, prefix):
    state = {prefix + name: value for name, value in tiny.network.state_dict().items()}
    path = tmp_path / "last.pt"
    torch.save({"state_dict": {**state, "loss.weight": torch.ones(2)}, "epoch": 3}, path)
    loaded = create_model("mine", checkpoint(path), device="cpu", root=project)
    assert_same_embeddings(tiny, loaded)
    assert loaded.provenance["weights_sha256"] == tiny.provenance["weights_sha256"]
    del state[f"{prefix}text_projection"]
    torch.save({"state_dict": state}, path)
    with pytest.raises(InputError, match=r"Missing.*text_projection") as caught:
        create_model("mine", checkpoint(path), device="cpu", root=project)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def local_dir(folder, weights, model_cfg, **preprocess_cfg):
    config = {"model_cfg": model_cfg, "preprocess_cfg": preprocess_cfg}
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    shutil.copy(weights, folder / "open_clip_model.safetensors")
    return {"source": "local_dir", "path": str(folder)}


def test_local_dir_round_trip(tiny, weights, tmp_path):
    loaded = create_model("mine", local_dir(tmp_path, weights, TINY), device="cpu")
    assert_same_embeddings(tiny, loaded)
    assert loaded.provenance["weights_file_sha256"] == sha256_of(weights)


def test_a_damaged_model_of_our_own_is_set_aside(tiny, weights, tmp_path):
    entry = {**local_dir(tmp_path, weights, TINY), "source": "trained", "initial": {}}
    file = tmp_path / "open_clip_model.safetensors"
    write_digests(file, ["0" * 64])
    with pytest.raises(InputError, match=r"open_clip_model\.safetensors: damaged"):
        create_model("mine", entry, device="cpu")
    assert not file.exists()
    assert weights.exists()


def test_local_dir_brings_its_own_preprocessing(tiny, weights, tmp_path):
    entry = local_dir(
        tmp_path, weights, TINY, mean=[0.5] * 3, std=[0.5] * 3, interpolation="bilinear"
    )
    loaded = create_model("mine", entry, device="cpu")
    assert loaded.provenance["geometry"] == "16-bilinear-shortest"
    assert loaded.provenance["mean"] == [0.5, 0.5, 0.5]
    assert not np.array_equal(loaded.encode_images(PIXELS), tiny.encode_images(PIXELS))


def test_checkpoint_with_the_preprocessing_given(project, weights):
    settings = {
        "size": 16,
        "interpolation": "bilinear",
        "resize_mode": "squash",
        "mean": [0.5, 0.5, 0.5],
        "std": [0.5, 0.5, 0.5],
    }
    entry = checkpoint(weights, preprocessing=settings)
    loaded = create_model("mine", entry, device="cpu", root=project)
    assert loaded.provenance["geometry"] == "16-bilinear-squash"
    assert loaded.preprocessing["mean"] == (0.5, 0.5, 0.5)


@pytest.mark.parametrize("architecture", ["tiny-wide", "tiny-large", "ViT-S-32-alt"])
def test_checkpoint_of_another_architecture(project, weights, architecture):
    """tiny-large differs in image size only: open_clip would stretch its positions silently."""
    entry = checkpoint(weights, architecture)
    if architecture == "ViT-S-32-alt":
        mean = [0.5, 0.5, 0.5]
        entry["preprocessing"] = {"size": 224, "mean": mean, "std": mean}
    with pytest.raises(InputError) as caught:
        create_model("mine", entry, device="cpu", root=project)
    message = str(caught.value)
    assert f"tiny.safetensors: these weights are not of architecture {architecture} (" in message
    assert "\n" not in message


def test_local_dir_with_weights_of_another_architecture(weights, tmp_path):
    entry = local_dir(tmp_path, weights, {**TINY, "embed_dim": 24})
    with pytest.raises(InputError, match="these weights are not of architecture"):
        create_model("mine", entry, device="cpu")


class Payload:
    """Code hidden in a pickle: unpickling it would write a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (self.path, "w"))


def test_pickle_with_code_is_refused_and_not_run(project, tmp_path):
    proof, path = tmp_path / "it ran", tmp_path / "weights.pt"
    torch.save({"state_dict": Payload(str(proof))}, path)
    with pytest.raises(InputError, match="no weights can be read from it"):
        create_model("mine", checkpoint(path), device="cpu", root=project)
    path.write_bytes(pickle.dumps({"w": Payload(str(proof))}, protocol=2))
    with pytest.raises(InputError, match="no weights can be read from it"):
        create_model("mine", checkpoint(path), device="cpu", root=project)
    assert not proof.exists()


def test_unreadable_weights(project, weights, tmp_path):
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(weights.read_bytes()[:1000])
    empty = tmp_path / "empty.pt"
    empty.touch()
    listed = tmp_path / "list.pt"
    torch.save([1, 2], listed)
    other = tmp_path / "other.pt"
    torch.save({"epoch": 3}, other)
    for path in (cut, empty, listed, other):
        with pytest.raises(InputError, match=path.name) as caught:
            create_model("mine", checkpoint(path), device="cpu", root=project)
        assert "\n" not in str(caught.value)


def test_quick_gelu_is_built_where_the_architecture_says(project, weights, tiny):
    quick = create_model("quick", checkpoint(weights, "tiny-quickgelu"), device="cpu", root=project)
    assert quick.provenance["weights_sha256"] == tiny.provenance["weights_sha256"]
    assert not np.allclose(quick.encode_images(PIXELS), tiny.encode_images(PIXELS))


def test_wrong_activation_is_refused_before_anything_is_loaded():
    entry = {"source": "open_clip", "architecture": "ViT-B-32", "pretrained": "openai"}
    with pytest.raises(InputError, match="use architecture ViT-B-32-quickgelu"):
        create_model("mine", entry, device="cpu")


def test_activation_that_was_loaded_is_verified(weights, tmp_path, monkeypatch):
    """A table out of step with open_clip does not let the wrong activation through."""
    tag = {
        "architecture": "tiny",
        "tag": "own",
        "size": 16,
        "interpolation": "bicubic",
        "resize_mode": "shortest",
        "mean": (0.5, 0.5, 0.5),
        "std": (0.5, 0.5, 0.5),
        "quick_gelu": True,
        "architecture_quick_gelu": True,
    }
    (tmp_path / "tiny.json").write_text(json.dumps(TINY))
    open_clip.add_model_config(tmp_path / "tiny.json")
    architectures = {"tiny": {"quick_gelu": True}}
    for module in (entries, problems):
        monkeypatch.setattr(module, "known_tags", lambda root: {("tiny", "own"): tag})
        monkeypatch.setattr(module, "known_architectures", lambda root: architectures)
    entry = checkpoint(weights, pretrained="own")
    with pytest.raises(InputError, match=r"has plain GELU, but .* trained with QuickGELU"):
        create_model("mine", entry, device="cpu")


def test_preprocessing_that_was_loaded_is_verified(weights, tmp_path, monkeypatch):
    """A hub repository has its preprocessing inside: it must be the geometry of the config."""
    local_dir(tmp_path, weights, TINY)
    folder = f"local-dir:{tmp_path}"
    original = {name: getattr(open_clip, name) for name in ("create_model", "get_model_config")}
    for name, function in original.items():
        monkeypatch.setattr(open_clip, name, lambda _, *a, f=function, **k: f(folder, *a, **k))
    entry = {"source": "hub", "repo": "someone/model", "geometry": "16-bicubic-shortest"}
    assert create_model("mine", entry, device="cpu").provenance["geometry"] == "16-bicubic-shortest"
    entry["geometry"] = "16-bicubic-squash"
    with pytest.raises(InputError, match="resize_mode of the loaded model is shortest, not squash"):
        create_model("mine", entry, device="cpu")


@pytest.mark.parametrize(
    "entry",
    [
        {"source": "hub", "repo": "someone/model", "geometry": "224-bicubic-shortest"},
        {"source": "open_clip", "architecture": "RN50-quickgelu", "pretrained": "cc12m"},
    ],
)
def test_without_network(entry, monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(InputError, match="use source checkpoint or local_dir") as caught:
        create_model("mine", entry, device="cpu")
    assert entry.get("repo", "RN50-quickgelu cc12m") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bf16_is_close_to_fp32(project, tiny):
    low = create_model("tiny", RANDOM, device="cpu", precision="bf16", root=project)
    assert low.encode_images(PIXELS).dtype == np.float32
    tokens = tiny.tokenize(CAPTIONS)
    for one, other in [
        (tiny.encode_images(PIXELS), low.encode_images(PIXELS)),
        (tiny.encode_texts(tokens), low.encode_texts(tokens)),
    ]:
        assert not np.array_equal(one, other)
        assert (unit(one) * unit(other)).sum(axis=1).min() > 0.999


def test_resnet18_without_classifier():
    entry = {"source": "torchvision", "architecture": "resnet18", "seed": 1, "size": 32}
    model = create_model("resnet18", entry, device="cpu")
    pixels = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), dtype=np.uint8)
    embeddings = model.encode_images(pixels)
    assert embeddings.shape == (4, 512) == (4, model.dim)
    # The last step is an average over ReLU outputs.
    assert embeddings.min() >= 0
    assert model.provenance["mean"] == [0.485, 0.456, 0.406]
    again = create_model("resnet18", entry, device="cpu")
    np.testing.assert_array_equal(again.encode_images(pixels), embeddings)


def test_resnet18_from_a_file(tmp_path):
    path = tmp_path / "resnet18.pth"
    torch.manual_seed(5)
    network = torchvision.models.resnet18()
    torch.save(network.state_dict(), path)
    entry = {"source": "torchvision", "architecture": "resnet18", "weights": str(path), "size": 32}
    model = create_model("mine", entry, device="cpu")
    assert torch.equal(model.network.conv1.weight, network.conv1.weight)
    with pytest.raises(InputError, match="these weights are not of architecture resnet50"):
        create_model("mine", {**entry, "architecture": "resnet50"}, device="cpu")


def test_torchvision_weights_without_network(monkeypatch):
    def refuse(*args, **settings):
        assert settings["weights_only"]
        raise OSError("no route to host")

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", refuse)
    entry = {"source": "torchvision", "architecture": "resnet18", "weights": "IMAGENET1K_V1"}
    with pytest.raises(InputError, match="give its path as weights"):
        create_model("mine", entry, device="cpu")


@pytest.mark.parametrize("architecture", ["scenes-vit", "scenes-resnet"])
def test_shipped_architectures(architecture):
    model = create_model("m", {**RANDOM, "architecture": architecture}, device="cpu")
    pixels = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), dtype=np.uint8)
    images, texts = model.encode_images(pixels), model.encode_texts(model.tokenize(CAPTIONS))
    assert images.shape == (4, 128)
    assert texts.shape == (3, 128)
    assert len(np.unique(images, axis=0)) == 4


def test_vit_b_32_of_open_clip():
    entry = {"source": "random", "architecture": "ViT-B-32", "seed": 0}
    model = create_model("vit-b-32", entry, device="cpu")
    pixels = np.random.default_rng(0).integers(0, 256, (2, 224, 224, 3), dtype=np.uint8)
    assert model.encode_images(pixels).shape == (2, 512)
    assert model.context_length == 77
    assert model.provenance["geometry"] == "224-bicubic-shortest"


def test_tokenizer_that_is_not_at_hand(tiny, monkeypatch):
    def refuse(name):
        raise OSError("offline\nmore")

    monkeypatch.setattr(open_clip, "get_tokenizer", refuse)
    monkeypatch.delitem(tiny.__dict__, "tokenizer", raising=False)
    with pytest.raises(InputError, match="need the package transformers"):
        tiny.tokenize(CAPTIONS)


def test_device_that_is_not_there(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert choose_device("auto").type == "cpu"
    with pytest.raises(InputError, match="no cuda device is available here"):
        choose_device("cuda")
