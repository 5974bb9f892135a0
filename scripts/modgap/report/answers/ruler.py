"""A ruler of gaps as inline SVG: published references below the line, sets of this run above."""

from markupsafe import Markup, escape

# Pixels of a letter at the size of the labels, and heights of a line of them.
LETTER, LINE = 6.0, 15
LANES = 4
MARGIN = 12
# Widest gap of the ruler at least, in distances of unit vectors.
SHORTEST = 1.5


def draw_ruler(sets, references, width):
    """The ruler as SVG of a fixed width in pixels, with a text that says the same.

    sets : dicts with title and gap, the first being marked by name. references : dicts with name,
    gap, model and state. Labels that would touch others are left out; the text has all.
    """
    end = ruler_end(sets, references)
    scale = (width - 2 * MARGIN) / end

    def place(gap):
        return MARGIN + gap * scale

    first = sets[0]
    order = rank_references(references, first["gap"])
    labels = place_labels([(place(row["gap"]), shorten_name(row)) for row in order], width)
    lanes = max((lane for _, _, lane in labels if lane is not None), default=-1) + 1
    axis = 34
    parts = [
        f'<line class="axis" x1="{place(0):.1f}" x2="{place(end):.1f}" y1="{axis}" y2="{axis}"/>'
    ]
    for row, (text, start, lane) in zip(order, labels, strict=True):
        x = place(row["gap"])
        lower = axis + 8 if lane is None else axis + 12 + LINE * lane
        title = f"{row['name']}: {round_gap(row['gap'])}"
        parts.append(
            f'<g class="reference"><title>{escape(title)}</title>'
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{axis}" y2="{lower}"/>'
        )
        if lane is not None:
            parts.append(f'<text x="{start:.1f}" y="{lower + 11}">{escape(text)}</text>')
        parts.append("</g>")
    for position, row in reversed(list(enumerate(sets))):
        x, kind = place(row["gap"]), "own other" if position else "own"
        parts.append(
            f'<g class="{kind}"><title>{escape(row["title"])}: {round_gap(row["gap"])}</title>'
            f'<path d="M{x:.1f} {axis}l-6 -10h12z"/></g>'
        )
    start = keep_inside(place(first["gap"]), round_gap(first["gap"]), width)
    parts.append(f'<text class="own" x="{start:.1f}" y="18">{round_gap(first["gap"])}</text>')
    height = axis + 16 + LINE * max(lanes, 1)
    return Markup(
        f'<svg class="ruler" role="img" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" aria-label="{escape(tell_ruler(sets, references))}">'
        + "".join(parts)
        + "</svg>"
    )


def draw_strip(gap, sets, references):
    """The place of one gap on the ruler, as a strip of 120 pixels; its number stands beside it."""
    width, end = 120, ruler_end(sets, references)
    at = [4 + value * (width - 8) / end for value in (gap, *(row["gap"] for row in references))]
    ticks = "".join(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="8" y2="14"/>' for x in at[1:])
    return Markup(
        f'<svg class="ruler strip" aria-hidden="true" width="{width}" height="16" '
        f'viewBox="0 0 {width} 16"><line class="axis" x1="4" x2="{width - 4}" y1="8" y2="8"/>'
        f'<g class="reference">{ticks}</g><g class="own"><circle cx="{at[0]:.1f}" cy="8" r="4.5"/>'
        "</g></svg>"
    )


def ruler_end(sets, references):
    """Right end of the ruler: a little more than the largest gap on it."""
    return max(SHORTEST, 1.04 * max(row["gap"] for row in [*sets, *references]))


def rank_references(references, gap):
    """References in the order in which they get a label.

    The closed gap, the nearest to ``gap``, CLIP's, which people know, then the others by distance.
    """
    nearest = min((abs(row["gap"] - gap) for row in references), default=0.0)
    return sorted(
        references,
        key=lambda row: (
            row["state"] != "closed",
            abs(row["gap"] - gap) > nearest,
            not row["model"].startswith("CLIP"),
            abs(row["gap"] - gap),
        ),
    )


def shorten_name(row):
    """What the ruler calls a reference."""
    name = row["name"].replace("the random twin of the published ", "random ")
    return f"{name.replace('the published ', '')} {round_gap(row['gap'])}"


def place_labels(labels, width):
    """(text, left end, lane) of each label, in their order of rank; no lane where none is free.

    labels : (x, text). A label stands below its mark, which goes down to it, to its left or right
    or in the middle, so that no label lies on another and no mark crosses one.
    """
    taken, placed = [[] for _ in range(LANES)], []
    for x, text in labels:
        length = LETTER * len(text)
        sides = [x - length + 3, x - 3, x - length / 2]
        if x < width / 2:
            sides[:2] = sides[1::-1]
        places = [
            (max(0.0, min(side, width - length)), lane) for lane in range(LANES) for side in sides
        ]
        free = (
            (start, lane)
            for start, lane in places
            if is_free(taken[lane], start, start + length)
            and all(is_free(spans, x, x) for spans in taken[:lane])
        )
        start, lane = next(free, (0.0, None))
        if lane is not None:
            taken[lane].append((start, start + length))
            for spans in taken[:lane]:
                spans.append((x, x))
        placed.append((text, start, lane))
    return placed


def is_free(spans, start, stop):
    """Whether nothing among the spans of a lane is nearer than a letter."""
    return all(stop + LETTER < low or start > high + LETTER for low, high in spans)


def keep_inside(x, text, width):
    """Left end of a text that is centred at ``x``, or as near to that as the ruler allows."""
    length = LETTER * len(text)
    return max(0.0, min(x - length / 2, width - length))


def round_gap(gap):
    """A gap with three decimals, a closed one as 0."""
    return f"{gap:.3f}" if gap else "0"


def tell_ruler(sets, references):
    """The ruler in words."""
    own = ", ".join(f"{row['title']} {round_gap(row['gap'])}" for row in sets)
    known = ", ".join(
        f"{row['name']} {round_gap(row['gap'])}"
        for row in sorted(references, key=lambda row: row["gap"])
    )
    return f"Gaps on one ruler. This run: {own}." + (f" Published: {known}." if known else "")
