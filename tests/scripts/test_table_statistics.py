"""Few pictures in what people read: Figure 1's title and the table of gaps."""

import numpy as np
import pandas as pd
import pytest

import fig1_modality_gap
import table_statistics
from modgap.statistics.all_pairs import measure_pair
from modgap.statistics.headline import headline_gap
from modgap.tables import write_table
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
    title = fig1_modality_gap.row_title({"label": "mine", "state": "", "paired": True}, gap, n)
    assert title.startswith(f"mine: gap {gap['value']:.3f} ")
    assert title.endswith(f"n = {n}")
    assert remark in title
    assert ("[" in title) == (n >= 10)
    if not remark:
        assert "(" not in title


def test_table_prints_the_interval_beside_the_gap_without_bias(tmp_path):
    paths = []
    for n in (5, 30):
        paths.append(tmp_path / f"{n}.parquet")
        write_table(measured(n), paths[-1])
    gap, cone = ([tmp_path / f"{name}.{end}" for end in ("csv", "md", "tex")]
                 for name in ("gap", "cone"))  # fmt: skip
    table_statistics.main(paths, [], [], gap, cone)
    header = gap[1].read_text().splitlines()[0]
    columns = [cell.strip() for cell in header.strip("|").split("|")]
    start = columns.index("gap")
    assert columns[start : start + 4] == [
        "gap", "gap_unbiased", "gap_unbiased_low", "gap_unbiased_high",
    ]  # fmt: skip
    few, more = (row for _, row in pd.read_csv(gap[0]).iterrows())
    assert np.isnan(few["gap_unbiased_low"])
    assert more["gap_unbiased_low"] <= more["gap_unbiased"] <= more["gap_unbiased_high"]
