"""Pictures that the pipeline makes itself: drawn scenes and scikit-learn's digits.

A scene is one coloured shape (size, colour, shape, place) and a row of one to four small white dots
(number) on a varying background: 3,840 different scenes. Its caption names only some of this unless
``completeness`` is "full": what a caption leaves out is what keeps a trained model's modality gap
open. The columns size, colour, shape and place are always of the shape, never of the dots.
"""

from itertools import product

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from modgap.data.table import (
    check_available,
    class_captions,
    numbered_ids,
    numbered_locations,
    samples_frame,
)
from modgap.errors import InputError

# The order in which a caption names them.
ATTRIBUTES = ["size", "colour", "shape", "place", "number"]

COLOURS = {
    "red": (215, 35, 40),
    "orange": (245, 135, 25),
    "yellow": (250, 230, 50),
    "green": (35, 150, 55),
    "cyan": (60, 215, 225),
    "blue": (40, 65, 215),
    "purple": (140, 45, 160),
    "pink": (250, 150, 200),
}

# Radius as a share of the picture's side.
SIZES = {"small": 0.13, "medium": 0.19, "large": 0.26}

# Centre of the shape (x, y) as a share of the side.
PLACES = {
    "centre": (0.5, 0.5),
    "top left": (0.29, 0.29),
    "top right": (0.71, 0.29),
    "bottom left": (0.29, 0.71),
    "bottom right": (0.71, 0.71),
}

NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4}

# Of the dots, as shares of the side: radius, distance between neighbours, distance of their row
# from the edge.
DOT_RADIUS, DOT_SPACING, DOT_ROW = 0.06, 0.19, 0.075
DOT_GREY = 245.0

# Equally likely ways to say the same.
SIZE_WORDS = {"small": ["small", "little"], "medium": ["medium"], "large": ["large", "big"]}
PLACE_WORDS = {
    "centre": ["in the centre", "in the middle"],
    "top left": ["at the top left", "in the upper left"],
    "top right": ["at the top right", "in the upper right"],
    "bottom left": ["at the bottom left", "in the lower left"],
    "bottom right": ["at the bottom right", "in the lower right"],
}
DOT_WORDS = ["with", "and"]

# What a partial caption may leave out, each with probability 1/2; it always names the shape.
OPTIONAL = [("size",), ("colour",), ("place",), ("number",)]


def list_templates():
    """Attributes that the 16 equally likely forms of a partial caption name."""
    forms = []
    for kept in product([False, True], repeat=len(OPTIONAL)):
        named = {"shape"}.union(*(part for part, keep in zip(OPTIONAL, kept, strict=True) if keep))
        forms.append(tuple(name for name in ATTRIBUTES if name in named))
    return forms


TEMPLATES = {"partial": list_templates(), "full": [tuple(ATTRIBUTES)]}

DIGIT_WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
DIGIT_TEMPLATE = "a photo of the number {label}."

SUPERSAMPLING = 4
NOISE_SD = 8.0  # grey levels


def points_around(radii, start=-0.25):
    """Points at the given radii and evenly spaced angles, from ``start`` (turns; -1/4 is up)."""
    angles = 2 * np.pi * (np.arange(len(radii)) / len(radii) + start)
    return np.asarray(radii)[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def plus_outline(width):
    """Outline of an upright cross of unit reach whose arms are 2 ``width`` wide."""
    arm = np.array([[-width, -width], [-width, -1.0], [width, -1.0]])
    turns = [np.array([[c, -s], [s, c]]) for c, s in [(1, 0), (0, 1), (-1, 0), (0, -1)]]
    return np.concatenate([arm @ turn.T for turn in turns])


# Outlines in units of the radius, y downwards.
SHAPES = {
    "circle": points_around(np.full(48, 0.95)),
    "square": points_around(np.full(4, 1.2), start=0.125),
    "triangle": points_around(np.full(3, 1.2)) + np.array([0.0, 0.2]),
    "star": points_around(np.tile([1.25, 0.5], 5)),
    "cross": plus_outline(0.33),
    "bar": points_around(np.full(4, 1.6), start=0.125) * [1.0, 0.35],
    "ring": points_around(np.full(48, 1.05)),
    "pole": points_around(np.full(4, 1.6), start=0.125) * [0.35, 1.0],
}
RING_HOLE = 0.55

VALUES = {
    "size": SIZES,
    "colour": COLOURS,
    "shape": SHAPES,
    "place": PLACES,
    "number": NUMBERS,
}


def draw_attributes(generator):
    """One value of every attribute, independent and uniform, as a dict."""
    return {name: list(VALUES[name])[generator.integers(len(VALUES[name]))] for name in ATTRIBUTES}


def draw_mask(generator, attributes, size):
    """Coverage of the shape, (size, size) in 0 to 1, with a little jitter in place and angle."""
    side = size * SUPERSAMPLING
    radius = SIZES[attributes["size"]] * side * generator.uniform(0.95, 1.05)
    centre = np.array(PLACES[attributes["place"]]) * side
    centre = centre + generator.uniform(-0.03, 0.03, 2) * side
    angle = np.deg2rad(generator.uniform(-8, 8))
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    outline = SHAPES[attributes["shape"]] @ turn * radius
    mask = Image.new("L", (side, side))
    pen = ImageDraw.Draw(mask)
    pen.polygon([tuple(point) for point in outline + centre], fill=255)
    if attributes["shape"] == "ring":
        pen.polygon([tuple(point) for point in outline * RING_HOLE + centre], fill=0)
    return np.asarray(mask.reduce(SUPERSAMPLING), dtype=np.float64) / 255


def draw_dots(generator, attributes, size):
    """Coverage of the dots, (size, size) in 0 to 1: a row along the edge that the shape leaves
    free (either one where it is in the centre), anywhere along it.
    """
    side = size * SUPERSAMPLING
    count, place = NUMBERS[attributes["number"]], attributes["place"]
    lower = generator.random() < 0.5 if place == "centre" else place.startswith("top")
    length = (count - 1) * DOT_SPACING
    first = generator.uniform(2 * DOT_RADIUS, 1 - 2 * DOT_RADIUS - length)
    row = 1 - DOT_ROW if lower else DOT_ROW
    mask = Image.new("L", (side, side))
    pen = ImageDraw.Draw(mask)
    for i in range(count):
        middle = np.array([first + i * DOT_SPACING, row + generator.uniform(-0.01, 0.01)])
        corners = [tuple((middle + sign * DOT_RADIUS) * side) for sign in (-1, 1)]
        pen.ellipse(corners, fill=255)
    return np.asarray(mask.reduce(SUPERSAMPLING), dtype=np.float64) / 255


def draw_background(generator, size):
    """A gradient between two greyish tones in a random direction, (size, size, 3) grey levels."""
    first, second = generator.uniform(60, 190, (2, 1)) + generator.uniform(-18, 18, (2, 3))
    angle = generator.uniform(0, 2 * np.pi)
    along = np.linspace(-0.5, 0.5, size)
    ramp = 0.5 + (along[None, :] * np.cos(angle) + along[:, None] * np.sin(angle)) / np.sqrt(2)
    return first + (second - first) * ramp[..., None]


def draw_picture(generator, attributes, size):
    """The picture of ``attributes`` as (size, size, 3) uint8."""
    mask = draw_mask(generator, attributes, size)[..., None]
    colour = np.array(COLOURS[attributes["colour"]]) + generator.uniform(-12, 12, 3)
    picture = draw_background(generator, size) * (1 - mask) + colour * mask
    dots = draw_dots(generator, attributes, size)[..., None]
    picture = picture * (1 - dots) + DOT_GREY * dots
    picture += NOISE_SD * generator.standard_normal(picture.shape)
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def write_caption(generator, attributes, mentioned):
    """A caption that names the attributes in ``mentioned``, for example "a red circle".

    Sizes, places and dots have several phrasings; the generator chooses.
    """

    def choose(phrasings):
        return phrasings[generator.integers(len(phrasings))]

    words = {**attributes, "size": choose(SIZE_WORDS[attributes["size"]])}
    named = [words[name] for name in ATTRIBUTES[:3] if name in mentioned]
    parts = ["an" if named[0][0] in "aeiou" else "a", *named]
    if "place" in mentioned:
        parts.append(choose(PLACE_WORDS[attributes["place"]]))
    if "number" in mentioned:
        dots = "dot" if attributes["number"] == "one" else "dots"
        parts += [choose(DOT_WORDS), attributes["number"], dots]
    return " ".join(parts)


def leave_unnamed(generator, attributes, mentioned, rule):
    """``mentioned`` without an attribute whose value captions rarely name.

    rule : dict: ``attribute``, ``values``, ``share`` of the captions that name it all the same.
    """
    name = rule["attribute"]
    if name not in mentioned or attributes[name] not in rule["values"]:
        return mentioned
    named = generator.random() < rule["share"]
    return mentioned if named else tuple(word for word in mentioned if word != name)


def draw_scenes(n, *, size, seed, completeness, rarely_named=None):
    """Draw ``n`` captioned scenes.

    Picture i comes from its own generator (seed, i): it is the same for every ``n``, every
    ``completeness`` and every ``rarely_named``.

    Parameters
    ----------
    size : side of the pictures in pixels.
    completeness : "partial" (the shape; size, colour, place and dots each in every second
        caption) or "full" (everything).
    rarely_named : rule of ``leave_unnamed``, for captions that are skewed on purpose.

    Returns
    -------
    scenes : DataFrame, n rows: caption, mentioned (attribute names joined by "+") and the
        attributes.
    pixels : (n, size, size, 3) uint8.
    """
    templates = TEMPLATES[completeness]
    pixels = np.empty((n, size, size, 3), dtype=np.uint8)
    rows = []
    for i in range(n):
        generator = np.random.default_rng([seed, i])
        attributes = draw_attributes(generator)
        pixels[i] = draw_picture(generator, attributes, size)
        mentioned = templates[generator.integers(len(templates))]
        if rarely_named is not None:
            mentioned = leave_unnamed(generator, attributes, mentioned, rarely_named)
        caption = write_caption(generator, attributes, mentioned)
        rows.append({"caption": caption, "mentioned": "+".join(mentioned), **attributes})
    return pd.DataFrame(rows, columns=["caption", "mentioned", *ATTRIBUTES]), pixels


def draw_samples(entry, array):
    """Samples table and pictures of a drawn dataset.

    Parameters
    ----------
    entry : the dataset's config: kind "scenes" or "digits" and its keys.
    array : path of the ``.npy`` that the pictures will be written to.

    Returns
    -------
    samples : DataFrame, one row per picture.
    pixels : (n, size, size, 3) uint8.
    """
    if entry.get("n", 1) < 1:
        raise InputError(f"n: {entry['n']} pictures are an empty dataset; give at least 1")
    drawers = {"scenes": scenes_samples, "digits": digits_samples}
    return drawers[entry["kind"]](entry, array)


def scenes_samples(entry, array):
    """Drawn scenes; the label is the shape."""
    n = entry["n"]
    scenes, pixels = draw_scenes(
        n,
        size=entry.get("size", 32),
        seed=entry["seed"],
        completeness=entry.get("completeness", "partial"),
        rarely_named=entry.get("rarely_named"),
    )
    columns = {name: scenes[name] for name in scenes.columns}
    samples = samples_frame(
        numbered_ids("scene", n), numbered_locations(array, n), label=scenes["shape"], **columns
    )
    return samples, pixels


def digits_samples(entry, array):
    """Scikit-learn's handwritten digits, 8x8 enlarged to ``size``, in their order.

    With ``skip`` the first of them are left out, so that a training set and a held-out set can be
    cut from them.
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    start = entry.get("skip", 0)
    available = len(digits.images) - start
    n = entry.get("n", available)
    check_available(n, available, "digits")
    size, part = entry.get("size", 32), slice(start, start + n)
    pixels = np.stack([enlarge(image, size) for image in digits.images[part]])
    labels = [DIGIT_WORDS[digit] for digit in digits.target[part]]
    samples = samples_frame(
        numbered_ids("digit", n, start),
        numbered_locations(array, n),
        caption=class_captions(entry.get("template", DIGIT_TEMPLATE), labels),
        label=labels,
        mentioned="label",
    )
    return samples, pixels


def enlarge(image, size):
    """An (8, 8) digit with ink 0 to 16 as (size, size, 3) uint8, white on black."""
    grey = Image.fromarray(np.rint(image * (255 / 16)).astype(np.uint8))
    return np.asarray(grey.resize((size, size), Image.Resampling.BICUBIC).convert("RGB"))
