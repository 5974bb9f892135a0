"""Few pictures in what people read: the table of gaps."""

import numpy as np
import pandas as pd

import table_statistics
from modgap.statistics.all_pairs import measure_pair
from modgap.tables import write_table
from toy_pairs import captioned


def measured(n, data=None):
    data = captioned(n=n, dim=16) if data is None else data
    return measure_pair(f"set{n}", *data, n_resamples=100, relevance=None, seed=0, block=64)


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
