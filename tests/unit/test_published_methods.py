"""Methods on the published CLIP features: the numbers of gap-methods §7, and what leaks would show.

Fitted on one half of the 500 pairs and scored on the other, both ways, three times; recall@1 of the
texts in galleries of 250 pictures. benchmarks/gap_methods_published.py has 25 repeats.
"""

import numpy as np
import pytest

from modgap.methods.fits.registry import fit_method
from modgap.methods.fits.transforms import apply_transform
from modgap.methods.outcomes.remaining_gap import (
    contrastive_loss,
    fit_temperature,
    measure_left,
    sampling_floor,
)
from modgap.methods.outcomes.search import skewness
from published_halves import (
    CLIP,
    VALUES,
    calibrate,
    halve_pairs,
    measure_halves,
    read_pairs,
    text_recall,
)

REPEATS = 3


@pytest.fixture(scope="module")
def pairs(shared):
    return read_pairs(shared(CLIP))


@pytest.fixture(scope="module")
def halves(pairs):
    return halve_pairs(pairs, REPEATS)


@pytest.fixture(scope="module")
def recalls(halves):
    return {name: measure_halves(name, halves).mean() for name in VALUES}


def moved_scores(name, calibration, scored, parameters=None):
    """Scores of texts (rows) with pictures, by the formula and not by the library's search."""
    transform = fit_method(name, calibration, parameters)
    first, second = (
        apply_transform(transform, rows, side)
        for rows, side in zip(scored, ("first", "second"), strict=True)
    )
    return first, second, second @ first.T


@pytest.mark.parametrize("name", VALUES)
def test_recall_is_that_of_the_reference(recalls, name):
    assert recalls[name] == pytest.approx(VALUES[name].recall, abs=0.03)


def test_two_ways_to_close_the_gap_leave_the_same_rmg_and_not_the_same_recall(halves, recalls):
    left = {}
    for fitted, scored in halves:
        for name in ("shift", "mean_removal"):
            first, second, _ = moved_scores(name, fitted, scored)
            found = measure_left(first, second, np.arange(250), 250)
            left.setdefault(name, []).append(found.rmg)
    assert np.mean(left["shift"]) == pytest.approx(0.408, abs=0.005)
    assert np.mean(left["mean_removal"]) == pytest.approx(0.408, abs=0.005)
    assert recalls["mean removal"] - recalls["shift, gap to 0"] == pytest.approx(0.15, abs=0.03)


@pytest.mark.parametrize(
    ("name", "expected"), [("raw", 2.36), ("shift", 2.44), ("mean_removal", 1.30)]
)
def test_hubs_of_all_pairs_with_means_of_the_same_pairs(pairs, name, expected):
    scores = moved_scores(name, calibrate(pairs), pairs)[2]
    best = np.argsort(-scores, axis=1)[:, :10]
    found = skewness(np.bincount(best.ravel(), minlength=500))
    assert found == pytest.approx(expected, abs=0.01)


def test_rmg_with_the_wrong_weight_is_another_number(pairs):
    """The mean within weighs ½; a version with ⅛ circulates."""
    first, second = pairs
    apart = 1 - np.einsum("ij,ij->i", first, second).mean()
    off = ~np.eye(500, dtype=bool)
    within = sum(1 - (rows @ rows.T)[off].mean() for rows in pairs)
    ours = measure_left(first, second, np.arange(500), 500).rmg
    assert ours == pytest.approx(0.592, abs=0.001)
    assert ours == pytest.approx(apart / (apart + within / 2))
    assert apart / (apart + within / 8) == pytest.approx(0.853, abs=0.001)


def test_procrustes_on_its_own_pairs_is_a_leak(halves, recalls):
    own = [text_recall(fit_method("procrustes", calibrate(s)), s) for _, s in halves[:2]]
    assert np.mean(own) > 0.99
    assert recalls["Procrustes, centred"] < 0.32


def test_the_pairs_of_procrustes_are_what_it_learns(halves):
    """Dealt anew, it is at chance, 1/250."""
    found = [
        text_recall(fit_method("shuffled_pairs", fitted), scored) for fitted, scored in halves[:4]
    ]
    assert np.mean(found) < 4 / 250


def test_banks_of_the_wrong_rows(halves, recalls):
    """Of the other modality it ruins the search; of the test texts themselves it flatters."""
    wrong, own = [], []
    for fitted, scored in halves:
        wrong.append(text_recall(fit_method("wrong_bank", fitted), scored))
        bank = calibrate(scored)
        own.append(text_recall(fit_method("nnn", bank, {"k": 8, "alpha": 0.75}), scored))
    assert np.mean(wrong) < 0.35
    assert np.mean(own) == pytest.approx(0.700, abs=0.03)
    assert np.mean(own) > recalls["NNN, k 8, α 0.75"] + 0.02
    assert recalls["dual softmax"] > recalls["NNN, k 8, α 0.75"] + 0.03


def test_the_loss_at_one_temperature_is_another_order(pairs):
    """At τ = 0.01 mean removal loses a factor, at its own hardly anything."""
    raw, moved = (
        moved_scores(name, calibrate(pairs), pairs)[2] for name in ("raw", "mean_removal")
    )
    assert contrastive_loss(raw, 0.01).mean() == pytest.approx(1.80, abs=0.005)
    assert contrastive_loss(moved, 0.01).mean() == pytest.approx(2.97, abs=0.005)
    for scores, temperature, loss in ((raw, 0.012, 1.775), (moved, 0.027, 1.849)):
        best = fit_temperature(scores)
        assert best == pytest.approx(temperature, abs=0.0005)
        assert contrastive_loss(scores, best).mean() == pytest.approx(loss, abs=0.001)


def test_the_gap_that_is_left_is_the_sampling_error_of_the_means(halves):
    found = {n: [] for n in (8, 32, 64, 128, 250)}
    for fitted, scored in halves:
        for n, values in found.items():
            few = fitted.keep(np.arange(n))
            whole = {"share": 1.0}
            first, second, _ = moved_scores("partial_mean_unscaled", few, scored, whole)
            after, with_n, _ = moved_scores("mean_removal", few, scored)
            values.append(
                [
                    sampling_floor(first, second, n),
                    np.linalg.norm(after.mean(axis=0) - with_n.mean(axis=0)),
                ]
            )
    floors, left = np.transpose([np.mean(values, axis=0) for values in found.values()])
    np.testing.assert_allclose(floors, [0.35, 0.18, 0.14, 0.11, 0.09], atol=0.005)
    np.testing.assert_allclose(left, [0.39, 0.23, 0.17, 0.13, 0.11], atol=0.02)
