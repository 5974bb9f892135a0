"""Both towers as one module, with an optional fixed rotation of the text side.

The rotation is the paper's start without a gap (§4.4): the orthogonal Procrustes map from the
untrained model's texts to its images, computed once and never trained. An exported checkpoint has
it folded into the text projection, so that open_clip needs to know nothing of it.
"""

import copy

import torch

from modgap.errors import InputError
from modgap.training.networks.plain_towers import (
    encode_plain_images,
    encode_plain_texts,
    has_plain_images,
    has_plain_texts,
)
from modgap.training.networks.seen_tokens import hold_all_tokens


class Towers(torch.nn.Module):
    """An open_clip network whose text embeddings are rotated: text' = text · Wᵀ.

    network : open_clip model with encode_image, encode_text and logit_scale.
    rotation : (dim, dim) orthogonal W, or None.
    plain : compute towers that ``plain_towers`` knows without what no embedding depends on. Its
        shapes differ from batch to batch, which a processor does not mind.
    """

    def __init__(self, network, rotation=None, *, plain=False):
        super().__init__()
        self.network = network
        self.plain_images = plain and has_plain_images(network)
        self.plain_texts = plain and has_plain_texts(network)
        self.register_buffer("rotation", rotation)

    def project_images(self, images):
        """Embeddings as they come, not normalised, (b, dim)."""
        if self.plain_images:
            return encode_plain_images(self.network.visual, images)
        return self.network.encode_image(images)

    def project_texts(self, tokens):
        """Embeddings as they come, neither normalised nor rotated, (b, dim)."""
        if self.plain_texts:
            return encode_plain_texts(self.network, tokens)
        return self.network.encode_text(tokens)

    def normalise_images(self, images):
        """Unit embeddings, (b, dim) float32; as open_clip normalises them."""
        return torch.nn.functional.normalize(images, dim=-1).float()

    def normalise_texts(self, texts):
        """Unit embeddings, rotated where there is a rotation, (b, dim) float32."""
        texts = torch.nn.functional.normalize(texts, dim=-1).float()
        return texts if self.rotation is None else texts @ self.rotation.T

    def encode_images(self, images):
        return self.normalise_images(self.project_images(images))

    def encode_texts(self, tokens):
        return self.normalise_texts(self.project_texts(tokens))

    def forward(self, images, tokens):
        """Unit embeddings of both sides, (b, dim) float32 each, and 1/τ."""
        return self.encode_images(images), self.encode_texts(tokens), self.network.logit_scale.exp()


def procrustes_rotation(images, texts):
    """Orthogonal W that brings texts · Wᵀ nearest to the images of the same rows; (dim, dim).

    W = U Vᵀ with U S Vᵀ the singular value decomposition of imagesᵀ · texts, not centred (the
    authors' ``training/utils.py``).
    """
    left, _, right = torch.linalg.svd(images.double().T @ texts.double())
    return (left @ right).float()


def exported_network(towers):
    """A copy of the network that alone gives what the towers give: the rotation folded in, and the
    whole vocabulary in its token embedding.
    """
    network = copy.deepcopy(towers.network).cpu()
    hold_all_tokens(network)
    if towers.rotation is None:
        return network
    rotation = towers.rotation.cpu()
    holder = network if hasattr(network, "text_projection") else network.text
    projection = getattr(holder, "text_projection", None)
    with torch.no_grad():
        if isinstance(projection, torch.nn.Parameter):
            projection.copy_(projection @ rotation.T)
        elif isinstance(projection, torch.nn.Linear):
            projection.weight.copy_(rotation @ projection.weight)
            if projection.bias is not None:
                projection.bias.copy_(rotation @ projection.bias)
        else:
            raise InputError(
                "start: gap_removed needs a text tower that ends in a linear projection; "
                "this architecture has none, use start: as_is"
            )
    return network
