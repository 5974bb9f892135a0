"""A choice is made on validation and on nothing else."""

import numpy as np
import pytest

from modgap.methods.comparing import measure_loss, prepare_setting
from modgap.methods.fits.registry import METHODS, fit_method, parameter_grid
from modgap.methods.fits.transforms import apply_transform, item_terms, score_items
from modgap.methods.tuning import Choice, choose_parameters, mean_recall
from modgap.statistics.retrieval import own_relevance
from planted_pairs import draw_gap_pairs

X, Y, OWNER = draw_gap_pairs(260, 16, own=0.8, seed=2)
SETTING = prepare_setting(X, Y, OWNER, *own_relevance(OWNER, 260), seed=0)
CHOSEN = [name for name, method in METHODS.items() if method.grid]


def slow_recall(name, parameters, held_out):
    """Mean of both directions, query by query."""
    transform = fit_method(name, SETTING.calibration, parameters)
    hits = []
    for side, other in (("second", "first"), ("first", "second")):
        rows = {"first": held_out.first, "second": held_out.second[np.argsort(held_out.owner)]}
        queries = apply_transform(transform, rows[side], side, query=True)
        items = apply_transform(transform, rows[other], other)
        terms = item_terms(transform, items, np.full(len(items), other == "second"), side)
        scores = score_items(transform, queries @ items.T, terms)
        hits.append(np.mean([max(range(len(row)), key=row.__getitem__) == i
                             for i, row in enumerate(scores)]))  # fmt: skip
    return np.mean(hits)


@pytest.mark.parametrize("name", CHOSEN)
def test_the_best_of_validation_is_taken_and_the_first_of_equals(name):
    grid = parameter_grid(name)
    on_validation = [slow_recall(name, given, SETTING.validation) for given in grid]
    on_test = [slow_recall(name, given, SETTING.test) for given in grid]
    choice = choose_parameters(name, SETTING.calibration, SETTING.validation, SETTING.test)
    best = on_validation.index(max(on_validation))
    assert choice.parameters == grid[best]
    assert choice.on_validation == pytest.approx(on_validation[best])
    assert choice.on_test == pytest.approx(on_test[best])
    assert choice.best_on_test == pytest.approx(max(on_test))
    assert choice.optimism >= 0


def test_what_is_not_chosen_has_no_optimism():
    choice = choose_parameters("shift", SETTING.calibration, SETTING.validation, SETTING.test)
    assert choice.parameters == {}
    assert np.isnan(choice.optimism)
    assert Choice({}, 0.5, 0.4, 0.6).optimism == pytest.approx(0.2)


@pytest.mark.parametrize("name", CHOSEN)
def test_no_choice_and_no_temperature_sees_the_test_pictures(name):
    """Rows of nan in the test change neither."""
    nothing = SETTING.test._replace(
        first=np.full_like(SETTING.test.first, np.nan),
        second=np.full_like(SETTING.test.second, np.nan),
    )
    clean = choose_parameters(name, SETTING.calibration, SETTING.validation, SETTING.test)
    blind = choose_parameters(name, SETTING.calibration, SETTING.validation, nothing)
    assert blind.parameters == clean.parameters
    assert blind.on_validation == clean.on_validation
    transform = fit_method(name, SETTING.calibration, clean.parameters)
    ours, theirs = (
        measure_loss(transform, setting)[0] for setting in (SETTING, SETTING._replace(test=nothing))
    )
    assert ours == theirs


def test_the_criterion_is_the_mean_of_both_directions():
    transform = fit_method("mean_removal", SETTING.calibration)
    assert mean_recall(transform, SETTING.test) == pytest.approx(
        slow_recall("mean_removal", {}, SETTING.test)
    )
