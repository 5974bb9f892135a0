"""Which files a configuration asks for."""

import pandas as pd
import pytest

from modgap.data.table import shard_pictures
from modgap.plan.paths import count_first_shards

SIZES = [3, 1, 4]


def samples(sizes):
    """A samples table of pictures in tars of the given sizes."""
    images = [f"{tar}.tar#{i}.png" for tar, size in enumerate(sizes) for i in range(size)]
    return pd.DataFrame({"sample_id": images, "image": images})


@pytest.mark.parametrize("items", range(1, 10))
@pytest.mark.parametrize("shard_size", [None, 1, 3, 50])
def test_the_first_shards_hold_the_first_pictures(items, shard_size):
    table = samples(SIZES)
    shards = len(SIZES) if shard_size is None else -(-len(table) // shard_size)
    needed = count_first_shards(items, shard_size, shards)
    held = [name for s in range(needed) for name in shard_pictures(table, s, shard_size)["image"]]
    assert held[:items] == list(table["image"][:items])
    assert needed <= shards
