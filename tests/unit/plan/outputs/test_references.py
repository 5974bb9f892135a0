"""The known gaps that a run is compared with."""

import numpy as np
import pytest

from modgap.errors import InputError
from modgap.plan.outputs.references import REFERENCE_COLUMNS, read_references
from modgap.statistics.measurements import gap_rows
from modgap.statistics.moments.sums import collect_pairs

# Name in the table, and the published file that it is recomputed from.
PUBLISHED = {
    f"the {twin}published {model} pairs": f"features_{model.lower()}{suffix}.npy"
    for model in ("CLIP", "VideoCLIP", "ConVIRT", "CLASP")
    for twin, suffix in (("", ""), ("random twin of the ", "_random"))
}


def test_every_reference_says_what_it_is_of_and_where_it_comes_from(root):
    rows = read_references(root)
    assert len({row["name"] for row in rows}) == len(rows) >= 9
    for row in rows:
        assert all(row[key] for key in ("model", "data", "state", "source")), row
        assert 0 <= row["gap"] <= 2
        assert (row["low"] is None) == (row["high"] is None)
        assert row["low"] is None or row["low"] <= row["gap"] <= row["high"]
        # Only what was recomputed here has an interval of ours.
        assert (row["low"] is not None) == row["source"].startswith("recomputed")
    closed, *others = rows
    assert (closed["name"], closed["gap"], closed["n"]) == ("closed", 0, None)
    assert all(row["n"] for row in others)


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_references_are_what_the_published_features_give(root, shared, name):
    (row,) = [row for row in read_references(root) if row["name"] == name]
    X, Y = np.load(shared(f"data/published/{PUBLISHED[name]}"), allow_pickle=False)
    assert row["n"] == len(X)
    gap = gap_rows(collect_pairs(X, Y, np.arange(len(X)), 0), 2000, 0)[0]
    assert gap["value"] == pytest.approx(row["gap"], abs=1e-6)
    assert (gap["low"], gap["high"]) == pytest.approx((row["low"], row["high"]), abs=1e-3)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("a,m,d,5,wide,,,trained,s", "line 2: gap 'wide' is no number"),
        ("a,m,d,5.5,1,,,trained,s", "line 2: n '5.5' is no number"),
        ("a,m,d,5,,,,trained,s", "line 2: 'a' has no gap"),
    ],
)
def test_a_cell_that_is_no_number_is_named(tmp_path, line, said):
    (tmp_path / "config").mkdir()
    path = tmp_path / "config" / "reference_gaps.csv"
    path.write_text(f"{','.join(REFERENCE_COLUMNS)}\n{line}\n")
    with pytest.raises(InputError, match=said):
        read_references(tmp_path)


def test_other_columns_are_refused(tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "reference_gaps.csv").write_text("name,gap\na,1\n")
    with pytest.raises(InputError, match="its columns have to be name, model"):
        read_references(tmp_path)
