"""What one sees in a figure, told from its tables."""

import pandas as pd

from modgap.report.sentences import (
    read_lowest,
    tell_cones,
    tell_gaps,
    tell_lowest,
    tell_zero_shot,
)
from modgap.tables import write_table


def gap(title, value):
    return {"title": title, "gap": value, "low": value - 0.01, "high": value + 0.01}


def test_gaps_are_told_one_by_one_or_from_the_least_to_the_largest():
    assert tell_gaps([gap("A", 0.851), gap("B", 1.136)]) == (
        "The two clouds of A are 0.851 apart (95 %: 0.841 to 0.861); those of B 1.136."
    )
    many = tell_gaps([gap(name, i / 10) for i, name in enumerate("ABCDE", 1)])
    assert many == "The two clouds of 5 embedding sets lie apart by 0.100 (A) to 0.500 (E)."
    assert tell_gaps([{**gap("A", 0.5), "low": float("nan")}]).endswith("are 0.500 apart.")
    assert tell_gaps([]) == ""


def extrema(path, **changed):
    rows = {
        "extremum": "minimum",
        "statistic": "distance",
        "moved": "both",
        "protocol": "corrected",
        "batch_size": [50, 90, 90],
        "tau": [0.01, 1.0, 0.01],
        "value": [9.0, 0.2, 1.2],
        "boundary": False,
        "n": 90,
        **changed,
    }
    write_table(pd.DataFrame(rows), path, {"gap": 0.8})
    return path


def test_the_lowest_loss_is_that_of_the_largest_batch(tmp_path):
    lowest = read_lowest(extrema(tmp_path / "a.parquet"))
    assert [(row["tau"], row["distance"]) for row in lowest] == [(0.01, 1.2), (1.0, 0.2)]
    text = tell_lowest(lowest)
    assert "with a wider gap of 1.20 (150 % of today's) at τ = 1/100" in text
    assert "with a narrower gap of 0.20 (25 % of today's) at τ = 1" in text
    assert read_lowest(tmp_path / "none.parquet") == []
    assert tell_lowest([]) == ""


def test_a_lowest_loss_at_the_end_of_the_grid_is_no_minimum(tmp_path):
    path = extrema(tmp_path / "a.parquet", boundary=True)
    assert "beyond the shifts that were tried at τ = 1/100 and at τ = 1." in tell_lowest(
        read_lowest(path)
    )


def test_a_loss_is_lowest_where_the_clouds_are_closed_or_crossed(tmp_path):
    path = extrema(tmp_path / "a.parquet", value=[0, 0.001, 0.8])
    text = tell_lowest(read_lowest(path))
    assert "where the clouds already are at τ = 1/100 and with the gap closed" in text
    crossed = tell_lowest(read_lowest(extrema(tmp_path / "b.parquet", value=[0, -0.4, 0.8])))
    assert "moved past each other (gap −0.40)" in crossed


def test_cones_are_called_by_their_names(tmp_path):
    paths = []
    for name, value in (("m/d/images", 0.5), ("m/d/texts", 0.25)):
        path = tmp_path / f"{len(paths)}.parquet"
        rows = {"embeddings": name, "statistic": ["mean_cosine", "other"], "value": [value, 9.0]}
        write_table(pd.DataFrame(rows), path)
        paths.append(path)
    write_table(pd.DataFrame({"low": [0.0]}), tmp_path / "histogram.parquet")
    told = tell_cones([*paths, tmp_path / "histogram.parquet"], {"m/d/texts": "M, texts"})
    assert "0.50 for m/d/images; 0.25 for M, texts" in told
    assert tell_cones([tmp_path / "histogram.parquet"], {}) == ""


def test_accuracy_is_told_without_a_shift_and_at_the_best(tmp_path):
    rows = {"task": "t", "statistic": "top1", "side": "both", "delta": [-1.0, 0.0, 1.0]}
    path = tmp_path / "t.parquet"
    write_table(pd.DataFrame({**rows, "value": [0.5, 0.4, 0.1]}), path)
    told = tell_zero_shot([path], {"t": "CIFAR"})
    assert told.startswith("CIFAR: 40.0 % right with the gap as it is, 50.0 % at the best shift")
    assert "δ = -1" in told
