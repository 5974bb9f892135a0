"""What the page opens with: the gap of this run's sets, on a ruler, and what else was measured."""

from pathlib import Path

import pandas as pd

from modgap.report.points import title_set
from modgap.report.ruler import draw_ruler, draw_strip
from modgap.report.sentences import read_gap, read_lowest, tell_lowest
from modgap.tables import read_metadata

# Widths of the ruler in pixels: beside the figure, and on a phone.
WIDE, NARROW = 540, 340
# Sentences of the table of answers, in the order in which the page says them.
SAID = ("separable", "retrieval")


def describe_opening(sets, references, answers):
    """The top of the page, or None for a run without a measured gap.

    sets : sets of the plan. references : rows of config/reference_gaps.csv, as text. answers : path
    of the table of answers, which need not be there.

    Returns
    -------
    dict: title; sets (name, title, data, gap, interval, n, like, said, warning, notes, strip; the
    first one is shown big); rulers (wide, narrow).
    """
    given = read_answers(answers)
    measured = [
        row for row in (measure_set(row, given.get(row["name"], {})) for row in sets) if row
    ]
    if not measured:
        return None
    known = [{**row, "gap": float(row["gap"])} for row in references]
    on_ruler = [{"label": row["title"], "gap": row["gap"]} for row in measured]
    for row in measured:
        row["strip"] = draw_strip(row["gap"], on_ruler, known)
    first = measured[0]["title"]
    return {
        "title": f"The modality gap of {first}"
        if len(measured) == 1
        else f"The modality gap of {len(measured)} embedding sets",
        "sets": measured,
        "rulers": {
            "wide": draw_ruler(on_ruler, known, WIDE),
            "narrow": draw_ruler(on_ruler, known, NARROW),
        },
    }


def read_answers(path):
    """Set -> its row of the table of answers as a dict, absent cells left out; empty without it."""
    if not Path(path).is_file():
        return {}
    rows = pd.read_csv(path).to_dict("records")
    return {
        str(row["embeddings"]): {key: value for key, value in row.items() if value == value}
        for row in rows
    }


def measure_set(row, answer):
    """One set as the opening shows it, or None where its gap was not measured."""
    gap = read_gap(row["gaps"], row["name"])
    if gap is None:
        return None
    value, low, high = (
        (answer["gap"], answer.get("low"), answer.get("high"))
        if "gap" in answer
        else (gap["value"], gap["low"], gap["high"])
    )
    return {
        "name": row["name"],
        "title": title_set(row),
        "data": row["data"],
        "names": row["modalities"],
        "gap": float(value),
        "interval": spell_ends(low, high),
        "n": gap["n"],
        "like": answer.get("like", ""),
        "said": [
            *(answer[key] for key in SAID if key in answer),
            tell_lowest(read_lowest(row["extrema"])),
        ],
        "warning": answer.get("warning", ""),
        "notes": read_notes(row["gaps"]),
    }


def spell_ends(low, high):
    """An interval as text, empty where there is none."""
    if low is None or high is None or low != low or high != high:
        return ""
    return f"{low:.3f} to {high:.3f}"


def read_notes(paths):
    """What was said while the two sides were joined, such as rows that have no partner."""
    there = [path for path in paths if Path(path).is_file()]
    return list(
        dict.fromkeys(note for path in there for note in read_metadata(path).get("notes", []))
    )


def tell_samples(sets):
    """One line on whose captions, ids and pictures the page holds, and how to change that."""
    data = {row["data"]: row["shown"] for row in sets}
    shown = [name for name, is_shown in data.items() if is_shown]
    hidden = [name for name, is_shown in data.items() if not is_shown]
    lines = []
    if shown:
        lines.append(
            f"This page holds ids, captions and thumbnails of {', '.join(shown)}, where they have "
            "any; with report: {samples: false} in the configuration it does not."
        )
    if hidden:
        lines.append(
            f"This page holds no ids, captions or pictures of {', '.join(hidden)}; with "
            "report: {samples: true} in the configuration it shows them."
        )
    return " ".join(lines)
