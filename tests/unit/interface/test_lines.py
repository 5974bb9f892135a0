"""Columns stand below each other."""

from modgap.interface.lines import align_columns


def test_columns_are_as_wide_as_their_widest_cell():
    assert align_columns(["", "b"], [["long", "1"], ["s", ""]]) == ["      b", "long  1", "s"]
