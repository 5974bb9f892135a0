"""What the report says of methods, from rows made by hand."""

import pandas as pd

from modgap.report.sentences.methods import (
    count_words,
    describe_calibration,
    describe_methods,
    describe_mixed,
    pick_folder,
)

METHODS = pd.DataFrame(
    {
        "method": ["raw", "mean_removal", "nnn", "shift", "shared_mean"],
        "label": ["nothing", "mean removal", "NNN", "shift", "one shared mean"],
        "kind": ["raw", "method", "method", "method", "control"],
        "needs": ["nothing", "moments", "bank", "moments", "moments"],
        "microseconds": [0, 1.25, 3, 1, 1],
        "n_test": 2000,
    }
)


def cell(method, change, verdict, *, value=0.5, task="text to picture", measure="recall1"):
    return {
        "method": method,
        "task": task,
        "measure": measure,
        "value": value,
        "change": change,
        "low_refitted": change - 0.01,
        "high_refitted": change + 0.01,
        "verdict": verdict,
        "detectable": 0.02,
    }


def test_which_method_helps_by_how_much_at_what_cost():
    changes = pd.DataFrame(
        [
            cell("mean_removal", 0.03, "better", value=0.43),
            cell("nnn", 0.06, "better", value=0.46),
            cell("shift", -0.1, "worse"),
            cell("shared_mean", 0.04, "better"),
        ]
    )
    assert describe_methods(METHODS, changes) == (
        "some methods help over 2,000 held-out pictures. Text to picture "
        "(recall@1) rises most by NNN, from 40.0 to 46.0 (+6.0 points [+5.0, +7.0]; needs a bank "
        "of queries, 3 µs an item); 1 other method raises it too, and so does the control one "
        "shared mean. 1 method lowers some task, most shift, in text to picture (-10.0 points). "
        "Of 3 changes (methods times tasks) 0 are no change, within ±0.5 points; 0 are undecided, "
        "their intervals are wider than that."
    )


def test_none_helps_and_what_is_undecided():
    changes = pd.DataFrame(
        [
            cell("mean_removal", 0.001, "no change"),
            cell("nnn", 0.01, "undecided"),
            cell("shared_mean", 0.04, "better"),
        ]
    )
    told = describe_methods(METHODS, changes)
    assert told.startswith(
        "no method helps measurably over 2,000 held-out pictures, in any of 1 task (a change of "
        "2.0 points would be found)."
    )
    assert "lower" not in told
    assert "Of 2 changes (methods times tasks) 1 are no change" in told
    assert "1 are undecided" in told


def test_tasks_that_none_helps_are_told_together():
    changes = pd.DataFrame(
        [
            cell("nnn", 0.06, "better", value=0.46),
            cell("nnn", 0.0, "undecided", task="text to text") | {"detectable": 0.031},
            cell("nnn", 0.0, "undecided", task="picture to picture") | {"detectable": 0.05},
        ]
    )
    told = describe_methods(METHODS, changes)
    assert told.count("raises") == 1
    assert (
        "None raises text to text and picture to picture (changes of 3.1 to 5.0 points would be "
        "found, by task)."
    ) in told


def test_of_mixed_search_the_even_gallery_is_told():
    def rows(share):
        task = f"mixed, {share} % pictures"
        return pd.DataFrame(
            [
                cell("nnn", 0.2, "better", task=task, measure="ndcg10"),
                cell("nnn", 0.0, "no change"),
            ]
        )

    for share in (0, 25, 75, 100):
        assert describe_methods(METHODS, rows(share)).startswith("no method helps")
    told = describe_methods(METHODS, rows(50))
    assert "Mixed, 50 % pictures (NDCG@10) rises most by NNN" in told


def test_mixed_search_is_told_with_its_baseline():
    rows = [
        cell(name, 0, "", value=value, task="mixed, 50 % pictures", measure=measure)
        for name, value in (
            ("raw", 0.25),
            ("mean_removal", 0.5),
            ("mean_score_z", 0.625),
            ("merged", 0.375),
        )
        for measure in ("ndcg10", "pictures10")
    ]
    (told,) = describe_mixed("mine", pd.DataFrame(rows))
    assert "NDCG@10 is 0.250 as it is (25 % of the first ten are pictures), 0.500 after" in told
    assert "0.625 where scores" in told
    assert "and 0.375 where each" in told
    assert describe_mixed("mine", pd.DataFrame([cell("nnn", 0, "")])) == []


def test_calibration_is_told_from_its_ends():
    rows = [
        {
            "method": method,
            "source": source,
            "n_calibration": n,
            "task": "text to picture",
            "change": change,
        }
        for method in ("mean_removal", "nnn")
        for source, n, change in (
            ("in domain", 500, 0.05),
            ("in domain", 32, 0.01),
            ("out of domain", 900, -0.02),
        )
    ]
    part = "changes text to picture by +1.0 points when fitted on 32 pictures and by +5.0 on 500"
    told = describe_calibration("mine", pd.DataFrame(rows))
    assert told == (
        f"mine: mean removal {part} (-2.0 on those of another set) and NNN {part} (-2.0 on those "
        "of another set)."
    )


def test_words():
    assert count_words(1, "method") == "1 method"
    assert count_words(3, "other method") == "3 other methods"
    assert pick_folder(["a/methods/x.parquet", "a/method_paths/x.parquet"], "methods") == [
        "a/methods/x.parquet"
    ]
