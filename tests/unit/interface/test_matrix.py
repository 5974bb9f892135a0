"""A matrix of modalities: every cell is the gap of its pair."""

import numpy as np
import pandas as pd
import pytest

import modgap
from modgap.errors import InputError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 6)) + 1
CLOUDS = {"image": X, "<script>": X - 2, "audio": -X + RNG.normal(size=X.shape)}


@pytest.fixture(scope="module")
def matrix():
    return modgap.matrix(CLOUDS, label="mine")


def test_cells_are_the_gaps_of_pairs(matrix):
    values = matrix.values("gap")
    recall = matrix.values("recall1")
    for first, second in matrix.gaps:
        label = f"mine-{first}-{second}"
        own = modgap.gap(CLOUDS[first], CLOUDS[second], label=label).table()
        rows = matrix.table().query("embeddings == @label").reset_index(drop=True)
        pd.testing.assert_frame_equal(rows, own, check_exact=True)
        found = own.set_index(["statistic", "side"])["value"]
        assert values.loc[first, second] == values.loc[second, first] == found["gap", "both"]
        assert recall.loc[first, second] == found["recall1", "first_to_second"]
        assert recall.loc[second, first] == found["recall1", "second_to_first"]
    assert np.isnan(np.diag(values)).all()


def test_it_prints_as_a_table_and_is_escaped(matrix):
    lines = repr(matrix).splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("gap, n = 30")
    assert f"{matrix.gaps['image', '<script>'].value:.3f} [" in lines[1]
    assert "<script>" not in matrix._repr_html_()


def test_the_figure_is_the_workflows(matrix):
    (band,) = matrix.plot().subfigs
    titles = [panel.get_title() for panel in band.axes]
    assert titles == ["all clouds, PCA", "gap", "RMG", "recall@1"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"image": X}, "two or more"),
        (X, "two or more"),
        ({"image": X, "text": X[:9]}, "text: 9 rows"),
        ({"image": X, "text": X[:, :3]}, "text: 3 dimensions"),
        ({"1": X, 1: X}, "same name"),
    ],
)
def test_what_is_wrong_is_one_line(given, message):
    with pytest.raises(InputError, match=message):
        modgap.matrix(given)


def test_no_such_statistic_is_one_line(matrix):
    with pytest.raises(InputError, match="no 'cka'; there are gap, rmg, recall1"):
        matrix.values("cka")
