"""A last block for the class token alone gives the embeddings of the whole block."""

import open_clip
import pytest
import torch

from modgap.embeddings.last_block import class_token_only, reads_class_token

TEXT = {"width": 16, "heads": 1, "layers": 1, "context_length": 8, "vocab_size": 50}
VISION = {"image_size": 32, "patch_size": 8, "width": 64, "layers": 3, "head_width": 16}


def build(quick_gelu=False, **more):
    torch.manual_seed(0)
    network = open_clip.CLIP(24, VISION | more, dict(TEXT), quick_gelu=quick_gelu)
    for block in getattr(network.visual.transformer, "resblocks", []):
        torch.nn.init.normal_(block.attn.in_proj_bias)
    return network.eval()


def unit(rows):
    return torch.nn.functional.normalize(rows, dim=-1)


@pytest.mark.parametrize(
    ("shortened", "settings"),
    [
        (True, {}),
        (True, {"quick_gelu": True}),
        (True, {"ls_init_value": 0.1}),
        (True, {"final_ln_after_pool": True}),
        (False, {"pool_type": "avg"}),
        (False, {"attentional_pool": True, "attn_pooler_queries": 4, "attn_pooler_heads": 2}),
    ],
)
def test_embeddings_are_those_of_the_whole_block(shortened, settings):
    network = build(**settings)
    assert reads_class_token(network.visual) == shortened
    pictures = torch.randn(5, 3, 32, 32)
    tokens = []
    last = network.visual.transformer.resblocks[-1]
    last.mlp.register_forward_hook(lambda module, inputs, output: tokens.append(output.shape[1]))
    with torch.inference_mode():
        full = unit(network.encode_image(pictures))
        with class_token_only(network):
            found = unit(network.encode_image(pictures))
        again = unit(network.encode_image(pictures))
    torch.testing.assert_close(found, full, rtol=0, atol=1e-6)
    assert torch.equal(again, full)
    assert tokens == [17, 1 if shortened else 17, 17]


def test_other_towers_are_left_as_they_are():
    network = build(layers=[1, 1, 1, 1], width=16)
    pictures = torch.randn(2, 3, 32, 32)
    with torch.inference_mode():
        full = network.encode_image(pictures)
        with class_token_only(network):
            assert torch.equal(network.encode_image(pictures), full)
    with class_token_only(torch.nn.Identity()):
        pass
