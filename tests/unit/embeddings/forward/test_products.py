"""Ways to multiply by the weights of a layer: equal, and chosen by what there is."""

import numpy as np
import pytest
import torch

from modgap.embeddings.forward import products
from modgap.embeddings.forward.products import (
    can_pack,
    choose_linear,
    has_openblas,
    is_amd,
    numpy_linear,
    packed_linear,
    torch_linear,
)


@pytest.mark.parametrize("way", [torch_linear, numpy_linear, packed_linear])
@pytest.mark.parametrize("biased", [True, False])
def test_a_layer_takes_more_or_fewer_rows_than_it_expects(way, biased):
    if way is packed_linear and not can_pack():
        pytest.skip("this torch does not lay weights out for MKL")
    weight, bias = torch.randn(6, 4), torch.randn(6) if biased else None
    apply = way(weight, bias, 3)
    for shape in ((3, 4), (2, 5, 4), (1, 4), (1, 3, 4), (0, 4)):
        x = torch.randn(shape)
        kept = x.clone()
        expected = x.double() @ weight.double().T + (0 if bias is None else bias.double())
        torch.testing.assert_close(apply(x).double(), expected, rtol=0, atol=1e-5)
        assert torch.equal(x, kept), "what is multiplied was overwritten"


def test_numpy_takes_a_part_of_a_tensor():
    weight, x = torch.randn(6, 4), torch.randn(2, 5, 4)
    found = numpy_linear(weight, None)(x[:, 1:3])
    torch.testing.assert_close(found, x[:, 1:3] @ weight.T, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("packs", "amd", "openblas", "n", "size", "expected"),
    [
        (True, False, True, 48, 1e9, packed_linear),
        (True, False, True, 47, 1e9, torch_linear),
        (True, False, True, 48, 3e9, torch_linear),
        (True, True, True, 48, 1e9, numpy_linear),
        (True, True, True, 1, 3e9, numpy_linear),
        (True, True, False, 48, 1e9, packed_linear),
        (False, True, True, 48, 1e9, torch_linear),
    ],
)
def test_the_library_is_chosen_by_the_processor(
    monkeypatch, packs, amd, openblas, n, size, expected
):
    monkeypatch.setattr(products, "can_pack", lambda: packs)
    monkeypatch.setattr(products, "is_amd", lambda: amd)
    monkeypatch.setattr(products, "has_openblas", lambda: openblas)
    assert choose_linear(n, size) is expected


@pytest.mark.parametrize(
    ("maker", "amd"), [("GenuineIntel", False), ("AuthenticAMD", True), ("", False)]
)
def test_the_maker_of_the_processor_is_read(tmp_path, monkeypatch, maker, amd):
    listing = tmp_path / "cpuinfo"
    monkeypatch.setattr(
        products.platform, "processor", lambda: f"AMD64 Family 25 Model 1 Stepping 1, {maker}"
    )
    assert is_amd(listing) is amd
    listing.write_text(f"processor\t: 0\nvendor_id\t: {maker}\n", encoding="utf-8")
    monkeypatch.setattr(products.platform, "processor", lambda: "")
    assert is_amd(listing) is amd


@pytest.mark.parametrize(("name", "found"), [("scipy-openblas", True), ("mkl", False)])
def test_what_numpy_multiplies_with_is_read(monkeypatch, name, found):
    told = {"Build Dependencies": {"blas": {"name": name}}}
    assert set(np.show_config(mode="dicts")["Build Dependencies"]["blas"]) >= {"name"}
    monkeypatch.setattr(np, "show_config", lambda mode: told)
    assert has_openblas() is found
