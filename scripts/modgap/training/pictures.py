"""Captioned pictures in the order training sees them, and their batches on the device.

Everything random here (order, choice of caption, mismatches) follows from the seed and the number
of the epoch alone, so a resumed run and every process of a distributed run see the same batches.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from modgap.data.arrays import open_array
from modgap.errors import InputError
from modgap.tables import read_metadata, read_table

# Keeps the streams of order, captions, mismatches and reshuffled pairs apart.
ORDER, CAPTION, MISMATCH, RESHUFFLE = 0, 1, 2, 3


@dataclass(frozen=True)
class CaptionedPictures:
    """Pictures with their captions, from the pipeline's crops and samples tables.

    arrays : list of (m, size, size, 3) uint8 arrays, one per shard (memory-mapped).
    shard, row : (n,) where each picture is in ``arrays``.
    captions : list of every caption, those of a picture side by side.
    first, count : (n,) place of a picture's first caption in ``captions``, and their number.
    samples : DataFrame, one row per caption, in the order of ``captions``.
    dataset_sha256 : list of the datasets' digests.
    """

    arrays: list
    shard: np.ndarray
    row: np.ndarray
    captions: list
    first: np.ndarray
    count: np.ndarray
    samples: pd.DataFrame
    dataset_sha256: list

    def __len__(self):
        return len(self.shard)

    def pixels(self, pictures):
        """Crops of the given pictures, (b, size, size, 3) uint8."""
        size = self.arrays[0].shape[1]
        crops = np.empty((len(pictures), size, size, 3), np.uint8)
        shards = self.shard[pictures]
        for shard in np.unique(shards):
            here = np.flatnonzero(shards == shard)
            crops[here] = self.arrays[shard][self.row[pictures[here]]]
        return crops


def read_captioned_pictures(arrays, indexes, samples, where):
    """Join crops and captions of one or more datasets.

    Parameters
    ----------
    arrays, indexes : paths of the pixel shards (``.npy``) and their indexes, in the same order.
    samples : paths of the samples tables of the same datasets.
    where : what the datasets are for, named in errors.

    Raises
    ------
    InputError : a dataset without captions, or pixels that are not pictures.
    """
    tables = {read_metadata(path)["dataset"]: path for path in samples}
    opened = list(map(open_array, arrays))
    rows = []
    for shard, (path, pixels) in enumerate(zip(indexes, opened, strict=True)):
        if pixels.dtype != np.uint8:
            raise InputError(f"{where}: {arrays[shard]} holds noise, not pictures; use pictures")
        index = read_table(path).query("row >= 0")
        rows.append(index.assign(dataset=read_metadata(path)["dataset"], shard=shard))
    pictures = pd.concat(rows, ignore_index=True)[["dataset", "sample_id", "shard", "row"]]
    pictures["picture"] = np.arange(len(pictures))
    texts = [read_table(path).assign(dataset=name) for name, path in tables.items()]
    for name, frame in zip(tables, texts, strict=True):
        if frame["caption"].isna().any():
            lacking = frame.loc[frame["caption"].isna(), "sample_id"].iloc[0]
            raise InputError(
                f"{where}: dataset {name} has no caption for {lacking}; training needs one for "
                "every picture"
            )
    joined = pictures.merge(
        pd.concat(texts, ignore_index=True), on=["dataset", "sample_id"], how="inner"
    )
    joined = joined.sort_values(["picture", "caption_index"], ignore_index=True)
    count = joined.groupby("picture").size().to_numpy()
    return CaptionedPictures(
        arrays=opened,
        shard=pictures["shard"].to_numpy(),
        row=pictures["row"].to_numpy(),
        captions=joined["caption"].tolist(),
        first=np.concatenate([[0], np.cumsum(count)[:-1]]),
        count=count,
        samples=joined,
        dataset_sha256=[read_metadata(path)["dataset_sha256"] for path in samples],
    )


def check_batch_size(n, batch_size, accumulate, processes, where):
    """Raise an InputError unless the batches can be cut from n pictures."""
    if batch_size > n:
        raise InputError(
            f"{where}: a batch of {batch_size} is larger than the {n} training pictures; "
            "set a smaller batch_size"
        )
    if batch_size % (accumulate * processes):
        raise InputError(
            f"{where}: batch_size {batch_size} cannot be cut into {accumulate} parts (accumulate) "
            f"on each of {processes} processes; make it a multiple of {accumulate * processes}"
        )


def mismatched_pictures(n, share, seed):
    """Whose captions each picture has, (n,): its own, or another's for ``share`` of the pictures.

    The chosen pictures pass their captions on in a circle, so none of them keeps its own.
    """
    owner = np.arange(n)
    chosen = np.random.default_rng([seed, MISMATCH]).permutation(n)[: round(share * n)]
    if len(chosen) > 1:
        owner[chosen] = np.roll(chosen, 1)
    return owner


def batch_pictures(n, batch_size, step, seed):
    """Pictures of step ``step`` (from 0), (batch_size,).

    Every epoch is a new order of all n; the rest that fills no batch is dropped.
    """
    per_epoch = n // batch_size
    epoch, place = divmod(step, per_epoch)
    order = np.random.default_rng([seed, ORDER, epoch]).permutation(n)
    return order[place * batch_size : (place + 1) * batch_size]


def batch_captions(data, pictures, owner, step, batch_size, seed, caption):
    """Places in ``data.captions`` of one caption for each picture of step ``step``.

    owner : (n,) of ``mismatched_pictures``. caption : "first", "last", or "random": one of them,
    drawn anew in every epoch.
    """
    speaker = owner[pictures]
    if caption == "first":
        return data.first[speaker]
    if caption == "last":
        return data.first[speaker] + data.count[speaker] - 1
    epoch = step // (len(data) // batch_size)
    draws = np.random.default_rng([seed, CAPTION, epoch]).random(len(data))[pictures]
    return data.first[speaker] + (draws * data.count[speaker]).astype(int)


def reshuffle_captions(captions, step, seed):
    """The captions of one batch in an order drawn anew in every step: pairs that mean nothing."""
    return np.random.default_rng([seed, RESHUFFLE, step]).permutation(captions)


class Batches:
    """The batches of one process of a run.

    data : CaptionedPictures; loaded : LoadedModel (tokenizer, normalisation); place : Place.
    """

    def __init__(self, data, loaded, recipe, seed, place):
        self.data, self.recipe, self.seed, self.place = data, recipe, seed, place
        self.mean, self.std = (
            torch.tensor(loaded.preprocessing[key], device=place.device).view(1, 3, 1, 1)
            for key in ("mean", "std")
        )
        self.token_row, unique = pd.factorize(np.asarray(data.captions, dtype=object))
        self.tokens = torch.from_numpy(loaded.tokenize(list(unique))).to(torch.int32)
        self.owner = mismatched_pictures(len(data), recipe["mismatched"], seed)

        cuda = place.device.type == "cuda"
        self.copies = torch.cuda.Stream(place.device) if cuda else None

    def prepare(self, crops):
        """(b, size, size, 3) uint8 crops as normalised (b, 3, size, size) images on the device."""
        return self.normalise(self.to_device(torch.from_numpy(crops)))

    def normalise(self, crops):
        """``prepare`` of crops that are on the device already."""
        images = crops.permute(0, 3, 1, 2).contiguous()
        return images.float().div_(255).sub_(self.mean).div_(self.std)

    def to_device(self, tensor):
        if self.place.device.type == "cuda":
            return tensor.pin_memory().to(self.place.device, non_blocking=True)
        return tensor

    def fetch(self, step):
        """Parts of a step on the device, not normalised, and the event of their arrival or None.

        On a GPU their copies run in a stream of their own, beside the steps before.
        """
        parts = [(torch.from_numpy(crops), tokens) for crops, tokens in self.at(step)]
        if self.copies is None:
            return parts, None
        with torch.cuda.stream(self.copies):
            return [tuple(map(self.to_device, part)) for part in parts], self.copies.record_event()

    def receive(self, parts, arrived):
        """What ``fetch`` gave, for the steps: lists of (images, tokens)."""
        if arrived is not None:
            computing = torch.cuda.current_stream(self.place.device)
            computing.wait_event(arrived)
            for tensor in (tensor for part in parts for tensor in part):
                tensor.record_stream(computing)
        return [(self.normalise(crops), tokens) for crops, tokens in parts]

    def at(self, step):
        """This process's crops and tokens of one step, on the CPU.

        Batches are cut into processes and then into the parts of gradient accumulation.
        """
        size, parts = self.recipe["batch_size"], self.recipe["accumulate"]
        pictures = batch_pictures(len(self.data), size, step, self.seed)
        captions = batch_captions(
            self.data, pictures, self.owner, step, size, self.seed, self.recipe["caption"]
        )
        if self.recipe["loss"] == "reshuffled":
            captions = reshuffle_captions(captions, step, self.seed)
        mine = np.split(np.arange(size), self.place.size)[self.place.rank]
        return [
            (self.data.pixels(pictures[rows]), self.tokens[self.token_row[captions[rows]]].long())
            for rows in np.split(mine, parts)
        ]

    def of_steps(self, steps):
        """Yield the parts of each step of ``steps``: lists of (images, tokens) on the device."""
        with ThreadPoolExecutor(1) as ahead:
            coming = None
            for step in steps:
                here = coming or ahead.submit(self.fetch, step)
                coming = ahead.submit(self.fetch, step + 1)
                yield self.receive(*here.result())

    def chosen_captions(self, caption, batch_size=256):
        """Yield images and tokens of every training picture with its "first" or "last" caption."""
        for start in range(0, len(self.data), batch_size):
            pictures = np.arange(start, min(start + batch_size, len(self.data)))
            captions = batch_captions(self.data, pictures, self.owner, 0, 1, self.seed, caption)
            tokens = self.tokens[self.token_row[captions]].long()
            yield self.prepare(self.data.pixels(pictures)), self.to_device(tokens)
