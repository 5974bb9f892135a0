"""Which batches a set of pairs is cut into, and the tables of its sweep."""

import numpy as np
import pandas as pd
import pytest

from modgap.errors import InputError
from modgap.shift.sweeping import batch_sizes_for, draw_batches, sweep_shifts
from modgap.statistics.clouds import Pair


def test_batch_sizes_of_a_set():
    assert batch_sizes_for([50, "1/4", "all", 200], 200) == [50, 200]
    assert batch_sizes_for(["1/100", "all"], 60) == [2, 60]
    assert batch_sizes_for(["published", "all"], 50) == [50]
    assert batch_sizes_for(["published", "all"], 49) == [49]
    with pytest.raises(InputError, match="no batch size for 49 pairs"):
        batch_sizes_for(["published"], 49)


def test_all_captions_count_as_the_first():
    """Two captions of one picture would be each other's false negatives."""
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(8, 5)) + 1, rng.normal(size=(16, 5))
    owner = np.repeat(np.arange(8), 2)
    pair = Pair(X, Y, owner, pd.DataFrame(index=range(16)), np.arange(8).astype(str))
    settings = {
        "grid": {"first": -1, "last": 1, "step": 0.5}, "moved": ["both"], "temperatures": [1],
        "batch_sizes": ["all"], "n_resamples": 50, "seed": 0, "device": "cpu",
        "cloud_shifts": [0], "cloud_pairs": 4, "largest_batch": 100, "sample_seed": 0,
    }  # fmt: skip
    (all_, about), (first, _) = (
        sweep_shifts("toy", pair, caption=caption, **settings) for caption in ("all", "first")
    )
    assert about["n"] == 8
    for table, other in zip(all_, first, strict=True):
        pd.testing.assert_frame_equal(table, other)


def test_up_to_the_largest_batch_pairs_keep_their_order():
    np.testing.assert_array_equal(draw_batches(7, 7, 7, 0), np.arange(7))
    drawn = draw_batches(50, 50, 20, 3)
    assert len(set(drawn)) == 20
    assert (np.diff(drawn) < 0).any()
    np.testing.assert_array_equal(drawn, draw_batches(50, 50, 20, 3))
    # A sample of more pairs is stored in their order, and drawn from all the same.
    assert (np.diff(draw_batches(20, 50, 20, 3)) < 0).any()
    # Every pair is as likely.
    often = np.bincount(
        np.concatenate([draw_batches(10, 10, 5, seed) for seed in range(400)]), minlength=10
    )
    assert abs(often - 200).max() < 50
