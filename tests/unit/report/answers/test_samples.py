"""What points show of the data: looked up by key, pictures shared and counted."""

import base64
from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from modgap.report.answers import samples
from modgap.tables import write_table


@pytest.fixture
def table(tmp_path):
    """Two captions for each of three pictures, in an array; the third cannot be read."""
    array = tmp_path / "d.npy"
    np.save(array, np.stack([np.full((60, 60, 3), v, np.uint8) for v in (0, 250)]))
    rows = [
        {
            "sample_id": f"s{i}",
            "caption_index": c,
            "caption": f"text {i}{c}",
            "image": f"{array}#{i}",
        }
        for i in range(2)
        for c in range(2)
    ]
    gone = {
        "sample_id": "s2",
        "caption_index": 0,
        "caption": None,
        "image": str(tmp_path / "no.png"),
    }
    path = tmp_path / "samples.parquet"
    write_table(pd.DataFrame([*rows, gone]), path)
    return str(path)


def row(name, table, shown=True):
    return {"name": name, "dataset": "d", "shown": shown, "samples": table if shown else ""}


def keys(*pairs):
    return pd.DataFrame(pairs, columns=["sample_id", "caption_index"])


def test_sets_of_the_same_pictures_share_them(table):
    sets = [row("a", table), row("b", table)]
    found = {"a": keys(("s1", 1), ("s0", 0)), "b": keys(("s0", 0), ("s2", 0))}
    items, positions = samples.describe_samples(sets, found)
    assert positions == {"a": [0, 1], "b": [1, 2]}
    about = items["d"]
    assert about["ids"] == ["s1", "s0", "s2"]
    assert about["captions"] == ["text 11", "text 00", ""]
    assert about["picture"] == [0, 1, -1]
    means = []
    for address in about["pictures"]:
        head, content = address.split(",")
        assert head == "data:image/jpeg;base64"
        picture = Image.open(BytesIO(base64.b64decode(content)))
        assert picture.size == (48, 48)
        means.append(np.asarray(picture).mean())
    assert means[0] > 240 > 10 > means[1]


def test_nothing_is_looked_up_of_data_that_is_not_shown(table):
    found = {"a": keys(("s1", 1))}
    assert samples.describe_samples([row("a", table, shown=False)], found) == ({}, {})
    assert samples.describe_samples([row("a", table)], {"a": None}) == ({}, {})


def test_ready_embeddings_have_ids_alone(table):
    found = {"a": pd.DataFrame({"sample_id": ["x", "y"]})}
    items, positions = samples.describe_samples([{**row("a", table), "samples": ""}], found)
    assert items["d"] == {
        "ids": ["x", "y"], "captions": ["", ""], "picture": [-1, -1], "pictures": [],
    }  # fmt: skip
    assert positions == {"a": [0, 1]}


def test_thumbnails_are_counted(table, monkeypatch):
    monkeypatch.setattr(samples, "MOST_THUMBNAILS", 1)
    items, _ = samples.describe_samples([row("a", table)], {"a": keys(("s1", 1), ("s0", 0))})
    assert items["d"]["picture"] == [0, -1]
    assert len(items["d"]["pictures"]) == 1


def test_a_long_caption_is_cut(table, monkeypatch):
    monkeypatch.setattr(samples, "LONGEST", 4)
    items, _ = samples.describe_samples([row("a", table)], {"a": keys(("s1", 1))})
    assert items["d"]["captions"] == ["text"]
