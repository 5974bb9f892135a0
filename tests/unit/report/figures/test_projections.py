"""Figure 1: what its rows are called, and which projections a page has."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from modgap.report.figures.projections import draw_gap_page, title_gap
from modgap.statistics.all_pairs import measure_pair
from modgap.statistics.headline import headline_gap
from modgap.statistics.projections import project_clouds
from toy_pairs import captioned


def measured(n, data=None):
    data = captioned(n=n, dim=16) if data is None else data
    return measure_pair(f"set{n}", *data, n_resamples=100, relevance=None, seed=0, block=64)


def closed(n):
    """No gap: all that a sample shows of one is bias."""
    return *np.random.default_rng(0).standard_normal((2, n, 16)), np.arange(n)


@pytest.mark.parametrize(
    ("n", "data", "remark"),
    [
        (5, captioned(n=5, dim=16), "n too small for an interval"),
        (12, closed(12), "sampling bias removed"),
        (400, captioned(n=400, dim=16), ""),
    ],
)
def test_title_has_no_estimate_beside_an_interval_that_leaves_it_out(n, data, remark):
    frame = measured(n, data)
    gap = headline_gap(frame)
    title = title_gap({"label": "mine", "state": "", "paired": True}, gap, n)
    assert title.startswith(f"mine: gap {gap['value']:.3f} ")
    assert title.endswith(f"n = {n}")
    assert remark in title
    assert ("[" in title) == (n >= 10)
    if not remark:
        assert "(" not in title


def test_a_page_has_the_projections_that_are_asked_for_and_leaves_pyplot_alone():
    X, Y, owner = captioned(n=20, dim=8)
    points, axes = project_clouds(
        "toy", X[owner], Y, np.tile(np.arange(len(Y)), 2), keys={}, methods=["pca", "gap_axis"]
    )
    row = {"name": "toy", "label": "toy", "state": "", "grouped": False, "paired": True}
    figure = draw_gap_page(
        [row | {"modalities": ["image", "text"]}],
        {"toy": points},
        {"toy": {"axes": axes, "n_drawn": len(Y)}},
        {"toy": measured(20)},
        {"image": "red", "text": "blue"},
        methods=["pca", "gap_axis"],
        create=Figure,
    )
    _, band = figure.subfigs
    assert [panel.get_title() for panel in band.axes] == ["PCA, centred", "gap axis"]
    assert [len(cloud.get_offsets()) for cloud in band.axes[0].collections[1:]] == [len(Y)] * 2
