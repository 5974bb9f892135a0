"""What one sees in figures of zero-shot and fairness tasks, told from their tables."""

import pandas as pd

from modgap.report.sentences.tasks import tell_fairness, tell_zero_shot
from modgap.tables import write_table


def test_accuracy_is_told_without_a_shift_and_at_the_best(tmp_path):
    rows = {"task": "t", "statistic": "top1", "side": "both", "delta": [-1.0, 0.0, 1.0]}
    path = tmp_path / "t.parquet"
    write_table(pd.DataFrame({**rows, "value": [0.5, 0.4, 0.1]}), path)
    told = tell_zero_shot([path], {"t": "CIFAR"})
    assert told.startswith("CIFAR: 40.0 % right with the gap as it is, 50.0 % at the best shift")
    assert "δ = -1" in told


def test_the_gain_is_told_with_the_interval_that_allows_for_the_choice(tmp_path):
    curve = {"task": "t", "statistic": "top1", "side": "both", "delta": [0.0, 1.0]}
    write_table(pd.DataFrame({**curve, "value": [0.4, 0.45]}), tmp_path / "c.parquet")
    chosen = {"task": "t", "side": ["both", "both", "first"], "gain": 0.05, "high": 0.09}
    procedures = ["published", "corrected", "corrected"]
    frame = pd.DataFrame({**chosen, "procedure": procedures, "low": [None, 0.01, -0.02]})
    write_table(frame, tmp_path / "s.parquet")
    told = tell_zero_shot([tmp_path / "c.parquet", tmp_path / "s.parquet"], {})
    assert "(δ = 1, gain 5.0 (95 %: 1.0 to 9.0) points)" in told


def rates(path, measures=("thing", "accuracy"), zero=(0.1, 0.1, 0.3)):
    """Rates at two shifts, of everyone and of two groups, by two sets of prompts."""
    places = [("all", "all"), ("colour", "red"), ("colour", "blue")]
    rows = [
        {"templates": templates, "measure": measure, "grouping": grouping, "group": group,
         "delta": delta, "value": value if delta == 0 else 0.9}
        for templates in ("first", "other")
        for measure in measures
        for (grouping, group), value in zip(places, zero, strict=True)
        for delta in (0.0, 1.0)
    ]  # fmt: skip
    frame = pd.DataFrame(rows).assign(task="t", n=50)
    frame.loc[frame["templates"] == "other", "value"] = 1.0
    frame.loc[frame["measure"] == "accuracy", "value"] = 0.75
    write_table(frame.assign(low=frame["value"] - 0.1, high=frame["value"] + 0.1), path)
    return path


def test_rates_are_told_by_group_and_over_the_shifts(tmp_path):
    told = tell_fairness([rates(tmp_path / "a.parquet")], {"t": "T"})
    assert told.startswith("T: without a shift 10.0 % (95 %: 0.0 % to 20.0 %) of 50 pictures")
    assert "are assigned to “thing”" in told
    assert "by colour from 10.0 % (95 %: 0.0 % to 20.0 %) (red, n = 50) to 30.0 %" in told
    assert "Over the shifts tried it is 10.0 % (δ = 0) to 90.0 % (δ = 1)" in told
    assert "accuracy without a shift 75.0 %" in told


def test_groups_that_are_alike_are_told_once_and_sums_as_sums(tmp_path):
    path = rates(tmp_path / "a.parquet", ("thing", "sum", "accuracy"), (0.2, 0.2, 0.2))
    told = tell_fairness([path], {})
    assert "are assigned to any of its categories, and of every group by colour 20.0 %." in told
    write_table(pd.DataFrame({"task": ["t"]}), path)
    assert tell_fairness([path], {}) == ""
    assert tell_fairness([rates(path, ("accuracy",))], {}) == ""
