"""Pictures of more than 8 bits, brought to 8 by a range that is stated and never guessed.

Pillow would cut such values off at 255: a 12-bit X-ray turns white, floats from 0 to 1 black. What
is black and white is the same for all pictures of a dataset, as its files state it (bits a sample)
or as ``intensity_range`` does; no picture is stretched by its own values.
"""

from typing import NamedTuple

import numpy as np
from PIL import Image

from modgap.errors import InputError

# Tags of TIFF 6.0: bits a sample, what 0 stands for (0: white), kind of numbers (1: unsigned).
BITS, PHOTOMETRIC, SAMPLE_FORMAT = 258, 262, 339

# 16 bits whose brightest value fits into 12 are those of a scanner that writes no more.
FULL, TWELVE_BITS = 65_535, 4_095

REMEDY = "say what is black and white in this dataset, such as intensity_range: [0, 4095]"


class BadPictureError(Exception):
    """A picture cannot be used; the message is the reason."""


class Depth(NamedTuple):
    """What was black and white in a picture of more than 8 bits, and its largest value."""

    black: float
    white: float
    largest: float


def reduce_depth(picture, intensity_range=None):
    """A loaded picture with 8 bits a sample, and its Depth; as it is and None where it has those.

    Parameters
    ----------
    picture : Pillow image, as loaded from its file.
    intensity_range : (black, white) of the dataset in the values of its files, or None.

    Raises
    ------
    BadPictureError : values that state no range where none is given, that are not finite; colours
        of 16 bits, of which Pillow reads the upper 8, where a range is given.
    """
    if picture.mode[0] not in "IF":
        return picture, None
    values = read_values(picture)
    black, white = choose_range(picture, intensity_range)
    if not np.isfinite(values).all():
        raise BadPictureError("has values that are not finite")
    shown = np.clip((values.astype(np.float64) - black) / (white - black), 0, 1)
    if tiff_tag(picture, PHOTOMETRIC) == 0:
        shown = 1 - shown
    eight = Image.fromarray(np.rint(255 * shown).astype(np.uint8))
    return eight, Depth(black, white, float(values.max()))


def read_values(picture):
    """The samples (height, width) of a picture of one channel."""
    values = np.asarray(picture)
    # Pillow has no unsigned 32 bits and reads them as signed ones.
    unsigned = tiff_tag(picture, SAMPLE_FORMAT, 1) == 1 and tiff_tag(picture, BITS) == 32
    return values.view(np.uint32) if unsigned and values.dtype == np.int32 else values


def choose_range(picture, intensity_range):
    """(black, white): what the file states in its own units, else the dataset's range."""
    if picture.format == "PPM" and picture.mode == "I":
        return 0, FULL  # the file states its largest value, and Pillow has scaled by it
    if intensity_range is not None:
        return tuple(intensity_range)
    if picture.mode.startswith("I;16"):
        # A PNG's samples fill all 16 bits, whatever its chunk sBIT says (PNG, section 12.4).
        return 0, 2 ** tiff_tag(picture, BITS, 16) - 1
    kind = "floating point" if picture.mode == "F" else "signed or of 32 bits"
    raise BadPictureError(f"its values are {kind} and state no range; {REMEDY}")


def tiff_tag(picture, tag, default=None):
    """The first value of a tag of a TIFF; the default for what is none, or has it not."""
    found = getattr(picture, "tag_v2", {}).get(tag, default)
    return found[0] if isinstance(found, tuple) else found


def is_deep_colour(picture):
    """Whether a picture, opened and not yet loaded, has colours or transparency of 16 bits."""
    return picture.mode[0] not in "IF" and any(";16" in str(tile[3]) for tile in picture.tile)


def colour_depth(picture, intensity_range=None):
    """Depth of a loaded picture of 16-bit colours, of which Pillow has read the upper 8 bits."""
    if intensity_range is not None:
        raise BadPictureError(
            "colours of 16 bits are read by their upper 8, so intensity_range cannot be applied; "
            "save it with 8 bits"
        )
    colours = picture.getbands()[:-1] if picture.mode.endswith("A") else picture.getbands()
    largest = max(picture.getchannel(band).getextrema()[1] for band in colours)
    return Depth(0, FULL, 257 * largest if largest > TWELVE_BITS >> 8 else largest << 8)


def describe_depths(depths, total):
    """One line on the pictures that had more than 8 bits, or None where there are none.

    depths : of the pictures of a shard that had more. total : pictures of the shard.

    Raises
    ------
    InputError : pictures of 16 bits of which none uses more than 12: nearly black, if 65,535 is
        taken for white.
    """
    if not depths:
        return None
    ranges = sorted({depth[:2] for depth in depths})
    largest = max(depth.largest for depth in depths)
    if ranges == [(0, FULL)] and 0 < largest <= TWELVE_BITS:
        raise InputError(
            f"{len(depths)} of {total} pictures have 16 bits, of which they use no more than 12 "
            f"(largest value {largest:.0f} of {FULL:,}) and would be nearly black; {REMEDY}, or "
            f"[0, {FULL}] if they are"
        )
    told = ", ".join(f"{black:g} to {white:g}" for black, white in ranges)
    return (
        f"{len(depths)} of {total} pictures have more than 8 bits; black to white is {told}, the "
        f"largest value {largest:g}"
    )
