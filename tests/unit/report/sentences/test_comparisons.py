"""What the report says of a comparison."""

import numpy as np
import pandas as pd

from modgap.report.sentences.comparisons import describe_comparison, read_comparison
from modgap.tables import write_table


def row(statistic, side, before, after, low, high, p, n=500):
    return {
        "comparison": "finetune",
        "statistic": statistic,
        "side": side,
        "before": before,
        "after": after,
        "difference": after - before,
        "low": low,
        "high": high,
        "p_holm": p,
        "n": n,
    }


ROWS = pd.DataFrame(
    [
        row("gap_unbiased", "both", 0.82, 0.7, -0.14, -0.1, 0.001),
        row("rmg", "both", 0.6, 0.5, -0.11, -0.09, 0.001),
        row("recall1", "first_to_second", 0.4, 0.5, 0.05, 0.15, 0.01),
        row("recall1", "second_to_first", 0.4, 0.42, -0.01, 0.05, 0.2),
        row("zero_shot", "CIFAR-10", 0.9, 0.8, -0.13, -0.07, 0.001),
    ]
)


def test_what_changed_and_what_did_not():
    assert describe_comparison(ROWS, ("old", "new"), ("image", "sound")) == (
        "new has a gap 0.120 smaller [0.100, 0.140] than old over the same 500 pictures. "
        "Recall@1 from image to sound rose from 40.0 % to 50.0 % "
        "(+10.0 points [+5.0, +15.0]); zero-shot accuracy on CIFAR-10 fell from 90.0 % to 80.0 % "
        "(-10.0 points [-13.0, -7.0]). "
        "Recall@1 from sound to image did not change measurably."
    )


def test_a_difference_that_is_none_is_not_claimed():
    for p in (0.3, np.nan):
        rows = ROWS.assign(p_holm=p)
        text = describe_comparison(rows)
        assert text.startswith("the gaps of after and before do not differ measurably over the")
        assert "rose" not in text
        assert "fell" not in text


def test_a_larger_gap_is_called_larger():
    larger = ROWS.assign(difference=0.2, low=0.1, high=0.3)
    assert "a gap 0.200 larger [0.100, 0.300]" in describe_comparison(larger)


def test_a_file_says_its_sets_and_notes(tmp_path):
    path = tmp_path / "finetune.parquet"
    about = {"sets": ["old", "new"], "modalities": ["image", "sound"]}
    write_table(ROWS, path, {**about, "notes": ["2 of 502 are left out"]})
    found = read_comparison(path)
    assert (found["name"], found["sets"]) == ("finetune", ["old", "new"])
    assert found["notes"] == ["2 of 502 are left out"]
    assert found["text"].startswith("new has a gap")
