"""Figures and pages of a gap: those of the workflow, also without UMAP."""

import numpy as np
import pandas as pd
import pytest

import modgap
import project_pairs
from modgap.errors import InputError
from modgap.interface import measuring
from modgap.tables import read_table, write_embeddings

RNG = np.random.default_rng(0)
X = (RNG.normal(size=(40, 6)) + 1).astype(np.float32)
Y = (X + RNG.normal(size=X.shape) - 2).astype(np.float32)


@pytest.fixture(scope="module")
def gap():
    return modgap.gap(X, Y, label="<script>$x$", modalities=("image", "text"))


def offsets(panel):
    return [np.asarray(cloud.get_offsets()) for cloud in panel.collections[1:]]


def test_points_are_those_of_the_workflow(gap, tmp_path):
    ids = pd.DataFrame({"sample_id": [f"item-{row:06d}" for row in range(len(X))]})
    files = []
    for side, block in (("first", X), ("second", Y)):
        files.append([str(tmp_path / f"{side}.parquet")])
        write_embeddings(files[-1][0], ids, block, {"model": "imported", "joined": "by row"})
    table = tmp_path / "points.parquet"
    options = {"max_pairs": 2000, "seed": 0, "n_neighbors": 15, "min_dist": 0.1}
    project_pairs.main(*files, None, table, name="mine", caption="first", **options)
    points = read_table(table)
    panels = gap.plot().subfigs[1].axes
    assert len(panels) == 4
    for panel, (_, chosen) in zip(panels, points.groupby("method", sort=False), strict=True):
        expected = [
            chosen.loc[chosen["modality"] == side, ["x", "y"]] for side in ("first", "second")
        ]
        np.testing.assert_array_equal(offsets(panel), expected)


def test_without_umap_the_figure_says_so(gap, monkeypatch):
    monkeypatch.setattr(measuring, "find_spec", lambda name: None)
    header, band = gap.plot().subfigs
    assert [panel.get_title() for panel in band.axes] == ["PCA, centred", "gap axis"]
    assert 'pip install "modgap[umap]"' in header.texts[0].get_text()


def test_the_landscape_has_the_gap(gap):
    figure = gap.plot("landscape")
    title = figure.subfigs[1].get_suptitle()
    assert f"gap {gap.table()['value'][0]:.3f}, n = 40" in title
    assert "image→text" not in title


def test_a_page_is_escaped_and_carries_its_picture(gap):
    page = gap._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert 'src="data:image/png;base64,' in page
    assert len(page) < 150_000


@pytest.mark.parametrize(("kind", "methods"), [("umap", None), ("projection", ["tsne"])])
def test_no_such_figure_is_one_line(gap, kind, methods):
    with pytest.raises(InputError, match=r"plot: no .*; there are"):
        gap.plot(kind, methods)
