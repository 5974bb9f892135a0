"""What captions say of the files behind a figure."""

import pandas as pd
import pytest

from modgap.report.facts import read_facts, read_run_times, spell_range
from modgap.tables import write_table


def write(tmp_path, metadata=None, **columns):
    path = tmp_path / "table.parquet"
    write_table(pd.DataFrame(columns), path, metadata)
    return path


def test_facts_are_read_from_columns_and_metadata(tmp_path):
    one, other = tmp_path / "one.parquet", tmp_path / "other.parquet"
    frame = pd.DataFrame({"task": ["a", "b"], "n": [60, 7], "seed": [0, 5]})
    method = ["Wilson", "none: exact"]
    write_table(frame.assign(interval_method=method, protocol=["published", "neither"]), one)
    write_table(pd.DataFrame({"width": [1.0]}), other, {"n_inputs": 1024, "seeds": 3})
    assert read_facts([one, other], {"a": "task A"}) == {
        "data and model": "task A; b",
        "n": "60 to 1,024",
        "seed": "0, 5, 3 seeds",
        "protocol": "published",
        "intervals": "Wilson",
    }
    assert read_facts([other], {other: "a study"})["data and model"] == "a study"


@pytest.mark.parametrize("depth", ["rule.tsv", "rule/a/b.tsv"])
def test_run_times_add_up_by_rule(tmp_path, depth):
    path = tmp_path / depth
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("s\tmax_rss\tcpu_time\n1.5\t-\tNA\n2.5\t10\t2.25\n")
    (row,) = read_run_times(tmp_path).to_dict("records")
    assert row == {
        "rule": "rule",
        "jobs": 2,
        "seconds": 4.0,
        "processor_seconds": 2.25,
        "memory_mb": 10.0,
    }
    path.write_text("s\n9\n")  # of a version that measured no more
    (row,) = read_run_times(tmp_path).to_dict("records")
    assert (row["seconds"], row["processor_seconds"]) == (9, 0)
    assert read_run_times(tmp_path / "none").empty


@pytest.mark.parametrize(
    ("columns", "subjects"),
    [
        ({"model": ["m", "m"], "dataset": ["d", "e"]}, "m/d; m/e"),
        ({"model": ["m"]}, "m"),
        ({"spacing": [20.0]}, "points 20° apart"),
        ({"embeddings": ["set"], "model": ["m"]}, "set"),
    ],
)
def test_a_file_is_about_the_first_subject_that_it_has(tmp_path, columns, subjects):
    assert read_facts([write(tmp_path, **columns)], {}) == {"data and model": subjects}


def test_many_seeds_are_a_range(tmp_path):
    path = write(tmp_path, seed=[3, 0, 1, 2])
    assert read_facts([path], {}) == {"seed": "0 to 3"}


@pytest.mark.parametrize(
    ("values", "text"), [(set(), ""), ({500}, "500"), ({60, 2000, 100}, "60 to 2,000")]
)
def test_numbers_are_spelled_as_one_range(values, text):
    assert spell_range(values) == text


def test_a_sample_of_the_pictures_is_said(tmp_path):
    path = write(tmp_path, {"sampled": {"pictures": 20000, "of": 50000}}, n=[20000])
    assert read_facts([path], {})["all pairs"] == "20,000 of 50,000 pictures, drawn at random"


def test_facts_are_of_the_statistics_that_a_figure_shows(tmp_path):
    rows = {"embeddings": ["a", "a"], "statistic": ["gap", "recall1"], "n": [5, 40]}
    path = write(tmp_path, **rows, interval_method=["bootstrap", "Wilson"])
    assert read_facts([path], {})["intervals"] == "bootstrap; Wilson"
    shown = read_facts([path], {}, ["gap"])
    assert (shown["intervals"], shown["n"]) == ("bootstrap", "5")
    # A file that has none of them is shown by something else.
    assert read_facts([path], {}, ["cosine"])["intervals"] == "bootstrap; Wilson"
