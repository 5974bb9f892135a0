"""Removing normalisation layers: how many there were, and what the network computes without."""

import open_clip
import torch
from torch import nn
from torchvision.models import resnet18

from modgap.embeddings.networks.normalisation import disable_normalisation

VIT = {"image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 8}
TEXT = {"context_length": 12, "vocab_size": 50, "width": 32, "heads": 2, "layers": 2}


def test_disabling_normalisation_leaves_none():
    torch.manual_seed(0)
    model = open_clip.CLIP(embed_dim=16, vision_cfg=VIT, text_cfg=TEXT).eval()
    pictures = torch.randn(14, 3, 32, 32)
    before = model.encode_image(pictures)
    # Two blocks in each tower, each with two, ln_pre and ln_post, and ln_final.
    assert disable_normalisation(model) == 2 * 2 * 2 + 3
    assert not any(isinstance(module, nn.LayerNorm) for module in model.modules())
    assert (model.encode_image(pictures) - before).abs().max() > 1e-3
    x = torch.randn(2, 5, 32)
    block = model.visual.transformer.resblocks[0]
    attended = block.attn(x, x, x, need_weights=False)[0]
    torch.testing.assert_close(block(x), x + attended + block.mlp(x + attended))


def test_disabling_batch_normalisation():
    model = resnet18()
    assert disable_normalisation(model) == 20
    assert not any(isinstance(module, nn.BatchNorm2d) for module in model.modules())
