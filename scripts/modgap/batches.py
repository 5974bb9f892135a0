"""Training batches on the device, one step ahead of their use."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import torch

from modgap.training_data import batch_captions, batch_pictures, mismatched_pictures


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

    def prepare(self, crops):
        """(b, size, size, 3) uint8 crops as normalised (b, 3, size, size) images on the device."""
        images = self.to_device(torch.from_numpy(crops))
        images = images.permute(0, 3, 1, 2).contiguous()
        return images.float().div_(255).sub_(self.mean).div_(self.std)

    def to_device(self, tensor):
        if self.place.device.type == "cuda":
            return tensor.pin_memory().to(self.place.device, non_blocking=True)
        return tensor

    def at(self, step):
        """This process's crops and tokens of one step, on the CPU.

        Batches are cut into processes and then into the parts of gradient accumulation.
        """
        size, parts = self.recipe["batch_size"], self.recipe["accumulate"]
        pictures = batch_pictures(len(self.data), size, step, self.seed)
        captions = batch_captions(
            self.data, pictures, self.owner, step, size, self.seed, self.recipe["caption"]
        )
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
                here = coming or ahead.submit(self.at, step)
                coming = ahead.submit(self.at, step + 1)
                yield [
                    (self.prepare(crops), self.to_device(tokens)) for crops, tokens in here.result()
                ]

    def first_captions(self, batch_size=256):
        """Yield images and tokens of every training picture with its first caption."""
        for start in range(0, len(self.data), batch_size):
            pictures = np.arange(start, min(start + batch_size, len(self.data)))
            tokens = self.tokens[self.token_row[self.data.first[self.owner[pictures]]]].long()
            yield self.prepare(self.data.pixels(pictures)), self.to_device(tokens)
