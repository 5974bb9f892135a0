"""What people hand over becomes the same rows; what is wrong is one line."""

import numpy as np
import pandas as pd
import pytest

from modgap.errors import InputError
from modgap.interface.given import take_given

X = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)


class Column:
    """As a column of HuggingFace ``datasets``: slices are lists, and there is no array protocol."""

    def __init__(self, rows, convert=lambda rows: rows):
        self.rows, self.convert = rows, convert

    def __getitem__(self, key):
        return self.convert(self.rows[key])


GIVEN = {
    "list": X.tolist(),
    "rows": list(X),
    "frame": pd.DataFrame(X),
    "nullable": pd.DataFrame(X).astype("Float32"),
    "column of lists": pd.Series(X.tolist()),
    "datasets": Column(X.tolist()),
    "datasets as numpy": Column(X),
    "datasets as a list of arrays": Column(list(X)),
    "half": X.astype(np.float64),
}


@pytest.mark.parametrize("kind", GIVEN)
def test_all_are_the_same_rows(kind):
    found = take_given(GIVEN[kind], "first")
    np.testing.assert_array_equal(found, X)
    assert found.dtype == np.float32


def test_tensors_one_by_one_and_columns_of_them():
    torch = pytest.importorskip("torch")
    tensor = torch.tensor(X, requires_grad=True)
    for given in (tensor, list(tensor), Column(tensor), Column(tensor, list)):
        np.testing.assert_array_equal(take_given(given, "first"), X)
    rounded = take_given(list(tensor.bfloat16()), "first")
    np.testing.assert_array_equal(rounded, tensor.detach().bfloat16().float().numpy())


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("images.npy", "read it with modgap.load"),
        ({"a": X, "b": X}, "give one of them: a, b"),
        (pd.DataFrame({"a": ["x", "y"], "b": [1.0, 2.0]}), "no .* array of numbers"),
        ([[1.0, 2.0], [3.0]], "no .* array of numbers"),
        (pd.Series([[1.0, 2.0], [3.0]]), "no .* array of numbers"),
        ([[1, 2], [3, 4]], "int64 of shape"),
        (5, "no .* array of numbers"),
        (X[:0], "shape"),
        (X * np.nan, "not finite"),
        (X * 0, "all zeros"),
    ],
)
def test_what_is_wrong_is_one_line(given, message):
    with pytest.raises(InputError, match=message) as error:
        take_given(given, "first")
    assert str(error.value).startswith("first: ")
    assert "\n" not in str(error.value)
