"""The cells of studies: what published and corrected mean, and which cells are one run."""

import pytest

from modgap.plan.studies import (
    LEVELS,
    PUBLISHED,
    full_recipe,
    initialisation_cells,
    model_cells,
    name_cell,
    optimiser_cells,
    read_recipes,
)
from modgap.plan.training import plan_runs
from tiny_training import RECIPE

DATA = {"model": "vit", "datasets": ["learned"], "held_out": "held-out"}
CONFIG = {"training": {"recipe": RECIPE}}

# The authors' code for Supplementary Figure 8 and section 4.4.
AUTHORS = {
    "optimizer": "adam",
    "betas": [0.9, 0.98],
    "eps": 1e-6,
    "weight_decay": 0.2,
    "decayed": "all",
    "decay_logit_scale": True,
    "temperature": {"kind": "published", "tau": 0.05},
    "schedule": "constant",
    "warmup": 0,
    "mode": "eval",
    "clip_norm": None,
    "caption": "last",
    "rotation_caption": "last",
    "evaluated": "first_training",
    "loss": "contrastive",
}


def test_both_starts_come_by_both_recipes():
    study = {**DATA, "recipes": ["published", "corrected"], "seeds": [0, 1]}
    cells = list(initialisation_cells(CONFIG, study))
    assert [(factors["recipe"], factors["start"]) for _, factors, _ in cells[::2]] == [
        ("published", "as_is"),
        ("published", "gap_removed"),
        ("corrected", "as_is"),
        ("corrected", "gap_removed"),
    ]
    assert [name for name, *_ in cells[::2]] == [
        *("as_is-published", "gap_removed-published"),
        *("as_is", "gap_removed"),
    ]
    published, corrected = cells[2][2]["recipe"], cells[6][2]["recipe"]
    assert published == {**RECIPE, **AUTHORS, "start": "gap_removed"}
    assert corrected == {**RECIPE, "start": "gap_removed"}


def test_recipes_are_corrected_where_nothing_is_said():
    assert read_recipes(CONFIG, DATA) == {"corrected": {}}
    assert name_cell("plain", "corrected") == "plain"


def test_models_are_measured_on_held_out_pairs_by_both_recipes():
    study = {**DATA, "models": ["a", "b"], "recipes": ["published", "corrected"], "seeds": [0]}
    cells = list(model_cells(CONFIG, study))
    assert [(factors["recipe"], run["model"]) for _, factors, run in cells] == [
        ("published", "a"), ("published", "b"), ("corrected", "a"), ("corrected", "b")
    ]  # fmt: skip
    assert {run["recipe"]["evaluated"] for *_, run in cells} == {"held_out"}


def test_published_leaves_steps_batch_and_rate_alone():
    assert not {"steps", "batch_size", "learning_rate"} & set(PUBLISHED)
    changed = {"temperature": {"kind": "published", "tau": 0.02}, "epochs": 3}
    recipe = full_recipe(CONFIG, changed)
    assert "steps" not in recipe
    assert (recipe["epochs"], recipe["learning_rate"]) == (3, RECIPE["learning_rate"])


OPTIMISER = {
    **DATA,
    "steps": 10,
    "decays": ["none", "l2", "decoupled"],
    "losses": ["contrastive", "reshuffled", "none"],
    "rates_times_steps": [0.0078, 0.7],
    "starts": ["as_is", "gap_removed"],
    "logit_scales": ["frozen", "trained", "decayed"],
    "seeds": [0, 1],
}


def test_the_optimisers_cells_are_every_combination():
    cells = list(optimiser_cells(CONFIG, OPTIMISER))
    assert len(cells) == 3 * 3 * 2 * 2 * 3 * 2
    assert len({tuple(factors[key] for key in (*LEVELS, "seed")) for _, factors, _ in cells}) == 216
    for _, factors, run in cells:
        recipe = run["recipe"]
        assert recipe["learning_rate"] * recipe["steps"] == pytest.approx(
            factors["rate_times_steps"]
        )
        assert (recipe["weight_decay"] == 0) == (factors["decay"] == "none")
        assert (recipe["optimizer"] == "adamw") == (factors["decay"] == "decoupled")
        assert recipe["loss"] == factors["loss"]
        assert (recipe["mode"], recipe["decayed"], recipe["evaluated"]) == (
            "eval",
            "all",
            "held_out",
        )
        if factors["loss"] != "none":
            frozen = recipe["temperature"]["kind"] == "fixed"
            assert frozen == (factors["logit_scale"] == "frozen")
        decays = factors["logit_scale"] == "decayed" and factors["decay"] != "none"
        assert recipe["decay_logit_scale"] == decays


def test_cells_of_the_optimiser_that_are_the_same_are_trained_once():
    config = {**CONFIG, "training_runs": {}, "training_studies": {"optimiser": OPTIMISER}}
    runs, studies = plan_runs(config)
    assert len(studies["optimiser"]) == 216
    # Of the three logit scales two are the same without decay; without a loss, frozen and trained;
    # without both, all three.
    alike = {"loss": 2 * (2 + 3 + 3), "none": 1 + 2 + 2}
    assert len(runs) == (alike["loss"] + alike["none"]) * 2 * 2 * 2
