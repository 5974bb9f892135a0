"""Any number of processes measures the same."""

import pandas as pd

from modgap.methods.comparing import tabulate_changes
from modgap.methods.side_by_side import measure_methods
from planted_settings import make_setting


def test_two_processes_measure_what_one_does():
    setting, names = make_setting(captions=1, labelled=False), ["raw", "shift", "nnn"]
    tables = []
    for processes in (1, 2):
        measured = measure_methods(names, setting, processes)
        assert list(measured) == names
        tables.append(tabulate_changes(measured, n_draws=50, seed=0))
    pd.testing.assert_frame_equal(*tables, rtol=1e-12, atol=1e-12)
