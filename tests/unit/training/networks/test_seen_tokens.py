"""Rows that training does not look up end where AdamW would have left them."""

import copy
import math

import pytest
import torch

from modgap.training.networks.seen_tokens import (
    SeenTokens,
    find_seen_tokens,
    hold_all_tokens,
    hold_seen_tokens,
)
from modgap.training.norms import weight_norm
from modgap.training.recipe import make_optimizer

TOKENS = torch.tensor([[2, 7, 7, 19], [2, 5, 19, 2]])
RECIPE = {
    "optimizer": "adamw",
    "learning_rate": 0.01,
    "betas": [0.9, 0.98],
    "eps": 1e-6,
    "weight_decay": 0.3,
    "decayed": "weights",
    "decay_logit_scale": False,
}


class Tower(torch.nn.Module):
    """A token embedding and what comes after it."""

    def __init__(self):
        super().__init__()
        self.token_embedding = torch.nn.Embedding(20, 4)
        self.projection = torch.nn.Linear(4, 3)

    def forward(self, tokens):
        return self.projection(self.token_embedding(tokens).mean(dim=1))


@pytest.fixture
def towers():
    """The same tower, whole and holding the tokens that are looked up."""
    torch.manual_seed(0)
    whole = Tower()
    held = copy.deepcopy(whole)
    hold_seen_tokens(held, TOKENS)
    return whole, held


def train(tower, steps, **changes):
    recipe = {**RECIPE, **changes}
    optimizer = make_optimizer(tower.named_parameters(), recipe)
    for step in range(steps):
        rate = 0.01 * (step + 1)
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad()
        tower(TOKENS).square().sum().backward()
        optimizer.step()
        for tokens in find_seen_tokens(tower):
            tokens.decay_unseen(rate * recipe["weight_decay"])


def test_all_rows_are_those_of_a_whole_embedding_after_training(towers):
    whole, held = towers
    start = whole.token_embedding.weight.detach().clone()
    torch.testing.assert_close(held(TOKENS), whole(TOKENS))
    for tower in towers:
        train(tower, 30)
    assert held.token_embedding.weight.shape == (4, 4)
    assert weight_norm(held) == pytest.approx(weight_norm(whole), rel=1e-6)
    hold_all_tokens(held)
    assert type(held.token_embedding) is torch.nn.Embedding
    table = held.token_embedding.weight
    torch.testing.assert_close(table, whole.token_embedding.weight, rtol=1e-5, atol=1e-7)
    # Both moved: the rows looked up by the loss, the others by decay alone.
    unseen = [token for token in range(20) if token not in TOKENS]
    shares = (table[unseen] / start[unseen]).detach()
    left = math.prod(1 - 0.01 * (step + 1) * 0.3 for step in range(30))
    torch.testing.assert_close(shares, torch.full_like(shares, left), rtol=1e-4, atol=0)
    assert (table[[2, 5, 7, 19]] / start[[2, 5, 7, 19]] - left).abs().max() > 0.05


def test_adam_without_decay_leaves_other_rows_as_they_were(towers):
    whole, held = towers
    start = whole.token_embedding.weight.detach().clone()
    for tower in towers:
        train(tower, 30, optimizer="adam", weight_decay=0.0)
    hold_all_tokens(held)
    table = held.token_embedding.weight
    torch.testing.assert_close(table, whole.token_embedding.weight, rtol=1e-5, atol=1e-7)
    unseen = [token for token in range(20) if token not in TOKENS]
    torch.testing.assert_close(table[unseen], start[unseen], rtol=0, atol=0)


def test_a_state_goes_on_where_it_was(towers):
    _, held = towers
    train(held, 5)
    again = Tower()
    again.load_state_dict(towers[0].state_dict())
    hold_seen_tokens(again, TOKENS)
    again.load_state_dict(held.state_dict())
    for tower in (held, again):
        hold_all_tokens(tower)
    torch.testing.assert_close(again.state_dict(), held.state_dict(), rtol=0, atol=0)


def test_another_token_is_an_error_and_not_another_row(towers):
    with pytest.raises(IndexError):
        towers[1](torch.tensor([[2, 3]]))


def test_towers_without_such_an_embedding_are_left_as_they_are():
    tower = torch.nn.Linear(2, 2)
    hold_seen_tokens(tower, TOKENS)
    assert find_seen_tokens(tower) == []
    locked = Tower()
    locked.token_embedding.weight.requires_grad_(False)
    hold_seen_tokens(locked, TOKENS)
    assert find_seen_tokens(locked) == []
    hold_all_tokens(locked)
    assert isinstance(locked.token_embedding, torch.nn.Embedding)
    assert not isinstance(locked.token_embedding, SeenTokens)
