"""Matrices of modalities: every pair in the right cell, a page that leaves pyplot alone."""

import numpy as np
from matplotlib.figure import Figure

from modality_pairs import NAMES, SETS, tidy
from modgap.report.figures.matrices import draw_matrix_page, fill_matrix
from modgap.statistics.projections import project_modalities


def test_every_pair_stands_in_its_cell():
    gap = fill_matrix(tidy(), SETS, NAMES, "gap")
    nan = np.nan
    np.testing.assert_array_equal(gap, [[nan, 0.5, nan], [0.5, nan, 0.7], [nan, 0.7, nan]])
    recall = fill_matrix(tidy(), SETS, NAMES, "recall1")
    np.testing.assert_array_equal(recall, [[nan, 0.1, nan], [0.2, nan, 0.4], [nan, 0.3, nan]])


def test_a_page_has_the_clouds_and_three_matrices():
    rng = np.random.default_rng(0)
    clouds = {name: rng.standard_normal((9, 4)) + place for place, name in enumerate(NAMES)}
    drawn = project_modalities("d", clouds, max_pairs=5, seed=0, wheres=NAMES)
    group = {"label": "mine", "modalities": NAMES, "sets": SETS}
    colours = dict(zip(NAMES, ("red", "blue", "green"), strict=True))
    figure = draw_matrix_page([group], [drawn], tidy(), colours, create=Figure)
    (band,) = figure.subfigs
    assert [panel.get_title() for panel in band.axes] == [
        "all clouds, PCA", "gap", "RMG", "recall@1",
    ]  # fmt: skip
    assert [len(cloud.get_offsets()) for cloud in band.axes[0].collections] == [5] * 3
    assert [text.get_text() for text in band.axes[1].texts] == ["0.50", "0.50", "0.70", "0.70"]
    assert not band.axes[2].texts
