"""The interval of the best shift: parts in closed form, test exact, coverage simulated."""

import itertools

import numpy as np
import pytest
from scipy.stats import norm

from modgap.tasks.bands import (
    draw_errors,
    draw_signs,
    gain_parts,
    interval_at,
    standard_errors,
)
from modgap.tasks.selection import select_corrected
from modgap.tasks.zero_shot import auc

DELTAS = np.arange(-5, 5, 0.25)
ZERO = int(np.flatnonzero(DELTAS == 0)[0])


def draw_hits(rng, n, curve, sigma=1.0):
    """Hits (40, n) of pictures with a margin and a slope each, of expected accuracy ``curve``."""
    margin, slope = rng.standard_normal((2, n))
    scores = margin + sigma * DELTAS[:, None] * slope
    return scores / np.sqrt(1 + (sigma * DELTAS[:, None]) ** 2) > -norm.ppf(curve)[:, None]


def draw_scores(rng, positive, curve, sigma=1.0):
    """Scores (40, n) of two classes whose expected AUC is ``curve``."""
    margin, slope = rng.standard_normal((2, len(positive)))
    scores = margin + sigma * DELTAS[:, None] * slope
    scores /= np.sqrt(1 + (sigma * DELTAS[:, None]) ** 2)
    return scores + np.sqrt(2) * norm.ppf(curve)[:, None] * positive


def test_gains_and_errors_of_accuracy_are_those_of_a_mean():
    rng = np.random.default_rng(0)
    hits = rng.random((5, 70)) < 0.5
    gains, parts = gain_parts(hits, 2)
    change = hits.astype(float) - hits[2]
    np.testing.assert_allclose(gains, change.mean(axis=1), atol=1e-7)
    np.testing.assert_allclose(
        standard_errors(parts), change.std(axis=1, ddof=1) / np.sqrt(70), rtol=1e-5
    )
    assert gains[2] == standard_errors(parts)[2] == 0


def test_gains_and_errors_of_the_auc_are_delongs():
    """Against the double loop over pairs of DeLong, DeLong & Clarke-Pearson 1988."""
    rng = np.random.default_rng(1)
    positive = np.arange(40) < 13
    scores = np.round(positive + rng.standard_normal((3, 40)), 1)
    gains, parts = gain_parts(scores, 0, positive)
    np.testing.assert_allclose(gains, auc(scores, positive) - auc(scores[:1], positive))
    for k in range(3):
        kernel = [
            np.array([[(a > b) + 0.5 * (a == b) for b in row[~positive]] for a in row[positive]])
            for row in (scores[0], scores[k])
        ]
        change = kernel[1] - kernel[0]
        variance = change.mean(axis=1).var(ddof=1) / 13 + change.mean(axis=0).var(ddof=1) / 27
        assert standard_errors(parts)[k] == pytest.approx(np.sqrt(variance), abs=1e-12)


@pytest.mark.parametrize("metric", ["accuracy", "auc"])
def test_copies_of_a_picture_add_nothing(metric):
    """Every picture three times: the same gains and the same errors as once."""
    rng = np.random.default_rng(2)
    positive = np.arange(60) % 3 == 0 if metric == "auc" else None
    outcomes = rng.random((4, 60)) if metric == "auc" else rng.random((4, 60)) < 0.5
    gains, parts = gain_parts(outcomes, 0, positive)
    thrice = None if positive is None else np.tile(positive, 3)
    owner = np.tile(np.arange(60), 3)
    gains_3, parts_3 = gain_parts(np.tile(outcomes, 3), 0, thrice, owner)
    np.testing.assert_allclose(gains_3, gains, atol=1e-7)
    np.testing.assert_allclose(standard_errors(parts_3), standard_errors(parts), rtol=1e-5)
    np.testing.assert_allclose(draw_errors(parts_3, 50, 0), draw_errors(parts, 50, 0), atol=1e-4)
    # Without the owners they would pass for three times as many pictures.
    alone = standard_errors(gain_parts(np.tile(outcomes, 3), 0, thrice)[1])
    assert (alone[1:] < 0.7 * standard_errors(parts)[1:]).all()


def test_a_picture_with_crops_of_both_classes_is_one_unit():
    rng = np.random.default_rng(3)
    positive = np.arange(60) < 30
    owner = np.arange(60) % 30
    _, parts = gain_parts(rng.standard_normal((3, 60)), 0, positive, owner)
    assert [len(part) for part in parts] == [30]


def test_errors_are_those_of_all_signs():
    """Six pictures: the share of all 64 sign vectors at or above some values of max T."""
    rng = np.random.default_rng(4)
    hits = rng.random((4, 6)) < 0.5
    _, parts = gain_parts(hits, 0)
    exact = []
    for signs in itertools.product([-1, 1], repeat=6):
        signed = np.array(signs)[:, None] * parts[0]
        means, errors = signed.mean(axis=0), signed.std(axis=0, ddof=1) / np.sqrt(6)
        exact.append(max(m / e if e > 0 else 0 for m, e in zip(means, errors, strict=True)))
    drawn = draw_errors(parts, 20_000, 0).max(axis=1)
    for value in np.unique(np.round(exact, 3)) - 0.01:
        assert (drawn >= value).mean() == pytest.approx((np.array(exact) >= value).mean(), abs=0.02)


def test_signs_are_fair_and_independent():
    signs = draw_signs(np.random.default_rng(0), 4000, 13)
    assert signs.shape == (4000, 13)
    assert set(np.unique(signs)) == {-1, 1}
    np.testing.assert_allclose(signs.T @ signs / 4000, np.eye(13), atol=0.07)
    assert np.abs(signs.mean(axis=0)).max() < 0.07


def test_blocks_of_draws_do_not_change_what_is_drawn(monkeypatch):
    _, parts = gain_parts(draw_hits(np.random.default_rng(5), 64, np.full(40, 0.6)), ZERO)
    whole = draw_errors(parts, 100, 3)
    monkeypatch.setattr("modgap.tasks.bands.BLOCK_SIGNS", 64 * 7)
    np.testing.assert_allclose(draw_errors(parts, 100, 3), whole, atol=1e-5)


def test_where_nothing_changes_there_is_nothing_to_draw():
    _, parts = gain_parts(np.ones((40, 50), dtype=bool), ZERO)
    np.testing.assert_array_equal(draw_errors(parts, 20, 0), 0)
    assert interval_at(ZERO, 0.0, 0.0, np.zeros((499, 40))) == (0, 0, 1)


@pytest.mark.parametrize("n_draws", [19, 20, 499, 1999])
def test_p_is_below_the_level_exactly_where_the_interval_is_above_zero(n_draws):
    """Also at ties with the draws, where ``gain`` is one of the maxima times the error."""
    rng = np.random.default_rng(n_draws)
    drawn = np.round(rng.standard_normal((n_draws, 5)), 1)
    drawn[:, 0] = 0
    maxima, own = drawn.max(axis=1), np.abs(drawn[:, 3])
    error, seen = 0.0137, set()
    for gain in [*np.unique(maxima) * error, *np.unique(own) * error, *rng.normal(0, 0.04, 200)]:
        low, high, p = interval_at(3, gain, error, drawn)
        counts = [np.count_nonzero(error * row >= gain) for row in (maxima, own)]
        assert p == (1 + max(counts)) / (1 + n_draws)
        assert (p < 0.05) == (low > 0)
        assert low <= gain <= high
        assert high - gain == pytest.approx(gain - low)
        seen.add(p < 0.05)
    assert seen == ({True, False} if n_draws > 19 else {False})


@pytest.mark.parametrize(("n_shifts", "quantile"), [(1, 1.96), (30, norm.ppf(0.95 ** (1 / 30)))])
def test_reach_is_the_normal_quantile_of_one_or_of_independent_shifts(n_shifts, quantile):
    rng = np.random.default_rng(6)
    errors = rng.standard_normal((3000, n_shifts + 1))
    errors[:, 0] = 0
    errors -= errors.mean(axis=0)
    drawn = draw_errors([errors / np.linalg.norm(errors, axis=0).clip(1e-9)], 10_000, 1)
    low, high, _ = interval_at(1, 0.0, 1.0, drawn)
    assert (high - low) / 2 == pytest.approx(quantile, abs=0.07)


def bump(points):
    """Accuracy 0.65, and so many points more one shift from 0; falling to both sides."""
    return 0.65 + points / 100 - 0.3 * (1 - np.exp(-((DELTAS - 1) ** 2) / 20)) * (points > 0)


@pytest.mark.parametrize("points", [0, 2])
@pytest.mark.parametrize("metric", ["accuracy", "auc"])
def test_coverage_and_level(metric, points):
    """At least 94 % of intervals hold the truth and at most 6 % reject a true null.

    The bounds of the simulation are those less or more 3.5 of its standard errors; the full
    simulation is benchmarks/corrected_intervals.py.
    """
    # Ranks make an AUC slower.
    runs, n = (250, 300) if metric == "accuracy" else (120, 150)
    rng, curve, positive = np.random.default_rng(points), bump(points), np.arange(n) < n // 3
    covered = rejected = 0
    for _ in range(runs):
        if metric == "auc":
            chosen = select_corrected(
                draw_scores(rng, positive, curve),
                DELTAS,
                n_draws=199,
                seed=rng.integers(2**31),
                positive=positive,
            )
        else:
            hits = draw_hits(rng, n, curve)
            chosen = select_corrected(hits, DELTAS, n_draws=199, seed=rng.integers(2**31))
        truth = curve[np.flatnonzero(chosen.delta == DELTAS)[0]] - curve[ZERO]
        covered += chosen.low <= truth <= chosen.high
        rejected += chosen.p < 0.05
        assert (chosen.p < 0.05) == (chosen.low > 0)
    assert covered / runs >= 0.94 - 3.5 * np.sqrt(0.94 * 0.06 / runs)
    if points == 0:
        assert rejected / runs <= 0.06 + 3.5 * np.sqrt(0.94 * 0.06 / runs)


def test_single_intervals_would_not_cover():
    """The check above can fail: with 1.96 errors at the best of many shifts it does."""
    rng = np.random.default_rng(7)
    curve, covered = bump(0), 0
    for _ in range(400):
        gains, parts = gain_parts(draw_hits(rng, 300, curve, sigma=3.0), ZERO)
        best = gains.argmax()
        covered += abs(gains[best]) <= 1.96 * standard_errors(parts)[best]
    assert covered / 400 < 0.94 - 3.5 * np.sqrt(0.94 * 0.06 / 400)
