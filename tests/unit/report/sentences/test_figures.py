"""Who tells what one sees in which figure."""

import pandas as pd
import pytest

from modgap.plan.outputs.targets import FIGURES
from modgap.report.sentences.figures import TELLERS, tell_figure
from modgap.tables import write_table


def test_every_figure_has_somebody_who_tells_what_one_sees():
    assert set(TELLERS) == {figure.name for figure in FIGURES}


@pytest.mark.parametrize("name", [name for name in TELLERS if name != "figX_comparison"])
def test_of_tables_without_what_it_takes_no_sentence_is_made(tmp_path, name):
    path = tmp_path / "a.parquet"
    write_table(pd.DataFrame({"statistic": ["gap"], "value": [0.5]}), path, {"run": "a"})
    for sources in ([], [str(path)]):
        assert tell_figure({"name": name, "sources": sources}, {}, []) == ""


def test_a_teller_is_given_what_it_takes(tmp_path):
    rows = {"embeddings": ["m/d/images"], "statistic": "mean_cosine", "value": 0.5}
    path = tmp_path / "cone.parquet"
    write_table(pd.DataFrame(rows), path)
    told = {
        name: tell_figure({"name": name, "sources": [path]}, {"m/d/images": "M"}, [])
        for name in ("fig2a_cone_histograms", "figS14_second_picture_set")
    }
    assert set(told.values()) == {
        "Mean cosine of two items of one cloud: 0.50 for M. Without a cone it would be 0."
    }
    assert tell_figure({"name": "unknown", "sources": []}, {}, []) == ""
