"""Which pictures of a dataset belong to which shard."""

from modgap.listing import split_location


def shard_pictures(samples, shard, shard_size):
    """sample_id and image of the pictures of one shard, in order.

    Those of the pictures [shard * shard_size, (shard + 1) * shard_size), or, where ``shard_size``
    is None, those of the shard-th archive (a webdataset's tars).
    """
    pictures = samples[["sample_id", "image"]].drop_duplicates("sample_id", ignore_index=True)
    if shard_size is None:
        archives = pictures["image"].map(lambda image: split_location(image)[0])
        inside = archives == archives.drop_duplicates().iloc[shard]
        return pictures[inside].reset_index(drop=True)
    start = shard * shard_size
    return pictures.iloc[start : start + shard_size].reset_index(drop=True)


def first_shards(items, shard_size, shards):
    """Number of the first shards that are sure to hold the first ``items`` pictures.

    shard_size : pictures in every shard but the last; None where a shard is an archive, of which
    only that it holds a picture is known. shards : how many there are.
    """
    return min(shards, items if shard_size is None else -(-items // shard_size))
