"""Variants of a model on ten pictures: seeds, independent models, disabled normalisation."""

import numpy as np
import pyarrow as pa
import pytest

import embed_variants
from model_variants import (
    CHANGES,
    independent_variants,
    normalisation_variants,
    seed_variants,
)
from modgap.embeddings.extraction import first_pixels, first_tokens
from modgap.embeddings.models import create_model
from modgap.errors import InputError
from modgap.tables import open_parquet, read_metadata
from tiny_training import make_dataset

VIT = {"source": "random", "architecture": "scenes-vit", "seed": 7}
RESNET = {"source": "torchvision", "architecture": "resnet18", "size": 32, "seed": 0}
SCENES = {"kind": "scenes", "n": 12, "size": 32, "seed": 0}
ITEMS = 10


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("variants")


@pytest.fixture(scope="module")
def crops(folder):
    paths = make_dataset(folder, "scenes", "32-bicubic-shortest", n=12)
    return paths["pixels"], paths["indexes"], paths["samples"][0]


@pytest.fixture(scope="module")
def embed(folder, crops):
    """Embed variants; returns the arrow table and its metadata."""

    def run(name, variants):
        path = folder / f"{name}-embeddings.parquet"
        embed_variants.main(
            *crops,
            path,
            entry=SCENES,
            variants=variants,
            items=ITEMS,
            batch_size=4,
            precision="fp32",
            device="cpu",
        )
        return open_parquet(path).read(), read_metadata(path)

    return run


@pytest.fixture(scope="module")
def seeds(embed):
    return embed("seeds", seed_variants("vit", VIT, 3, ("kept", "removed")))


@pytest.fixture(scope="module")
def independent(embed):
    models = {f"resnet-{seed}": {**RESNET, "seed": seed} for seed in range(3)}
    return embed("independent", independent_variants(models))


@pytest.fixture(scope="module")
def disabled(embed):
    return embed("disabled", normalisation_variants("vit", VIT))


def cloud(table, **wanted):
    """Embeddings (n, dim) of the rows with these values."""
    frame = table.to_pandas()
    for column, value in wanted.items():
        frame = frame[frame[column] == value]
    return np.stack(frame["embedding"])


def expected(crops, model, modality):
    """What a model of its own gives for the same items."""
    loaded = create_model("alone", model, device="cpu")
    ids, pixels = first_pixels(*crops[:2], ITEMS)
    if modality == "images":
        return loaded.encode_images(pixels)
    return loaded.encode_texts(first_tokens(loaded, crops[2], ids, SCENES))


def rows_like(dim, **labels):
    return pa.schema(
        [
            *labels.items(),
            ("modality", pa.string()),
            ("sample_id", pa.string()),
            ("embedding", pa.list_(pa.field("element", pa.float32()), dim)),
        ]
    )


def test_sorted_settings_do_not_change_the_columns(independent):
    labels = {"normalisation_layers": "kept", "seed": 0}
    table = embed_variants.variant_table(labels, ["a"], {"images": np.ones((1, 512), np.float32)})
    assert table.schema == independent[0].schema.remove_metadata()


def test_columns_of_the_three_uses(seeds, independent, disabled):
    numbered = {"seed": pa.int64(), "normalisation_layers": pa.string()}
    for (table, _), schema in [
        (seeds, rows_like(128, **numbered)),
        (independent, rows_like(512, **numbered)),
        (disabled, rows_like(128, normalisation=pa.string())),
    ]:
        assert table.schema.remove_metadata() == schema


def test_rows_come_by_variant_tower_and_item(seeds, independent, crops):
    ids, _ = first_pixels(*crops[:2], ITEMS)
    rows = seeds[0].drop_columns(["embedding"]).to_pylist()
    assert [tuple(row.values()) for row in rows] == [
        (seed, layers, modality, sample_id)
        for seed in range(3)
        for layers in ("kept", "removed")
        for modality in ("images", "texts")
        for sample_id in ids
    ]
    assert set(independent[0]["modality"].to_pylist()) == {"images"}


@pytest.mark.parametrize("modality", ["images", "texts"])
@pytest.mark.parametrize("layers", ["kept", "removed"])
def test_every_seed_is_a_model_of_its_own(seeds, crops, modality, layers):
    found = cloud(seeds[0], seed=2, normalisation_layers=layers, modality=modality)
    alone = expected(crops, {**VIT, "seed": 2, "normalisation_layers": layers}, modality)
    np.testing.assert_allclose(found, alone, rtol=1e-4, atol=1e-5)
    other = cloud(seeds[0], seed=1, normalisation_layers=layers, modality=modality)
    assert np.abs(found - other).max() > 1e-2


def test_each_independent_model_is_embedded_in_its_turn(independent, crops):
    for seed in range(3):
        alone = expected(crops, {**RESNET, "seed": seed}, "images")
        np.testing.assert_allclose(cloud(independent[0], seed=seed), alone, rtol=1e-4, atol=1e-5)


def test_what_is_disabled_changes_the_embeddings_in_turn(disabled, crops):
    whole, bare, raw = (
        {
            side: cloud(disabled[0], normalisation=label, modality=side)
            for side in ("images", "texts")
        }
        for label in CHANGES
    )
    entry = {**VIT, "normalisation_layers": "removed", "normalisation": "none"}
    alone = expected(crops, entry, "images")
    np.testing.assert_allclose(raw["images"], alone, rtol=1e-4, atol=1e-5)
    assert np.abs(bare["images"] - raw["images"]).max() > 1e-3
    assert np.abs(whole["images"] - bare["images"]).max() > 1e-2
    # Texts have no pixels.
    np.testing.assert_array_equal(bare["texts"], raw["texts"])


def test_metadata_say_what_variants_share_and_what_is_their_own(seeds, independent, disabled):
    _, about = seeds
    assert about["dataset"] == "scenes"
    assert (about["model"], about["precision"]) == ("vit", "fp32")
    assert not {"seed", "weights_sha256"} & about.keys()
    assert [one["seed"] for one in about["variants"]] == [0, 0, 1, 1, 2, 2]
    assert len({one["weights_sha256"] for one in about["variants"]}) == 6
    assert [one["model"] for one in independent[1]["variants"]] == [f"resnet-{i}" for i in range(3)]
    assert disabled[1]["seed"] == 7
    assert "mean" not in disabled[1]
    assert [one["mean"] == [0, 0, 0] for one in disabled[1]["variants"]] == [False, False, True]


def test_models_of_other_dimensions_are_refused(embed):
    variants = independent_variants({"resnet": RESNET, "vit": VIT})
    with pytest.raises(InputError, match="vit embeds in other dimensions or modalities"):
        embed("never", variants)


def test_a_variant_that_overflows_is_named(embed, monkeypatch):
    def overflow(*_):
        raise InputError("values that are not finite")

    monkeypatch.setattr(embed_variants, "embed_items", overflow)
    with pytest.raises(InputError, match="vit, seed 0, normalisation_layers kept: values that"):
        embed("never", seed_variants("vit", VIT, 1))
