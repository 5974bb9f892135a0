"""How a model is optimised: learning rate, temperature, optimiser. Plain functions of the recipe.

A recipe is a dict with the keys of ``recipe`` in config/schema.yaml. Its ``temperature`` has a
``kind``:

fixed       τ stays at ``tau``
learned     starts at ``tau``; clamped to [tau_min, tau_max] as in open_clip, no weight decay
scheduled   goes from ``tau`` to ``tau_end``, linear in log τ over the steps
unclamped   starts at ``tau``; learned without bounds
published   the same as unclamped; the plan gives the rest of the authors' recipe with it
"""

import math

import torch

from modgap.errors import InputError


def temperature_problem(temperature):
    """What is wrong with a temperature setting, or None."""
    for key in ("tau", "tau_end", "tau_min", "tau_max"):
        value = temperature.get(key)
        if value is not None and not value > 0:
            return f"temperature.{key}: {value} is not above 0; τ divides the cosines"
    return None


def is_learned(temperature):
    """Whether gradient steps move τ."""
    return temperature["kind"] in ("learned", "unclamped", "published")


def tau_at(temperature, step, steps):
    """τ that a fixed or scheduled temperature has in step ``step`` (from 0) of ``steps``."""
    start = temperature["tau"]
    if temperature["kind"] == "fixed":
        return start
    along = step / max(steps - 1, 1)
    return start * (temperature["tau_end"] / start) ** along


def set_tau(logit_scale, tau):
    """Put log(1/τ), which is what open_clip stores, into the model's parameter."""
    with torch.no_grad():
        logit_scale.fill_(math.log(1 / tau))


def clamp_tau(logit_scale, temperature):
    """Keep a learned τ within its bounds (open_clip's [1/100, 1])."""
    low, high = temperature["tau_max"], temperature["tau_min"]
    with torch.no_grad():
        logit_scale.clamp_(math.log(1 / low), math.log(1 / high))


def learning_rate_at(recipe, step, steps):
    """Learning rate of step ``step`` (from 0): linear warm-up, then constant or cosine to zero.

    The same numbers as open_clip's ``cosine_lr`` and ``const_lr``.
    """
    peak, warmup = recipe["learning_rate"], recipe["warmup"]
    if step < warmup:
        return peak * (step + 1) / warmup
    if recipe["schedule"] == "constant":
        return peak
    return peak * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(steps - warmup, 1)))


def parameter_groups(named_parameters, recipe):
    """Parameters with and without weight decay.

    As in open_clip, gains, biases and the temperature do not decay; with ``decayed: all`` the
    first two do, with ``decay_logit_scale`` the last does.
    """
    decayed, kept = [], []
    for name, parameter in named_parameters:
        if not parameter.requires_grad:
            continue
        if "logit_scale" in name:
            decays = recipe["decay_logit_scale"]
        else:
            decays = recipe["decayed"] == "all" or not (parameter.ndim < 2 or "bias" in name)
        (decayed if decays else kept).append(parameter)
    groups = [(decayed, recipe["weight_decay"]), (kept, 0.0)]
    return [{"params": group, "weight_decay": decay} for group, decay in groups if group]


def make_optimizer(named_parameters, recipe):
    """AdamW, or Adam whose weight decay is an L2 term in the gradient, as torch defines them."""
    kind = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam}[recipe["optimizer"]]
    return kind(
        parameter_groups(named_parameters, recipe),
        lr=recipe["learning_rate"],
        betas=tuple(recipe["betas"]),
        eps=recipe["eps"],
        # One pass over the parameters; a large token embedding makes this count on a CPU too.
        fused=True,
    )


def number_of_steps(recipe, n):
    """Optimiser steps for n pictures: ``steps``, or as many as ``epochs`` full epochs have."""
    if "steps" in recipe:
        return recipe["steps"]
    return recipe["epochs"] * (n // recipe["batch_size"])


def check_recipe(recipe, where):
    """Raise an InputError for settings that cannot be trained with."""
    problem = temperature_problem(recipe["temperature"])
    if problem:
        raise InputError(f"{where}.{problem}")
