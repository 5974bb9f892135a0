"""Moments come back from their files bit for bit, and damaged files are one line."""

import numpy as np
import pytest

from modgap.errors import InputError
from modgap.statistics.moments import sums
from modgap.statistics.moments.estimates import grouped_sd_cosine
from modgap.statistics.moments.files import (
    OF_PAIR,
    OF_SIDE,
    SIDES,
    merge_files,
    read_moments,
    write_moments,
)
from modgap.statistics.moments.sums import collect_pairs, take_block


@pytest.fixture(params=[True, False], ids=["rows", "squares"])
def pairs(request, monkeypatch):
    monkeypatch.setattr(sums, "keeps_rows", lambda *_: request.param)
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((2, 100, 5))
    return collect_pairs(X, Y, np.arange(100), seed=0)


def test_what_is_written_is_read(pairs, tmp_path):
    write_moments(tmp_path / "all.npz", pairs, {"dataset": "toy"})
    again, about = read_moments(tmp_path / "all.npz")
    assert about == {"dataset": "toy"}
    assert again.first.pictures == 100
    for name in OF_PAIR:
        np.testing.assert_array_equal(getattr(again, name), getattr(pairs, name))
    for side in SIDES:
        for name in OF_SIDE:
            own, other = getattr(pairs, side), getattr(again, side)
            np.testing.assert_array_equal(getattr(other, name), getattr(own, name))
        assert type(other.squares) is type(own.squares)
        np.testing.assert_allclose(grouped_sd_cosine(other)[1], grouped_sd_cosine(own)[1])
    assert [path.name for path in tmp_path.iterdir()] == ["all.npz"]


def test_files_merge_to_the_moments_of_all(tmp_path):
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((2, 3000, 3))
    places = np.array_split(np.arange(3000), 7)
    paths = [tmp_path / f"{i}.npz" for i in range(7)]
    for path, numbers in zip(paths, places, strict=True):
        write_moments(path, take_block(X[numbers], Y[numbers], None, numbers, 3000, 0), {})
    merged, _ = merge_files(paths)
    whole = collect_pairs(X, Y, np.arange(3000), seed=0)
    np.testing.assert_allclose(merged.owned, whole.owned, rtol=1e-12, atol=1e-12)
    for side in SIDES:
        values = [grouped_sd_cosine(getattr(moments, side)) for moments in (merged, whole)]
        assert values[0][0] == pytest.approx(values[1][0], rel=1e-9)
        np.testing.assert_allclose(values[0][1], values[1][1], rtol=1e-9)


def test_files_of_other_data_do_not_merge(pairs, tmp_path):
    write_moments(tmp_path / "a.npz", pairs, {"dataset": "a"})
    write_moments(tmp_path / "b.npz", pairs, {"dataset": "b"})
    with pytest.raises(InputError, match=r"b\.npz: of other data than .*a\.npz"):
        merge_files([tmp_path / "a.npz", tmp_path / "b.npz"])


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty"])
def test_a_damaged_file_is_one_line(damage, pairs, tmp_path):
    path = tmp_path / "all.npz"
    write_moments(path, pairs, {})
    content = bytearray(path.read_bytes())
    if damage == "cut":
        content = content[: len(content) // 2]
    elif damage == "flipped":
        content[len(content) // 2] ^= 0xFF
    else:
        content = b""
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"all\.npz") as error:
        read_moments(path)
    assert "\n" not in str(error.value)
