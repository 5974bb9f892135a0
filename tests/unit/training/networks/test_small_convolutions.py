"""Convolutions of small maps beside torch's, outputs and gradients."""

import copy
import itertools

import pytest
import torch
import torchvision

from modgap.training.networks.small_convolutions import LARGEST, convolve_small_maps, met_weights

SHAPES = [
    shape
    for shape in itertools.product([1, 2, 3, 4, 5], [1, 2, 3, 7], [1, 2, 3], [0, 1, 3])
    if shape[0] + 2 * shape[3] >= shape[1]
]


def outputs_and_gradients(network, pictures):
    pictures = pictures.clone().requires_grad_()
    outputs = network(pictures)
    generator = torch.Generator().manual_seed(1)
    (
        outputs * torch.randn(outputs.shape, generator=generator, dtype=outputs.dtype)
    ).sum().backward()
    return [outputs, pictures.grad, *(parameter.grad for parameter in network.parameters())]


@pytest.mark.parametrize(("size", "kernel", "stride", "padding"), SHAPES)
@pytest.mark.parametrize("bias", [True, False])
def test_a_convolution_is_torchs(size, kernel, stride, padding, bias):
    torch.manual_seed(0)
    whole = torch.nn.Conv2d(3, 4, kernel, stride=stride, padding=padding, bias=bias).double()
    small = copy.deepcopy(whole)
    convolve_small_maps(small)
    pictures = torch.randn(2, 3, size, size, dtype=torch.float64)
    for found, expected in zip(
        outputs_and_gradients(small, pictures), outputs_and_gradients(whole, pictures), strict=True
    ):
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


def test_maps_need_not_be_square():
    whole = torch.nn.Conv2d(3, 4, (3, 2), padding=1).double()
    small = copy.deepcopy(whole)
    convolve_small_maps(small)
    pictures = torch.randn(2, 3, 1, 4, dtype=torch.float64)
    torch.testing.assert_close(small(pictures), whole(pictures), rtol=1e-12, atol=1e-12)


def test_weights_that_meet_padding_alone_are_left_out():
    assert met_weights(1, 3, 1, 1) == (1, slice(1, 2), (0, 0))
    assert met_weights(2, 3, 2, 1) == (1, slice(1, 3), (0, 0))
    assert met_weights(2, 3, 1, 1) == (2, slice(0, 3), (1, 1))


def test_a_resnet_and_its_gradients_are_torchs():
    torch.manual_seed(0)
    whole = torchvision.models.resnet18(num_classes=5).double()
    small = copy.deepcopy(whole)
    convolve_small_maps(small)
    assert list(small.state_dict()) == list(whole.state_dict())
    changed = [module for module in small.modules() if "forward" in vars(module)]
    assert len(changed) == 20
    pictures = torch.randn(4, 3, 32, 32, dtype=torch.float64)
    for found, expected in zip(
        outputs_and_gradients(small, pictures), outputs_and_gradients(whole, pictures), strict=True
    ):
        torch.testing.assert_close(found, expected, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize(
    "settings",
    [
        {"groups": 2},
        {"dilation": 2},
        {"padding": "same"},
        {"padding": (0, 1)},
        {"padding": 3},
        {"stride": (1, 2)},
        {"padding_mode": "circular", "padding": 1},
    ],
)
def test_others_are_left_to_torch(settings):
    module = torch.nn.Conv2d(4, 4, 3, **settings)
    convolve_small_maps(module)
    assert "forward" not in vars(module)


def test_large_maps_are_left_to_torch(monkeypatch):
    module = torch.nn.Conv2d(1, 1, 3)
    convolve_small_maps(module)
    asked = []
    monkeypatch.setattr(torch.nn.Conv2d, "forward", lambda self, x: asked.append(x.shape))
    module(torch.zeros(1, 1, LARGEST + 1, 3))
    assert asked == [(1, 1, LARGEST + 1, 3)]
