"""Groups: a picture each while they are few, and a hash's that no shard changes."""

import numpy as np

from modgap.statistics.moments.groups import (
    GROUPS,
    group_keys,
    group_pictures,
    keeps_rows,
    mix_bits,
    mix_seeded,
)


def test_few_pictures_are_groups_of_their_own():
    groups, n = group_pictures([3, 0, GROUPS - 1], GROUPS, seed=5)
    assert groups.tolist() == [3, 0, GROUPS - 1]
    assert n == GROUPS


def test_many_are_dealt_by_number_and_seed_alone():
    n = 200_000
    groups, n_groups = group_pictures(np.arange(n), n, seed=1)
    assert n_groups == GROUPS
    some = np.random.default_rng(0).permutation(n)[:1000]
    np.testing.assert_array_equal(group_pictures(some, n, seed=1)[0], groups[some])
    other = group_pictures(np.arange(n), n, seed=2)[0]
    # Another seed deals anew: as many stay as by chance.
    assert np.mean(other == groups) < 10 / GROUPS


def test_their_sizes_are_those_of_independent_draws():
    n = 200_000
    counts = np.bincount(group_pictures(np.arange(n), n, seed=0)[0], minlength=GROUPS)
    chi_square = ((counts - n / GROUPS) ** 2 / (n / GROUPS)).sum()
    assert abs(chi_square - (GROUPS - 1)) < 5 * np.sqrt(2 * GROUPS)
    # Neighbours are in other groups than their neighbours, as often as chance has it.
    groups = group_pictures(np.arange(n), n, seed=0)[0]
    assert np.mean(groups[1:] == groups[:-1]) < 3 / GROUPS


def test_the_published_numbers_of_splitmix64():
    """First outputs of the generator seeded with 0 (its state grows by the golden gamma)."""
    gamma = 0x9E3779B97F4A7C15
    states = np.array([0, gamma, (2 * gamma) % 2**64], dtype=np.uint64)
    expected = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    assert [int(value) for value in mix_bits(states)] == expected


def test_rows_are_kept_while_they_are_fewer_than_their_squares():
    assert keeps_rows(GROUPS, 1)
    assert not keeps_rows(GROUPS + 1, 1)
    assert keeps_rows(25_600, 512)
    assert not keeps_rows(25_601, 512)


def test_keys_are_dealt_by_their_bits_and_the_seed():
    keys = np.array([0, 1, 2**64 - 1], dtype=np.uint64)
    np.testing.assert_array_equal(group_keys(keys[::-1], 3), group_keys(keys, 3)[::-1])
    assert mix_seeded(keys, 3).tolist() != mix_seeded(keys, 4).tolist()
    many = np.arange(5000, dtype=np.uint64)
    np.testing.assert_array_equal(group_keys(many, 3), group_pictures(many, 5000, 3)[0])
