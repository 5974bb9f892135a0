"""Labels of points in a crowded panel: those of points that lie on each other are one label.

All places are in inches on the panel; texts get the nearest free place around their points.
"""

import numpy as np
from matplotlib.textpath import TextPath

# Points closer than this share a label; height of a line of text.
TOGETHER, LINE = 0.06, 0.082
FONT_SIZE = 5  # points, 72 an inch
# Distances from a point, and directions, at which a label may stand, the best first.
DISTANCES = (0.045, 0.11, 0.18, 0.26, 0.36, 0.48, 0.62)
DIRECTIONS = np.deg2rad([0, 180, 45, -45, 135, -135, 90, -90, 22, -22, 158, -158, 67, -67])


def group_near(places):
    """Lists of positions in ``places`` (n, 2), each of points close to the first in it."""
    groups = []
    for i, place in enumerate(places):
        near = (g for g in groups if np.hypot(*(places[g[0]] - place)) < TOGETHER)
        group = next(near, None)
        if group is None:
            groups.append([i])
        else:
            group.append(i)
    return groups


def free_places(anchors, texts, taken, size):
    """Centres (n, 2) of texts near their anchors that hide neither each other nor ``taken``.

    anchors : (n, 2). taken : (m, 2) places of marks. size : (width, height) of the panel. Where
    there is no free place, a text stands at the one that hides least.
    """
    boxes = [(x, y, TOGETHER / 2, TOGETHER / 2) for x, y in taken]
    centres = []
    for (x, y), text in zip(anchors, texts, strict=True):
        half = half_size(text)
        tried = [
            (x + np.cos(angle) * (far + half[0]), y + np.sin(angle) * (far + half[1]), *half)
            for far in DISTANCES
            for angle in DIRECTIONS
        ]
        hidden = [hidden_area(box, boxes) + 10 * outside(box, size) for box in tried]
        best = tried[int(np.argmin(hidden))]
        boxes.append(best)
        centres.append(best[:2])
    return np.array(centres).reshape(-1, 2)


def half_size(text):
    """Half the width and half the height (2,) of a text of one or more lines, in inches."""
    lines = text.split("\n")
    widths = [TextPath((0, 0), line, FONT_SIZE).get_extents().width / 72 for line in lines]
    return np.array([max(widths), LINE * len(lines)]) / 2


def hidden_area(box, others):
    """Area that a box (x, y, half width, half height) shares with others."""
    x, y, w, h = box
    return sum(
        max(0, min(x + w, a + c) - max(x - w, a - c))
        * max(0, min(y + h, b + d) - max(y - h, b - d))
        for a, b, c, d in others
    )


def outside(box, size):
    """How far a box reaches out of the panel."""
    x, y, w, h = box
    return max(0, w - x) + max(0, h - y) + max(0, x + w - size[0]) + max(0, y + h - size[1])
