"""A comparison has the workflow's numbers to the last digit, and prints as a line."""

import numpy as np
import pandas as pd
import pytest

import compare_sets
import modgap
from modgap.errors import InputError
from modgap.interface.comparing import spell_p
from modgap.tables import read_table, write_embeddings

RNG = np.random.default_rng(0)
X = (RNG.normal(size=(40, 6)) + 1).astype(np.float32)
SETS = [(X, X + s + RNG.normal(size=X.shape).astype(np.float32)) for s in (-2, -1)]


def test_the_table_is_that_of_compare_sets(tmp_path):
    ids = pd.DataFrame({"sample_id": [f"item-{row:06d}" for row in range(len(X))]})
    sources = []
    for place, blocks in enumerate(SETS):
        paths = [tmp_path / f"{place}-{side}.parquet" for side in (1, 2)]
        for path, block in zip(paths, blocks, strict=True):
            write_embeddings(path, ids, block, {"model": "imported", "joined": "by row"})
        first, second = ([str(path)] for path in paths)
        sources.append({"first": first, "second": second, "samples": None, "caption": "first"})
    table = tmp_path / "table.parquet"
    compare_sets.main(
        *sources, [], table, name="mine", sets=["a", "b"], modalities=["x", "y"],
        exact_rows=20000, n_resamples=2000, seed=0, block=2000,
    )  # fmt: skip
    a, b = (modgap.gap(*blocks, label=label) for blocks, label in zip(SETS, "ab", strict=True))
    found = a.compare(b, "mine")
    pd.testing.assert_frame_equal(found.table(), read_table(table), check_exact=True)
    assert repr(found).startswith("a → b: gap 1.")
    assert found.value == found.table()["difference"][0]
    assert found.interval[0] < found.value < found.interval[1] < 0


def test_labels_are_no_markup():
    evil = modgap.gap(*SETS[0], label="<script>")
    page = evil.compare(modgap.gap(*SETS[1]))._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_what_cannot_be_compared_is_one_line():
    gap = modgap.gap(*SETS[0])
    with pytest.raises(InputError, match="ndarray is no gap"):
        gap.compare(X)
    with pytest.raises(InputError, match=r"40 pictures and .* has 30"):
        gap.compare(modgap.gap(X[:30], -X[:30]))


def test_a_tiny_p_is_not_zero():
    assert spell_p(0.0) == "p < 0.0001"
    assert spell_p(0.0312) == "p = 0.031"
