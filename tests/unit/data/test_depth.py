"""More than 8 bits: by the stated depth, by the dataset's range, or refused; 8 bits untouched."""

import io

import numpy as np
import pytest
from PIL import Image

from modgap.data.depth import (
    BadPictureError,
    Depth,
    colour_depth,
    describe_depths,
    is_deep_colour,
    reduce_depth,
)
from modgap.errors import InputError
from picture_files import picture_bytes, sixteen_bit_png, twelve_bit_tiff

RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16)


def stored(array, file_format, **options):
    """A picture as it is after a file was read."""
    stream = io.BytesIO()
    Image.fromarray(array).save(stream, file_format, **options)
    picture = Image.open(stream)
    picture.load()
    return picture


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA", "CMYK"])
def test_8_bits_are_the_very_same_picture(mode):
    picture = Image.fromarray(RAMP).convert(mode)
    shown, depth = reduce_depth(picture, (0, 4095))
    assert shown is picture
    assert depth is None


@pytest.mark.parametrize("file_format", ["PNG", "TIFF", "PPM"])
def test_16_bits_are_what_they_would_be_in_8(file_format):
    picture = stored(RAMP.astype(np.uint16) * 257, file_format)
    shown, depth = reduce_depth(picture)
    np.testing.assert_array_equal(np.asarray(shown), RAMP)
    assert depth == Depth(0, 65_535, 65_535)


def test_12_bits_are_scaled_by_the_bits_that_the_file_states():
    values = np.rint(RAMP.astype(float) * 4095 / 255).astype(np.uint16)
    picture = Image.open(io.BytesIO(twelve_bit_tiff(values)))
    picture.load()
    np.testing.assert_array_equal(np.asarray(picture), values)
    shown, depth = reduce_depth(picture)
    np.testing.assert_array_equal(np.asarray(shown), RAMP)
    assert depth == Depth(0, 4095, 4095)


def test_the_range_of_the_dataset_holds_for_floats_and_what_lies_outside_is_cut():
    values = RAMP.astype(np.float32) / 255 * 2 - 1
    shown, depth = reduce_depth(stored(values, "TIFF"), (-1, 1))
    np.testing.assert_array_equal(np.asarray(shown), RAMP)
    assert depth == Depth(-1, 1, 1)
    cut, _ = reduce_depth(stored(values, "TIFF"), (0, 0.5))
    assert np.asarray(cut).min() == 0
    assert np.asarray(cut).max() == 255


def test_no_picture_is_stretched_by_its_own_values():
    dark = stored((RAMP // 2).astype(np.uint16) * 257, "PNG")
    assert np.asarray(reduce_depth(dark)[0]).max() == 127


def test_where_zero_is_white_the_picture_is_turned():
    picture = stored(RAMP.astype(np.uint16) * 257, "TIFF", tiffinfo={262: 0})
    assert picture.tag_v2[262] == 0
    np.testing.assert_array_equal(np.asarray(reduce_depth(picture)[0]), 255 - RAMP)


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_what_states_no_range_is_refused_with_the_key(dtype):
    with pytest.raises(BadPictureError, match=r"intensity_range: \[0, 4095\]"):
        reduce_depth(stored(RAMP.astype(dtype), "TIFF"))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_floats_that_are_not_finite_are_refused(value):
    values = RAMP.astype(np.float32)
    values[3, 4] = value
    with pytest.raises(BadPictureError, match="not finite"):
        reduce_depth(stored(values, "TIFF"), (0, 255))


def test_a_shard_of_16_bits_that_uses_12_is_refused_unless_the_range_is_given():
    dark = Depth(0, 65_535, 4095)
    with pytest.raises(InputError, match=r"2 of 5 pictures .* intensity_range: \[0, 4095\], or"):
        describe_depths([dark, dark], 5)
    assert "0 to 65535" in describe_depths([dark, Depth(0, 65_535, 60_000)], 5)
    assert "0 to 4095" in describe_depths([Depth(0, 4095, 1000)], 5)
    assert describe_depths([], 5) is None


@pytest.mark.parametrize(("largest", "told"), [(4095, 15 << 8), (65_535, 65_535)])
def test_colours_of_16_bits_are_read_by_their_upper_8(largest, told):
    values = np.zeros((4, 4, 3), np.uint16)
    values[0, 0, 1] = largest
    picture = Image.open(io.BytesIO(sixteen_bit_png(values)))
    assert is_deep_colour(picture)
    picture.load()
    assert np.asarray(picture)[0, 0].tolist() == [0, largest >> 8, 0]
    assert colour_depth(picture) == Depth(0, 65_535, told)
    with pytest.raises(BadPictureError, match="upper 8"):
        colour_depth(picture, (0, 4095))


def test_colours_of_8_bits_are_not_deep():
    assert not is_deep_colour(Image.open(io.BytesIO(picture_bytes())))
