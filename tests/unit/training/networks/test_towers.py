"""The fixed rotation of the text side and its way into a checkpoint."""

import numpy as np
import open_clip
import pytest
import torch
from scipy.linalg import orthogonal_procrustes

from modgap.errors import InputError
from modgap.training.networks.towers import Towers, exported_network, procrustes_rotation
from tiny_training import ARCHITECTURE


def unit_rows(n, dim, seed):
    rows = torch.randn(n, dim, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.normalize(rows, dim=1)


def random_rotation(dim):
    return torch.linalg.qr(unit_rows(dim, dim, 5))[0]


def test_the_map_is_scipys_procrustes():
    images, texts = unit_rows(50, 6, 0), unit_rows(50, 6, 1)
    rotation = procrustes_rotation(images, texts)
    expected, _ = orthogonal_procrustes(texts.double().numpy(), images.double().numpy())
    np.testing.assert_allclose(rotation.T.numpy(), expected, atol=1e-6)


def test_the_map_undoes_a_rotation():
    texts, turn = unit_rows(50, 6, 0), random_rotation(6)
    rotation = procrustes_rotation(texts @ turn, texts)
    torch.testing.assert_close(texts @ rotation.T, texts @ turn, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("custom", "bias"), [(False, False), (True, False), (True, True)])
def test_an_exported_network_gives_what_the_towers_give(custom, bias):
    torch.manual_seed(0)
    if custom:
        text = {**ARCHITECTURE["text_cfg"], "proj_bias": bias}
        network = open_clip.CustomTextCLIP(**{**ARCHITECTURE, "text_cfg": text})
    else:
        network = open_clip.CLIP(**ARCHITECTURE)
    towers = Towers(network.eval(), random_rotation(16))
    tokens = open_clip.get_tokenizer("ViT-B-32", context_length=12)(["a red circle", "a heart"])
    exported = exported_network(towers)
    with torch.no_grad():
        expected = towers.encode_texts(tokens)
        torch.testing.assert_close(exported.encode_text(tokens, normalize=True), expected)
        assert (network.encode_text(tokens, normalize=True) - expected).abs().max() > 0.1


def test_a_text_tower_without_projection_cannot_be_rotated():
    torch.manual_seed(0)
    text = {**ARCHITECTURE["text_cfg"], "width": 16, "proj_type": "none"}
    network = open_clip.CustomTextCLIP(**{**ARCHITECTURE, "text_cfg": text})
    with pytest.raises(InputError, match="start: gap_removed needs a text tower that ends in"):
        exported_network(Towers(network, random_rotation(16)))
