"""Curves of calibration hold the numbers of the table, solid in domain and dashed out of it."""

import numpy as np
import pandas as pd

from modgap.report.figures.calibration import draw_calibration, legend_curves


def rows(sources=("in domain", "out of domain")):
    return pd.DataFrame(
        [
            {
                "method": "nnn",
                "source": source,
                "n_calibration": n,
                "task": "text to picture",
                "change": n / 1000,
                "low": 0.0,
                "high": 0.5,
                "n": 300,
            }
            for source in sources
            for n in (128, 32)
        ]
    )


def test_points_and_styles():
    figure = draw_calibration([("Mine", rows())])
    curves = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 2][:2]
    assert [line.get_linestyle() for line in curves] == ["-", "--"]
    for line in curves:
        np.testing.assert_allclose(line.get_ydata(), [3.2, 12.8])
        np.testing.assert_allclose(line.get_xdata()[1] / line.get_xdata()[0], 4)
    assert figure.axes[0].get_title(loc="left").startswith("Mine, n = 300")
    # Tasks that there is none of have no panel, and every whisker lies in it.
    assert len(figure.axes) == 1
    assert figure.axes[0].get_ylim()[1] > 50


def test_the_legend_has_the_sources_that_there_are():
    both = [handle.get_label() for handle in legend_curves([("Mine", rows())])]
    assert {"calibration in domain", "calibration out of domain"} <= set(both)
    # One source needs no word on it.
    assert len(legend_curves([("Mine", rows(["in domain"]))])) == len(both) - 2
