"""Pictures that the pipeline makes itself: drawn scenes and scikit-learn's digits.

A scene is one coloured shape on a varying background. It has four attributes (size, colour, shape,
place); its caption names only some of them unless ``completeness`` is "full": what a caption leaves
out is what keeps a trained model's modality gap open.
"""

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
ATTRIBUTES = ["size", "colour", "shape", "place"]

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
SIZES = {"small": 0.15, "large": 0.24}

# Centre of the shape (x, y) as a share of the side, and how a caption says it.
PLACES = {
    "centre": ((0.5, 0.5), "in the centre"),
    "top left": ((0.29, 0.29), "at the top left"),
    "top right": ((0.71, 0.29), "at the top right"),
    "bottom left": ((0.29, 0.71), "at the bottom left"),
    "bottom right": ((0.71, 0.71), "at the bottom right"),
}

# The attributes that the equally likely caption templates name.
TEMPLATES = {
    "partial": [("shape",), ("colour", "shape"), ("size", "shape"), ("shape", "place")],
    "full": [tuple(ATTRIBUTES)],
}

DIGIT_WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
DIGIT_TEMPLATE = "a photo of the number {label}."

SUPERSAMPLING = 4
NOISE_SD = 8.0  # grey levels


def points_around(radii, start=-0.25):
    """Points at the given radii and evenly spaced angles, from ``start`` (turns; -1/4 is up)."""
    angles = 2 * np.pi * (np.arange(len(radii)) / len(radii) + start)
    return np.asarray(radii)[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def heart_outline():
    """Outline of a heart about the origin, y downwards."""
    t = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    x = 16 * np.sin(t) ** 3
    y = -(13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t))
    return np.stack([x, y - 2.5], axis=1) / 15.5


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
    "diamond": points_around(np.full(4, 1.2)) * [0.75, 1.0],
    "ring": points_around(np.full(48, 1.05)),
    "heart": heart_outline(),
}
RING_HOLE = 0.55


def draw_attributes(generator):
    """One value of every attribute, independent and uniform, as a dict."""
    values = {"size": SIZES, "colour": COLOURS, "shape": SHAPES, "place": PLACES}
    return {name: list(values[name])[generator.integers(len(values[name]))] for name in ATTRIBUTES}


def draw_mask(generator, attributes, size):
    """Coverage of the shape, (size, size) in 0 to 1, with a little jitter in place and angle."""
    side = size * SUPERSAMPLING
    radius = SIZES[attributes["size"]] * side * generator.uniform(0.92, 1.08)
    centre = np.array(PLACES[attributes["place"]][0]) * side
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
    picture += NOISE_SD * generator.standard_normal(picture.shape)
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def write_caption(attributes, mentioned):
    """A caption that names the attributes in ``mentioned``, for example "a red circle"."""
    words = [attributes[name] for name in ATTRIBUTES[:3] if name in mentioned]
    article = "an" if words[0][0] in "aeiou" else "a"
    place = [PLACES[attributes["place"]][1]] if "place" in mentioned else []
    return " ".join([article, *words, *place])


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
    completeness : "partial" (four equally likely templates: shape; colour and shape; size and
        shape; shape and place) or "full" (all four attributes).
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
        caption = write_caption(attributes, mentioned)
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
