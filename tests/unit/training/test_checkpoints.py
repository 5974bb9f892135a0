"""A run goes on exactly where its checkpoint was written, or from the start."""

import pytest
import torch

from modgap.training.checkpoints import load_resume, restore_state, save_resume

FINGERPRINT = {"data": ["abc"], "seed": 3}


def fresh(seed):
    """A small network and an optimiser that has state once it has taken a step."""
    torch.manual_seed(seed)
    network = torch.nn.Linear(3, 2)
    return network, torch.optim.AdamW(network.parameters(), lr=0.1)


def take_steps(network, optimizer, n):
    """Steps on random inputs; the network's weights afterwards."""
    for _ in range(n):
        optimizer.zero_grad()
        network(torch.randn(4, 3)).square().sum().backward()
        optimizer.step()
    return network.weight.detach().clone()


@pytest.fixture
def saved(tmp_path):
    """A checkpoint after two steps, and the weights three steps later."""
    network, optimizer = fresh(0)
    take_steps(network, optimizer, 2)
    path = tmp_path / "resume.ckpt"
    save_resume(
        path,
        fingerprint=FINGERPRINT,
        step=2,
        network=network,
        optimizer=optimizer,
        losses=[[1, 0.5]],
    )
    return path, take_steps(network, optimizer, 3)


def test_weights_moments_and_random_numbers_go_on(saved):
    path, expected = saved
    network, optimizer = fresh(1)
    state = load_resume(path, {"seed": 3, "data": ["abc"]})
    restore_state(state, network, optimizer)
    assert (state["step"], state["losses"]) == (2, [[1, 0.5]])
    assert torch.equal(take_steps(network, optimizer, 3), expected)


def test_another_run_or_a_damaged_file_starts_anew(saved, tmp_path):
    path, _ = saved
    assert load_resume(path, {**FINGERPRINT, "seed": 4}) is None
    assert load_resume(tmp_path / "none.ckpt", FINGERPRINT) is None
    path.write_bytes(path.read_bytes()[:200])
    assert load_resume(path, FINGERPRINT) is None
