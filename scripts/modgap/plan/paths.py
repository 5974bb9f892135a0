"""Files of every cloud, crop and run that a configuration asks for."""


def first_shards(items, shard_size, shards):
    """Number of the first shards that are sure to hold the first ``items`` pictures.

    shard_size : pictures in every shard but the last; None where a shard is an archive, of which
    only that it holds a picture is known. shards : how many there are.
    """
    return min(shards, items if shard_size is None else -(-items // shard_size))
