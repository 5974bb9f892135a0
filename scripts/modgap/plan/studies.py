"""The cells of every training study: which runs it compares, by which factors. No torch.

A study of the paper has ``recipes``. ``published`` is the training of the authors' code,
``corrected`` the configuration's own recipe; a study's cells carry the word as a factor.
"""

import itertools

# The authors' training: Adam with L2 in the gradient of everything, the logit scale included, a
# constant learning rate, the model in evaluation mode, every picture's last caption. τ is trained
# without bounds (temperature kind ``published``). Steps, batch and rate are the configuration's.
PUBLISHED = {
    "optimizer": "adam",
    "betas": [0.9, 0.98],
    "eps": 1e-6,
    "weight_decay": 0.2,
    "decayed": "all",
    "decay_logit_scale": True,
    "schedule": "constant",
    "warmup": 0,
    "mode": "eval",
    "clip_norm": None,
    "caption": "last",
}

# What section 4.4 has besides: the rotation is made of the captions that are trained on, and the
# gap is measured on the first 500 training items.
PUBLISHED_STARTS = {"rotation_caption": "last", "evaluated": "first_training"}

# How weights decay, as keys of a recipe. Without decay Adam and AdamW are the same.
DECAYS = {
    "none": {"optimizer": "adam", "weight_decay": 0.0},
    "l2": {"optimizer": "adam", "weight_decay": 0.2},
    "decoupled": {"optimizer": "adamw", "weight_decay": 0.2},
}

# What moves the logit scale (log 1/τ) besides: nothing, the loss, or the loss and the decay.
LOGIT_SCALES = {
    "frozen": ("fixed", False),
    "trained": ("unclamped", False),
    "decayed": ("unclamped", True),
}

# The factors of the optimiser's study, and the keys of their levels in the configuration.
LEVELS = {
    "decay": "decays",
    "loss": "losses",
    "rate_times_steps": "rates_times_steps",
    "start": "starts",
    "logit_scale": "logit_scales",
}

STUDY_OF_TABLE = {
    "temperature_finetuning": "temperature_finetuning",
    "initialisation_vs_optimisation": "initialisation",
    "gap_during_training": "gap_triggers",
    "embedding_width": "embedding_width",
    "training_without_normalisation": "without_normalisation",
    "optimiser": "optimiser",
}


def full_recipe(config, *overrides):
    """The configuration's recipe under the overrides, later ones first.

    ``steps`` and ``epochs`` replace each other; ``temperature`` is replaced as a whole; the
    published temperature brings the published training.
    """
    recipe = dict(config["training"]["recipe"])
    for override in overrides:
        for one, other in (("steps", "epochs"), ("epochs", "steps")):
            if one in override:
                recipe.pop(other, None)
        recipe.update(override)
    bounds = {"learned": ("tau_min", "tau_max"), "scheduled": ("tau_end",)}
    given = recipe["temperature"]
    kept = ("kind", "tau", *bounds.get(given["kind"], ()))
    defaults = {"tau_min": 0.01, "tau_max": 1.0}
    recipe["temperature"] = {
        key: given.get(key, defaults.get(key)) for key in kept if key in given or key in defaults
    }
    if given["kind"] == "published":
        recipe.update(PUBLISHED)
    return recipe


def make_run(config, where, seed, *overrides):
    """A run from an entry with model, datasets and held_out."""
    return {
        "model": where["model"],
        "datasets": where["datasets"],
        "held_out": where["held_out"],
        "seed": seed,
        "recipe": full_recipe(config, *overrides),
    }


def published_recipe(config, study):
    """The authors' training at the temperature that a study has otherwise."""
    tau = full_recipe(config, study.get("recipe", {}))["temperature"]["tau"]
    return {"temperature": {"kind": "published", "tau": tau}}


def read_recipes(config, study):
    """The recipes of a study of the paper by their word: what each changes of the study's."""
    offered = {"corrected": {}, "published": published_recipe(config, study)}
    return {word: offered[word] for word in study.get("recipes", ["corrected"])}


def name_cell(name, word):
    """The name of a cell by one of the recipes; a corrected one is called by its factors alone."""
    return name if word == "corrected" else f"{name}-{word}"


def temperature_cells(config, study):
    """Fine-tuning at each temperature by each recipe (Supplementary Figure 8)."""
    for kind in study["recipes"]:
        for tau in study["temperatures"]:
            for seed in study["seeds"]:
                temperature = {"temperature": {"kind": kind, "tau": tau}}
                run = make_run(config, study, seed, study.get("recipe", {}), temperature)
                yield f"{kind}-{tau:g}", {"recipe": kind, "tau": tau, "seed": seed}, run


def initialisation_cells(config, study):
    """Plain start and start with the gap removed (§4.4)."""
    for word, recipe in read_recipes(config, study).items():
        starts = PUBLISHED_STARTS if word == "published" else {}
        for start in ("as_is", "gap_removed"):
            for seed in study["seeds"]:
                changed = {**recipe, **starts, "start": start}
                run = make_run(config, study, seed, study.get("recipe", {}), changed)
                factors = {"recipe": word, "start": start, "seed": seed}
                yield name_cell(start, word), factors, run


def trigger_cells(config, study):
    """Captions × temperature × share of mismatched captions × model."""
    for cell in study["cells"]:
        for seed in study["seeds"]:
            recipe = {
                "temperature": cell["temperature"],
                "mismatched": cell.get("mismatched", 0.0),
            }
            where = {"model": study["model"], **cell}
            run = make_run(config, where, seed, study.get("recipe", {}), recipe)
            factors = {
                "captions": cell["captions"],
                "temperature": cell["temperature"]["kind"],
                "tau": cell["temperature"]["tau"],
                "mismatched": recipe["mismatched"],
                "model": where["model"],
                "seed": seed,
            }
            name = "-".join(
                [
                    cell["captions"],
                    cell["temperature"]["kind"],
                    f"{cell['temperature']['tau']:g}",
                    f"mismatched{recipe['mismatched']:g}",
                    where["model"],
                ]
            )
            yield name, factors, run


def model_cells(config, study):
    """Models that differ in one thing: their embedding width (Supplementary Figure 16), or whether
    they have normalisation layers (Supplementary Figure 15).
    """
    for word, recipe in read_recipes(config, study).items():
        for model in study["models"]:
            for seed in study["seeds"]:
                where = {**study, "model": model}
                run = make_run(config, where, seed, study.get("recipe", {}), recipe)
                yield name_cell(model, word), {"recipe": word, "model": model, "seed": seed}, run


def optimiser_cells(config, study):
    """Decay × loss × learning rate × start × logit scale, in the authors' loop otherwise.

    Measured on held-out pairs. Cells that differ in nothing share a run: without decay the logit
    scale does not decay, and without a loss nothing trains it.
    """
    tau = full_recipe(config, study.get("recipe", {}))["temperature"]["tau"]
    for levels in itertools.product(*(study[LEVELS[factor]] for factor in LEVELS)):
        cell = dict(zip(LEVELS, levels, strict=True))
        changed = optimiser_recipe(cell, study["steps"], tau)
        name = "-".join(level if isinstance(level, str) else f"{level:g}" for level in levels)
        for seed in study["seeds"]:
            run = make_run(config, study, seed, study.get("recipe", {}), PUBLISHED, changed)
            yield name, {**cell, "seed": seed}, run


def optimiser_recipe(cell, steps, tau):
    """What a cell of the optimiser's study changes of the authors' training."""
    decay = DECAYS[cell["decay"]]
    kind, decayed = LOGIT_SCALES[cell["logit_scale"]]
    decayed = decayed and decay["weight_decay"] > 0
    if cell["loss"] == "none" and not decayed:
        kind = "fixed"
    return {
        **decay,
        "steps": steps,
        "loss": cell["loss"],
        "learning_rate": cell["rate_times_steps"] / steps,
        "start": cell["start"],
        "temperature": {"kind": kind, "tau": tau},
        "decay_logit_scale": decayed,
    }


CELLS = {
    "temperature_finetuning": temperature_cells,
    "initialisation": initialisation_cells,
    "gap_triggers": trigger_cells,
    "embedding_width": model_cells,
    "without_normalisation": model_cells,
    "optimiser": optimiser_cells,
}
