"""A network that embeds pictures and captions, on its device, with all that describes it."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from modgap.embeddings.forward.trimming import encode_cut, used_lengths
from modgap.embeddings.networks.state_dict import short_message
from modgap.errors import InputError

PRECISIONS = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass
class LoadedModel:
    """A network on its device, in evaluation mode, with all that describes it.

    ``preprocessing`` is as in ``modgap.plan.models.entries``; ``provenance`` goes into the file
    metadata of embeddings. ``tokenizer_name``, ``context_length``, ``vocab_size`` and
    ``load_tokenizer`` are None for a model without a text tower.
    """

    network: torch.nn.Module
    device: torch.device
    precision: str
    preprocessing: dict
    dim: int
    provenance: dict
    tokenizer_name: str | None = None
    context_length: int | None = None
    vocab_size: int | None = None
    load_tokenizer: Callable | None = None

    def encode_images(self, pixels):
        """Embed pictures.

        Parameters
        ----------
        pixels : (n, size, size, 3) uint8 RGB, normalised here with the model's mean and standard
            deviation; or float32, taken as they are (the noise control).

        Returns
        -------
        (n, dim) float32, not normalised.
        """
        return self.embed_pictures(self.to_device(pixels)).cpu().numpy()

    def embed_pictures(self, batch):
        """``encode_images`` of a tensor on the device: (n, dim) float32 there."""
        batch = batch.permute(0, 3, 1, 2).contiguous(memory_format=memory_format(self.device))
        if batch.dtype == torch.uint8:
            # The same operations, in the same order, as torchvision's ToTensor and Normalize.
            mean, std = (self.per_channel(key) for key in ("mean", "std"))
            batch = batch.float().div_(255).sub_(mean).div_(std)
        with torch.inference_mode(), self.autocast():
            if self.tokenizer_name is None:
                return self.network(batch).float()
            return self.network.encode_image(batch, normalize=False).float()

    def encode_texts(self, tokens):
        """Embed tokenised captions: (n, context_length) int64 -> (n, dim) float32, raw.

        Tokens that no caption of the batch needs are left out, see ``modgap.embeddings.forward``.
        """
        length = int(self.text_lengths(tokens).max(initial=1))
        return self.embed_texts(self.to_device(tokens[:, :length])).cpu().numpy()

    def embed_texts(self, batch):
        """Embed texts cut to no less than their ``text_lengths``: (n, dim) float32 on the device.

        batch : (n, tokens) int64 tensor on the device
        """
        with torch.inference_mode(), self.autocast():
            return encode_cut(self.network, batch, self.context_length).float()

    def to_device(self, items):
        return torch.from_numpy(np.array(items)).to(self.device)

    def text_lengths(self, tokens):
        """Number of leading tokens that each embedding depends on: (n, context_length) -> (n,)."""
        return used_lengths(self.network, torch.from_numpy(np.array(tokens))).numpy()

    def tokenize(self, captions):
        """Token ids of a list of captions: (n, context_length) int64, cut off at the context."""
        return self.tokenizer(captions).numpy()

    @cached_property
    def tokenizer(self):
        try:
            return self.load_tokenizer()
        except (ImportError, OSError) as error:
            raise InputError(
                f"{self.tokenizer_name}: its tokenizer cannot be loaded "
                f"({short_message(error)}); tokenizers other than CLIP's own need the package "
                "transformers (make transformers) and their files, by prepare or in a local_dir"
            ) from error

    def per_channel(self, key):
        return torch.tensor(self.preprocessing[key], device=self.device).view(1, 3, 1, 1)

    @property
    def autocast_dtype(self):
        """What matrix products are made in, None for float32."""
        return PRECISIONS[self.precision]

    def autocast(self):
        if self.autocast_dtype is None:
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, dtype=self.autocast_dtype)


def memory_format(device):
    """How pictures lie in memory: on a processor the channels of a pixel together.

    Convolutions are faster so (ResNet-18 1.2 times, RN50 1.05 times, no network slower) and equal
    to 1e-7. Pictures for CUDA are left as they are.
    """
    return torch.channels_last if device.type == "cpu" else torch.contiguous_format
