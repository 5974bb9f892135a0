"""The gap of every embedding set in words, as a table and as lines on the terminal."""

import sys

sys.path.insert(0, __file__.rpartition("/")[0])  # its own modgap, not an installed one

import pandas as pd

from modgap.job import start_log
from modgap.report.answers.lines import list_answers
from modgap.report.answers.table import ANSWER_COLUMNS, describe_answer
from modgap.report.formats import write_formats
from modgap.tables import read_metadata, read_tables

PRINTED = [name for name in ANSWER_COLUMNS if name != "line"]


def main(measured, csv, md, tex, *, rows, references):
    """Write the answers and say them.

    measured : tidy tables, one or several an embedding set.
    rows : of ``plan.names.describe_sets``. references : of ``plan.references.read_references``.
    """
    table, notes = read_tables(measured), read_notes(measured)
    answers = [
        describe_answer(
            row,
            table[table["embeddings"] == row["name"]],
            references,
            notes.get(row["name"], ()),
        )
        for row in tell_apart(rows)
    ]
    write_formats(pd.DataFrame(answers, columns=ANSWER_COLUMNS), csv, md, tex, columns=PRINTED)
    print("\n".join(["", *list_answers(csv), ""]), file=sys.stderr)


def read_notes(paths):
    """By embedding set: what was noted when its sides were joined."""
    notes = {}
    for path in paths:
        for note in read_metadata(path).get("notes", []):
            name = read_tables([path])["embeddings"].iloc[0]
            notes.setdefault(name, {})[note] = None
    return notes


def tell_apart(rows):
    """The rows, with the name of the set behind every label that several have."""
    labels = [row["label"] for row in rows]
    return [
        {**row, "label": f"{row['label']} ({row['name']})"}
        if labels.count(row["label"]) > 1
        else row
        for row in rows
    ]


if __name__ == "__main__":
    start_log(snakemake.log[0])
    main(snakemake.input.measured, *snakemake.output, **snakemake.params.settings)
