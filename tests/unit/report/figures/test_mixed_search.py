"""Lines of the figure of mixed search hold the numbers of the table."""

import pandas as pd

from modgap.report.figures.mixed_search import SHOWN, draw_mixed, legend_lines, mixed_rows


def rows():
    return pd.DataFrame(
        [
            {
                "method": method,
                "task": f"mixed, {share} % pictures",
                "measure": measure,
                "value": share / 100,
                "n": 400,
                "detectable": 0.03,
            }
            for method in ("raw", "merged", "pls")
            for share in (100, 0, 50)
            for measure in ("ndcg10", "recall1", "pictures10")
        ]
    )


def test_rows_are_in_the_order_of_the_share():
    other = {"method": "raw", "task": "text to text", "measure": "recall1", "value": 1.0}
    frame = mixed_rows(pd.concat([rows(), pd.DataFrame([other])]))
    assert len(frame) == 27
    assert frame["share"].is_monotonic_increasing


def test_a_line_for_each_method_that_is_shown():
    figure = draw_mixed([("Mine", rows())])
    left = figure.axes[0]
    assert len(left.lines) == 2
    for line in left.lines:
        assert list(line.get_xdata()) == [0, 50, 100]
        assert list(line.get_ydata()) == [0, 0.5, 1]
    assert left.get_title(loc="left") == "Mine, n = 400"
    assert "±0.030" in figure.axes[1].get_title(loc="left")
    assert len(legend_lines()) == len(SHOWN)


def test_a_set_without_a_mixed_search_says_so():
    none = rows().assign(task="text to text")
    figure = draw_mixed([("Mine", none)])
    assert figure.axes[0].texts[0].get_text().startswith("Mine: no mixed search")
    assert not figure.axes[0].axison
    figure = draw_mixed([("Mine", none), ("Other", rows())])
    assert figure.get_suptitle().startswith("Mine: no mixed search")
    assert figure.axes[0].get_title(loc="left").startswith("Other")
