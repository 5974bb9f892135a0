"""Drawn scenes: every picture its own generator, captions that say what is drawn; digits."""

import numpy as np
import pytest

from modgap.data.drawn import (
    ATTRIBUTES,
    COLOURS,
    PLACES,
    SHAPES,
    SIZES,
    draw_mask,
    draw_picture,
    draw_samples,
    draw_scenes,
    write_caption,
)
from modgap.errors import InputError
from modgap.tables import SAMPLE_COLUMNS


def scenes(n=400, *, size=32, seed=3, completeness="partial"):
    return draw_scenes(n, size=size, seed=seed, completeness=completeness)


def test_a_picture_does_not_depend_on_how_many_are_drawn():
    few, few_pixels = scenes(5)
    many, many_pixels = scenes(40)
    np.testing.assert_array_equal(few_pixels, many_pixels[:5])
    assert few.equals(many[:5])


def test_completeness_changes_captions_only():
    partial, pixels = scenes(30)
    full, full_pixels = scenes(30, completeness="full")
    np.testing.assert_array_equal(pixels, full_pixels)
    assert partial[ATTRIBUTES].equals(full[ATTRIBUTES])
    assert set(full["mentioned"]) == {"size+colour+shape+place"}


def test_a_colour_that_is_rarely_named_changes_its_captions_only():
    plain, pixels = scenes(600)
    rule = {"attribute": "colour", "values": ["pink", "red"], "share": 0.25}
    skewed, skewed_pixels = draw_scenes(
        600, size=32, seed=3, completeness="partial", rarely_named=rule
    )
    np.testing.assert_array_equal(pixels, skewed_pixels)
    assert plain[ATTRIBUTES].equals(skewed[ATTRIBUTES])
    named = plain["mentioned"].str.contains("colour")
    rare = named & plain["colour"].isin(["pink", "red"])
    assert plain[~rare].equals(skewed[~rare])
    still = skewed.loc[rare, "mentioned"].str.contains("colour")
    assert 0.05 < still.mean() < 0.5
    unnamed = skewed.loc[rare][~still]
    assert not unnamed["caption"].str.contains("pink|red").any()
    assert set(unnamed["mentioned"]) == {"shape"}


def test_seeds_draw_different_pictures():
    _, first = scenes(3, seed=1)
    _, second = scenes(3, seed=2)
    assert (first != second).mean() > 0.9


@pytest.mark.parametrize("size", [32, 48])
def test_pictures_have_the_size_asked_for(size):
    _, pixels = scenes(2, size=size)
    assert pixels.shape == (2, size, size, 3)
    assert pixels.dtype == np.uint8


def test_the_four_partial_templates_are_equally_likely():
    table, _ = scenes(800)
    shares = table["mentioned"].value_counts(normalize=True)
    assert set(shares.index) == {"shape", "colour+shape", "size+shape", "shape+place"}
    # 4 standard errors of a share of 1/4 among 800
    assert np.abs(shares - 0.25).max() < 4 * np.sqrt(0.25 * 0.75 / 800)


def test_every_value_of_every_attribute_is_drawn_about_equally_often():
    table, _ = scenes(800)
    for name, values in {
        "size": SIZES,
        "colour": COLOURS,
        "shape": SHAPES,
        "place": PLACES,
    }.items():
        shares = table[name].value_counts(normalize=True)
        p = 1 / len(values)
        assert set(shares.index) == set(values)
        assert np.abs(shares - p).max() < 4.5 * np.sqrt(p * (1 - p) / 800)


def test_captions_name_what_is_mentioned_and_nothing_else():
    table, _ = scenes()
    words = {name: set(table[name]) for name in ("size", "colour", "shape")}
    for row in table.to_dict("records"):
        said = row["caption"].split()
        for name, values in words.items():
            named = row[name] in said
            assert named == (name in row["mentioned"].split("+"))
            assert not values.intersection(said) - {row[name]}
        assert row["caption"].endswith(PLACES[row["place"]][1]) == ("place" in row["mentioned"])


def test_the_article_fits_the_word():
    orange = {"size": "small", "colour": "orange", "shape": "star", "place": "centre"}
    assert write_caption(orange, ("colour", "shape")) == "an orange star"
    assert write_caption(orange, ATTRIBUTES) == "a small orange star in the centre"


def test_the_colour_is_where_the_shape_is():
    attributes = {"size": "large", "colour": "red", "shape": "circle", "place": "top left"}
    picture = draw_picture(np.random.default_rng(0), attributes, 48).astype(float)
    redness = picture[..., 0] - picture[..., 1:].mean(axis=-1)
    rows, columns = np.nonzero(redness > 100)
    assert 10 < rows.mean() < 18
    assert 10 < columns.mean() < 18


def test_large_shapes_cover_more_than_small_ones():
    for shape in SHAPES:
        cover = {
            size: draw_mask(
                np.random.default_rng(1), {"size": size, "shape": shape, "place": "centre"}, 32
            ).sum()
            for size in SIZES
        }
        assert cover["large"] > 2 * cover["small"]


def test_shapes_can_be_told_apart():
    """The nearest average mask names the shape, in spite of jitter in place, angle and size."""
    place = {"size": "large", "place": "centre"}
    masks = {
        shape: [
            draw_mask(np.random.default_rng(i), {"shape": shape, **place}, 32) for i in range(40)
        ]
        for shape in SHAPES
    }
    means = {shape: np.mean(drawn[:20], axis=0) for shape, drawn in masks.items()}
    right = [
        min(means, key=lambda other: np.square(mask - means[other]).sum()) == shape
        for shape, drawn in masks.items()
        for mask in drawn[20:]
    ]
    assert np.mean(right) > 0.95


def test_scenes_have_the_columns_and_locations_of_the_format():
    entry = {"kind": "scenes", "n": 6, "seed": 1, "size": 48, "completeness": "full"}
    samples, pixels = draw_samples(entry, "results/samples/s.npy")
    assert list(samples.columns) == [*SAMPLE_COLUMNS, "size", "colour", "shape", "place"]
    assert pixels.shape == (6, 48, 48, 3)
    assert samples["image"][5] == "results/samples/s.npy#5"
    assert samples["sample_id"].is_unique
    assert (samples["label"] == samples["shape"]).all()
    assert (samples["caption_index"] == 0).all()


def test_digits_are_the_1797_with_their_names():
    samples, pixels = draw_samples({"kind": "digits"}, "d.npy")
    assert pixels.shape == (1797, 32, 32, 3)
    assert pixels.dtype == np.uint8
    assert samples["label"].nunique() == 10
    assert samples["label"][0] == "zero"
    assert samples["caption"][7] == "a photo of the number seven."
    assert set(samples["mentioned"]) == {"label"}
    # enlarged, not altered: the mean of each 4x4 block stays near the 8x8 original
    from sklearn.datasets import load_digits

    blocks = pixels[..., 0].reshape(1797, 8, 4, 8, 4).mean(axis=(2, 4))
    assert np.corrcoef(blocks.ravel(), load_digits().images.ravel())[0, 1] > 0.98


def test_digits_are_cut_into_a_training_and_a_held_out_part():
    every, pixels = draw_samples({"kind": "digits"}, "d.npy")
    learned, first = draw_samples({"kind": "digits", "n": 1437}, "d.npy")
    held_out, rest = draw_samples({"kind": "digits", "skip": 1437}, "d.npy")
    assert [*learned["sample_id"], *held_out["sample_id"]] == every["sample_id"].tolist()
    np.testing.assert_array_equal(np.concatenate([first, rest]), pixels)
    assert held_out["label"].tolist() == every["label"].tolist()[1437:]
    # Locations are rows of the array that is written, not of all digits.
    assert held_out["image"].iloc[0] == "d.npy#0"
    with pytest.raises(InputError, match="n is 400, but there are only 360"):
        draw_samples({"kind": "digits", "skip": 1437, "n": 400}, "d.npy")


def test_digits_settings():
    entry = {"kind": "digits", "n": 3, "size": 16, "template": "the digit {label}"}
    samples, pixels = draw_samples(entry, "d.npy")
    assert pixels.shape == (3, 16, 16, 3)
    assert list(samples["caption"]) == ["the digit zero", "the digit one", "the digit two"]
    with pytest.raises(InputError, match="n is 1798, but there are only 1797 pictures"):
        draw_samples({"kind": "digits", "n": 1798}, "d.npy")
    with pytest.raises(InputError, match=r"template: 'a digit' has no \{label\}"):
        draw_samples({"kind": "digits", "template": "a digit"}, "d.npy")
