"""table_answers: from measured tables to the answers in words, on paper and on the terminal."""

import numpy as np
import pandas as pd
import pytest

import table_answers
from modgap.plan.outputs.references import read_references
from modgap.statistics.all_pairs import measure_pair
from modgap.tables import write_table


@pytest.fixture
def measured(tmp_path):
    """Two sets; of the first, what compares pairs is in a table of its own."""
    rng = np.random.default_rng(0)
    paths = []
    for name in ("a", "b"):
        X, Y = rng.standard_normal((2, 10, 4)) + 1
        frame = measure_pair(
            name, X, Y, np.arange(10), n_resamples=20, relevance=None, seed=0, block=10
        )
        pairs = frame["statistic"].str.startswith("recall") & (name == "a")
        for index, part in enumerate((frame[~pairs], frame[pairs])):
            if len(part):
                path = tmp_path / f"{name}{index}.parquet"
                notes = {"notes": ["2 rows of images have no partner"]} if name == "b" else {}
                write_table(part, path, notes)
                paths.append(path)
    assert len(paths) == 3
    return paths


def run(root, tmp_path, measured, rows):
    outputs = [tmp_path / f"answers.{ending}" for ending in ("csv", "md", "tex")]
    table_answers.main(measured, *outputs, rows=rows, references=read_references(root))
    return outputs


def describe(name, label, state="random"):
    return {"name": name, "label": label, "state": state, "modalities": ["images", "texts"]}


def test_every_set_has_a_row_in_the_given_order_and_a_line(root, tmp_path, measured, capsys):
    rows = [describe("b", "Second_set"), describe("a", "First")]
    csv, md, tex = run(root, tmp_path, measured, rows)
    table = pd.read_csv(csv)
    assert list(table["embeddings"]) == ["b", "a"]
    assert list(table["first"]) == ["images"] * 2
    assert table["retrieval"].str.startswith("Recall@1 images to texts").all()
    assert table["warning"][0] == "2 rows of images have no partner."
    assert pd.isna(table["warning"][1])
    said = capsys.readouterr().err
    assert f"  {table['line'][1]}" in " ".join(said.split("\n      "))
    assert "    WARNING: 2 rows of images have no partner." in said
    # The line repeats what the other columns say.
    assert "| line" not in md.read_text()
    assert r"Second\_set" in tex.read_text()


def test_equal_labels_are_told_apart_by_name(root, tmp_path, measured):
    csv, *_ = run(root, tmp_path, measured, [describe("a", "CLIP"), describe("b", "CLIP")])
    assert list(pd.read_csv(csv)["label"]) == ["CLIP (a)", "CLIP (b)"]
