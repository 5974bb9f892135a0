"""The whole comparison on a few hundred planted pairs."""

import numpy as np
import pytest

from modgap.errors import InputError
from modgap.methods.comparing import (
    MERGED,
    change_intervals,
    change_of,
    hold_out,
    is_primary,
    label_set,
    list_results,
    measure_baseline,
    measure_loss,
    measure_method,
    measure_tasks,
    picture_variance,
    prepare_setting,
    square_scores,
    tabulate_changes,
    tabulate_methods,
    tabulate_queries,
)
from modgap.methods.fits.calibration import Calibration
from modgap.methods.fits.registry import METHODS, fit_method
from modgap.methods.outcomes.evaluation import Result
from modgap.statistics.retrieval import own_relevance
from planted_pairs import draw_gap_pairs
from planted_settings import DIM, N, make_setting


@pytest.fixture(scope="module")
def setting():
    return make_setting()


@pytest.fixture(scope="module")
def measured(setting):
    names = ["raw", "shift", "mean_removal", "nnn", "random_rotation"]
    # Refits of one method are enough here, they cost most.
    return {name: measure_method(name, setting, refits=name == "mean_removal") for name in names}


def test_parts_share_no_picture(setting):
    rows = [setting.calibration.first, setting.validation.first, setting.test.first]
    assert [len(part) for part in rows] == [88, 44, 88]
    together = np.concatenate(rows)
    assert len(np.unique(together, axis=0)) == N
    for held_out in (setting.validation, setting.test):
        texts = held_out.second.reshape(-1, DIM)
        assert len(texts) == 2 * len(held_out.first)
        own = np.einsum("ij,ij->i", held_out.first[held_out.owner], texts).mean()
        assert own > (held_out.first @ texts.T).mean() + 0.2


@pytest.mark.parametrize("name", METHODS)
def test_a_fit_never_sees_what_is_held_out(name):
    """Test and validation rows of nan change no transform."""
    X, Y, owner = draw_gap_pairs(N, DIM, captions=2)
    codes, kind = own_relevance(owner, N)
    setting = prepare_setting(X, Y, owner, codes, kind, seed=1)
    clean = fit_method(name, setting.calibration)
    poisoned_X, poisoned_Y = X.copy(), Y.copy()
    kept = np.isin(X[:, 0], setting.calibration.first[:, 0])
    poisoned_X[~kept], poisoned_Y[~kept[owner]] = np.nan, np.nan
    rows = np.flatnonzero(kept)
    again = fit_method(name, Calibration(poisoned_X, poisoned_Y, owner).keep(rows))
    for role, stages in clean.stages.items():
        for ours, theirs in zip(stages, again.stages[role], strict=True):
            for key, value in vars(ours).items():
                np.testing.assert_array_equal(value, getattr(theirs, key))
    if clean.scoring is not None:
        for side, bank in clean.scoring.bank.items():
            np.testing.assert_array_equal(bank, again.scoring.bank[side])


def test_every_task_that_the_data_allow(measured):
    tasks = {task for task, _ in measured["raw"].results}
    assert tasks == {
        "text to picture", "picture to text", "zero-shot", "picture to picture", "text to text",
        "contrastive loss", *(f"mixed, {share} % pictures" for share in (0, 25, 50, 75, 100)),
    }  # fmt: skip
    fewer = measure_tasks(
        fit_method("raw", make_setting(1, False).calibration), make_setting(1, False)
    )
    assert not any(task.startswith(("mixed", "zero")) for task, _ in fewer)


def test_changes_are_over_raw_with_two_intervals(measured, setting):
    frame = tabulate_changes(measured, n_draws=999, seed=0)
    rows = frame.set_index(["method", "task", "measure"])
    key = ("mean_removal", "text to picture", "recall1")
    before = measured["raw"].results[key[1:]].outcomes
    after = measured["mean_removal"].results[key[1:]].outcomes
    assert rows.loc[key, "change"] == pytest.approx((after - before).mean())
    assert rows.loc[key, "low"] <= rows.loc[key, "change"] <= rows.loc[key, "high"]
    assert rows.loc[key, "low_refitted"] <= rows.loc[key, "low"] + 1e-3
    assert rows.loc[("raw", *key[1:]), "change"] == 0
    assert set(frame.loc[frame["p"].notna(), "method"]) == set(measured) - {"raw"}
    lost = rows.loc[("random_rotation", *key[1:])]
    assert lost["verdict"] == "worse"
    assert lost["p"] < 0.01
    assert lost["detectable"] > 0
    without = frame["low"].isna()
    assert set(frame.loc[without, "measure"]) == {
        "skewness10", "gini", "gini_of_labels", "loss", "pictures10",
    }  # fmt: skip
    assert frame.loc[without, "interval_method"].str.startswith("none").all()
    queries = tabulate_queries(measured)
    assert queries.groupby(["method", "task"]).ngroups == len(measured) * 10
    methods = tabulate_methods(measured, setting).set_index("method")
    assert methods.loc["raw", "gap_share"] == 1
    assert methods.loc["mean_removal", "gap_share"] < 0.4
    assert methods.loc["mean_removal", "gap"] < 2 * methods.loc["mean_removal", "gap_floor"]
    assert methods.loc["nnn", "parameters"].startswith("k ")


def test_the_loss_is_at_the_temperature_of_validation(setting):
    transform = fit_method("mean_removal", setting.calibration)
    temperature, result = measure_loss(transform, setting)
    scores = square_scores(transform, setting.test).astype(float) / temperature
    text = -np.log(np.exp(np.diag(scores)) / np.exp(scores).sum(axis=1))
    picture = -np.log(np.exp(np.diag(scores)) / np.exp(scores).sum(axis=0))
    np.testing.assert_allclose(result.outcomes, (text + picture) / 2, rtol=1e-6)
    assert 1e-3 < temperature < 1


def test_small_parts():
    assert is_primary("mixed, 50 % pictures", "ndcg10")
    assert not is_primary("contrastive loss", "loss")
    one, other = (
        Result(np.ones(3), None, 1.0, np.ones(4)),
        Result(np.zeros(3), None, 0.0, np.zeros(4)),
    )
    change, outcomes, left_out = change_of(one, other)
    assert change == 1
    assert outcomes.sum() == 3
    assert left_out.sum() == 4
    assert np.isnan(change_intervals(0.1, None, None)["low"])


def test_no_change_of_any_query_is_no_proof_of_none():
    """200 queries of 100 pictures without a change: about two pictures may change elsewhere."""
    raw, ours = (
        Result(np.zeros(200), np.repeat(np.arange(100), 2), 0.0, np.zeros(50)) for _ in range(2)
    )
    assert picture_variance(raw, raw) == (0, 49)
    row = change_intervals(0.0, picture_variance(ours, raw), np.zeros(20))
    assert row["high"] == -row["low"] == pytest.approx(0.01 * 2.0096, abs=1e-5)
    assert row["high_refitted"] == row["high"]


def test_held_out_pictures_keep_their_texts(setting):
    X, Y, owner = draw_gap_pairs(40, DIM, captions=2)
    codes, kind = own_relevance(owner, 40)
    held_out = hold_out(Calibration(X, Y, owner), codes, kind, np.arange(40), np.arange(7), None, 0)
    own = {tuple(X[i]): {tuple(row) for row in Y[owner == i]} for i in range(7)}
    for i, row in enumerate(held_out.first):
        assert {tuple(text) for text in held_out.second[held_out.owner == i]} == own[tuple(row)]


def test_bad_input_is_one_line():
    X, Y, owner = draw_gap_pairs(150, DIM)
    codes, kind = own_relevance(owner, 150)
    with pytest.raises(InputError, match="150 pairs are too few"):
        prepare_setting(X, Y, owner, codes, kind)
    X, _, owner = draw_gap_pairs(N, DIM)
    codes, kind = own_relevance(owner, N)
    with pytest.raises(InputError, match="texts for calibration are equal"):
        prepare_setting(X, np.repeat(X[:1], N, axis=0), owner, codes, kind)
    with pytest.raises(InputError, match=r"mine: all \d+ embeddings of texts"):
        prepare_setting(X, np.repeat(X[:1], N, axis=0), owner, codes, kind, name="mine")


def test_the_baseline_of_mixed_search_stands_among_the_methods(setting, measured):
    baseline = measure_baseline(setting)
    assert [name for name, _, _ in list_results(measured, baseline)][-1] == MERGED
    frame = tabulate_changes(measured, n_draws=99, seed=0, baseline=baseline)
    rows = frame[(frame["method"] == MERGED) & (frame["measure"] == "ndcg10")]
    rows = rows.set_index("task")
    # One modality alone: nothing is merged.
    for share in (0, 100):
        assert rows.loc[f"mixed, {share} % pictures", "change"] == 0
    queries = tabulate_queries(measured, baseline)
    assert (queries["method"] == MERGED).sum() == 5 * len(setting.test.first)


def test_a_task_leaves_out_pictures_that_were_fitted_or_chosen_on():
    X, Y, owner = draw_gap_pairs(N, DIM)
    codes, kind = own_relevance(owner, N)
    labels = (X[:, 0] > 0).astype(int)
    classes = {"zero-shot": (X, labels, Y[:2])}
    setting = prepare_setting(X, Y, owner, codes, kind, classes=classes, seed=1)
    assert len(setting.classes["zero-shot"].first) == len(setting.test.first)
    other = label_set(X[:5], labels[:5], Y[:2], 0)
    assert len(other.groups) == 5


def test_calibration_has_at_most_as_many_as_asked():
    X, Y, owner = draw_gap_pairs(N, DIM)
    setting = prepare_setting(X, Y, owner, *own_relevance(owner, N), seed=1, most_fitted=40)
    assert setting.calibration.n_pictures == len(setting.fitted) == 40
    assert {row for rows in setting.refits for row in rows} == set(range(40))
    np.testing.assert_array_equal(setting.calibration.first, X[setting.fitted])
    # What is known of a refit before it is fitted is of its own rows.
    assert len(setting.refit_moments) == len(setting.refits)
    for rows, known in list(zip(setting.refits, setting.refit_moments, strict=True))[::7]:
        told = setting.calibration.keep(rows).moments
        for ours, expected in zip(known, told, strict=True):
            np.testing.assert_array_equal(ours, expected)


def test_variance_over_pictures_is_at_least_that_over_queries_in_a_fixed_gallery():
    rng = np.random.default_rng(4)
    outcomes, groups = rng.choice([0.0, 1.0], 200), np.arange(200)
    items = np.tile(np.arange(10), (200, 1))
    raw = Result(np.zeros(200), groups, 0.0, np.zeros(50), (items, np.zeros((200, 10))))
    left_out = 0.01 * rng.standard_normal(50)
    jackknife = 49 / 50 * ((left_out - left_out.mean()) ** 2).sum()

    def variance(effect):
        effects = (items, np.full((200, 10), effect))
        ours = Result(outcomes, groups, outcomes.mean(), left_out, effects)
        return picture_variance(ours, raw)[0]

    assert variance(0.0) == pytest.approx(jackknife + 1 / 200**2)
    assert variance(0.1) == pytest.approx(jackknife - 2000 * 0.01 / 200**2 + 1 / 200**2)
    least = outcomes.var(ddof=1) / 200 + 1 / 200**2
    assert variance(5.0) == pytest.approx(least)
