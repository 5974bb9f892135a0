"""Effects of a factorial study against planted ones, and what follows from them."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest

from modgap.statistics.inference import mean_interval
from modgap.training.effects import (
    BOTH,
    EXPLAINED,
    NO_GAP,
    ONE_SEED,
    UNDECIDED,
    cell_rows,
    contrast,
    effect_rows,
    explain_widening,
    gap_changes,
    mean_of_seeds,
    study_effects,
    widens,
)
from modgap.training.studies import OVER_SEEDS

FACTORS = ["decay", "loss", "rate_times_steps", "start", "logit_scale"]
PLANTED = {"l2": 0.3, "contrastive": 0.1, "gap_removed": 0.5}
JOINT = 0.07


def change_of(decay, loss, start, seed):
    joint = JOINT if (decay, loss) == ("l2", "contrastive") else 0
    return sum(PLANTED.get(level, 0) for level in (decay, loss, start)) + joint + 0.01 * seed


def study(seeds=(0, 1, 2)):
    """Cells, and trajectories whose gap changes by planted effects."""
    cells, trajectories = [], {}
    for decay, loss, start, seed in itertools.product(
        ("none", "l2"), ("contrastive", "reshuffled"), ("as_is", "gap_removed"), seeds
    ):
        run = f"{decay}-{loss}-{start}-{seed}"
        cells.append({"decay": decay, "loss": loss, "rate_times_steps": 0.7, "start": start,
                      "logit_scale": "frozen", "seed": seed, "run": run})  # fmt: skip
        gaps = {0: 1.0, 10: 5.0, 20: 1.0 + change_of(decay, loss, start, seed)}
        trajectories[run] = pd.DataFrame(
            [
                {"step": step, "statistic": "gap", "value": value, "n": 50}
                for step, value in gaps.items()
            ]
        )
    return cells, trajectories


def test_planted_effects_are_found():
    frame = study_effects(*study())
    main = frame.query("effect == 'main'")
    # An interaction of two levels shows by half in each of their main effects.
    expected = {"decay": 0.3 + JOINT / 2, "loss": 0.1 + JOINT / 2, "start": 0.5}
    for factor, value in expected.items():
        (row,) = main.dropna(subset=[factor]).to_dict("records")
        assert row["value"] == pytest.approx(value)
        assert (row["n_seeds"], row["n_cells"], row["interval_method"]) == (3, 4, OVER_SEEDS)
    (row,) = frame.query("effect == 'interaction'").to_dict("records")
    assert row["value"] == pytest.approx(JOINT)
    assert (row["decay"], row["loss"]) == ("l2 − none", "contrastive − reshuffled")
    assert row["n_cells"] == 2
    assert len(frame.query("effect == 'change'")) == 8


def test_pairing_over_seeds_takes_out_what_a_seed_adds_everywhere():
    changes = gap_changes(*study())
    values, _ = contrast(changes, FACTORS, ("decay", "l2", "none"))
    np.testing.assert_allclose(values, 0.3 + JOINT / 2)
    row = cell_rows(changes, FACTORS)[0]
    cell = [change_of("none", "contrastive", "as_is", seed) for seed in range(3)]
    assert (row["low"], row["high"]) == pytest.approx(mean_interval(cell))


def test_collapsed_runs_drop_out_with_their_partner():
    cells, trajectories = study()
    trajectories["l2-reshuffled-as_is-0"].loc[2, "value"] = math.nan
    changes = gap_changes(cells, trajectories)
    row = next(row for row in cell_rows(changes, FACTORS) if row["collapsed"])
    assert (row["decay"], row["loss"], row["n_seeds"], row["collapsed"]) == (
        "l2",
        "reshuffled",
        2,
        1,
    )
    effects = pd.DataFrame(effect_rows(changes, FACTORS))
    decay = effects[effects["decay"].notna() & effects["loss"].isna()].iloc[0]
    assert decay["n_cells"] == 3
    lost = mean_of_seeds([math.nan, math.nan])
    assert math.isnan(lost["value"])
    assert (lost["interval_method"], lost["n_seeds"]) == (NO_GAP, 0)


def test_one_seed_has_no_interval():
    frame = study_effects(*study(seeds=[0]))
    assert set(frame["interval_method"]) == {ONE_SEED}
    assert frame["low"].isna().all()


@pytest.mark.parametrize(
    ("value", "low", "high", "expected"),
    [
        (0.1, 0.05, 0.15, True),
        (-0.1, -0.15, -0.05, False),
        (0.1, -0.05, 0.25, None),
        (0.1, math.nan, math.nan, True),
        (-0.1, math.nan, math.nan, False),
        (math.nan, math.nan, math.nan, None),
    ],
)
def test_a_gap_widens_where_its_interval_says_so(value, low, high, expected):
    assert widens({"value": value, "low": low, "high": high}) is expected


@pytest.mark.parametrize(
    ("bare", "joint", "empty", "expected"),
    [
        (-0.2, 0.2, 0.2, EXPLAINED),
        (0.2, 0.2, 0.2, BOTH),
        (0.0, 0.2, 0.2, UNDECIDED),
        (-0.2, 0.2, 0.0, UNDECIDED),
        (-0.2, 0.2, -0.2, UNDECIDED),
        (-0.2, -0.2, 0.2, UNDECIDED),
        (-0.2, 0.2, math.nan, UNDECIDED),
    ],
)
def test_l2_explains_it_only_if_nothing_else_does(bare, joint, empty, expected):
    cells = {
        ("none", "contrastive"): bare,
        ("l2", "contrastive"): joint,
        ("l2", "reshuffled"): empty,
    }
    rows = pd.DataFrame(
        [
            {"decay": decay, "loss": loss, "value": value, "low": value - 0.1, "high": value + 0.1}
            for (decay, loss), value in cells.items()
        ]
    )
    effect = {"value": 0.1, "low": 0.05, "high": 0.15}
    assert explain_widening(rows, effect) == expected
    assert explain_widening(rows.iloc[:2], effect) is None
    # L2 that adds nothing to what the loss does is not the other half of it.
    nothing = {**effect, "low": -0.05}
    assert explain_widening(rows, nothing) == (UNDECIDED if expected == BOTH else expected)
