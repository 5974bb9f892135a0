"""Pictures to uint8 crops: read where the samples table says, resize and crop like open_clip.

The crop is that of open_clip 3.3.0's evaluation transform on a Pillow image, without torch:
resize (torchvision's rule for the size), centre crop or pad, then conversion to RGB. Pictures of
more than 8 bits are brought to 8 before (``modgap.data.depth``).
"""

import os
import warnings
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from io import BytesIO
from itertools import chain
from typing import NamedTuple
from zipfile import ZipFile

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from modgap.data.archives import list_tar, open_zip, read_zip_member
from modgap.data.arrays import open_array
from modgap.data.depth import BadPictureError, colour_depth, is_deep_colour, reduce_depth
from modgap.data.folders import HEIC_SUFFIXES, is_zip, split_location
from modgap.errors import InputError
from modgap.inputs import LARGEST_PICTURE, open_input

INTERPOLATIONS = {
    "bicubic": Image.Resampling.BICUBIC,
    "bilinear": Image.Resampling.BILINEAR,
}

RESIZE_MODES = ("shortest", "squash", "longest")

NOT_AN_IMAGE = "not an image that can be read"
HEIC = "a HEIC picture; convert it to JPEG, as with: magick mogrify -format jpg *.heic"
# The kinds of HEIF files that are not AVIF, in the bytes 8 to 12 (ISO/IEC 23008-12, annex B).
HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


class Geometry(NamedTuple):
    """Size and way of cutting of the crops that a model takes."""

    size: int
    interpolation: str
    resize_mode: str


def parse_geometry(text):
    """The Geometry in a path component such as "224-bicubic-shortest"."""
    size, interpolation, resize_mode = text.split("-")
    if interpolation not in INTERPOLATIONS or resize_mode not in RESIZE_MODES:
        raise ValueError(f"not a pixel geometry: {text}")
    return Geometry(int(size), interpolation, resize_mode)


def noise_pictures(locations, seed, size):
    """Yield (size, size, 3) float32 standard-normal pictures.

    Picture i comes from its own generator (seed, i), whatever the shard.
    """
    for location in locations:
        index = int(location.removeprefix("noise#"))
        generator = np.random.default_rng([seed, index])
        yield generator.standard_normal((size, size, 3), dtype=np.float32)


def decode_pictures(locations, geometry, *, threads, intensity_range=None, depths=None):
    """Yield batches, each a list of (crop, reason), one per location in order.

    intensity_range : (black, white) in pictures of more than 8 bits, where their files state none.
    depths : list that gets the Depth of every such picture, in any order.

    crop is (size, size, 3) uint8 and reason None, or crop is None and reason says what is wrong.
    Memory does not grow with the number of locations: while a batch is used, the next is decoded.
    """
    with ExitStack() as stack:
        sources = open_sources(locations, stack)
        pool = stack.enter_context(ThreadPoolExecutor(threads))
        stack.enter_context(warnings.catch_warnings())
        # Pillow only warns of a picture up to twice its limit; for us it is bad as well.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        step = 16 * threads
        coming = deque()
        for start in range(0, len(locations), step):
            # ``map`` begins at once and gives its results later.
            coming.append(
                pool.map(
                    lambda one: try_to_decode(one, sources, geometry, intensity_range, depths),
                    locations[start : start + step],
                )
            )
            if len(coming) > 1:
                yield list(coming.popleft())
        yield from map(list, coming)


def keep_good_crops(locations, batches, on_bad_sample, reasons):
    """Yield the crops of ``decode_pictures``; append to ``reasons`` one per location.

    A bad picture raises an InputError with its path and reason when ``on_bad_sample`` is "stop"
    and is left out when it is "skip".
    """
    results = chain.from_iterable(batches)
    for location, (pixels, reason) in zip(locations, results, strict=True):
        if reason is not None and on_bad_sample == "stop":
            raise InputError(
                f"{location}: {reason}; repair or remove the picture, or set on_bad_sample: skip"
            )
        reasons.append(reason)
        if reason is None:
            yield pixels


def open_sources(locations, stack):
    """Open every archive and array once; the files are closed with ``stack``.

    Returns
    -------
    dict from path to a memory-mapped array, an open zip, or (open file, members) of a tar.
    """
    sources = {}
    for container, item in map(split_location, locations):
        if item is None or container in sources:
            continue
        if container.endswith(".npy"):
            sources[container] = open_array(container)
        elif is_zip(container):
            sources[container] = stack.enter_context(open_zip(container))
        else:
            members, _ = list_tar(container)
            stream = stack.enter_context(open(container, "rb"))  # noqa: SIM115 - closed by stack
            sources[container] = (stream, members)
    return sources


def try_to_decode(location, sources, geometry, intensity_range, depths):
    """(crop, None), or (None, reason) for a picture that cannot be used."""
    try:
        crop, depth = decode_picture(location, sources, geometry, intensity_range)
        if depth is not None and depths is not None:
            depths.append(depth)
        return crop, None
    except BadPictureError as error:
        return None, str(error)


def decode_picture(location, sources, geometry, intensity_range=None):
    """The crop of one picture as (size, size, 3) uint8 and its Depth, or BadPictureError.

    The Depth is None where the picture has 8 bits a sample.
    """
    container, item = split_location(location)
    source = sources.get(container)
    if isinstance(source, np.ndarray):
        return crop_picture(Image.fromarray(source[int(item)]), geometry), None
    content = read_file(location) if item is None else read_member(source, item)
    if not content:
        raise BadPictureError("empty file (0 bytes)")
    try:
        with Image.open(BytesIO(content)) as picture:
            deep_colour = is_deep_colour(picture)
            picture.load()
            shown, depth = reduce_depth(picture, intensity_range)
            if deep_colour:
                depth = colour_depth(picture, intensity_range)
            return crop_picture(shown, geometry), depth
    except BadPictureError:
        raise
    except UnidentifiedImageError as error:
        raise BadPictureError(HEIC if is_heic(location, content) else NOT_AN_IMAGE) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        size = str(error).split(",")[0]
        raise BadPictureError(f"too many pixels, perhaps a decompression bomb ({size})") from error
    except Exception as error:  # Pillow's readers raise anything on damaged bytes
        raise BadPictureError(f"truncated or damaged ({' '.join(str(error).split())})") from error


def is_heic(location, content):
    """Whether a picture is HEIC, by its first bytes or its name."""
    by_bytes = content[4:8] == b"ftyp" and content[8:12] in HEIC_BRANDS
    return by_bytes or location.lower().endswith(HEIC_SUFFIXES)


def read_file(path):
    """The bytes of a file, or BadPictureError."""
    try:
        with open_input(path, limit=LARGEST_PICTURE) as stream:
            return stream.read()
    except InputError as error:
        raise BadPictureError(str(error).removeprefix(f"{path}: ")) from error


def read_member(source, name):
    """The bytes of an archive's member, or BadPictureError. Safe from several threads."""
    if isinstance(source, ZipFile):
        try:
            return read_zip_member(source, name, LARGEST_PICTURE)
        except KeyError as error:
            raise BadPictureError("no such member in the archive") from error
        except InputError as error:
            raise BadPictureError(str(error)) from error
    stream, members = source
    if name not in members:
        raise BadPictureError("no such member in the archive")
    offset, size = members[name]
    if size > LARGEST_PICTURE:
        raise BadPictureError(f"{size:,} bytes, more than the {LARGEST_PICTURE:,} that are read")
    return os.pread(stream.fileno(), size, offset)


def crop_picture(picture, geometry):
    """Resize and cut a Pillow image; (size, size, 3) uint8, byte for byte as open_clip's.

    The order is open_clip's: the picture keeps its mode until the end, so palette pictures are
    resized without interpolation and transparent ones with their alpha.
    """
    size = geometry.size
    width, height = resized_shape(*picture.size, geometry)
    if min(width, height) < 1:
        raise BadPictureError(f"too narrow: {picture.width} x {picture.height} pixels")
    if width * height > Image.MAX_IMAGE_PIXELS:
        raise BadPictureError(f"too narrow: resized it would have {width} x {height} pixels")
    picture = picture.resize((width, height), INTERPOLATIONS[geometry.interpolation])
    if width < size or height < size:
        picture = pad_picture(picture, max(size - width, 0), max(size - height, 0))
    left = round((picture.width - size) / 2)
    top = round((picture.height - size) / 2)
    picture = picture.crop((left, top, left + size, top + size))
    return np.asarray(picture.convert("RGB"))


def resized_shape(width, height, geometry):
    """Width and height before the crop (torchvision's Resize, open_clip's ResizeKeepRatio)."""
    size = geometry.size
    if geometry.resize_mode == "squash":
        return size, size
    if geometry.resize_mode == "longest":
        ratio = max(width / size, height / size)
        return round(width / ratio), round(height / ratio)
    if width <= height:
        return size, int(size * height / width)
    return int(size * width / height), size


def pad_picture(picture, across, down):
    """Add ``across`` columns and ``down`` rows of value 0 around, the odd one right and below."""
    border = (across // 2, down // 2, (across + 1) // 2, (down + 1) // 2)
    channels = len(picture.getbands())
    fill = 0 if channels == 1 else (0,) * channels
    return ImageOps.expand(picture, border=border, fill=fill)
