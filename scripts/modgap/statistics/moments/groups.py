"""Which group a picture belongs to: the unit that intervals leave out or draw again.

Up to ``GROUPS`` pictures every picture is a group of its own, and intervals are those over
pictures. Of more, a hash of the picture's number and the seed deals them into ``GROUPS`` groups,
whatever file or shard a picture lies in and in whichever order they are read: the groups are then
clusters of random size, drawn independently, and what is right for clusters is right for them.
Pictures with ids of their own are dealt by a hash of the id, however many they are.
"""

import numpy as np

# Groups for sums of rows, and for sums of their squares, which take dim times the room.
GROUPS, SQUARE_GROUPS = 2000, 50


def group_pictures(numbers, n_pictures, seed):
    """Group (k,) of each picture and the number of groups.

    Parameters
    ----------
    numbers : (k,) numbers of some of the pictures, 0 … n_pictures − 1.
    n_pictures : how many there are in all. seed : another one deals them otherwise.
    """
    numbers = np.asarray(numbers)
    if n_pictures <= GROUPS:
        return numbers.astype(np.int64), n_pictures
    return group_keys(numbers.astype(np.uint64), seed), GROUPS


def group_keys(keys, seed):
    """One of ``GROUPS`` groups (k,) of each picture, from keys (k,) uint64 that are its alone."""
    return (mix_seeded(keys, seed) % np.uint64(GROUPS)).astype(np.int64)


def mix_seeded(keys, seed):
    """Keys (uint64) mixed with a seed: another one deals them otherwise."""
    with np.errstate(over="ignore"):
        return mix_bits(keys + mix_bits(np.uint64(seed)))


def mix_bits(numbers):
    """Numbers (uint64) whose bits all depend on all bits of those given.

    The output function of SplitMix64 (Steele, Lea & Flood 2014), a bijection.
    """
    with np.errstate(over="ignore"):
        mixed = numbers + np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return mixed ^ (mixed >> np.uint64(31))


def keeps_rows(n_pictures, dim):
    """Whether rows themselves take no more room than ``SQUARE_GROUPS`` sums of their squares.

    They are kept then, and nothing is lost: sums of squares in each group follow from them.
    """
    return n_pictures <= max(GROUPS, SQUARE_GROUPS * dim)
