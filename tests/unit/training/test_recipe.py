"""Learning rate, temperature and optimiser are those of open_clip, or of the authors."""

import math

import pytest
import torch
from open_clip_train.scheduler import const_lr, cosine_lr

from modgap.errors import InputError
from modgap.plan.studies import PUBLISHED
from modgap.training.recipe import (
    check_recipe,
    clamp_tau,
    learning_rate_at,
    make_optimizer,
    number_of_steps,
    parameter_groups,
    set_tau,
    tau_at,
)
from tiny_training import RECIPE


@pytest.mark.parametrize(("schedule", "theirs"), [("cosine", cosine_lr), ("constant", const_lr)])
@pytest.mark.parametrize("warmup", [0, 4])
def test_learning_rates_are_open_clips(schedule, theirs, warmup):
    recipe = {**RECIPE, "schedule": schedule, "warmup": warmup}
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1)
    expected = theirs(optimizer, recipe["learning_rate"], warmup, 20)
    for step in range(20):
        assert learning_rate_at(recipe, step, 20) == pytest.approx(expected(step), rel=1e-12)


def network():
    """A matrix, a bias, a gain and the temperature."""
    module = torch.nn.Module()
    module.weight = torch.nn.Parameter(torch.ones(2, 2))
    module.projection_bias = torch.nn.Parameter(torch.ones(2, 1))
    module.gain = torch.nn.Parameter(torch.ones(2))
    module.logit_scale = torch.nn.Parameter(torch.tensor(2.0))
    return module


def test_gains_biases_and_temperature_do_not_decay():
    module = network()
    decayed, kept = parameter_groups(module.named_parameters(), RECIPE)
    assert [p is module.weight for p in decayed["params"]] == [True]
    assert decayed["weight_decay"] == 0.2
    assert len(kept["params"]) == 3
    assert kept["weight_decay"] == 0


def test_the_published_recipe_decays_everything_through_the_gradient():
    module = network()
    recipe = {**RECIPE, **PUBLISHED, "temperature": {"kind": "published", "tau": 0.1}}
    (group,) = parameter_groups(module.named_parameters(), recipe)
    assert len(group["params"]) == 4
    optimizer = make_optimizer(module.named_parameters(), recipe)
    for parameter in module.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    # Adam's first step has the length of the learning rate, whatever the size of the L2 term.
    assert module.logit_scale.item() == pytest.approx(2 - recipe["learning_rate"], abs=1e-5)


def test_the_logit_scale_decays_or_not_apart_from_all_else():
    module = network()
    decayed, kept = parameter_groups(module.named_parameters(), {**RECIPE, "decayed": "all"})
    assert len(decayed["params"]) == 3
    assert kept["params"] == [module.logit_scale]
    recipe = {**RECIPE, "decay_logit_scale": True}
    decayed, kept = parameter_groups(module.named_parameters(), recipe)
    assert decayed["params"] == [module.weight, module.logit_scale]


def test_adamw_decays_outside_the_gradient():
    module = network()
    optimizer = make_optimizer(module.named_parameters(), RECIPE)
    for parameter in module.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    assert module.weight[0, 0].item() == pytest.approx(1 - 0.003 * 0.2, abs=1e-7)
    assert module.logit_scale.item() == 2


def test_a_parameter_that_is_not_trained_is_left_out():
    module = network()
    module.logit_scale.requires_grad_(False)
    groups = parameter_groups(module.named_parameters(), RECIPE)
    assert sum(len(group["params"]) for group in groups) == 3


def test_temperatures():
    assert tau_at({"kind": "fixed", "tau": 0.1}, 5, 10) == 0.1
    schedule = {"kind": "scheduled", "tau": 1, "tau_end": 0.01}
    assert [tau_at(schedule, step, 3) for step in range(3)] == pytest.approx([1, 0.1, 0.01])
    assert tau_at(schedule, 0, 1) == 1
    scale = torch.nn.Parameter(torch.tensor(0.0))
    set_tau(scale, 1 / 50)
    assert scale.exp().item() == pytest.approx(50, rel=1e-6)
    clamp_tau(scale, {"tau_min": 0.1, "tau_max": 1})
    assert scale.item() == pytest.approx(math.log(10), rel=1e-6)
    set_tau(scale, 10)
    clamp_tau(scale, {"tau_min": 0.1, "tau_max": 1})
    assert scale.item() == 0


@pytest.mark.parametrize("key", ["tau", "tau_end"])
def test_a_temperature_must_be_above_zero(key):
    temperature = {"kind": "scheduled", "tau": 1, "tau_end": 1, key: 0}
    with pytest.raises(InputError, match=rf"^here.temperature.{key}: 0 is not above 0"):
        check_recipe({"temperature": temperature}, "here")


def test_epochs_count_full_batches():
    recipe = {"epochs": 3, "batch_size": 16}
    assert number_of_steps(recipe, 100) == 18
    assert number_of_steps({"steps": 7}, 100) == 7
