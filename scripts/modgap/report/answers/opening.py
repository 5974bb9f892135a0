"""What the page opens with: the gap of this run's sets, on a ruler, and what else was measured."""

from pathlib import Path

from modgap.report.answers.lines import read_answers
from modgap.report.answers.ruler import draw_ruler, draw_strip
from modgap.report.sentences.gaps import read_lowest, tell_lowest
from modgap.report.sentences.words import spell_ends

# Widths of the ruler in pixels: beside the figure, and on a phone.
WIDE, NARROW = 540, 340
# Sentences of the table of answers, in the order in which the page says them.
SAID = ("separable", "retrieval")


def describe_opening(sets, references):
    """The top of the page, or None for a run without a measured gap.

    sets : as ``join_answers`` returns them. references : of ``plan.references.read_references``.

    Returns
    -------
    dict: title; sets (as given, with interval, said and strip; the first one is shown big);
    rulers (wide, narrow).
    """
    if not sets:
        return None
    shown = [
        {
            **row,
            "interval": spell_ends(row["low"], row["high"]),
            "said": [*(row[key] for key in SAID), tell_lowest(read_lowest(row["extrema"]))],
            "strip": draw_strip(row["gap"], sets, references),
        }
        for row in sets
    ]
    many = f"{len(shown)} embedding sets"
    return {
        "title": f"The modality gap of {shown[0]['title'] if len(shown) == 1 else many}",
        "sets": shown,
        "rulers": {
            "wide": draw_ruler(sets, references, WIDE),
            "narrow": draw_ruler(sets, references, NARROW),
        },
    }


def join_answers(sets, answers):
    """The sets whose gap was measured, with what the table of answers says of them.

    sets : of the plan. answers : path of the table, which need not be there.

    Returns
    -------
    list of dicts: those of the plan with title, gap, low, high (numbers), n, and texts: like,
    separable, retrieval, warning.
    """
    rows = read_answers(answers) if Path(answers).is_file() else []
    by_name = {row["embeddings"]: row for row in rows}
    return [
        {
            **row,
            "title": title_answer(row, by_name[row["name"]]),
            **{key: by_name[row["name"]][key] for key in (*SAID, "like", "warning")},
            **{key: float(by_name[row["name"]][key] or "nan") for key in ("gap", "low", "high")},
            "n": int(by_name[row["name"]]["n"]),
        }
        for row in sets
        if row["name"] in by_name
    ]


def title_answer(row, answer):
    """A set as headings name it: its label, and the state of its weights where it is known."""
    return f"{answer['label']}, {row['state']} weights" if row["state"] else answer["label"]


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
            "report: {samples: true} in the configuration it shows what there is."
        )
    return " ".join(lines)
