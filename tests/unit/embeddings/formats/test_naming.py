"""Which array of a file is meant, and identifiers as texts."""

import numpy as np
import pytest

from modgap.embeddings.formats.naming import as_texts, choose_name
from modgap.errors import InputError


def test_the_only_array_needs_no_name():
    assert choose_name("x.npz", None, ["img"]) == "img"
    assert choose_name("x.npz", "txt", ["img", "txt"]) == "txt"
    with pytest.raises(InputError, match=r"x\.npz: holds img, txt; say which"):
        choose_name("x.npz", None, ["img", "txt"])
    with pytest.raises(InputError, match=r"x\.npz: no 'b' in it \(found: img\)"):
        choose_name("x.npz", "b", ["img"])


def test_identifiers_are_texts_without_decimal_points():
    assert as_texts(np.array([1.0, 20.0, 3.5])) == ["1", "20", "3.5"]
    assert as_texts(["a", 7, None, float("nan")]) == ["a", "7", "", ""]
