"""Planted embeddings of which it is known what methods must do: cases (a) to (d).

benchmarks/gap_methods_planted.py has 200 draws of each.
"""

import numpy as np
import pytest

from modgap.methods.comparing import measure_method, prepare_setting, tabulate_changes
from modgap.methods.fits.registry import fit_method
from modgap.methods.outcomes.classes import class_scores
from modgap.statistics.retrieval import own_relevance
from planted_cases import CONTROLS, GREY, draw_classes, draw_translated, tabulate_family
from planted_runs import simulate_run

HALF = "mixed, 50 % pictures"


@pytest.fixture(scope="module")
def translated():
    """Case (a): a setting, and raw, mean removal and all controls on it."""
    X, Y, owner = draw_translated(400, 0)
    setting = prepare_setting(X, Y, owner, *own_relevance(owner, 400), seed=0)
    names = ("raw", "mean_removal", *CONTROLS)
    return setting, {name: measure_method(name, setting, refits=False) for name in names}


def test_mean_removal_repairs_mixed_search_and_no_control_does(translated):
    _, measured = translated
    frame = tabulate_changes(measured, n_draws=999, seed=0)
    row = frame.set_index(["method", "task", "measure"]).loc[("mean_removal", HALF, "ndcg10")]
    assert row["verdict"] == "better"
    assert row["low_refitted"] > 0.2
    ours = measured["mean_removal"].results[HALF, "ndcg10"]
    for name in CONTROLS:
        theirs = measured[name].results[HALF, "ndcg10"]
        ahead = ours.outcomes - theirs.outcomes
        assert ahead.mean() > 4 * ahead.std() / np.sqrt(len(ahead)), name


def unit(row):
    return row / np.sqrt(sum(value**2 for value in row))


def test_mean_removal_equals_the_slow_oracle(translated):
    """NDCG@10 of every query, by loops."""
    setting, measured = translated
    calibration, test = setting.calibration, setting.test
    mu_x, mu_y = (sum(rows) / len(rows) for rows in (calibration.first, calibration.second))
    n = len(test.first)
    texts = [np.flatnonzero(test.owner == i) for i in range(n)]
    gallery = [
        unit(test.second[texts[i][1]] - mu_y)
        if test.draws[i] >= 0.5
        else unit(test.first[i] - mu_x)
        for i in range(n)
    ]
    expected = []
    for i in range(n):
        query = unit(test.second[texts[i][0]] - mu_y)
        order = sorted(range(n), key=lambda j, query=query: -(query @ gallery[j]))
        place = order.index(i)
        expected.append(1 / np.log2(place + 2) if place < 10 else 0.0)
    ours = measured["mean_removal"].results[HALF, "ndcg10"].outcomes
    np.testing.assert_allclose(ours, expected)


def accuracy(scores, labelled):
    return (scores.argmax(axis=1) == labelled.labels).mean()


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_a_one_sided_shift_is_a_prior_of_the_classes(share):
    """Case (b): +λ⟨Δ, t_c⟩ takes it back, exactly; mean removal has none."""
    calibration, labelled = draw_classes(4000, 0)
    raw = class_scores(fit_method("raw", calibration), labelled)
    given = {"sides": "first", "share": share}
    shifted = class_scores(fit_method("shift_unscaled", calibration, given), labelled)
    restored = shifted + share * labelled.prompts @ calibration.moments.gap
    np.testing.assert_array_equal(restored.argmax(axis=1), raw.argmax(axis=1))
    np.testing.assert_allclose(restored, raw, atol=1e-12)
    before = accuracy(raw, labelled)
    assert accuracy(shifted, labelled) < before - (0.004 if share < 1 else 0.015)
    # The frequent classes of the captions gain what the rare ones lose.
    counts = np.bincount(shifted.argmax(axis=1), minlength=10)
    assert counts[0] > 1.05 * counts[9]
    moved = class_scores(fit_method("mean_removal", calibration), labelled)
    assert accuracy(moved, labelled) > before - 0.005


@pytest.mark.parametrize("case", GREY)
def test_what_should_change_nothing_is_grey(case):
    """Cases (c) and (d), 5 draws: all cells together at 5 %."""
    draw, names = GREY[case]
    smallest = [tabulate_family(draw, names, 240, seed)["p"].min() for seed in range(5)]
    assert sum(p < 0.05 for p in smallest) <= 1


def test_what_uses_pairs_may_change_things_without_a_gap():
    """So that the case above is able to fail: 'grey' is no property of the test."""
    frame = tabulate_family(GREY["no gap"][0], ("shuffled_pairs", "procrustes"), 240, 0)
    assert frame["p"].min() < 0.05


def test_errors_are_those_of_redrawn_calibration_queries_and_gallery():
    """40 draws with fewer calibration pictures than dimensions: a smoke test of the benchmark."""
    runs = [
        row
        for seed in range(40)
        for row in simulate_run(seed, 40, 120, {"mean_removal": {}}, dim=48, own=0.9, gap=1.5)
    ]
    for task in ("text to picture", "picture to text"):
        chosen = [row for row in runs if row["task"] == task]
        changes = np.array([row["change"] for row in chosen])
        errors = np.array([row["se"] for row in chosen])
        assert 0.85 < np.sqrt((errors**2).mean()) / changes.std(ddof=1) < 1.5
        held = [r["low_refitted"] <= changes.mean() <= r["high_refitted"] for r in chosen]
        assert sum(held) >= 35
