"""Points of Figure 1 for the page: whole numbers, their pairs, and data that ends no element."""

import json

import numpy as np
import pandas as pd

from modgap.report.answers import points
from modgap.tables import write_table


def project(path, n=5, methods=("pca", "gap_axis"), **more):
    """A projection table of n pairs by two methods."""
    frames = [
        pd.DataFrame(
            {
                "embeddings": "a",
                "method": method,
                "modality": np.repeat(["first", "second"], n),
                "pair": np.tile(np.arange(n) * 10, 2),
                "x": np.arange(2 * n) * 4.0,
                "y": np.arange(2 * n) * -1.0,
                **more,
            }
        )
        for method in methods
    ]
    write_table(pd.concat(frames), path, {"n": 99, "n_drawn": n, "axes": {}})
    return {
        "name": "a",
        "title": "A",
        "modalities": ["images", "texts"],
        "paired": True,
        "projection": str(path),
        "dataset": "d",
    }


def test_points_are_those_of_the_table_in_the_order_of_the_modalities(tmp_path):
    found, keys = points.read_points(project(tmp_path / "a.parquet"))
    assert (found["n"], found["pairs"], keys) == (99, [0, 10, 20, 30, 40], None)
    axis, pca = found["methods"]
    assert (axis["key"], pca["key"]) == ("gap_axis", "pca")
    assert pca["x"] == [round(i * points.STEPS / 9) for i in range(10)]
    assert pca["y"] == pca["x"][::-1]
    assert pca["ratio"] == 0
    # Lengths mean something along the gap: one scale for both axes.
    assert axis["ratio"] == 0.25
    assert max(axis["y"]) == points.STEPS / 4
    json.dumps(found)


def test_keys_come_with_the_points_where_the_table_has_them(tmp_path):
    row = project(tmp_path / "a.parquet", sample_id=list("abcde") * 2, caption_index=0)
    _, keys = points.read_points(row)
    assert keys["sample_id"].tolist() == list("abcde")


def test_a_set_without_projection_has_no_points(tmp_path):
    row = project(tmp_path / "a.parquet")
    assert points.read_points({**row, "projection": str(tmp_path / "b")}) == (None, None)
    assert points.gather_points([{**row, "projection": str(tmp_path / "b")}]) == ({}, {})


def test_modalities_without_pairs_have_no_points(tmp_path):
    row = {**project(tmp_path / "a.parquet"), "paired": False}
    assert points.read_points(row) == (None, None)


def test_the_page_holds_no_more_sets_than_fit(tmp_path, monkeypatch):
    row = project(tmp_path / "a.parquet")
    sets = [{**row, "name": f"set {i}"} for i in range(points.MOST_SETS + 3)]
    assert len(points.gather_points(sets)[0]) == points.MOST_SETS
    size = len(points.data_block(points.read_points(row)[0]))
    monkeypatch.setattr(points, "LARGEST", 2 * size)
    assert len(points.gather_points(sets)[0]) == 2
    monkeypatch.setattr(points, "LARGEST", 1)  # the first set is always there
    assert len(points.gather_points(sets)[0]) == 1


def test_data_can_end_no_element_and_reads_the_same():
    hostile = {"a": "</script><!--\u2028&"}
    text = str(points.data_block(hostile))
    assert not set(text) & set("<>&\u2028")
    assert json.loads(text) == hostile
