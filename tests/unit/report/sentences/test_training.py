"""What one sees in figures of training studies, told from their tables."""

import pandas as pd
import pytest

from modgap.report.sentences.training import (
    tell_courses,
    tell_optimisers,
    tell_starts,
    tell_temperatures,
    tell_widths,
)
from modgap.tables import write_table


def row(value, stage="end", statistic="gap", side="both", **factors):
    measured = {"value": value, "low": value - 0.1, "high": value + 0.1, "n": 1500, "n_seeds": 3}
    return {"stage": stage, "statistic": statistic, "side": side, **measured, **factors}


@pytest.fixture
def table(tmp_path):
    """Write rows as the one table of a study."""

    def write(*rows):
        write_table(pd.DataFrame(rows), tmp_path / "study.parquet")
        return [tmp_path / "study.parquet"]

    return write


def test_fine_tuning_is_told_before_it_and_at_its_smallest_and_largest_gap(table):
    taus = {1.0: 0.2, 1 / 30: 0.5, 0.01: 0.9}
    rows = [row(0.7, "start", recipe="fixed", tau=tau) for tau in taus]
    rows += [row(value, recipe="fixed", tau=tau) for tau, value in taus.items()]
    rows += [
        row(tau / 2, "end", "recall1", side, recipe="fixed", tau=tau)
        for tau in taus
        for side in ("first_to_second", "second_to_first")
    ]
    told = tell_temperatures(table(*rows))
    assert told.startswith("Before fine-tuning the gap is 0.700 (95 %: 0.600 to 0.800); after it")
    assert (
        "0.200 (95 %: 0.100 to 0.300) at τ = 1, recall@1 from image to text 50.0 % to 0.900" in told
    )
    assert "0.5 % (τ fixed); 1,500 held-out pairs, 3 seeds." in told
    assert tell_temperatures(table(row(0.7, "start", recipe="fixed", tau=1.0))) == ""
    learned = tell_temperatures(table(row(0.7, recipe="learned", tau=0.1)))
    assert learned.startswith(
        "After it, it is 0.700 (95 %: 0.600 to 0.800) at τ = 1/10 (τ learned,"
    )


def test_both_starts_are_told_before_and_after_training(table):
    rows = [
        row(value, stage, start="as_is", recipe=recipe)
        for recipe, ends in (("published", (1.2, 1.3)), ("corrected", (1.2, 1.0)))
        for stage, value in zip(("start", "end"), ends, strict=True)
    ]
    told = tell_starts(table(*rows, row(0.1, "start", start="gap_removed", recipe="corrected")))
    assert told == (
        "The gap in training: by the published recipe from a plain start it goes from 1.200 to "
        "1.300 (95 %: 1.200 to 1.400) (1,500 training items, 3 seeds); by the corrected one from a "
        "plain start it goes from 1.200 to 1.000 (95 %: 0.900 to 1.100) (1,500 held-out pairs, "
        "3 seeds)."
    )
    assert tell_starts([]) == ""


def main_effect(value, seeds=3):
    about = change(value, "l2 − none", None, seeds=seeds)
    return {**about, "effect": "main", "start": None, "logit_scale": None}


def change(value, decay, loss, rate=0.7, seeds=3, width=0.05):
    limits = {"low": value - width, "high": value + width} if seeds > 1 else {}
    return {
        **{"effect": "change", "decay": decay, "loss": loss, "rate_times_steps": rate},
        **{"start": "as_is", "logit_scale": "frozen", "value": value, "n_seeds": seeds},
        **{"low": float("nan"), "high": float("nan"), "collapsed": 0, **limits},
    }


@pytest.mark.parametrize(
    ("bare", "empty", "answer"),
    [
        (-0.1, 0.2, "L2 explains the widening"),
        (0.1, 0.2, "both the loss and L2 widen it"),
        (0.02, 0.2, "what widens it is undecided"),
        (-0.1, -0.2, "what widens it is undecided"),
    ],
)
def test_what_widens_the_gap_is_told_from_the_numbers(table, bare, empty, answer):
    cells = [
        change(bare, "none", "contrastive"),
        change(0.15, "l2", "contrastive"),
        change(empty, "l2", "reshuffled"),
    ]
    told = tell_optimisers(table(*cells, main_effect(0.1)))
    assert told.startswith(f"At learning rate × steps = 0.7 the gap changes by {bare:+.3f} (95 %")
    assert f": {answer}. A small model cannot decide it for ViT-B/16." in told


def test_one_seed_tells_the_direction_only(table):
    cells = [
        change(-0.1, "none", "contrastive", seeds=1),
        change(0.15, "l2", "contrastive", seeds=1),
        change(0.2, "l2", "reshuffled", seeds=1),
    ]
    effect = main_effect(0.2, seeds=1)
    told = tell_optimisers(table(*cells, effect))
    assert "-0.100 with the contrastive loss and no decay, +0.150 with both the loss and L2" in told
    assert "L2 explains the widening; one seed, so the direction only." in told
    lost = tell_optimisers(
        table(*cells[:2], change(float("nan"), "l2", "reshuffled", seeds=1), effect)
    )
    assert "nothing that can be told (collapsed) with L2 on reshuffled pairs" in lost
    assert "undecided" in lost
    assert tell_optimisers(table(*cells[:2], effect)) == ""
    assert tell_optimisers(table(*cells)) == ""


def test_widths_are_told_one_by_one_or_from_the_smallest_to_the_largest_gap(table):
    two = [row(0.5, dim=128), row(0.4, dim=64), row(1.1, "start", dim=64)]
    assert tell_widths(table(*two)) == (
        "After training the gap is 0.400 (95 %: 0.300 to 0.500) at width 64; 0.500 (95 %: 0.400 to "
        "0.600) at width 128; before it, 1.100; 1,500 held-out pairs, 3 seeds."
    )
    many = tell_widths(table(*(row(dim / 1000, dim=dim) for dim in (64, 128, 256, 512, 1024))))
    assert "between 0.064" in many
    assert "at width 1024, over 5 widths" in many
    assert tell_widths(table(two[-1])) == ""


def cell(run, mismatched=0.0, seed=0):
    factors = {"captions": "full", "temperature": "fixed", "tau": 0.1, "mismatched": mismatched}
    return {**factors, "model": "m", "seed": seed, "run": run}


def course(folder, run, start, end):
    """The trajectory of one run, its last step first."""
    rows = {"step": [9, 5, 0], "statistic": "gap", "side": "both", "value": [end, 5.0, start]}
    path = folder / f"{run}.parquet"
    frame = pd.DataFrame(rows).assign(low=end - 0.1, high=end + 0.1, n=40)
    write_table(frame, path, {"run": run})
    return path


def test_courses_are_told_at_their_ends(tmp_path):
    paths = [course(tmp_path, "a", 1.0, 0.5)]
    assert tell_courses(paths, [cell("a"), cell("gone")]) == (
        "In training the gap goes from 1.000 to 0.500 (95 %: 0.400 to 0.600) with full captions, "
        "τ = 1/10; 40 held-out pairs, 1 run."
    )
    assert tell_courses(paths, []) == ""
    assert tell_courses([], [cell("a")]) == ""


def test_seeds_are_averaged_and_many_settings_told_by_the_smallest_and_largest_gap(tmp_path):
    paths = [course(tmp_path, "a", 1.0, 0.5), course(tmp_path, "b", 1.2, 0.7)]
    told = tell_courses(paths, [cell("a"), cell("b", seed=1)])
    assert "from 1.100 to 0.600 with full captions" in told
    assert told.endswith("2 runs.")
    cells = [cell(f"r{i}", mismatched=i / 10) for i in range(5)]
    paths = [course(tmp_path, f"r{i}", 1.0, i / 10) for i in range(5)]
    many = tell_courses(paths, cells)
    assert "ends between 0.000 (95 %: -0.100 to 0.100) (full captions, τ = 1/10) and 0.400" in many
    assert "(full captions, τ = 1/10, 40 % mismatched) in 5 settings" in many
