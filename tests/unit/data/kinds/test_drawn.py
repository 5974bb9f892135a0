"""Drawn scenes: every picture its own generator, captions that say what is drawn; digits."""

import json
import re

import numpy as np
import open_clip
import pandas as pd
import pytest
from scipy import ndimage

from modgap.data.kinds.drawn import (
    ATTRIBUTES,
    DOT_WORDS,
    PLACE_WORDS,
    SHAPES,
    SIZE_WORDS,
    SIZES,
    VALUES,
    draw_dots,
    draw_mask,
    draw_picture,
    draw_samples,
    draw_scenes,
    write_caption,
)
from modgap.errors import InputError
from modgap.statistics.retrieval import mentioned_relevance, share_with_another
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
    assert set(full["mentioned"]) == {"size+colour+shape+place+number"}


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
    # Everything else that they named is still named.
    others = plain.loc[unnamed.index, "mentioned"].str.replace("colour+", "", regex=False)
    assert unnamed["mentioned"].equals(others)


def test_seeds_draw_different_pictures():
    _, first = scenes(3, seed=1)
    _, second = scenes(3, seed=2)
    assert (first != second).mean() > 0.9


@pytest.mark.parametrize("size", [32, 48])
def test_pictures_have_the_size_asked_for(size):
    _, pixels = scenes(2, size=size)
    assert pixels.shape == (2, size, size, 3)
    assert pixels.dtype == np.uint8


def test_what_a_partial_caption_names_is_a_coin_for_each_part():
    table, _ = scenes(800)
    named = pd.DataFrame([dict.fromkeys(names.split("+"), 1) for names in table["mentioned"]])
    named = named.fillna(0)[ATTRIBUTES]
    assert (named["shape"] == 1).all()
    coins = named[["size", "colour", "place", "number"]]
    # 4 standard errors of a share of 1/2 among 800, and of a correlation of 0
    assert np.abs(coins.mean() - 0.5).max() < 4 * 0.5 / np.sqrt(800)
    assert np.abs(np.corrcoef(coins.T) - np.eye(4)).max() < 4 / np.sqrt(800)


def test_every_value_of_every_attribute_is_drawn_about_equally_often():
    table, _ = scenes(800)
    for name, values in VALUES.items():
        shares = table[name].value_counts(normalize=True)
        p = 1 / len(values)
        assert set(shares.index) == set(values)
        assert np.abs(shares - p).max() < 4.5 * np.sqrt(p * (1 - p) / 800)


def test_captions_name_what_is_mentioned_and_nothing_else():
    """Read back word by word: every word stands for a value of the picture that is mentioned."""
    table, _ = scenes()
    meaning = {word: ("size", value) for value, words in SIZE_WORDS.items() for word in words}
    meaning |= {word: ("place", value) for value, words in PLACE_WORDS.items() for word in words}
    for name in ("colour", "shape", "number"):
        meaning |= {value: (name, value) for value in VALUES[name]}
    form = re.compile("|".join(sorted(meaning, key=len, reverse=True)))
    for row in table.to_dict("records"):
        read = dict(meaning[word] for word in form.findall(row["caption"]))
        assert read == {name: row[name] for name in row["mentioned"].split("+")}
        left = form.sub("", row["caption"]).split()
        assert set(left) <= {"a", "an", "dot", "dots", *DOT_WORDS}


def test_every_phrasing_is_in_use():
    table, _ = scenes(300)
    captions = " ".join(table["caption"])
    words = [*SIZE_WORDS.values(), *PLACE_WORDS.values(), DOT_WORDS]
    assert all(f" {word} " in captions for several in words for word in several)


def test_the_article_fits_the_word_and_dots_their_number():
    star = {"size": "medium", "colour": "orange", "shape": "star", "place": "centre"}
    one, four = {"number": "one"}, {"number": "four"}
    rng = np.random.default_rng(0)
    assert write_caption(rng, {**star, **one}, ("colour", "shape")) == "an orange star"
    assert write_caption(rng, {**star, **one}, ATTRIBUTES).endswith(" one dot")
    full = write_caption(rng, {**star, **four}, ATTRIBUTES)
    assert full.startswith("a medium orange star in the ")
    assert full.endswith(" four dots")


def test_the_longest_captions_fit_into_the_context_of_the_models(root):
    table, _ = scenes(400, completeness="full")
    settings = json.loads((root / "config" / "models" / "scenes-vit.json").read_text())
    context = settings["text_cfg"]["context_length"]
    tokens = open_clip.SimpleTokenizer(context_length=2 * context)(list(table["caption"]))
    assert (tokens != 0).sum(axis=1).max() <= context


def share_of_pictures_with_another_true_caption(table):
    """In batches of 50."""
    relevance = mentioned_relevance(table, table["mentioned"])
    return share_with_another(np.arange(len(table)), *relevance, 50)


def test_full_captions_tell_pictures_apart():
    """1 − (1 − 1/3840)^49 = 1.3 % of pictures share a batch of 50 with their like; of partial
    captions each is true of 1.8 % of the pictures.
    """
    full, _ = scenes(2000, seed=0, completeness="full")
    assert full["caption"].nunique() >= 1500
    assert len(full.drop_duplicates(ATTRIBUTES)) >= 1500
    assert share_of_pictures_with_another_true_caption(full) < 0.03
    partial, _ = scenes(2000, seed=0)
    true_of = np.prod([(1 + 1 / values) / 2 for values in (3, 8, 5, 4)]) / 8
    assert share_of_pictures_with_another_true_caption(partial) == pytest.approx(
        1 - np.exp(-49 * true_of), abs=0.05
    )


def count_islands(mask):
    """Connected parts of a boolean picture."""
    return ndimage.label(mask)[1]


@pytest.mark.parametrize("size", [32, 48])
def test_dots_can_be_counted_and_leave_the_shape_free(size):
    for seed in range(60):
        rng = np.random.default_rng(seed)
        attributes = {name: rng.choice(list(values)) for name, values in VALUES.items()}
        dots = draw_dots(rng, attributes, size)
        assert count_islands(dots > 0.3) == VALUES["number"][attributes["number"]]
        assert (np.minimum(draw_mask(rng, attributes, size), dots) < 0.3).all()


def test_the_colour_is_where_the_shape_is():
    attributes = {"size": "large", "colour": "red", "shape": "circle", "place": "top left"}
    attributes["number"] = "two"
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
    assert list(samples.columns) == [*SAMPLE_COLUMNS, *ATTRIBUTES]
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
